//! The machine of one connection (RFC 6733 §5.3 to §5.6, without the election between two connections).

use super::pending::Pending;
use super::watchdog::Watchdog;
use super::{LocalNode, RemoteNode};
use crate::answer::{ErrorAnswer, Origin, RequestContext};
use crate::base::{
    CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, DeviceWatchdogAnswer, DeviceWatchdogAnswerRequired,
    DeviceWatchdogRequest, DeviceWatchdogRequestRequired, DisconnectCause, DisconnectPeerAnswer,
    DisconnectPeerAnswerRequired, DisconnectPeerRequest, DisconnectPeerRequestRequired, ResultCode,
};
use crate::codec::{DecodeError, Known};
use crate::message::{self, Command, EndToEndIds};
use crate::wire::{Header, HopByHopId};
use bytes::Bytes;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Who opened the transport connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This node: it sends the CER.
    Initiator,
    /// The peer: this node waits for its CER.
    Responder,
}

/// What a connection needs to know of its node.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// What the node says of itself.
    pub local: Arc<LocalNode>,
    /// What the node understands.
    pub known: Arc<Known>,
    /// The addresses of this end, for Host-IP-Address.
    pub addresses: Vec<IpAddr>,
    /// The Origin-Host that must answer; any where `None`.
    pub expected: Option<crate::value::DiameterIdentity>,
    /// How long CER and CEA may take.
    pub establish_timeout: Duration,
    /// How long the peer may take to answer a DPR and close.
    pub close_timeout: Duration,
    /// Twinit of the watchdog.
    pub watchdog_interval: Duration,
    /// Hop-by-hop id of the first request.
    pub first_hop_by_hop: HopByHopId,
    /// The node's end-to-end ids, for the requests of the connection itself (CER, DWR, DPR).
    pub end_to_end: Arc<EndToEndIds>,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// This node asked for it with DPR, and the peer agreed or took too long.
    #[error("this node disconnected")]
    Local,
    /// The peer sent a DPR.
    #[error("the peer disconnected: {0}")]
    Remote(DisconnectCause),
    /// The transport ended.
    #[error("the transport ended: {0}")]
    Transport(String),
    /// CER and CEA did not complete in time.
    #[error("no {0} within {1:?}")]
    EstablishTimeout(&'static str, Duration),
    /// The peer refused the CER.
    #[error("the peer answered the CER with Result-Code {result_code}{}", message.as_ref().map(|m| format!(": {m}")).unwrap_or_default())]
    Refused {
        /// Result-Code of the CEA.
        result_code: ResultCode,
        /// Error-Message of the CEA.
        message: Option<String>,
    },
    /// This node refused the peer.
    #[error("this node refused the peer: {0}")]
    Rejected(String),
    /// The peer does not answer the watchdog.
    #[error("the peer does not answer the watchdog")]
    Watchdog,
    /// The peer broke the protocol, so that the connection cannot go on.
    #[error("protocol error: {0}")]
    Protocol(String),
}

/// What a connection tells its driver.
#[derive(Clone, Debug)]
pub enum Event {
    /// Capabilities were exchanged: requests may go out.
    Open(Arc<RemoteNode>),
    /// The peer sent a request, for the driver to answer.
    Request(Header, Bytes),
    /// The answer to a request.
    Answer(HopByHopId, Bytes),
    /// No answer came in time; one that comes later is discarded.
    TimedOut(HopByHopId),
    /// The watchdog found the peer suspect: new requests should go elsewhere.
    Suspect,
    /// The watchdog found the peer well again.
    Recovered,
    /// The connection is over. The driver sends what is left to transmit and closes the transport.
    Closed {
        /// Why.
        reason: CloseReason,
        /// Requests that will not be answered.
        unanswered: Vec<HopByHopId>,
    },
}

/// The connection is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is not open")]
pub struct NotOpen;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    WaitCea { deadline: Instant },
    WaitCer { deadline: Instant },
    Open,
    Closing { deadline: Instant },
    Closed,
}

