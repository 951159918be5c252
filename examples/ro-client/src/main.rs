//! A client of online charging: a session (SCUR) against a server whose address is on the command line.
//!
//! `cargo run --package ro-client 127.0.0.1:3868 example.net`, with the example `ocs-server` running, or `diametric ocs`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::credit_control::{Cca, MultipleServicesCreditControl, RequestedServiceUnit, UsedServiceUnit};
use diametric::ro::{Opened, RoError, imsi};
use diametric::{Config, Node, PeerAddress};
use std::error::Error;

/// What the session is about: a number that client and server have agreed on.
const RATING_GROUP: u32 = 7;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(realm)) = (arguments.next(), arguments.next()) else {
        return Err("usage: ro-client HOST:PORT REALM".into());
    };

    // A node has a name, a realm, and peers. This one connects to the server, and sends it what is for its realm.
    let address: PeerAddress = address.parse()?;
    let config = Config::new("ctf.example.com", "example.com").peer(address).ro_client(realm);
    let node = Node::builder(config).start().await?;

    let charged = charge(&node).await;
    node.shutdown().await;
    charged
}

async fn charge(node: &Node) -> Result<(), Box<dyn Error>> {
    // 32251@3gpp.org: TS 32.251, charging for packet data. Every request of the session names the subscriber.
    let service = node.ro()?.service("32251@3gpp.org").subscription(imsi("001010123456789"));

    // CCR INITIAL: asks for units. Session-Id, CC-Request-Number and so on are the library's.
    let session = match service.initial(|ccr| ccr.multiple_services_credit_control.push(asking())).await {
        Ok(Opened::Granted { session, answer }) => {
            println!("{} opened, granted {:?} octets", session.id(), octets(&answer));
            session
        }
        // The server needs no credit control, or does not answer and the failure handling is CONTINUE.
        Ok(Opened::Uncontrolled { cause, .. }) => return Err(cause.into()),
        Err(RoError::Denied(cca)) => return Err(format!("no credit: {}", cca.result_code).into()),
        Err(error) => return Err(error.into()),
    };

    // CCR UPDATE: the units are used up, and more are wanted.
    let answer = session.update(|ccr| ccr.multiple_services_credit_control.push(using(asking(), 900_000))).await?;
    println!("used 900000 octets, granted {:?} more", octets(&answer));

    // CCR TERMINATION: reports the rest. It takes the session: nothing can be sent after it.
    let rest = using(MultipleServicesCreditControl::new().with_rating_group(RATING_GROUP), 100_000);
    let answer = session.terminate(|ccr| ccr.multiple_services_credit_control.push(rest)).await?;
    println!("used 100000 octets, closed: {}", answer.result_code);
    Ok(())
}

fn asking() -> MultipleServicesCreditControl {
    let wanted = RequestedServiceUnit::new().with_cc_total_octets(1_000_000_u64);
    MultipleServicesCreditControl::new().with_rating_group(RATING_GROUP).with_requested_service_unit(wanted)
}

fn using(mut service: MultipleServicesCreditControl, octets: u64) -> MultipleServicesCreditControl {
    service.used_service_unit.push(UsedServiceUnit::new().with_cc_total_octets(octets));
    service
}

/// What the answer grants to the first service in it.
fn octets(answer: &Cca) -> Option<u64> {
    answer.multiple_services_credit_control.first()?.granted_service_unit.as_ref()?.cc_total_octets
}
