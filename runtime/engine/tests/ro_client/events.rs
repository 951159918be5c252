//! One-time events, by the table of RFC 8506 §7 and by the rows from prose.

use crate::tables::{Row, rows};
use crate::{FAILED, REQUEST_TIMEOUT, TABLE, TEMPORARY, TX, facts, numbers, words};
use diametric_engine::ro::event::{self, EventConfig};
use diametric_engine::ro::{Ignored, OneTimeEvent, Resend};
use diametric_protocol::credit_control::{DirectDebitingFailureHandling as Ddfh, RequestedAction};
use std::time::{Duration, Instant};

pub(crate) struct EventBench {
    pub(crate) event: OneTimeEvent,
    pub(crate) now: Instant,
    pub(crate) actions: Vec<event::Action>,
}

impl EventBench {
    pub(crate) fn at(state: &str, action: RequestedAction, config: EventConfig) -> Self {
        let event = OneTimeEvent::new(action, config);
        let mut bench = Self { event, now: Instant::now(), actions: Vec::new() };
        match state {
            "Idle" => {}
            "PendingE" => drop(bench.input(event::Input::Start)),
            "PendingB" => drop(bench.input(event::Input::SendStored { t_flag: true })),
            _ => panic!("no way into {state}"),
        }
        bench
    }

    pub(crate) fn input(&mut self, input: event::Input) -> Vec<String> {
        let from_store = self.event.state() == event::State::PendingB;
        let _: Result<(), Ignored> = self.event.handle_input(self.now, input);
        self.told(from_store)
    }

    pub(crate) fn wait(&mut self, wait: Duration) -> Vec<String> {
        self.now += wait;
        self.event.handle_timeout(self.now);
        self.told(false)
    }

    fn told(&mut self, from_store: bool) -> Vec<String> {
        self.actions = std::iter::from_fn(|| self.event.poll_action()).collect();
        let word = |action: &event::Action| match action {
            event::Action::SendCcr(ccr) if ccr.stored => Some("send stored request"),
            event::Action::SendCcr(ccr) if ccr.resend.is_some() => Some("resend CCR EVENT"),
            event::Action::SendCcr(_) => Some("send CCR EVENT"),
            event::Action::GrantService => Some("grant service"),
            event::Action::TerminateService => Some("terminate service"),
            event::Action::IndicateServiceError => Some("indicate service error"),
            event::Action::StoreRequest { t_flag: true } => Some("store request with T flag"),
            event::Action::StoreRequest { t_flag: false } => Some("store request"),
            event::Action::DeleteStored if from_store => Some("delete stored request"),
            event::Action::DeleteStored => Some("delete request"),
            event::Action::Discarded => Some("discard"),
            _ => None,
        };
        let mut words: Vec<String> = self.actions.iter().filter_map(word).map(str::to_owned).collect();
        if words == ["send CCR EVENT"] && self.event.poll_timeout() == Some(self.now + TX) {
            words.push("start Tx".into());
        }
        if words.is_empty() {
            words.push("(none)".into());
        }
        words
    }

    pub(crate) fn state(&self) -> String {
        format!("{:?}", self.event.state())
    }
}

pub(crate) fn event_config(handling: Ddfh, alternates: u32) -> EventConfig {
    let mut config = EventConfig::default();
    (config.failure_handling, config.alternates) = (handling, alternates);
    config
}

fn event_inputs(row: &Row, event: &str) -> Vec<Option<event::Input>> {
    let answers = |codes: &[u32]| codes.iter().map(|code| Some(event::Input::Answer(facts(*code)))).collect();
    match event {
        "one-time service requested" => vec![Some(event::Input::Start)],
        "request in storage" => vec![Some(event::Input::SendStored { t_flag: true })],
        "successful CCA EVENT" | "successful CCA" => answers(&[2001]),
        "failure to send" => {
            vec![Some(event::Input::SendFailed { sent: false }), Some(event::Input::SendFailed { sent: true })]
        }
        "temporary error" => answers(&TEMPORARY),
        "failure to send or temporary error" => {
            let mut inputs: Vec<_> = answers(&TEMPORARY);
            inputs.extend([Some(event::Input::SendFailed { sent: true }), Some(event::Input::RequestTimedOut)]);
            inputs
        }
        "Tx expired" => vec![None],
        "failed CCA EVENT" | "failed CCA" => answers(&FAILED),
        "failed answer or 4010 or 5030" => answers(&[&FAILED[..], &[4010, 5030]].concat()),
        _ if event.starts_with("CCA EVENT with ") => answers(&numbers(event)),
        _ => panic!("row {} has no case", row.id),
    }
}