/// One transport connection.
#[derive(Debug)]
pub struct Connection {
    config: ConnectionConfig,
    state: State,
    remote: Option<Arc<RemoteNode>>,
    pending: Pending,
    watchdog: Watchdog,
    /// Hop-by-hop ids of the requests that the connection itself sent.
    own: Own,
    disconnecting: Option<CloseReason>,
    transmit: VecDeque<Bytes>,
    events: VecDeque<Event>,
}

#[derive(Debug, Default)]
struct Own {
    cer: Option<HopByHopId>,
    dwr: Option<HopByHopId>,
    dpr: Option<HopByHopId>,
}

impl Connection {
    /// A connection whose transport has just come up.
    pub fn new(config: ConnectionConfig, role: Role, now: Instant) -> Self {
        let deadline = now + config.establish_timeout;
        let mut connection = Self {
            state: State::WaitCer { deadline },
            remote: None,
            pending: Pending::new(config.first_hop_by_hop.0),
            watchdog: Watchdog::new(config.watchdog_interval, config.first_hop_by_hop.0.into()),
            own: Own::default(),
            disconnecting: None,
            transmit: VecDeque::new(),
            events: VecDeque::new(),
            config,
        };
        if role == Role::Initiator {
            connection.state = State::WaitCea { deadline };
            let cer = connection.config.local.cer(&connection.config.addresses);
            connection.own.cer = connection.send_own(&cer, deadline);
        }
        connection
    }

    /// What the peer said of itself, once it has.
    pub fn remote(&self) -> Option<&Arc<RemoteNode>> {
        self.remote.as_ref()
    }

    /// Whether requests may go out.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// How many requests wait for their answer.
    pub fn in_flight(&self) -> usize {
        self.pending.len()
    }

    /// Takes one frame from the peer.
    pub fn handle_frame(&mut self, frame: Bytes, now: Instant) {
        if self.state == State::Closed {
            return;
        }
        let header = match Header::read(&frame) {
            Ok(header) => header,
            Err(error) => return self.handle_unreadable(&frame, &error.to_string()),
        };
        match self.state {
            State::WaitCea { .. } => self.handle_first(header, frame, now),
            State::WaitCer { .. } => self.handle_cer(header, &frame, now),
            _ if header.flags.is_request() => self.handle_request(header, frame, now),
            _ => self.handle_answer(header, frame, now),
        }
    }

    /// Version or length are wrong: a request gets its answer, but what follows in the stream cannot be trusted.
    fn handle_unreadable(&mut self, frame: &[u8], problem: &str) {
        if let Some(context) = RequestContext::of(frame).filter(|context| context.header.flags.is_request()) {
            let result_code = match frame.first() {
                Some(1) => ResultCode::INVALID_MESSAGE_LENGTH,
                _ => ResultCode::UNSUPPORTED_VERSION,
            };
            self.answer_error(&context, &ErrorAnswer::new(result_code, problem));
        }
        self.close(CloseReason::Protocol(problem.into()));
    }

    fn handle_first(&mut self, header: Header, frame: Bytes, now: Instant) {
        if header.command != CapabilitiesExchangeAnswer::CODE || header.flags.is_request() {
            let problem = format!("command {} came before the CEA", header.command);
            return self.close(CloseReason::Protocol(problem));
        }
        if self.own.cer != Some(header.hop_by_hop) {
            return self.close(CloseReason::Protocol("the CEA does not match the CER".into()));
        }
        self.pending.cancel(header.hop_by_hop);
        if header.flags.is_error() {
            return match message::decode_answer_message(&frame, &self.config.known) {
                Ok(answer) => self.close(CloseReason::Refused {
                    result_code: answer.body.result_code,
                    message: answer.body.error_message.map(|text| text.to_string()),
                }),
                Err(error) => self.close(CloseReason::Protocol(error.to_string())),
            };
        }
        let cea = match message::decode::<CapabilitiesExchangeAnswer>(&frame, &self.config.known) {
            Ok(cea) => cea.body,
            Err(error) => return self.close(CloseReason::Protocol(error.to_string())),
        };
        if cea.result_code != ResultCode::SUCCESS {
            return self.close(CloseReason::Refused {
                result_code: cea.result_code,
                message: cea.error_message.map(|text| text.to_string()),
            });
        }
        let remote = RemoteNode::from(&cea);
        if let Some(expected) = self.config.expected.as_ref().filter(|expected| **expected != remote.origin_host) {
            let problem = format!("the peer is {}, expected {expected}", remote.origin_host);
            return self.close(CloseReason::Rejected(problem));
        }
        if !self.config.local.applications.has_common(&remote.applications) {
            let problem = format!("{} has no application in common with this node", remote.origin_host);
            return self.close(CloseReason::Rejected(problem));
        }
        self.open(remote, now);
    }

