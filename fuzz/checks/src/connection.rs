//! The machine of a connection, in whatever order things happen.

use bytes::Bytes;
use diametric_engine::peer::{Applications, Connection, ConnectionConfig, Event, LocalNode, Role};
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::base::{
    CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, DeviceWatchdogAnswer, DeviceWatchdogRequest,
    DisconnectCause, DisconnectPeerAnswer, DisconnectPeerRequest, ResultCode,
};
use diametric_protocol::codec::Known;
use diametric_protocol::message::{Command, EndToEndId, EndToEndIds, Header, HopByHopId};
use diametric_protocol::wire::{HEADER_LEN, RawMessage};
use std::collections::{HashSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

static KNOWN: LazyLock<Arc<Known>> = LazyLock::new(|| Arc::new(Known::standard()));

/// The input is a list of steps. Whatever comes: what is sent is framed, every request has at most one end, there is one
/// end of the connection and nothing after it.
pub fn connection(data: &[u8]) {
    let mut steps = Steps(data);
    let role = if steps.octet() % 2 == 0 { Role::Initiator } else { Role::Responder };
    let mut bench = Bench::new(role);
    while !steps.0.is_empty() {
        bench.step(&mut steps);
        bench.collect();
    }
}

struct Steps<'a>(&'a [u8]);

impl<'a> Steps<'a> {
    fn octet(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    fn octets(&mut self) -> &'a [u8] {
        let count = usize::from(self.octet());
        let (octets, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        octets
    }
}

struct Bench {
    connection: Connection,
    now: Instant,
    local: LocalNode,
    peer: LocalNode,
    /// Ids of the requests that were sent last.
    sent: VecDeque<(HopByHopId, EndToEndId)>,
    waiting: HashSet<HopByHopId>,
    closed: bool,
}

fn node(host: &str) -> LocalNode {
    LocalNode {
        origin_host: host.into(),
        origin_realm: "example.net".into(),
        vendor_id: 0,
        product_name: "fuzz".into(),
        firmware_revision: None,
        origin_state_id: Some(1),
        supported_vendors: vec![10415],
        applications: Applications::new().with_auth(4),
    }
}

impl Bench {
    fn new(role: Role) -> Self {
        let config = ConnectionConfig {
            local: Arc::new(node("b.example.net")),
            known: Arc::clone(&KNOWN),
            addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            expected: None,
            establish_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(5),
            watchdog_interval: Duration::from_secs(30),
            first_hop_by_hop: HopByHopId(7),
            end_to_end: Arc::new(EndToEndIds::new(1, 0)),
        };
        let now = Instant::now();
        let connection = Connection::new(config, role, now);
        let (local, peer) = (node("b.example.net"), node("a.example.net"));
        let (sent, waiting) = (VecDeque::new(), HashSet::new());
        let mut bench = Self { connection, now, local, peer, sent, waiting, closed: false };
        bench.collect();
        bench
    }

    fn step(&mut self, steps: &mut Steps<'_>) {
        let now = self.now;
        match steps.octet() % 16 {
            0 => self.connection.handle_frame(Bytes::copy_from_slice(steps.octets()), now),
            1 => self.receive::<CapabilitiesExchangeRequest>(self.cer(), steps),
            2 => self.receive::<CapabilitiesExchangeAnswer>(self.cea(), steps),
            3 => self.receive::<DeviceWatchdogRequest>(self.named(&[]), steps),
            4 => self.receive::<DeviceWatchdogAnswer>(self.named(&RESULT), steps),
            5 => self.receive::<DisconnectPeerRequest>(self.named(&CAUSE), steps),
            6 => self.receive::<DisconnectPeerAnswer>(self.named(&RESULT), steps),
            7 => self.connection.admit(None, now),
            8 => self.connection.refuse(&ErrorAnswer::new(ResultCode::UNKNOWN_PEER, "no")),
            9 => self.send(steps),
            10 => self.connection.disconnect(DisconnectCause::REBOOTING, now),
            11 => self.connection.probe(now),
            12 => self.connection.handle_transport_closed("lost"),
            13 => self.connection.handle_unframed(steps.octets(), "not a message"),
            14 => {
                let id = self.sent.front().map_or(HopByHopId(0), |sent| sent.0);
                self.connection.cancel(id);
                self.waiting.remove(&id);
            }
            _ => {
                self.now += Duration::from_millis(u64::from(steps.octet()) * 250);
                while self.connection.poll_timeout().is_some_and(|due| due <= self.now) {
                    let due = self.connection.poll_timeout();
                    self.connection.handle_timeout(self.now);
                    self.collect();
                    assert!(self.connection.poll_timeout() != due, "time stands still");
                }
            }
        }
    }

