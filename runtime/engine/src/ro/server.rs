//! The server of a credit-control session or event (RFC 8506 §7, table 6).
//!
//! One machine supervises one Session-Id: which requests are processed, which are repetitions, and how long the session
//! may be silent (Tcc). Rating and accounts are the application's: the machine hands it a request
//! ([`Action::Process`]) and takes what came of it ([`Input::Processed`]). What the answer stands for is said in the
//! order of the table, [`DebitUsed`](Action::DebitUsed) and [`Reserve`](Action::Reserve); an application that books while
//! it processes has done so already.
//!
//! Where the table is silent:
//!
//! - A repetition, known by its CC-Request-Number, gets the earlier answer, and changes nothing (RFC 8506 §5.7).
//! - UPDATEs may overlap and come in any order: each is processed (RFC 8506 §5.1.2).
//! - Tcc is held while a request is being processed: the client is not silent then.
//! - A request that makes no sense where the session stands is refused: 5002 if there is no session, else 5012.
//! - An answer that is finished after the session ended still goes out, and its usage is debited.

use super::Ignored;
use crate::deadline::{after, due};
use diametric_protocol::base::ResultCode;
use diametric_protocol::credit_control::{CcRequestType, RequestedAction};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How a server session behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Tcc for answers without Validity-Time; with it, Tcc is twice that (RFC 8506 §13). An hour.
    pub supervision: Duration,
    /// How many answers are kept for repetitions. 8, at least 1.
    pub kept_answers: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self { supervision: Duration::from_secs(3600), kept_answers: 8 }
    }
}

/// The states of RFC 8506 §7, table 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no session.
    Idle,
    /// Units are reserved.
    Open,
}

/// What happened to a server session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A CCR came, decoded and checked.
    Request {
        /// CC-Request-Type.
        request_type: CcRequestType,
        /// CC-Request-Number.
        number: u32,
        /// Requested-Action.
        requested_action: Option<RequestedAction>,
    },
    /// The application is done with a request.
    Processed {
        /// Its CC-Request-Number.
        number: u32,
        /// What came of it.
        outcome: Outcome,
    },
    /// The application wants the client to ask for credit again (RFC 8506 §5.5).
    Reauthorize,
    /// The client answered a RAR, or an ASR.
    ServerRequestAnswered {
        /// Result-Code.
        result_code: ResultCode,
    },
    /// The server cannot go on with the session (RFC 8506 §5.7).
    Failed,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcome {
    /// Result-Code of the CCA, at command level.
    pub result_code: ResultCode,
    /// Whether units were granted, and so have to be reserved. Not if the request asked for none (RFC 8506 §8.16), nor
    /// after the final units (§5.6.2).
    pub granted: bool,
    /// The longest Validity-Time of the CCA.
    pub validity_time: Option<Duration>,
}

impl Outcome {
    /// A CCA with `result_code` that grants units if it is a success.
    pub fn new(result_code: ResultCode) -> Self {
        Self { result_code, granted: is_success(result_code), validity_time: None }
    }
}

/// What a server session wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Hand the request to the application.
    Process {
        /// CC-Request-Type.
        request_type: CcRequestType,
        /// CC-Request-Number.
        number: u32,
    },
    /// Refuse the request without asking the application.
    Reject {
        /// CC-Request-Number.
        number: u32,
        /// Result-Code. With 5005, Requested-Action is what is missing.
        result_code: ResultCode,
    },
    /// Send the CCA that the application made, to every request that waits for it, and keep it.
    SendCca {
        /// CC-Request-Type.
        request_type: CcRequestType,
        /// CC-Request-Number.
        number: u32,
        /// Result-Code.
        result_code: ResultCode,
    },
    /// Send the kept CCA again: the request is a repetition.
    RepeatCca {
        /// CC-Request-Number.
        number: u32,
    },
    /// The request repeats one that is still being processed: it waits for the same CCA.
    AwaitCca {
        /// CC-Request-Number.
        number: u32,
    },
    /// Debit the units that the request reports.
    DebitUsed {
        /// CC-Request-Number.
        number: u32,
    },
    /// Reserve the units that the answer grants.
    Reserve {
        /// CC-Request-Number.
        number: u32,
    },
    /// Return the units that are reserved: the client has gone silent or forgotten the session.
    ReleaseReserved,
    /// Send a RAR.
    SendRar,
    /// The session is over; what is still reserved for it is returned. Its machine may be kept for a while to answer
    /// repetitions.
    Closed,
}

/// The server's side of one credit-control session or event.
#[derive(Clone, Debug)]
pub struct ServerSession {
    config: ServerConfig,
    phase: Phase,
    processing: Vec<(u32, CcRequestType)>,
    /// Numbers of the requests whose answers are kept, oldest first.
    answered: VecDeque<u32>,
    /// Whether a kept answer was forgotten, and the highest number of those.
    forgotten: Option<u32>,
    tcc: Option<Instant>,
    actions: VecDeque<Action>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Open,
    Closed,
}

impl ServerSession {
    /// A session in Idle.
    pub fn new(config: ServerConfig) -> Self {
        Self {
            config,
            phase: Phase::New,
            processing: Vec::new(),
            answered: VecDeque::new(),
            forgotten: None,
            tcc: None,
            actions: VecDeque::new(),
        }
    }