    fn handle_cer(&mut self, header: Header, frame: &[u8], now: Instant) {
        if header.command != CapabilitiesExchangeRequest::CODE || !header.flags.is_request() {
            let problem = format!("command {} came before the CER", header.command);
            return self.close(CloseReason::Protocol(problem));
        }
        let Some(context) = RequestContext::of(frame) else { return };
        let remote = match message::decode::<CapabilitiesExchangeRequest>(frame, &self.config.known) {
            Ok(cer) => RemoteNode::from(&cer.body),
            Err(error) => {
                self.answer_error(&context, &ErrorAnswer::from(&error));
                return self.close(CloseReason::Rejected(error.to_string()));
            }
        };
        if remote.origin_host == self.config.local.origin_host {
            let error = ErrorAnswer::new(ResultCode::UNKNOWN_PEER, "the Origin-Host of the CER is this node's own");
            self.answer_error(&context, &error);
            return self.close(CloseReason::Rejected("it calls itself by this node's own identity".into()));
        }
        if self.config.expected.as_ref().is_some_and(|expected| *expected != remote.origin_host) {
            let error = ErrorAnswer::new(ResultCode::UNKNOWN_PEER, format!("{} is not a peer", remote.origin_host));
            self.answer_error(&context, &error);
            return self.close(CloseReason::Rejected(format!("{} is not a peer", remote.origin_host)));
        }
        let common = self.config.local.applications.has_common(&remote.applications);
        let result_code = if common { ResultCode::SUCCESS } else { ResultCode::NO_COMMON_APPLICATION };
        let cea = self.config.local.cea(result_code, &self.config.addresses);
        self.answer(&context, &cea);
        if common {
            self.open(remote, now);
        } else {
            let problem = format!("{} has no application in common with this node", remote.origin_host);
            self.close(CloseReason::Rejected(problem));
        }
    }

    fn open(&mut self, remote: RemoteNode, now: Instant) {
        let remote = Arc::new(remote);
        self.remote = Some(Arc::clone(&remote));
        self.state = State::Open;
        self.watchdog.handle_connection_up(now);
        self.events.push_back(Event::Open(remote));
    }

    fn handle_request(&mut self, header: Header, frame: Bytes, now: Instant) {
        self.watchdog.handle_message(now);
        let result = match header.command {
            CapabilitiesExchangeRequest::CODE if header.application == 0 => {
                self.respond::<CapabilitiesExchangeRequest>(&frame, |this, context, _| {
                    // Not in the table of RFC 6733; RFC 3588 answered, and peers that rely on it exist.
                    let cea = this.config.local.cea(ResultCode::SUCCESS, &this.config.addresses);
                    this.answer(context, &cea);
                })
            }
            DeviceWatchdogRequest::CODE if header.application == 0 => {
                self.respond::<DeviceWatchdogRequest>(&frame, |this, context, _| {
                    let mut dwa = DeviceWatchdogAnswer::new(DeviceWatchdogAnswerRequired {
                        result_code: ResultCode::SUCCESS,
                        origin_host: this.config.local.origin_host.clone(),
                        origin_realm: this.config.local.origin_realm.clone(),
                    });
                    dwa.origin_state_id = this.config.local.origin_state_id;
                    this.answer(context, &dwa);
                })
            }
            DisconnectPeerRequest::CODE if header.application == 0 => {
                self.respond::<DisconnectPeerRequest>(&frame, |this, context, dpr| {
                    let dpa = DisconnectPeerAnswer::new(DisconnectPeerAnswerRequired {
                        result_code: ResultCode::SUCCESS,
                        origin_host: this.config.local.origin_host.clone(),
                        origin_realm: this.config.local.origin_realm.clone(),
                    });
                    this.answer(context, &dpa);
                    // Whoever receives the DPA closes the transport; this end waits for that.
                    this.disconnecting.get_or_insert(CloseReason::Remote(dpr.disconnect_cause));
                    this.state = State::Closing { deadline: now + this.config.close_timeout };
                })
            }
            _ => {
                self.events.push_back(Event::Request(header, frame));
                Ok(())
            }
        };
        // A malformed base request has been answered; the connection goes on.
        let _: Result<(), DecodeError> = result;
    }

