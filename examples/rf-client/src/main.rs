//! A client of offline charging (CTF): it reports a call, from START to STOP, and a message, in one EVENT.
//!
//! It needs a server on port 3868: `cargo run --package cdf-server`, or `diametric cdf --out -`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::accounting::Acr;
use diametric::rf::Delivered;
use diametric::ts32299::{ImsInformation, ImsInformationRequired, NodeFunctionality, ServiceInformation};
use diametric::{Config, Node};
use std::error::Error;

/// What every record says. Session-Id, the record's type and number, its time, and where it goes are the library's.
fn alice(acr: &mut Acr) {
    let ims = ImsInformation::new(ImsInformationRequired { node_functionality: NodeFunctionality::AS });
    acr.user_name = Some("alice@example.com".into());
    acr.service_information = Some(ServiceInformation::new().with_ims_information(ims).into());
}

/// A record that cannot be delivered is no reason to end the service: it is kept, and sent when a server is there again.
fn tell(record: &str, delivered: &Delivered) {
    match delivered {
        Delivered::Acknowledged(aca) => println!("{record}: {} answered {}", aca.origin_host, aca.result_code),
        Delivered::Stored(why) => println!("{record}: kept for later, because {why}"),
        Delivered::Lost(why) => println!("{record}: lost, because {why}"),
        Delivered::Superseded => println!("{record}: a newer one took its place"),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config::new("as.example.com", "example.com").peer(("127.0.0.1", 3868)).rf_client("example.net");
    let node = Node::builder(config).start().await?;
    let rf = node.rf()?;

    // A session. 32260@3gpp.org: TS 32.260, charging for the IP Multimedia Subsystem.
    let started = rf.service("32260@3gpp.org").with(alice).start(|_| ()).await?;
    tell("START", &started.delivered);
    let session = started.session;
    // From now on the session reports by itself, as often as the server wants; the closure says what has changed since.
    session.on_interim(|_| ());
    // And at any time by hand, here with the time that the application wants.
    let interim = session.interim(|acr| acr.event_timestamp = std::time::SystemTime::now().try_into().ok()).await?;
    tell("INTERIM", &interim);
    tell("STOP", &session.stop(|_| ()).await?);

    // An event. 32274@3gpp.org: TS 32.274, charging for the short message service.
    tell("EVENT", &rf.service("32274@3gpp.org").with(alice).event(|_| ()).await?);

    // Takes leave of the server before the program ends. What is kept until then is lost: `rf.drain()` would wait for it.
    node.shutdown().await;
    Ok(())
}
