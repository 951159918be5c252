//! Sessions, by the tables of RFC 8506 §7.

use crate::tables::{Row, rows};
use crate::{FAILED, TABLE, TEMPORARY, TX, facts, numbers, words};
use diametric_engine::ro::session::{
    Action, CcrReason, CloseCause, Input, PhaseState, SessionConfig, State, UpdateReason,
};
use diametric_engine::ro::{AnswerFacts, ClientSession, Ignored};
use diametric_protocol::base::TerminationCause;
use diametric_protocol::credit_control::{CreditControlFailureHandling as Ccfh, FinalUnitAction};
use diametric_protocol::value::Enumeration;
use std::time::{Duration, Instant};

pub(crate) const LOGOUT: TerminationCause = TerminationCause::LOGOUT;
pub(crate) const CCFH: [Ccfh; 3] = [Ccfh::TERMINATE, Ccfh::CONTINUE, Ccfh::RETRY_AND_TERMINATE];

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Input(Input),
    Answer(AnswerFacts),
    SendFailed,
    Wait(Duration),
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
            "PendingI" => &[Step::Input(Input::Start)],
            "Open" => &[Step::Input(Input::Start), answer(2001)],
            "PendingU" => &[Step::Input(Input::Start), answer(2001), update()],
            "PendingT" => &[Step::Input(Input::Start), answer(2001), terminated()],
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

    fn number(&self) -> u32 {
        self.session.snapshot(self.now).next_number.wrapping_sub(1)
    }

    fn tx(&self) -> Option<Duration> {
        match self.session.snapshot(self.now).phase {
            PhaseState::Pending(pending) => pending.tx,
            _ => None,
        }
    }

    /// Does a step and tells in the words of the table what came of it.
    pub(crate) fn step(&mut self, step: Step) -> Vec<String> {
        let number = self.number();
        let (before, queued) = (self.tx(), self.session.snapshot(self.now).queue.len());
        let _: Result<(), Ignored> = match step {
            Step::Input(input) => self.session.handle_input(self.now, input),
            Step::Answer(facts) => self.session.handle_input(self.now, Input::Answer { number, facts }),
            Step::SendFailed => self.session.handle_input(self.now, Input::SendFailed { number, sent: false }),
            Step::Wait(wait) => {
                self.now += wait;
                self.session.handle_timeout(self.now);
                Ok(())
            }
        };
        self.actions = std::iter::from_fn(|| self.session.poll_action()).collect();
        let mut words = Vec::new();
        for action in &self.actions {
            match action {
                Action::SendCcr(ccr) => {
                    let kind = ccr.request_type.label().unwrap_or_default().replace("_REQUEST", "");
                    words.push(format!("{} CCR {kind}", if ccr.resend.is_some() { "resend" } else { "send" }));
                }
                Action::SendRaa { .. } => words.push("send RAA".into()),
                Action::SendAsa { .. } => words.push("send ASA".into()),
                Action::GrantService => words.push("grant service".into()),
                Action::TerminateService => words.push("terminate service".into()),
                Action::Restrict(_) => words.push("restrict".into()),
                Action::LiftRestrictions => words.push("lift restrictions".into()),
                Action::Discarded { .. } => words.push("discard".into()),
                _ => {}
            }
        }
        let state = self.session.state();
        match (before, self.tx()) {
            (_, Some(tx)) if tx == TX && self.number() != number => words.push("start Tx".into()),
            (Some(_), None) if state == State::Open => words.push("stop Tx".into()),
            _ => {}
        }
        match self.session.snapshot(self.now).queue[..] {
            [.., CcrReason::Termination(_)] if queued == 0 => words.push("queue termination event".into()),
            [.., _] if queued == 0 => words.push("queue rating-change event".into()),
            _ => {}
        }
        if words.is_empty() {
            words.push("(none)".into());
        }
        words
    }

    pub(crate) fn closed(&self) -> Option<CloseCause> {
        self.actions.iter().find_map(|action| if let Action::Closed(cause) = action { Some(*cause) } else { None })
    }

    pub(crate) fn raa(&self) -> Option<u32> {
        self.actions.iter().find_map(|action| match action {
            Action::SendRaa { result_code } | Action::SendAsa { result_code } => Some(result_code.0),
            _ => None,
        })
    }
}

