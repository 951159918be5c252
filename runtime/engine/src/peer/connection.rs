//! The machine of one connection (RFC 6733 §5.3 to §5.6).
//!
//! RFC 6733 describes one machine for a peer, with up to two connections. Here each connection is a machine, and whoever
//! owns several decides between them: when a peer has said who it is, [`Event::Introduced`] asks whether it may come in.

use super::RemoteNode;
use super::introduction;
use super::pending::Pending;
use super::vocabulary::{CloseReason, ConnectionConfig, Event, NotOpen, Role};
use super::watchdog::{self, Status, Watchdog};
use bytes::Bytes;
use diametric_protocol::answer::{ErrorAnswer, Origin, RequestContext};
use diametric_protocol::base::{
    CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, DeviceWatchdogAnswer, DeviceWatchdogAnswerRequired,
    DeviceWatchdogRequest, DeviceWatchdogRequestRequired, DisconnectCause, DisconnectPeerAnswer,
    DisconnectPeerAnswerRequired, DisconnectPeerRequest, DisconnectPeerRequestRequired, ResultCode,
};
use diametric_protocol::codec::{DecodeError, EncodeError};
use diametric_protocol::message::{self, Answer, Command, Request};
use diametric_protocol::wire::{Header, HopByHopId};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    WaitCea {
        deadline: Instant,
    },
    WaitCer {
        deadline: Instant,
    },
    /// The peer has introduced itself; the driver judges it.
    Judging {
        deadline: Instant,
    },
    Open,
    Closing {
        deadline: Instant,
    },
    Closed,
}

/// One transport connection.
#[derive(Debug)]
pub struct Connection {
    config: ConnectionConfig,
    state: State,
    remote: Option<Arc<RemoteNode>>,
    /// The CER that waits for its CEA.
    cer: Option<RequestContext>,
    pending: Pending,
    /// There is one from the moment the peer is admitted.
    watchdog: Option<Watchdog>,
    status: Status,
    probing: bool,
    /// Hop-by-hop ids of the requests that the connection itself sent.
    own: Own,
    disconnecting: Option<CloseReason>,
    transmit: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
}

#[derive(Debug, Default)]
struct Own {
    cer: Option<HopByHopId>,
    dwr: Option<HopByHopId>,
    dpr: Option<HopByHopId>,
}

impl Own {
    fn has(&self, id: HopByHopId) -> bool {
        [self.cer, self.dwr, self.dpr].contains(&Some(id))
    }
}