    fn respond<C: Command>(
        &mut self,
        frame: &[u8],
        answer: impl FnOnce(&mut Self, &RequestContext, C),
    ) -> Result<(), DecodeError> {
        let Some(context) = RequestContext::of(frame) else { return Ok(()) };
        match message::decode::<C>(frame, &self.config.known) {
            Ok(request) => {
                answer(self, &context, request.body);
                Ok(())
            }
            Err(error) => {
                self.answer_error(&context, &ErrorAnswer::from(&error));
                Err(error)
            }
        }
    }

    fn handle_answer(&mut self, header: Header, frame: Bytes, now: Instant) {
        let id = header.hop_by_hop;
        if !self.pending.answered(id, header.end_to_end, header.command) {
            // An answer to nothing, or one that comes too late (RFC 6733 §3): discarded, but it shows that the peer lives.
            return self.watchdog.handle_message(now);
        }
        if self.own.dwr == Some(id) {
            self.own.dwr = None;
            return self.watchdog.handle_dwa(now);
        }
        self.watchdog.handle_message(now);
        if self.own.dpr == Some(id) {
            return self.close(self.disconnecting.clone().unwrap_or(CloseReason::Local));
        }
        self.events.push_back(Event::Answer(id, frame));
    }

    /// Sends a request. Its hop-by-hop id is chosen here, whatever the frame has.
    ///
    /// # Errors
    /// If the connection is not open.
    pub fn send_request(&mut self, mut frame: Vec<u8>, timeout: Duration, now: Instant) -> Result<HopByHopId, NotOpen> {
        let header = Header::peek(&frame).filter(|_| self.state == State::Open).ok_or(NotOpen)?;
        let id = self.pending.insert(header.command, header.end_to_end, now + timeout);
        frame[12..16].copy_from_slice(&id.0.to_be_bytes());
        self.transmit.push_back(frame.into());
        Ok(id)
    }

    /// Sends an answer, or any frame as it is.
    ///
    /// # Errors
    /// If the connection is neither open nor closing in good order.
    pub fn send_answer(&mut self, frame: Vec<u8>) -> Result<(), NotOpen> {
        if !matches!(self.state, State::Open | State::Closing { .. }) {
            return Err(NotOpen);
        }
        self.transmit.push_back(frame.into());
        Ok(())
    }

    /// Gives a request up: its answer will be discarded.
    pub fn cancel(&mut self, id: HopByHopId) {
        self.pending.cancel(id);
    }

    /// Takes leave of the peer with DPR.
    pub fn disconnect(&mut self, cause: DisconnectCause, now: Instant) {
        match self.state {
            State::Open => {
                let deadline = now + self.config.close_timeout;
                let dpr = DisconnectPeerRequest::new(DisconnectPeerRequestRequired {
                    origin_host: self.config.local.origin_host.clone(),
                    origin_realm: self.config.local.origin_realm.clone(),
                    disconnect_cause: cause,
                });
                self.disconnecting = Some(CloseReason::Local);
                self.state = State::Closing { deadline };
                self.own.dpr = self.send_own(&dpr, deadline);
            }
            State::WaitCea { .. } | State::WaitCer { .. } => self.close(CloseReason::Local),
            State::Closing { .. } | State::Closed => {}
        }
    }

    /// Takes notice that the transport has ended.
    pub fn handle_transport_closed(&mut self, cause: &str) {
        let reason = self.disconnecting.clone().unwrap_or_else(|| CloseReason::Transport(cause.into()));
        self.close(reason);
    }

