//! A charging data function (CDF): the server of offline charging. It prints what clients report, until Ctrl-C.
//!
//! `cargo run --package cdf-server 127.0.0.1:3868`, and then the example `rf-client`, or `diametric rf`.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use diametric::accounting::Aca;
use diametric::answer::ErrorAnswer;
use diametric::rf::{RfRequest, RfServer};
use diametric::value::Enumeration;
use diametric::{Config, Node};
use std::error::Error;

/// A real CDF would have a database here.
struct Cdf;

// One method for each operation on a charging data record (CDR). What a server does not implement, it refuses.
impl RfServer for Cdf {
    /// START_RECORD: a session begins, and with it a CDR.
    async fn open(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        print("open", &request);
        // `success` takes over from the request what an answer repeats of it. The client is to report once a minute.
        Ok(request.success().with_acct_interim_interval(60_u32))
    }

    /// INTERIM_RECORD: what was used so far.
    async fn update(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        print("update", &request);
        Ok(request.success())
    }

    /// STOP_RECORD: the session is over, and the CDR complete.
    async fn close(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        print("close", &request);
        Ok(request.success())
    }

    /// EVENT_RECORD: a CDR of a single record.
    async fn event(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        print("event", &request);
        Ok(request.success())
    }
}

fn print(operation: &str, request: &RfRequest) {
    // The request is complete and well-formed, and no repetition, or it would have been answered without coming here.
    let acr = &request.acr;
    let user = acr.user_name.as_deref().unwrap_or("nobody");
    // Service-Information has a member for every service; this is the one of IMS.
    let ims = acr.service_information.as_ref().and_then(|service| service.ims_information.as_ref());
    let node = ims.and_then(|ims| ims.node_functionality.label()).unwrap_or("unknown");
    println!("{operation:6} {} #{}: {user}, by a node of kind {node}", acr.session_id, acr.accounting_record_number);
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:3868".into());
    let config = Config::new("cdf.example.net", "example.net").listen(address.parse()?);
    let node = Node::builder(config).rf_server(Cdf).start().await?;
    println!("listening on {}; Ctrl-C ends the server", node.listening()[0]);
    tokio::signal::ctrl_c().await?;
    // Takes leave of the clients (DPR) before the program ends.
    node.shutdown().await;
    Ok(())
}
