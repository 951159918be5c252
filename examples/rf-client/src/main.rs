//! A client of offline charging (CTF): it reports a call, from START to STOP, and a message, in one EVENT.
//!
//! `cargo run --package rf-client 127.0.0.1:3868 example.net`, with the example `cdf-server` running, or `diametric cdf`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::accounting::Acr;
use diametric::rf::Delivered;
use diametric::ts32299::{ImsInformation, ImsInformationRequired, NodeFunctionality, ServiceInformation};
use diametric::{Config, Node, PeerAddress};
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
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(realm)) = (arguments.next(), arguments.next()) else {
        return Err("usage: rf-client HOST:PORT REALM".into());
    };
    let address: PeerAddress = address.parse()?;
    let config = Config::new("as.example.com", "example.com").peer(address).rf_client(realm);
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
