//! The transport watchdog of a peer (RFC 3539 §3.4 and appendix A).
//!
//! One machine watches one peer over all its connections, so that a peer that was down proves itself with three answered
//! watchdogs before it is used again. The table of appendix A decides; its pseudo-code for a connection that goes down
//! sets the state before it looks at it, so that none of its cases ever holds.
//!
//! Where the table is silent: a connection that comes up while there is one, or goes down while there is none, changes
//! nothing. CER, DWR, DPR and their answers make and end the connection, and are no matter of the watchdog:
//! [`throws_away`](Watchdog::throws_away) is about the others. If DWRs were thrown away as well, two peers that both came
//! back would wait for each other for ever.

use crate::deadline::after;
use crate::random::draw;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Twinit that RFC 3539 §3.4.1 recommends.
pub const DEFAULT_TW_INIT: Duration = Duration::from_secs(30);
/// The least Twinit that RFC 3539 §3.4.1 allows.
pub const MIN_TW_INIT: Duration = Duration::from_secs(6);
/// By how much the watchdog's interval differs from Twinit, either way.
const JITTER: Duration = Duration::from_secs(2);

/// Twinit is below 6 s, which RFC 3539 §3.4.1 forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a watchdog interval of {0:?} is too short: RFC 3539 forbids less than 6 s")]
pub struct TwInitTooShort(pub Duration);

/// What the watchdog knows of its peer: the states of RFC 3539, appendix A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// There was no connection yet.
    Initial,
    /// The peer answers.
    Okay,
    /// It left a watchdog unanswered. New requests must not go to it.
    Suspect,
    /// There is no connection.
    Down,
    /// It is connected again, and has to prove itself before requests go to it.
    Reopen,
}

/// What a watchdog wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send a DWR. It is never sent again; one at a time is out.
    SendWatchdog,
    /// Close the connection.
    CloseConnection,
    /// Give unanswered requests to an alternate peer: T flag set, End-to-End id unchanged, new Hop-by-Hop id. New requests
    /// go elsewhere (RFC 6733 §5.5.4).
    Failover,
    /// The peer may get new requests again.
    Failback,
    /// Try to connect.
    AttemptOpen,
}

/// The watchdog of one peer.
#[derive(Clone, Debug)]
pub struct Watchdog {
    tw_init: Duration,
    random: u64,
    status: Status,
    /// A DWR is out.
    pending: bool,
    num_dwa: i8,
    timer: Option<Instant>,
    actions: VecDeque<Action>,
}

impl Watchdog {
    /// A watchdog in Initial, with its timer stopped. Different seeds keep the watchdogs of a node out of step.
    ///
    /// A shorter `tw_init` than [`MIN_TW_INIT`] is raised to that; where it comes from people, use
    /// [`try_new`](Self::try_new).
    pub fn new(tw_init: Duration, seed: u64) -> Self {
        Self {
            tw_init: tw_init.max(MIN_TW_INIT),
            random: seed,
            status: Status::Initial,
            pending: false,
            num_dwa: 0,
            timer: None,
            actions: VecDeque::new(),
        }
    }

    /// A watchdog in Initial, with its timer stopped.
    ///
    /// # Errors
    /// If `tw_init` is below [`MIN_TW_INIT`].
    pub fn try_new(tw_init: Duration, seed: u64) -> Result<Self, TwInitTooShort> {
        if tw_init < MIN_TW_INIT {
            return Err(TwInitTooShort(tw_init));
        }
        Ok(Self::new(tw_init, seed))
    }

    /// Starts the timer of a peer that is to be connected to: [`Action::AttemptOpen`] comes out at every expiry until
    /// there is a connection. The first attempt is the driver's.
    pub fn start(&mut self, now: Instant) {
        if self.timer.is_none() {
            self.set_watchdog(now);
        }
    }

