//! The machine of a connection: row by row of `../tables/peer.csv`, and in pairs in virtual time.

mod introductions;
mod random;
mod rows;
mod sequences;
#[path = "../tables/mod.rs"]
mod tables;

use bytes::Bytes;
use diametric_engine::peer::{Applications, Connection, ConnectionConfig, Event, LocalNode, Role};
use diametric_protocol::base::{
    CapabilitiesExchangeRequest, DeviceWatchdogAnswer, DeviceWatchdogAnswerRequired, DeviceWatchdogRequest,
    DeviceWatchdogRequestRequired, DisconnectCause, DisconnectPeerAnswer, DisconnectPeerAnswerRequired,
    DisconnectPeerRequest, DisconnectPeerRequestRequired, ResultCode,
};
use diametric_protocol::codec::Known;
use diametric_protocol::credit_control::{
    CcRequestType, CreditControlAnswer, CreditControlAnswerRequired, CreditControlRequest, CreditControlRequestRequired,
};
use diametric_protocol::message::{self, Command, EndToEndId, EndToEndIds, Header, HopByHopId};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

const ESTABLISH: Duration = Duration::from_secs(10);
const CLOSE: Duration = Duration::from_secs(5);
const TW: Duration = Duration::from_secs(30);
/// Twinit and its jitter.
const LONGEST_TW: Duration = Duration::from_secs(32);
const TIMEOUT: Duration = Duration::from_secs(300);

fn local(host: &str) -> LocalNode {
    LocalNode {
        origin_host: host.into(),
        origin_realm: "example.net".into(),
        vendor_id: 0,
        product_name: "test".into(),
        firmware_revision: None,
        origin_state_id: None,
        supported_vendors: vec![10415],
        applications: Applications::new().with_auth(4),
    }
}

fn config(local: LocalNode) -> ConnectionConfig {
    ConnectionConfig {
        local: Arc::new(local),
        known: Arc::new(Known::standard()),
        addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        expected: None,
        establish_timeout: ESTABLISH,
        close_timeout: CLOSE,
        watchdog_interval: TW,
        first_hop_by_hop: HopByHopId(0xffff_fffe),
        end_to_end: Arc::new(EndToEndIds::new(1, 0)),
    }
}

/// One connection of the node `b.example.net`. What it sends is kept; what it is told is written by hand.
struct Bench {
    connection: Connection,
    role: Role,
    now: Instant,
    sent: Vec<Bytes>,
    /// Header of the last request sent.
    asked: Option<Header>,
    events: Vec<Event>,
}

impl Bench {
    fn new(role: Role) -> Self {
        Self::with(config(local("b.example.net")), role)
    }

    fn with(config: ConnectionConfig, role: Role) -> Self {
        let now = Instant::now();
        let connection = Connection::new(config, role, now);
        let mut bench = Self { connection, role, now, sent: Vec::new(), asked: None, events: Vec::new() };
        bench.collect();
        bench
    }

    /// After CER and CEA with `a.example.net`.
    fn open(role: Role) -> Self {
        let mut bench = Self::new(role);
        bench.introduce();
        bench.admit();
        assert!(bench.connection.is_open());
        bench.forget();
        bench
    }

    /// The peer's CER or CEA arrives.
    fn introduce(&mut self) {
        let peer = local("a.example.net");
        let frame = match self.role {
            Role::Responder => {
                encode(Header::of::<CapabilitiesExchangeRequest>(HopByHopId(1), EndToEndId(1)), &peer.cer(&ip()))
            }
            Role::Initiator => answer(self.last(), &peer.cea(ResultCode::SUCCESS, &ip())),
        };
        self.receive(frame);
    }

    fn admit(&mut self) {
        self.connection.admit(None, self.now);
        self.collect();
    }

    fn receive(&mut self, frame: Bytes) {
        self.connection.handle_frame(frame, self.now);
        self.collect();
    }