pub(crate) fn answer(code: u32) -> Step {
    Step::Answer(facts(code))
}

pub(crate) fn update() -> Step {
    Step::Input(Input::Update(UpdateReason::RatingChanged))
}

pub(crate) fn terminated() -> Step {
    Step::Input(Input::ServiceTerminated(LOGOUT))
}

pub(crate) fn with(handling: Ccfh) -> SessionConfig {
    let mut config = SessionConfig::default();
    config.failure_handling = handling;
    config
}

/// What the event of a row can be. `None`: nobody has written that down yet.
fn steps(row: &Row, event: &str) -> Option<Vec<Step>> {
    let answers = |codes: &[u32]| codes.iter().map(|code| answer(*code)).collect();
    let inputs = |input| vec![Step::Input(input)];
    Some(match event {
        "access/service requested" => inputs(Input::Start),
        "failure to send" => vec![Step::SendFailed],
        "temporary error" => answers(&TEMPORARY),
        "Tx expired" => vec![Step::Wait(TX)],
        "user service terminated" => vec![terminated()],
        "rating condition changed" => vec![update()],
        "Validity-Time expired" => inputs(Input::Update(UpdateReason::ValidityExpired)),
        "RAR received" => inputs(Input::ReauthRequested { covered: row.state == "PendingU" }),
        "granted units used up, no final-unit indication received" => inputs(Input::Update(UpdateReason::UnitsUsed)),
        "granted units used up, Final-Unit-Action=TERMINATE received" => {
            inputs(Input::FinalUnitsUsed(FinalUnitAction::TERMINATE))
        }
        _ if event.starts_with("successful CCA ") => answers(&[2001, 2002]),
        _ if event.starts_with("failed CCA ") || event == "failed answer" => {
            let mut answers: Vec<Step> = answers(&FAILED);
            if row.state == "PendingU" {
                answers.push(answer(5030));
            }
            answers
        }
        _ if event.starts_with("CCA ") => answers(&numbers(event)),
        _ => return None,
    })
}

#[test]
fn session_tables() {
    let machines = [("session-first-CCR", "CI", 19), ("session-intermediate-final", "CU", 31)];
    for row in machines.into_iter().flat_map(|(machine, prefix, last)| rows(TABLE, machine, prefix, last)) {
        let (event, handling) = row.event.split_once(", CCFH=").unwrap_or((row.event, ""));
        let handlings: Vec<Ccfh> = match handling {
            "" => CCFH.to_vec(),
            "TERMINATE" => vec![Ccfh::TERMINATE],
            "CONTINUE" => vec![Ccfh::CONTINUE],
            "RETRY_AND_TERMINATE" => vec![Ccfh::RETRY_AND_TERMINATE],
            _ => panic!("{}: {handling}", row.id),
        };
        for handling in handlings {
            // The events that wait in a queue come about when the state before Open is left.
            let queued = match event {
                "queued rating-change event" => Some(update()),
                "queued termination event" => Some(terminated()),
                _ => None,
            };
            if let Some(queued) = queued {
                for state in ["PendingI", "PendingU"] {
                    let mut bench = Bench::at(state, with(handling));
                    bench.step(queued.clone());
                    assert_eq!(bench.step(answer(2001)), words(row.action), "{}", row.id);
                    assert_eq!(bench.state(), row.next, "{}", row.id);
                }
                continue;
            }
            let steps = steps(&row, event).unwrap_or_else(|| panic!("row {} has no case", row.id));
            for step in steps {
                let mut bench = Bench::at(row.state, with(handling));
                let told = bench.step(step.clone());
                assert_eq!(told, words(row.action), "{} {step:?} {handling:?}", row.id);
                assert_eq!(bench.state(), row.next, "{} {step:?} {handling:?}", row.id);
                assert_eq!(bench.closed().is_some(), row.next == "Idle", "{}", row.id);
                match row.id {
                    "CU08" => assert_eq!(bench.raa(), Some(2002)),
                    "CU26" => assert_eq!(bench.raa(), Some(2001)),
                    _ => {}
                }
            }
        }
    }
}