    /// A message of the peer, with what the input adds to it. Answers are to the last request but so many.
    fn receive<C: Command>(&mut self, body: Vec<u8>, steps: &mut Steps<'_>) {
        let back = usize::from(steps.octet());
        let ids = self.sent.get(back).copied().unwrap_or((HopByHopId(back as u32), EndToEndId(0)));
        let more = steps.octets();
        let length = (HEADER_LEN + body.len() + more.len()).next_multiple_of(4);
        let mut frame = Header::of::<C>(ids.0, ids.1).to_bytes(length as u32).to_vec();
        frame.extend(body);
        frame.extend(more);
        frame.resize(length, 0);
        self.connection.handle_frame(frame.into(), self.now);
    }

    fn send(&mut self, steps: &mut Steps<'_>) {
        let ids = (HopByHopId(0), EndToEndId(u32::from(steps.octet())));
        let header = Header::of::<diametric_protocol::credit_control::CreditControlRequest>(ids.0, ids.1);
        let frame = header.to_bytes(HEADER_LEN as u32).to_vec();
        let timeout = Duration::from_secs(u64::from(steps.octet()));
        if let Ok(id) = self.connection.send_request(frame, timeout, self.now) {
            assert!(self.waiting.insert(id), "a hop-by-hop id is given twice");
        }
    }

    fn collect(&mut self) {
        while let Some(frame) = self.connection.poll_transmit() {
            let message = RawMessage::read(&frame).expect("what is sent has a header");
            assert!(message.avps().all(|avp| avp.is_ok()), "what is sent is framed");
            if message.header.flags.is_request() {
                self.sent.push_front((message.header.hop_by_hop, message.header.end_to_end));
            }
        }
        while let Some(event) = self.connection.poll_event() {
            assert!(!self.closed, "{event:?} after the end");
            match event {
                Event::Answer(id, _) | Event::TimedOut(id) => self.ended(id),
                Event::Closed { unanswered, .. } => {
                    self.closed = true;
                    unanswered.into_iter().for_each(|id| self.ended(id));
                    assert!(self.waiting.is_empty(), "requests without an end: {:?}", self.waiting);
                }
                _ => {}
            }
        }
        if self.closed {
            assert!(!self.connection.is_open() && self.connection.poll_timeout().is_none());
        }
    }

    fn ended(&mut self, id: HopByHopId) {
        assert!(self.waiting.remove(&id), "{id} ended that did not wait");
    }

    fn cer(&self) -> Vec<u8> {
        self.introduction(&diametric_protocol::message::encode(
            Header::of::<CapabilitiesExchangeRequest>(HopByHopId(1), EndToEndId(1)),
            &self.peer.cer(&[IpAddr::V4(Ipv4Addr::LOCALHOST)]),
        ))
    }

    fn cea(&self) -> Vec<u8> {
        self.introduction(&diametric_protocol::message::encode(
            Header::of::<CapabilitiesExchangeAnswer>(HopByHopId(1), EndToEndId(1)),
            &self.peer.cea(ResultCode::SUCCESS, &[IpAddr::V4(Ipv4Addr::LOCALHOST)]),
        ))
    }

    fn introduction(&self, frame: &Result<Vec<u8>, diametric_protocol::codec::EncodeError>) -> Vec<u8> {
        let frame = frame.as_ref().expect("an introduction can be encoded");
        assert_ne!(self.local.origin_host, self.peer.origin_host);
        frame[HEADER_LEN..].to_vec()
    }

    /// Origin-Host and Origin-Realm of the peer behind other AVPs.
    fn named(&self, first: &[u8]) -> Vec<u8> {
        [first, &NAMES].concat()
    }
}

const RESULT: [u8; 12] = [0, 0, 1, 12, 0x40, 0, 0, 12, 0, 0, 7, 0xd1];
const CAUSE: [u8; 12] = [0, 0, 1, 17, 0x40, 0, 0, 12, 0, 0, 0, 0];
const NAMES: [u8; 44] = *b"\0\0\x01\x08\x40\0\0\x15a.example.net\0\0\0\0\0\x01\x28\x40\0\0\x13example.net\0";
