//! Sessions, by the table of RFC 6733 §8.2.

use crate::tables::Row;
use crate::{FAILED, REQUEST_TIMEOUT, TRANSIENT, conditions, facts, kind, words};
use diametric_engine::rf::session::{Action, CloseCause, Input, PhaseState, SessionConfig};
use diametric_engine::rf::{AnswerFacts, ClientSession, Ignored, Outcome};
use diametric_protocol::accounting::AccountingRealtimeRequired;
use std::time::{Duration, Instant};

pub(crate) const INTERVAL: Duration = Duration::from_secs(300);

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Input(Input),
    Answer(AnswerFacts),
    SendFailed {
        sent: bool,
    },
    TimedOut,
    TransportLost,
    Wait(Duration),
    /// Waits until the interval is over, and hands in the INTERIM that is due.
    Interval,
}

pub(crate) struct Bench {
    pub(crate) session: ClientSession,
    pub(crate) now: Instant,
    /// Everything that came out of the last step.
    pub(crate) actions: Vec<Action>,
}

impl Bench {
    pub(crate) fn new(config: SessionConfig) -> Self {
        Self { session: ClientSession::new("ctf;1;2", config), now: Instant::now(), actions: Vec::new() }
    }

    pub(crate) fn at(state: &str, config: SessionConfig) -> Self {
        let mut bench = Self::new(config);
        let steps: &[Step] = match state {
            "Idle" => &[],
            "PendingS" => &[START],
            "Open" => &[START, answer(2001)],
            "PendingI" => &[START, answer(2001), INTERIM],
            "PendingL" => &[START, answer(2001), STOP],
            _ => panic!("no way into {state}"),
        };
        for step in steps {
            bench.step(step.clone());
        }
        assert_eq!(bench.state(), state);
        bench
    }

    pub(crate) fn state(&self) -> String {
        format!("{:?}", self.session.state())
    }

    /// Accounting-Record-Number of the ACR that is out.
    pub(crate) fn out(&self) -> Option<u32> {
        match self.session.snapshot(self.now).phase {
            PhaseState::Pending(pending) => Some(pending.number),
            PhaseState::Idle | PhaseState::Open | PhaseState::Closed => None,
        }
    }

    /// Does a step and tells in the words of the table what came of it.
    pub(crate) fn step(&mut self, step: Step) -> Vec<String> {
        let number = self.out().unwrap_or(99);
        let input = match step {
            Step::Input(input) => Some(input),
            Step::Answer(facts) => Some(Input::Answer { number, facts }),
            Step::SendFailed { sent } => Some(Input::SendFailed { number, sent }),
            Step::TimedOut => Some(Input::RequestTimedOut { number }),
            Step::TransportLost => Some(Input::TransportLost { number }),
            Step::Wait(wait) => {
                self.now += wait;
                self.session.handle_timeout(self.now);
                None
            }
            Step::Interval => {
                self.now += self.session.interim_interval().expect("an interval");
                self.session.handle_timeout(self.now);
                assert_eq!(self.session.poll_action(), Some(Action::InterimDue));
                assert_eq!(self.session.poll_action(), None);
                Some(Input::Interim)
            }
        };
        if let Some(input) = input {
            let _: Result<(), Ignored> = self.session.handle_input(self.now, input);
        }
        self.actions = std::iter::from_fn(|| self.session.poll_action()).collect();
        let mut words: Vec<String> = self.actions.iter().filter_map(word).collect();
        if words.is_empty() {
            words.push("(none)".into());
        }
        words
    }

    pub(crate) fn closed(&self) -> Option<CloseCause> {
        self.actions.iter().find_map(|action| if let Action::Closed(cause) = action { Some(*cause) } else { None })
    }

    /// What became of records in the last step.
    pub(crate) fn settled(&self) -> Vec<(u32, Outcome)> {
        let settled = |action: &Action| match action {
            Action::Settled { number, outcome } => Some((*number, *outcome)),
            _ => None,
        };
        self.actions.iter().filter_map(settled).collect()
    }
}

fn word(action: &Action) -> Option<String> {
    Some(match action {
        Action::SendAcr(acr) => {
            format!("{} ACR {}", if acr.resend.is_some() { "resend" } else { "send" }, kind(acr.record_type))
        }
        Action::Store(record) => format!("store {} record", kind(record.record_type)),
        Action::DeleteStored { .. } => "delete record".into(),
        Action::InterimDue => "interim due".into(),
        Action::DisconnectUser => "disconnect user/device".into(),
        Action::Discarded { .. } => "discard".into(),
        _ => return None,
    })
}

pub(crate) const START: Step = Step::Input(Input::Start);
pub(crate) const INTERIM: Step = Step::Input(Input::Interim);
pub(crate) const STOP: Step = Step::Input(Input::Stop);

pub(crate) fn answer(code: u32) -> Step {
    Step::Answer(facts(code))
}

/// A session that is sent once only, with room in the store or not.
pub(crate) fn with(realtime: AccountingRealtimeRequired, space: bool) -> SessionConfig {
    let mut config = SessionConfig::default();
    (config.realtime_required, config.buffer_space, config.failovers) = (realtime, space, 0);
    config.interim_interval = Some(INTERVAL);
    config
}

/// Everything that is a failure to send.
pub(crate) fn failures() -> Vec<Step> {
    let mut failures: Vec<Step> = TRANSIENT.into_iter().map(answer).collect();
    failures.extend([Step::SendFailed { sent: false }, Step::SendFailed { sent: true }]);
    failures.extend([Step::TimedOut, Step::TransportLost, Step::Wait(REQUEST_TIMEOUT)]);
    failures
}

fn steps(row: &Row, event: &str) -> Vec<Step> {
    match event {
        "access requested" => vec![START],
        "interim interval elapsed" => vec![Step::Interval, INTERIM],
        "user service terminated" => vec![STOP],
        "failure to send" => failures(),
        _ if event.starts_with("successful ACA ") => vec![answer(2001), answer(2002)],
        _ if event.starts_with("failed ACA ") => FAILED.into_iter().map(answer).collect(),
        _ => panic!("row {} has no case", row.id),
    }
}

pub(crate) fn check(row: &Row) {
    let (event, spaces, realtimes) = conditions(row);
    for (space, overwritable) in spaces {
        for realtime in &realtimes {
            for step in steps(row, event) {
                let what = format!("{} {step:?} {realtime:?} {space} {overwritable}", row.id);
                let mut bench = Bench::at(row.state, with(*realtime, space || overwritable));
                if overwritable {
                    bench.step(Step::TimedOut);
                    assert_eq!(bench.settled().len(), 1, "{what}");
                    bench.step(Step::Input(Input::BufferSpace(space)));
                    bench.step(INTERIM);
                    assert_eq!(bench.state(), row.state, "{what}");
                }
                let told = bench.step(step);
                assert_eq!(told, words(row.action), "{what}");
                assert_eq!(bench.state(), row.next, "{what}");
                assert_eq!(bench.closed().is_some(), row.next == "Idle", "{what}");
                let replaced = bench.actions.iter().find_map(|action| match action {
                    Action::Store(order) => order.replaces,
                    _ => None,
                });
                assert_eq!(replaced, overwritable.then_some(1), "{what}");
            }
        }
    }
}