    /// Takes notice that the stream cannot be split into frames any more.
    pub fn handle_unframed(&mut self, start: &[u8], problem: &str) {
        if self.state != State::Closed {
            self.handle_unreadable(start, problem);
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.state {
            State::WaitCea { deadline } if deadline <= now => {
                self.close(CloseReason::EstablishTimeout("CEA", self.config.establish_timeout));
            }
            State::WaitCer { deadline } if deadline <= now => {
                self.close(CloseReason::EstablishTimeout("CER", self.config.establish_timeout));
            }
            State::Closing { deadline } if deadline <= now => {
                self.close(self.disconnecting.clone().unwrap_or(CloseReason::Local));
            }
            _ => {}
        }
        while let Some(id) = self.pending.expired(now) {
            if self.own.dwr == Some(id) {
                self.own.dwr = None;
            } else {
                self.events.push_back(Event::TimedOut(id));
            }
        }
        if self.state == State::Open {
            self.watchdog.handle_timeout(now);
            self.drive_watchdog(now);
        }
    }

    fn drive_watchdog(&mut self, now: Instant) {
        use super::watchdog::Action;
        while let Some(action) = self.watchdog.poll_action() {
            match action {
                Action::SendWatchdog => {
                    let mut dwr = DeviceWatchdogRequest::new(DeviceWatchdogRequestRequired {
                        origin_host: self.config.local.origin_host.clone(),
                        origin_realm: self.config.local.origin_realm.clone(),
                    });
                    dwr.origin_state_id = self.config.local.origin_state_id;
                    // Whether it is answered is the watchdog's business; an hour only bounds the entry.
                    self.own.dwr = self.send_own(&dwr, now + Duration::from_secs(3600));
                }
                Action::Failover => self.events.push_back(Event::Suspect),
                Action::Failback => self.events.push_back(Event::Recovered),
                Action::CloseConnection => self.close(CloseReason::Watchdog),
                Action::AttemptOpen => {}
            }
        }
    }

    /// The next frame to write.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.transmit.pop_front()
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.state {
            State::WaitCea { deadline } | State::WaitCer { deadline } | State::Closing { deadline } => Some(deadline),
            State::Open => self.watchdog.poll_timeout(),
            State::Closed => return None,
        };
        [own, self.pending.next_deadline()].into_iter().flatten().min()
    }

    fn send_own<C: Command>(&mut self, request: &C, deadline: Instant) -> Option<HopByHopId> {
        let end_to_end = self.config.end_to_end.next();
        let hop_by_hop = self.pending.insert(C::CODE, end_to_end, deadline);
        let header = Header { flags: C::FLAGS, command: C::CODE, application: 0, hop_by_hop, end_to_end };
        match message::encode(header, request) {
            Ok(frame) => {
                self.transmit.push_back(frame.into());
                Some(hop_by_hop)
            }
            // What the node says of itself cannot be encoded, for example an empty Origin-Host.
            Err(error) => {
                self.pending.cancel(hop_by_hop);
                self.close(CloseReason::Protocol(error.to_string()));
                None
            }
        }
    }

    fn answer<C: Command>(&mut self, context: &RequestContext, answer: &C) {
        match context.answer(answer) {
            Ok(frame) => self.transmit.push_back(frame.into()),
            Err(error) => self.close(CloseReason::Protocol(error.to_string())),
        }
    }

    fn answer_error(&mut self, context: &RequestContext, error: &ErrorAnswer) {
        let origin = Origin { host: &self.config.local.origin_host, realm: &self.config.local.origin_realm };
        match context.error(&origin, error) {
            Ok(frame) => self.transmit.push_back(frame.into()),
            Err(error) => self.close(CloseReason::Protocol(error.to_string())),
        }
    }

    fn close(&mut self, reason: CloseReason) {
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closed;
        let own = [self.own.cer, self.own.dwr, self.own.dpr];
        let unanswered = self.pending.drain().filter(|id| !own.contains(&Some(*id))).collect();
        self.events.push_back(Event::Closed { reason, unanswered });
    }
}