    /// Sends a CCR; the header that it went out with.
    fn request(&mut self) -> Header {
        let frame = encode(Header::of::<CreditControlRequest>(HopByHopId(0), EndToEndId(77)), &ccr());
        self.connection.send_request(frame.to_vec(), TIMEOUT, self.now).expect("an open connection");
        self.collect();
        self.last()
    }

    /// Lets the time come for which the connection asks, or at most `longest`.
    fn tick(&mut self, longest: Duration) {
        let wake = self.connection.poll_timeout().unwrap_or(self.now + longest);
        self.now = wake.min(self.now + longest).max(self.now);
        self.connection.handle_timeout(self.now);
        self.collect();
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while self.now < until {
            self.tick(until - self.now);
        }
    }

    fn collect(&mut self) {
        while let Some(frame) = self.connection.poll_transmit() {
            self.asked = Header::peek(&frame).filter(|header| header.flags.is_request()).or(self.asked);
            self.sent.push(frame.into());
        }
        self.events.extend(std::iter::from_fn(|| self.connection.poll_event()));
    }

    fn forget(&mut self) {
        self.sent.clear();
        self.events.clear();
    }

    /// The header of the request that was sent last.
    fn last(&self) -> Header {
        self.asked.expect("a request was sent")
    }

    fn sent<C: Command>(&self) -> Vec<C> {
        let all = self.sent.iter().filter_map(|frame| message::decode::<C>(frame, &Known::standard()).ok());
        all.map(|received| received.body).collect()
    }

    fn reason(&self) -> Option<String> {
        self.events.iter().find_map(|event| match event {
            Event::Closed { reason, .. } => Some(reason.to_string()),
            _ => None,
        })
    }
}

fn ip() -> [IpAddr; 1] {
    [IpAddr::V4(Ipv4Addr::LOCALHOST)]
}

fn encode<C: Command>(header: Header, body: &C) -> Bytes {
    message::encode(header, body).expect("a message that can be encoded").into()
}

/// The answer to the request with this header, as the peer sends it.
fn answer<C: Command>(request: Header, body: &C) -> Bytes {
    encode(Header { flags: C::FLAGS, ..request }, body)
}

fn request<C: Command>(body: &C) -> Bytes {
    encode(Header::of::<C>(HopByHopId(9), EndToEndId(9)), body)
}

fn dwr() -> DeviceWatchdogRequest {
    DeviceWatchdogRequest::new(DeviceWatchdogRequestRequired {
        origin_host: "a.example.net".into(),
        origin_realm: "example.net".into(),
    })
}

fn dwa() -> DeviceWatchdogAnswer {
    DeviceWatchdogAnswer::new(DeviceWatchdogAnswerRequired {
        result_code: ResultCode::SUCCESS,
        origin_host: "a.example.net".into(),
        origin_realm: "example.net".into(),
    })
}

fn dpr(disconnect_cause: DisconnectCause) -> DisconnectPeerRequest {
    DisconnectPeerRequest::new(DisconnectPeerRequestRequired {
        origin_host: "a.example.net".into(),
        origin_realm: "example.net".into(),
        disconnect_cause,
    })
}

fn dpa() -> DisconnectPeerAnswer {
    DisconnectPeerAnswer::new(DisconnectPeerAnswerRequired {
        result_code: ResultCode::SUCCESS,
        origin_host: "a.example.net".into(),
        origin_realm: "example.net".into(),
    })
}

fn ccr() -> CreditControlRequest {
    CreditControlRequest::new(CreditControlRequestRequired {
        session_id: "a.example.net;1;1".into(),
        origin_host: "a.example.net".into(),
        origin_realm: "example.net".into(),
        destination_realm: "example.net".into(),
        auth_application_id: 4,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    })
}

fn cca() -> CreditControlAnswer {
    CreditControlAnswer::new(CreditControlAnswerRequired {
        session_id: "a.example.net;1;1".into(),
        result_code: ResultCode::SUCCESS,
        origin_host: "a.example.net".into(),
        origin_realm: "example.net".into(),
        auth_application_id: 4,
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    })
}