#[test]
fn event_table() {
    use RequestedAction::{CheckBalance, DirectDebiting, PriceEnquiry, RefundAccount};
    for row in rows(TABLE, "one-time-event", "CE", 25) {
        let mut parts = row.event.split(", ");
        let event = parts.next().unwrap_or_default();
        let (mut actions, mut handlings) = (
            vec![DirectDebiting, RefundAccount, CheckBalance, PriceEnquiry],
            vec![Ddfh::TERMINATE_OR_BUFFER, Ddfh::CONTINUE],
        );
        let mut expired = vec![false];
        for part in parts {
            match part {
                "action CHECK_BALANCE or PRICE_ENQUIRY" => actions = vec![CheckBalance, PriceEnquiry],
                "action DIRECT_DEBITING" => actions = vec![DirectDebiting],
                "action REFUND_ACCOUNT" => actions = vec![RefundAccount],
                "DDFH=CONTINUE" => handlings = vec![Ddfh::CONTINUE],
                "DDFH=TERMINATE_OR_BUFFER" => handlings = vec![Ddfh::TERMINATE_OR_BUFFER],
                "Tx running" | "Tx still running" => {}
                "Tx expired" => expired = vec![true],
                _ => panic!("{}: {part}", row.id),
            }
        }
        // Only a debit waits on when Tx has expired; where the row does not say, it matters to none of these.
        if actions == [DirectDebiting] && matches!(row.id, "CE03" | "CE09" | "CE10" | "CE11" | "CE16") {
            expired.push(true);
        }
        for action in actions {
            for (handling, expired) in handlings.iter().flat_map(|handling| expired.iter().map(|e| (*handling, *e))) {
                for input in event_inputs(&row, event) {
                    let mut bench = EventBench::at(row.state, action, event_config(handling, 0));
                    assert_eq!(bench.state(), row.state, "{}", row.id);
                    if expired {
                        bench.wait(TX);
                    }
                    let told = match input {
                        Some(input) => bench.input(input),
                        None => bench.wait(TX),
                    };
                    assert_eq!(told, words(row.action), "{} {action:?} {handling:?} {input:?}", row.id);
                    assert_eq!(bench.state(), row.next, "{} {action:?} {handling:?} {input:?}", row.id);
                    let closed = matches!(bench.actions.last(), Some(event::Action::Closed(_)));
                    assert_eq!(closed, row.next == "Idle", "{}", row.id);
                }
            }
        }
    }
}

pub(crate) fn prose_of_events(row: &Row) -> Option<String> {
    use RequestedAction::{CheckBalance, DirectDebiting, PriceEnquiry, RefundAccount};
    let buffer = |alternates| event_config(Ddfh::TERMINATE_OR_BUFFER, alternates);
    let answer = |code| event::Input::Answer(facts(code));
    let mut bench = EventBench::at("PendingE", DirectDebiting, buffer(1));
    match row.id {
        "FO07" => {
            assert_eq!(bench.input(answer(3004)), ["resend CCR EVENT"]);
        }
        "FO08" => {
            bench.wait(TX);
            assert_eq!(bench.wait(REQUEST_TIMEOUT), ["resend CCR EVENT"]);
            let [event::Action::SendCcr(ccr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
            assert_eq!(ccr.resend, Some(Resend { t_flag: true, alternate: true }));
            let state = bench.state();
            // The first transmission has no answer, so the T flag stays.
            assert_eq!(bench.input(answer(3004)), ["store request with T flag"]);
            return Some(state);
        }
        "FO09" => {
            bench.wait(TX);
            bench.wait(REQUEST_TIMEOUT);
            assert_eq!(bench.input(answer(5012)), ["delete request"]);
        }
        "DV06" => {
            for action in [DirectDebiting, RefundAccount, CheckBalance, PriceEnquiry] {
                bench = EventBench::at("PendingE", action, buffer(0));
                assert_eq!(bench.input(answer(4012)), ["terminate service"]);
            }
        }
        "DV07" => {
            for action in [RefundAccount, CheckBalance, PriceEnquiry] {
                bench = EventBench::at("PendingE", action, buffer(0));
                assert_eq!(bench.input(answer(4011)), ["(none)"]);
                assert_eq!(bench.actions[0], event::Action::Answered { late: false });
            }
        }
        _ => return None,
    }
    Some(bench.state())
}