    /// A session in Open that was opened elsewhere, such as by a server that has failed. Tcc starts with the first answer.
    pub fn adopted(config: ServerConfig) -> Self {
        Self { phase: Phase::Open, ..Self::new(config) }
    }

    /// Takes what happened.
    ///
    /// # Errors
    /// If it has no meaning in the state of the session; nothing changed. A request is never ignored.
    pub fn handle_input(&mut self, now: Instant, input: Input) -> Result<(), Ignored> {
        match (input, self.phase) {
            (Input::Request { request_type, number, requested_action }, _) => {
                self.requested(request_type, number, requested_action);
            }
            (Input::Processed { number, outcome }, _) => {
                let at = self.processing.iter().position(|(processing, _)| *processing == number).ok_or(Ignored)?;
                let (_, request_type) = self.processing.remove(at);
                self.processed(now, request_type, number, outcome);
            }
            (Input::Reauthorize, Phase::Open) => self.actions.push_back(Action::SendRar),
            (Input::ServerRequestAnswered { result_code: ResultCode::UNKNOWN_SESSION_ID }, Phase::Open)
            | (Input::Failed, Phase::Open) => self.release(),
            // A CCR follows or is on its way; or the client refused, and the session goes on as it was.
            (Input::ServerRequestAnswered { .. }, Phase::Open) => {}
            (Input::Reauthorize | Input::ServerRequestAnswered { .. } | Input::Failed, Phase::New | Phase::Closed) => {
                return Err(Ignored);
            }
        }
        Ok(())
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if due(self.poll_timeout(), now) {
            self.release();
        }
    }

    /// What to do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.tcc.filter(|_| self.processing.is_empty())
    }

    /// The state, in the terms of RFC 8506 §7.
    pub fn state(&self) -> State {
        match self.phase {
            Phase::New | Phase::Closed => State::Idle,
            Phase::Open => State::Open,
        }
    }

    /// Whether there is no session and no request is being processed: all that is left are answers for repetitions.
    pub fn is_idle(&self) -> bool {
        self.phase != Phase::Open && self.processing.is_empty()
    }

    fn requested(&mut self, request_type: CcRequestType, number: u32, requested_action: Option<RequestedAction>) {
        if self.processing.iter().any(|(processing, _)| *processing == number) {
            return self.actions.push_back(Action::AwaitCca { number });
        }
        if self.answered.contains(&number) {
            return self.actions.push_back(Action::RepeatCca { number });
        }
        let fresh = self.phase == Phase::New && self.processing.is_empty();
        let open = self.phase == Phase::Open;
        let refusal = match request_type {
            CcRequestType::EventRequest if requested_action.is_none() => Some(ResultCode::MISSING_AVP),
            CcRequestType::InitialRequest | CcRequestType::EventRequest if fresh => None,
            CcRequestType::InitialRequest | CcRequestType::EventRequest => Some(ResultCode::UNABLE_TO_COMPLY),
            CcRequestType::UpdateRequest | CcRequestType::TerminationRequest if !open => {
                Some(ResultCode::UNKNOWN_SESSION_ID)
            }
            // So old that its answer was forgotten: to process it again would debit twice.
            CcRequestType::UpdateRequest | CcRequestType::TerminationRequest if self.forgotten >= Some(number) => {
                Some(ResultCode::UNABLE_TO_COMPLY)
            }
            CcRequestType::UpdateRequest | CcRequestType::TerminationRequest => None,
        };
        match refusal {
            Some(result_code) => self.actions.push_back(Action::Reject { number, result_code }),
            None => {
                self.processing.push((number, request_type));
                self.actions.push_back(Action::Process { request_type, number });
            }
        }
    }

    fn processed(&mut self, now: Instant, request_type: CcRequestType, number: u32, outcome: Outcome) {
        self.keep(number);
        let Outcome { result_code, granted, validity_time } = outcome;
        self.actions.push_back(Action::SendCca { request_type, number, result_code });
        let success = is_success(result_code);
        match request_type {
            CcRequestType::EventRequest => return self.close(),
            // Without success, it is closed again below.
            CcRequestType::InitialRequest => self.phase = Phase::Open,
            CcRequestType::UpdateRequest | CcRequestType::TerminationRequest => {
                self.actions.push_back(Action::DebitUsed { number });
            }
        }
        match self.phase {
            Phase::Open if success && request_type != CcRequestType::TerminationRequest => {
                if granted {
                    self.actions.push_back(Action::Reserve { number });
                }
                let tcc = validity_time.map_or(self.config.supervision, |validity| validity.saturating_mul(2));
                self.tcc = after(now, tcc);
            }
            Phase::Open => self.close(),
            Phase::New | Phase::Closed => {}
        }
    }

    fn keep(&mut self, number: u32) {
        if self.answered.len() >= self.config.kept_answers {
            self.forgotten = self.forgotten.max(self.answered.pop_front());
        }
        self.answered.push_back(number);
    }

    fn release(&mut self) {
        self.actions.push_back(Action::ReleaseReserved);
        self.close();
    }

    fn close(&mut self) {
        self.phase = Phase::Closed;
        self.tcc = None;
        self.actions.push_back(Action::Closed);
    }
}

fn is_success(result_code: ResultCode) -> bool {
    (2000..3000).contains(&result_code.0)
}