    /// Takes notice that capabilities were exchanged on a new connection.
    pub fn handle_connection_up(&mut self, now: Instant) {
        match self.status {
            Status::Initial => {
                self.set_watchdog(now);
                self.status = Status::Okay;
            }
            Status::Down => {
                self.num_dwa = 0;
                self.send_watchdog(now);
                self.status = Status::Reopen;
            }
            Status::Okay | Status::Suspect | Status::Reopen => {}
        }
    }

    /// Takes notice that the connection was lost.
    pub fn handle_connection_down(&mut self, now: Instant) {
        match self.status {
            Status::Okay => {
                self.actions.push_back(Action::CloseConnection);
                self.actions.push_back(Action::Failover);
            }
            Status::Suspect | Status::Reopen => self.actions.push_back(Action::CloseConnection),
            Status::Initial | Status::Down => return,
        }
        self.set_watchdog(now);
        self.status = Status::Down;
    }

    /// Takes notice of a DWA.
    pub fn handle_dwa(&mut self, now: Instant) {
        self.pending = false;
        match self.status {
            Status::Okay => self.set_watchdog(now),
            Status::Suspect => {
                self.actions.push_back(Action::Failback);
                self.set_watchdog(now);
                self.status = Status::Okay;
            }
            // Neither row sets the timer: the next DWR goes out when it expires.
            Status::Reopen if self.num_dwa >= 2 => {
                self.num_dwa = 3;
                self.actions.push_back(Action::Failback);
                self.status = Status::Okay;
            }
            Status::Reopen => self.num_dwa += 1,
            Status::Initial | Status::Down => {}
        }
    }

    /// Takes notice of any message but a DWA, request or answer.
    ///
    /// Ask [`throws_away`](Self::throws_away) what becomes of it.
    pub fn handle_message(&mut self, now: Instant) {
        match self.status {
            Status::Okay => self.set_watchdog(now),
            Status::Suspect => {
                self.actions.push_back(Action::Failback);
                self.set_watchdog(now);
                self.status = Status::Okay;
            }
            Status::Initial | Status::Down | Status::Reopen => {}
        }
    }

    /// Whether the messages of applications that come from the peer are discarded unread, because it is not in use.
    pub fn throws_away(&self) -> bool {
        match self.status {
            Status::Initial | Status::Down | Status::Reopen => true,
            Status::Okay | Status::Suspect => false,
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.timer.is_none_or(|timer| timer > now) {
            return;
        }
        match (self.status, self.pending) {
            (Status::Okay | Status::Reopen, false) => return self.send_watchdog(now),
            (Status::Okay, true) => {
                self.actions.push_back(Action::Failover);
                self.status = Status::Suspect;
            }
            (Status::Reopen, true) if self.num_dwa >= 0 => self.num_dwa = -1,
            (Status::Suspect, _) | (Status::Reopen, true) => {
                self.actions.push_back(Action::CloseConnection);
                self.status = Status::Down;
            }
            (Status::Initial | Status::Down, _) => self.actions.push_back(Action::AttemptOpen),
        }
        self.set_watchdog(now);
    }

    /// What to do next.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timer
    }

    /// What the watchdog knows of its peer.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whether new requests may go to the peer.
    pub fn accepts_requests(&self) -> bool {
        self.status == Status::Okay
    }

    /// Whether a DWR is out.
    pub fn is_pending(&self) -> bool {
        self.pending
    }

    /// How many DWAs came since the connection was reopened; negative after one failed to come.
    pub fn num_dwa(&self) -> i8 {
        self.num_dwa
    }

    fn send_watchdog(&mut self, now: Instant) {
        self.actions.push_back(Action::SendWatchdog);
        self.set_watchdog(now);
        self.pending = true;
    }

    /// Twinit, more or less 2 s, drawn anew each time (RFC 3539 §3.4.1).
    fn set_watchdog(&mut self, now: Instant) {
        let span = 2 * JITTER.as_micros() as u64 + 1;
        let jitter = Duration::from_micros(draw(&mut self.random) % span);
        self.timer = after(now, (self.tw_init - JITTER).saturating_add(jitter));
    }
}