impl Connection {
    /// A connection whose transport has just come up.
    pub fn new(config: ConnectionConfig, role: Role, now: Instant) -> Self {
        let deadline = now + config.establish_timeout;
        let mut connection = Self {
            state: State::WaitCer { deadline },
            remote: None,
            cer: None,
            pending: Pending::new(config.first_hop_by_hop.0),
            watchdog: None,
            status: Status::Initial,
            probing: false,
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

    /// What the watchdog makes of the peer.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether frames are taken at the moment: not while the peer is judged, nor when the connection is over.
    pub fn takes_frames(&self) -> bool {
        !matches!(self.state, State::Judging { .. } | State::Closed)
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
            State::WaitCea { .. } => self.handle_first(header, &frame, now),
            State::WaitCer { .. } => self.handle_cer(header, &frame, now),
            State::Judging { .. } => {
                let problem = format!("command {} came before the verdict on the peer", header.command);
                self.close(CloseReason::Protocol(problem));
            }
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

    fn handle_first(&mut self, header: Header, frame: &Bytes, now: Instant) {
        if header.command != CapabilitiesExchangeAnswer::CODE || header.flags.is_request() {
            let problem = format!("command {} came before the CEA", header.command);
            return self.close(CloseReason::Protocol(problem));
        }
        if self.own.cer != Some(header.hop_by_hop) {
            return self.close(CloseReason::Protocol("the CEA does not match the CER".into()));
        }
        self.pending.cancel(header.hop_by_hop);
        let reply = match introduction::of_answer(frame) {
            Ok(reply) => reply,
            Err(problem) => return self.close(CloseReason::Protocol(problem)),
        };
        let introduction::Reply { result_code, message, origin_host: peer, remote } = reply;
        let Some(remote) = remote.filter(|_| result_code == ResultCode::SUCCESS) else {
            return self.close(CloseReason::Refused { peer, result_code, message });
        };
        if remote.origin_host == self.config.local.origin_host {
            return self.close(CloseReason::Rejected("it calls itself by this node's own identity".into()));
        }
        if let Some(expected) = self.config.expected.as_ref().filter(|expected| **expected != remote.origin_host) {
            let problem = format!("the peer is {}, expected {expected}", remote.origin_host);
            return self.close(CloseReason::Rejected(problem));
        }
        if !self.config.local.applications.has_common(&remote.applications) {
            let problem = format!("{} has no application in common with this node", remote.origin_host);
            return self.close(CloseReason::Rejected(problem));
        }
        self.introduce(remote, now);
    }

    fn handle_cer(&mut self, header: Header, frame: &Bytes, now: Instant) {
        if header.command != CapabilitiesExchangeRequest::CODE || !header.flags.is_request() {
            let problem = format!("command {} came before the CER", header.command);
            return self.close(CloseReason::Protocol(problem));
        }
        self.cer = introduction::context(frame);
        let remote = match introduction::of_request(frame, &self.config.known) {
            Ok(remote) => remote,
            Err(error) => return self.refuse(&error),
        };
        let local = &self.config.local;
        let refusal = if remote.origin_host == local.origin_host {
            // Nothing tells two nodes of one name apart (the election is left undefined).
            ErrorAnswer::new(ResultCode::UNKNOWN_PEER, "the Origin-Host of the CER is this node's own")
        } else if self.config.expected.as_ref().is_some_and(|expected| *expected != remote.origin_host) {
            ErrorAnswer::new(ResultCode::UNKNOWN_PEER, format!("{} is not a peer", remote.origin_host))
        } else if !local.applications.has_common(&remote.applications) {
            let problem = format!("{} has no application in common with this node", remote.origin_host);
            ErrorAnswer::new(ResultCode::NO_COMMON_APPLICATION, problem)
        } else {
            return self.introduce(remote, now);
        };
        self.refuse(&refusal);
    }

    fn introduce(&mut self, remote: RemoteNode, now: Instant) {
        let remote = Arc::new(remote);
        self.remote = Some(Arc::clone(&remote));
        self.state = State::Judging { deadline: now + self.config.establish_timeout };
        self.events.push_back(Event::Introduced(remote));
    }

    /// Lets the peer in that has introduced itself: a CER gets its CEA, and the connection is open.
    ///
    /// `watchdog` is the one that watched the peer on earlier connections, if it was kept: see
    /// [`take_watchdog`](Self::take_watchdog).
    pub fn admit(&mut self, watchdog: Option<Watchdog>, now: Instant) {
        let (State::Judging { .. }, Some(remote)) = (self.state, self.remote.clone()) else { return };
        if let Some(context) = self.cer.take() {
            let cea = self.config.local.cea(ResultCode::SUCCESS, &self.config.addresses);
            self.answer(&context, &cea);
        }
        let seed = self.config.first_hop_by_hop.0.into();
        self.watchdog = Some(watchdog.unwrap_or_else(|| Watchdog::new(self.config.watchdog_interval, seed)));
        self.state = State::Open;
        self.watch(now, Watchdog::handle_connection_up);
        self.events.push_back(Event::Open(remote));
    }

    /// Refuses the peer that has introduced itself: a CER gets a CEA that says why, or an answer-message where the
    /// Result-Code is that of a protocol error (3xxx), and the connection is over.
    pub fn refuse(&mut self, error: &ErrorAnswer) {
        if self.state == State::Closed {
            return;
        }
        if let Some(context) = self.cer.take() {
            // The command's own grammar, unless the error is one of the protocol or the CER could not be read.
            let read = self.remote.is_some()
                || matches!(error.result_code, ResultCode::NO_COMMON_APPLICATION | ResultCode::NO_COMMON_SECURITY);
            if !read || (3000..4000).contains(&error.result_code.0) {
                self.answer_error(&context, error);
            } else {
                let mut cea = self.config.local.cea(error.result_code, &self.config.addresses);
                cea.error_message = error.message.as_deref().map(Into::into);
                self.answer(&context, &cea);
            }
        }
        let message = error.message.clone().unwrap_or_else(|| format!("Result-Code {}", error.result_code));
        self.close(CloseReason::Rejected(message));
    }

    /// Ends the connection without a word.
    pub fn abandon(&mut self, reason: CloseReason) {
        self.close(reason);
    }

    /// Asks the peer for a sign of life: [`Event::Alive`] follows when it answers a DWR.
    pub fn probe(&mut self, now: Instant) {
        if self.state == State::Open {
            self.probing = true;
            self.send_dwr(now);
        }
    }

    /// Takes out the watchdog of a connection that is over, to watch the peer on the next one.
    pub fn take_watchdog(&mut self, now: Instant) -> Option<Watchdog> {
        let mut watchdog = self.watchdog.take().filter(|_| self.state == State::Closed)?;
        watchdog.handle_connection_down(now);
        // The connection is closed already, and its requests are told to whoever sent them.
        while watchdog.poll_action().is_some() {}
        Some(watchdog)
    }

    fn handle_request(&mut self, header: Header, frame: Bytes, now: Instant) {
        self.watch(now, Watchdog::handle_message);
        let result = match header.command {
            CapabilitiesExchangeRequest::CODE if header.application == 0 => {
                self.handle_second_cer(&frame);
                Ok(())
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
                    this.closing(now);
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

    /// Not in the table of RFC 6733; RFC 3588 answered, and peers that rely on it exist. Nobody becomes another by it.
    fn handle_second_cer(&mut self, frame: &Bytes) {
        let Some(context) = introduction::context(frame) else { return };
        let own = self.remote.as_ref().map(|remote| &remote.origin_host);
        match introduction::of_request(frame, &self.config.known) {
            Ok(remote) if own.is_some_and(|own| *own != remote.origin_host) => {
                let message =
                    format!("{} is another node than the CER of this connection was from", remote.origin_host);
                self.answer_error(&context, &ErrorAnswer::new(ResultCode::UNKNOWN_PEER, message));
            }
            Ok(_) => {
                let cea = self.config.local.cea(ResultCode::SUCCESS, &self.config.addresses);
                self.answer(&context, &cea);
            }
            Err(error) => self.answer_error(&context, &error),
        }
    }

    fn closing(&mut self, now: Instant) {
        // A DPR that follows another does not keep the connection any longer.
        if self.state == State::Open {
            self.events.push_back(Event::Closing);
            self.state = State::Closing { deadline: now + self.config.close_timeout };
        }
    }

    fn respond<C: Request>(
        &mut self,
        frame: &Bytes,
        answer: impl FnOnce(&mut Self, &RequestContext, C),
    ) -> Result<(), DecodeError> {
        let Some(context) = introduction::context(frame) else { return Ok(()) };
        match message::decode::<C>(&introduction::without_p(frame), &self.config.known) {
            Ok(request) => {
                answer(self, &context, request.body);
                Ok(())
            }
            Err(error) => {
                let origin = Origin { host: &self.config.local.origin_host, realm: &self.config.local.origin_realm };
                let answer = context.refuse::<C::Answer>(&origin, &ErrorAnswer::from(&error), frame);
                self.send_answer_of_own(answer);
                Err(error)
            }
        }
    }

    fn handle_answer(&mut self, header: Header, frame: Bytes, now: Instant) {
        let id = header.hop_by_hop;
        if !self.pending.answered(id, header.end_to_end, header.command) {
            // An answer to nothing, or one that comes too late (RFC 6733 §3): discarded, but it shows that the peer lives.
            return self.watch(now, Watchdog::handle_message);
        }
        if self.own.dwr == Some(id) {
            self.own.dwr = None;
            self.watch(now, Watchdog::handle_dwa);
            if std::mem::take(&mut self.probing) {
                self.events.push_back(Event::Alive);
            }
            return;
        }
        self.watch(now, Watchdog::handle_message);
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
        // A header has been read from it, so there is a whole one.
        frame[12..16].copy_from_slice(&id.0.to_be_bytes());
        self.transmit.push_back(frame);
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
        self.transmit.push_back(frame);
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
                let dpr = DisconnectPeerRequest::new(DisconnectPeerRequestRequired {
                    origin_host: self.config.local.origin_host.clone(),
                    origin_realm: self.config.local.origin_realm.clone(),
                    disconnect_cause: cause,
                });
                self.disconnecting = Some(CloseReason::Local);
                self.closing(now);
                self.own.dpr = self.send_own(&dpr, now + self.config.close_timeout);
            }
            State::WaitCea { .. } | State::WaitCer { .. } | State::Judging { .. } => self.close(CloseReason::Local),
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
            State::Judging { deadline } if deadline <= now => {
                self.close(CloseReason::EstablishTimeout("verdict on the peer", self.config.establish_timeout));
            }
            State::Closing { deadline } if deadline <= now => {
                self.close(self.disconnecting.clone().unwrap_or(CloseReason::Local));
            }
            _ => {}
        }
        while let Some(id) = self.pending.expired(now) {
            // Without answer to its CER or DPR the connection is over by now, and nothing is pending.
            if self.own.dwr == Some(id) {
                self.own.dwr = None;
            } else {
                self.events.push_back(Event::TimedOut(id));
            }
        }
        if self.state == State::Open {
            self.watch(now, Watchdog::handle_timeout);
        }
    }

    /// Tells the watchdog of something, and does what it wants done.
    fn watch(&mut self, now: Instant, tell: impl FnOnce(&mut Watchdog, Instant)) {
        let Some(watchdog) = &mut self.watchdog else { return };
        tell(watchdog, now);
        let status = watchdog.status();
        while let Some(action) = self.watchdog.as_mut().and_then(Watchdog::poll_action) {
            match action {
                watchdog::Action::SendWatchdog => self.send_dwr(now),
                watchdog::Action::CloseConnection => self.close(CloseReason::Watchdog),
                // Both are in the change of status. To connect is the driver's.
                watchdog::Action::Failover | watchdog::Action::Failback | watchdog::Action::AttemptOpen => {}
            }
        }
        if std::mem::replace(&mut self.status, status) != status && self.state != State::Closed {
            self.events.push_back(Event::Watchdog(status));
        }
    }

    /// One DWR is out at a time (RFC 3539 §3.4.1).
    fn send_dwr(&mut self, now: Instant) {
        if self.own.dwr.is_some() {
            return;
        }
        let mut dwr = DeviceWatchdogRequest::new(DeviceWatchdogRequestRequired {
            origin_host: self.config.local.origin_host.clone(),
            origin_realm: self.config.local.origin_realm.clone(),
        });
        dwr.origin_state_id = self.config.local.origin_state_id;
        // Whether it is answered is the watchdog's business; an hour only bounds the entry.
        self.own.dwr = self.send_own(&dwr, now + Duration::from_secs(3600));
    }

    /// The next frame to write.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmit.pop_front()
    }

    /// The next thing to tell.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.state {
            State::WaitCea { deadline }
            | State::WaitCer { deadline }
            | State::Judging { deadline }
            | State::Closing { deadline } => Some(deadline),
            State::Open => self.watchdog.as_ref().and_then(Watchdog::poll_timeout),
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
                self.transmit.push_back(frame);
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

    fn answer<C: Answer>(&mut self, context: &RequestContext, answer: &C) {
        self.send_answer_of_own(context.answer(answer));
    }

    fn answer_error(&mut self, context: &RequestContext, error: &ErrorAnswer) {
        let origin = Origin { host: &self.config.local.origin_host, realm: &self.config.local.origin_realm };
        let answer = context.error(&origin, error);
        self.send_answer_of_own(answer);
    }

    fn send_answer_of_own(&mut self, answer: Result<Vec<u8>, EncodeError>) {
        match answer {
            Ok(frame) => self.transmit.push_back(frame),
            Err(error) => self.close(CloseReason::Protocol(error.to_string())),
        }
    }

    fn close(&mut self, reason: CloseReason) {
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closed;
        let own = &self.own;
        let unanswered = self.pending.drain().filter(|id| !own.has(*id)).collect();
        self.events.push_back(Event::Closed { reason, unanswered });
    }
}
