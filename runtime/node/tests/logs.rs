//! What a node tells of itself, and what it keeps to itself. Alone in its process, since a process has one log.

mod common;

use common::{CREDIT_CONTROL, Raw, address, ccr, client, server, soon, until};
use diametric::accounting::Aca;
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::credit_control::{Cca, Ccr};
use diametric::message::{EndToEndId, Header, HopByHopId};
use diametric::rf::{RfRequest, RfServer};
use diametric::ro::imsi;
use diametric::{Config, Node, SendError};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::filter::LevelFilter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()).expect("a text")
    }
}

/// A CCR that is full of who the user is.
fn personal() -> Ccr {
    let mut ccr = ccr("example.net");
    ccr.session_id = "ctf.example.com;1;2;00447700900123@ims.example".into();
    ccr.user_name = Some("00447700900123@ims.example".into());
    ccr.subscription_id.push(imsi("00447700900123"));
    ccr
}

/// A CDF that says why it does not want the last record of a session, in the grammar of ACA or not.
struct Cdf;

impl RfServer for Cdf {
    async fn open(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        Ok(request.success())
    }
    async fn close(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        let user = request.acr.user_name.as_deref().unwrap_or_default();
        let why = format!("there is no room for {user}");
        if user.ends_with("busy") {
            return Err(ErrorAnswer::new(ResultCode::TOO_BUSY, why));
        }
        Ok(request.answer(ResultCode::OUT_OF_SPACE).with_error_message(why))
    }
}

async fn records_that_nobody_waits_for() {
    let config = Config::new("cdf.example.net", "example.net").listen(common::LOOPBACK);
    let cdf = Node::builder(config).rf_server(Cdf).start().await.unwrap();
    let config = Config::new("rf.example.com", "example.com").peer(address(&cdf)).rf_client("example.net");
    let client = Node::builder(config).start().await.unwrap();
    let rf = client.rf().unwrap();
    for (kept, user) in [(1, "00447700900123@full"), (2, "00447700900123@busy")] {
        let service = rf.service("32260@3gpp.org").with(|acr| acr.user_name = Some(user.into()));
        drop(soon(service.start(|_| ())).await.unwrap());
        until(|| rf.undelivered() == kept).await;
    }
    soon(client.shutdown()).await;
    soon(cdf.shutdown()).await;
}

#[tokio::test]
async fn connections_and_requests_are_told_and_users_are_not() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let ocs = server("ocs.example.net").await;
    let client = Node::builder(client().peer(address(&ocs))).start().await.unwrap();
    soon(client.send(CREDIT_CONTROL, &personal())).await.unwrap();
    // Whatever is wrong with a message, and however it ends.
    let mut raw = Raw::open(address(&ocs), "raw.example.com").await;
    raw.send(Header::of::<Ccr>(HopByHopId(0x0102_0304), EndToEndId(0x0506_0708)), &personal()).await;
    raw.message::<Cca>().await;
    let mut torn = diametric::message::encode(Header::of::<Ccr>(HopByHopId(5), EndToEndId(5)), &personal()).unwrap();
    torn[25..28].copy_from_slice(&[0, 0, 9]);
    raw.throw(&torn).await;
    raw.receive().await.unwrap();
    let mut elsewhere = personal();
    elsewhere.destination_realm = "elsewhere.example".into();
    let error = soon(client.send(CREDIT_CONTROL, &elsewhere)).await.unwrap_err();
    assert!(matches!(error, SendError::NoRoute { .. }));
    drop(raw);
    records_that_nobody_waits_for().await;
    soon(client.shutdown()).await;
    until(|| ocs.peers().is_empty()).await;
    soon(ocs.shutdown()).await;

    let text = log.text();
    for told in [
        " INFO connection{remote=127.0.0.1:",
        "peer=raw.example.com}: ",
        "peer open realm=example.com product=raw",
        "connection closed reason=this node disconnected",
        "connection closed reason=the peer disconnected: 0 (REBOOTING)",
        "TRACE connection{",
        "command=272 flags=RP application=4 hop_by_hop=0x01020304 end_to_end=0x05060708",
        "answered peer=ocs.example.net command=272 application=4",
        "an accounting record is kept for later session_id=\"rf.example.com;",
        "error=cdf.example.net answered with Result-Code 4002 (DIAMETER_OUT_OF_SPACE)",
        "error=cdf.example.net answered with Result-Code 3004 (DIAMETER_TOO_BUSY)",
    ] {
        assert!(text.contains(told), "{told} is not in\n{text}");
    }
    for kept in ["447700900123", "ctf.example.com;"] {
        let line = text.lines().find(|line| line.contains(kept));
        assert!(line.is_none(), "{line:?}");
    }
}
