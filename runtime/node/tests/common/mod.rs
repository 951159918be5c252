//! Nodes, messages, and peers that do nothing by themselves.

// Not every test uses all of it.
#![allow(dead_code)]

use diametric::answer::ErrorAnswer;
use diametric::base::{
    CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, DeviceWatchdogAnswer, DeviceWatchdogAnswerRequired,
    DeviceWatchdogRequest, DisconnectCause, DisconnectPeerRequest, DisconnectPeerRequestRequired, ResultCode,
};
use diametric::codec::Known;
use diametric::credit_control::{CcRequestType, Cca, Ccr, CreditControlAnswerRequired, CreditControlRequestRequired};
use diametric::message::{self, Answer, Command, EndToEndId, Header, HopByHopId, Received};
use diametric::peer::{Applications, LocalNode};
use diametric::value::DiameterIdentity;
use diametric::{Config, Incoming, Node, NodeBuilder};
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

pub(crate) const CREDIT_CONTROL: u32 = 4;
pub(crate) const ACCOUNTING: u32 = 3;
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What `future` comes to, which must not take long.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(20), future).await.expect("this should not take so long")
}

/// Waits until `condition` holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    soon(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Moves the clock, once what is on its way has arrived: what is due becomes due, and then goes on in real time.
pub(crate) async fn skip(time: Duration) {
    tokio::time::sleep(Duration::from_millis(30)).await;
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// The configuration of a node that serves credit control and listens.
pub(crate) fn config(host: &str) -> Config {
    let mut config = Config::new(host, realm_of(host)).listen(LOOPBACK);
    config.local.applications = Applications::new().with_auth(CREDIT_CONTROL);
    config
}

fn realm_of(host: &str) -> &str {
    host.split_once('.').map_or(host, |(_, realm)| realm)
}

/// A node that grants every CCR, in its own name.
pub(crate) fn granting(config: Config) -> NodeBuilder {
    let host = config.local.origin_host.clone();
    Node::builder(config).handle(CREDIT_CONTROL, move |incoming: Incoming<Ccr>| {
        let granted: Result<Cca, ErrorAnswer> = Ok(granted(&incoming.request, &host));
        async move { granted }
    })
}

/// A started node that grants every CCR.
pub(crate) async fn server(host: &str) -> Node {
    granting(config(host)).start().await.expect("a free port")
}

pub(crate) fn address(node: &Node) -> SocketAddr {
    node.listening()[0]
}

/// A client of servers elsewhere, `ctf.example.com`.
pub(crate) fn client() -> Config {
    let mut config = Config::new("ctf.example.com", "example.com");
    config.local.applications = Applications::new().with_auth(CREDIT_CONTROL);
    // Some tests skip minutes.
    config.request_timeout = Duration::from_secs(600);
    config
}

/// The CCA of `host` that grants `ccr`.
pub(crate) fn granted(ccr: &Ccr, host: &DiameterIdentity) -> Cca {
    Cca::new(CreditControlAnswerRequired {
        session_id: ccr.session_id.clone(),
        result_code: ResultCode::SUCCESS,
        origin_host: host.clone(),
        origin_realm: realm_of(host).into(),
        auth_application_id: CREDIT_CONTROL,
        cc_request_type: ccr.cc_request_type,
        cc_request_number: ccr.cc_request_number,
    })
}

/// A CCR to a realm.
pub(crate) fn ccr(realm: &str) -> Ccr {
    Ccr::new(CreditControlRequestRequired {
        session_id: "ctf.example.com;1;1".into(),
        origin_host: "ctf.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: realm.into(),
        auth_application_id: CREDIT_CONTROL,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    })
}

/// A CCR to a host.
pub(crate) fn ccr_to(host: &str) -> Ccr {
    let mut ccr = ccr(realm_of(host));
    ccr.destination_host = Some(host.into());
    ccr
}

/// Who answers a CCR.
pub(crate) async fn answerer(client: &Node, ccr: &Ccr) -> String {
    soon(client.send(CREDIT_CONTROL, ccr)).await.expect("an answer").origin_host.to_string()
}

/// What the error says to which a CCR comes.
pub(crate) async fn refusal(client: &Node, ccr: &Ccr) -> String {
    soon(client.send(CREDIT_CONTROL, ccr)).await.expect_err("no answer").to_string()
}

/// A node as CER and CEA describe it.
pub(crate) fn node(host: &str) -> LocalNode {
    LocalNode {
        origin_host: host.into(),
        origin_realm: realm_of(host).into(),
        vendor_id: 0,
        product_name: "raw".into(),
        firmware_revision: None,
        origin_state_id: None,
        supported_vendors: Vec::new(),
        applications: Applications::new().with_auth(CREDIT_CONTROL).with_acct(ACCOUNTING),
    }
}

/// One end of a connection, by hand.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: soon(TcpStream::connect(address)).await.expect("a listener") }
    }

    /// Connects and sends a CER.
    pub(crate) async fn introduce(address: SocketAddr, host: &str) -> Self {
        let mut raw = Self::connect(address).await;
        let header = Header::of::<CapabilitiesExchangeRequest>(HopByHopId(1), EndToEndId(1));
        raw.send(header, &node(host).cer(&[Ipv4Addr::LOCALHOST.into()])).await;
        raw
    }

    /// Connects and exchanges capabilities.
    pub(crate) async fn open(address: SocketAddr, host: &str) -> Self {
        let mut raw = Self::introduce(address, host).await;
        assert_eq!(raw.cea().await, ResultCode::SUCCESS);
        raw
    }

    pub(crate) async fn accept(listener: &TcpListener) -> Self {
        Self { stream: soon(listener.accept()).await.expect("a connection").0 }
    }

    /// Takes a connection and exchanges capabilities.
    pub(crate) async fn welcome(listener: &TcpListener, host: &str) -> Self {
        let mut raw = Self::accept(listener).await;
        let cer = raw.message::<CapabilitiesExchangeRequest>().await;
        raw.send_cea(cer.header, host).await;
        raw
    }

    pub(crate) async fn send_cea(&mut self, cer: Header, host: &str) {
        let cea = node(host).cea(ResultCode::SUCCESS, &[Ipv4Addr::LOCALHOST.into()]);
        self.answer(cer, &cea).await;
    }

    pub(crate) async fn send<C: Command>(&mut self, header: Header, body: &C) {
        self.throw(&message::encode(header, body).expect("a sound message")).await;
    }

    pub(crate) async fn answer<A: Answer>(&mut self, request: Header, answer: &A) {
        self.send(Header { flags: A::FLAGS, ..request }, answer).await;
    }

    /// Sends octets to a node that may be gone.
    pub(crate) async fn throw(&mut self, octets: &[u8]) {
        let _ = soon(self.stream.write_all(octets)).await;
    }

    /// Ends the connection.
    pub(crate) async fn close(&mut self) {
        soon(self.stream.shutdown()).await.expect("it is open");
    }

    /// The next frame; nothing if the connection is closed.
    pub(crate) async fn receive(&mut self) -> Option<Vec<u8>> {
        let mut frame = vec![0; 4];
        soon(self.stream.read_exact(&mut frame)).await.ok()?;
        frame.resize(u32::from_be_bytes([0, frame[1], frame[2], frame[3]]) as usize, 0);
        soon(self.stream.read_exact(&mut frame[4..])).await.ok()?;
        Some(frame)
    }

    pub(crate) async fn message<C: Command>(&mut self) -> Received<C> {
        let frame = self.receive().await.expect("a message, not the end of the connection");
        message::decode(&frame, &Known::standard()).unwrap_or_else(|error| panic!("{error}: {frame:?}"))
    }

    /// The Result-Code of the CEA that comes next, in whatever grammar.
    pub(crate) async fn cea(&mut self) -> ResultCode {
        let frame = self.receive().await.expect("a CEA");
        result_code(&frame)
    }

    /// Answers the DWR that comes next.
    pub(crate) async fn answer_dwr(&mut self, host: &str) {
        let dwr = self.message::<DeviceWatchdogRequest>().await;
        let (origin_host, origin_realm) = (host.into(), realm_of(host).into());
        let required = DeviceWatchdogAnswerRequired { result_code: ResultCode::SUCCESS, origin_host, origin_realm };
        self.answer(dwr.header, &DeviceWatchdogAnswer::new(required)).await;
    }

    pub(crate) async fn dpr(&mut self, host: &str, disconnect_cause: DisconnectCause) {
        let (origin_host, origin_realm) = (host.into(), realm_of(host).into());
        let dpr =
            DisconnectPeerRequest::new(DisconnectPeerRequestRequired { origin_host, origin_realm, disconnect_cause });
        self.send(Header::of::<DisconnectPeerRequest>(HopByHopId(3), EndToEndId(3)), &dpr).await;
    }

    /// The connection ends, with nothing more said.
    pub(crate) async fn assert_closed(&mut self) {
        let rest = self.receive().await;
        assert!(rest.is_none(), "nothing more: {rest:?}");
    }

    /// Nothing is said for a while, and the connection stays.
    pub(crate) async fn assert_quiet(&mut self) {
        let mut octet = [0];
        let read = timeout(Duration::from_millis(150), self.stream.peek(&mut octet)).await;
        assert!(read.is_err(), "{read:?}");
    }
}

/// The Result-Code of an answer of whatever grammar.
pub(crate) fn result_code(frame: &[u8]) -> ResultCode {
    let known = Known::standard();
    match message::decode_answer_message(frame, &known) {
        Ok(answer) if answer.header.flags.is_error() => answer.body.result_code,
        _ => message::decode::<CapabilitiesExchangeAnswer>(frame, &known).expect("a CEA").body.result_code,
    }
}

pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(LOOPBACK).await.expect("a free port");
    let address = listener.local_addr().expect("its address");
    (listener, address)
}

/// Nobody connects for a while.
pub(crate) async fn assert_nobody(listener: &TcpListener) {
    let nobody = timeout(Duration::from_millis(700), listener.accept()).await;
    assert!(nobody.is_err(), "{nobody:?}");
}
