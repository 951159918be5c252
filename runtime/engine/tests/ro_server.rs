//! The server machine of Ro, row by row of `tables/credit-control-server.csv`, and in sequences.
//!
//! The columns `event` and `action` of the RFC's own table are read, not retold; rows taken from prose have a case by id.

mod tables;

use diametric_engine::ro::server::{Action, Input, Outcome, ServerConfig, State};
use diametric_engine::ro::{Ignored, ServerSession};
use diametric_protocol::base::ResultCode;
use diametric_protocol::credit_control::{CcRequestType, RequestedAction};
use diametric_protocol::value::Enumeration;
use proptest::prelude::*;
use std::time::{Duration, Instant};
use tables::{Row, rows};

const TABLE: &str = include_str!("tables/credit-control-server.csv");
const TCC: Duration = Duration::from_secs(3600);

fn words(text: &str) -> Vec<String> {
    text.split("; ").map(str::to_owned).collect()
}

struct Bench {
    session: ServerSession,
    now: Instant,
    actions: Vec<Action>,
}

impl Bench {
    fn at(state: &str) -> Self {
        let session = ServerSession::new(ServerConfig::default());
        let mut bench = Self { session, now: Instant::now(), actions: Vec::new() };
        if state == "Open" {
            bench.request(CcRequestType::InitialRequest, 0);
            bench.processed(0, 2001);
        }
        assert_eq!(bench.state(), state);
        bench
    }

    fn state(&self) -> String {
        format!("{:?}", self.session.state())
    }

    fn input(&mut self, input: Input) -> Result<Vec<String>, Ignored> {
        let before = self.session.poll_timeout();
        self.session.handle_input(self.now, input)?;
        Ok(self.told(before))
    }

    fn request(&mut self, request_type: CcRequestType, number: u32) -> Vec<String> {
        let requested_action = (request_type == CcRequestType::EventRequest).then_some(RequestedAction::DirectDebiting);
        let told = self.input(Input::Request { request_type, number, requested_action });
        told.expect("a request is never ignored")
    }

    fn processed(&mut self, number: u32, code: u32) -> Vec<String> {
        let outcome = Outcome::new(ResultCode(code));
        self.input(Input::Processed { number, outcome }).expect("the request is being processed")
    }

    fn wait(&mut self, wait: Duration) -> Vec<String> {
        self.now += wait;
        let before = self.session.poll_timeout();
        self.session.handle_timeout(self.now);
        self.told(before)
    }

    fn told(&mut self, before: Option<Instant>) -> Vec<String> {
        self.actions = std::iter::from_fn(|| self.session.poll_action()).collect();
        let mut words = Vec::new();
        for action in &self.actions {
            words.push(match action {
                Action::Process { .. } => "process".to_owned(),
                Action::Reject { result_code, .. } => format!("CCA with {}", result_code.0),
                Action::SendCca { request_type, result_code, .. } => {
                    let kind = request_type.label().unwrap_or_default().replace("_REQUEST", "");
                    let error = if result_code.0 < 3000 { "" } else { " with error Result-Code" };
                    format!("send CCA {kind}{error}")
                }
                Action::RepeatCca { .. } => "repeat the earlier CCA".into(),
                Action::AwaitCca { .. } => "await the CCA".into(),
                Action::DebitUsed { .. } => "debit used units".into(),
                Action::Reserve { .. } => "reserve units".into(),
                Action::ReleaseReserved => "release reserved units".into(),
                Action::SendRar => "send RAR".into(),
                _ => continue,
            });
        }
        let after = self.session.poll_timeout();
        if after.is_some() && after != before {
            words.push("start Tcc".into());
        }
        if words.is_empty() {
            words.push("(none)".into());
        }
        words
    }
}

/// The words of the table for what the machine says in fewer.
fn translated(action: &str) -> Vec<String> {
    let mut words = words(action);
    words.retain(|word| word != "stop Tcc");
    for word in &mut words {
        *word = word.replace("restart Tcc", "start Tcc").replace("reserve new units", "reserve units");
    }
    words
}

#[test]
fn session_and_event_table() {
    for row in rows(TABLE, "server-session-and-event", "SV", 9) {
        let mut bench = Bench::at(row.state);
        bench.now += Duration::from_secs(1);
        let event: Vec<&str> = row.event.split(' ').collect();
        let told = match event[..] {
            ["CCR", kind, ref rest @ ..] => {
                let (request_type, number) = match kind {
                    "INITIAL" => (CcRequestType::InitialRequest, 0),
                    "UPDATE" => (CcRequestType::UpdateRequest, 1),
                    "TERMINATION" => (CcRequestType::TerminationRequest, 1),
                    "EVENT" => (CcRequestType::EventRequest, 0),
                    _ => panic!("row {} has no case", row.id),
                };
                assert_eq!(bench.request(request_type, number), ["process"], "{}", row.id);
                match rest {
                    ["processed", "successfully"] => bench.processed(number, 2001),
                    ["not", "processed", "successfully"] => bench.processed(number, 5030),
                    _ => panic!("row {} has no case", row.id),
                }
            }
            ["Tcc", "expired"] => bench.wait(TCC),
            _ => panic!("row {} has no case", row.id),
        };
        assert_eq!(told, translated(row.action), "{}", row.id);
        assert_eq!(bench.state(), row.next, "{}", row.id);
        assert_eq!(bench.session.poll_timeout().is_some(), row.next == "Open", "{}: Tcc", row.id);
        assert_eq!(bench.actions.last() == Some(&Action::Closed), row.next == "Idle", "{}", row.id);
    }
}

/// The state in which the case of a row ends; `None` where there is no case.
fn rule(row: &Row) -> Option<String> {
    use CcRequestType::{EventRequest, InitialRequest, TerminationRequest, UpdateRequest};
    let mut bench = Bench::at(if row.state == "Open" { "Open" } else { "Idle" });
    match row.id {
        "SR01" => {
            bench.request(InitialRequest, 0);
            let mut outcome = Outcome::new(ResultCode::SUCCESS);
            outcome.validity_time = Some(Duration::from_secs(90));
            assert!(bench.input(Input::Processed { number: 0, outcome }).is_ok());
            assert_eq!(bench.session.poll_timeout(), Some(bench.now + Duration::from_secs(180)));
            return Some("-".into());
        }
        "SR02" => {
            assert_eq!(bench.request(UpdateRequest, 1), ["CCA with 5002"]);
            assert_eq!(bench.request(TerminationRequest, 1), ["CCA with 5002"]);
        }
        "SR03" => {
            assert_eq!(bench.request(InitialRequest, 0), ["repeat the earlier CCA"]);
            // Before the answer is there, the repetition waits for it.
            bench.request(UpdateRequest, 1);
            assert_eq!(bench.request(UpdateRequest, 1), ["await the CCA"]);
            bench.processed(1, 2001);
            assert_eq!(bench.request(UpdateRequest, 1), ["repeat the earlier CCA"]);
            // Another INITIAL is no repetition.
            assert_eq!(bench.request(InitialRequest, 2), ["CCA with 5012"]);
        }
        "SR04" => {
            assert_eq!(bench.request(UpdateRequest, 2), ["process"]);
            assert_eq!(bench.request(UpdateRequest, 1), ["process"]);
            assert_eq!(bench.processed(1, 2001)[0], "send CCA UPDATE");
            assert_eq!(bench.processed(2, 2001)[0], "send CCA UPDATE");
        }
        "SR05" | "SR06" => {
            bench.request(UpdateRequest, 1);
            let mut outcome = Outcome::new(ResultCode::SUCCESS);
            outcome.granted = false;
            let told = bench.input(Input::Processed { number: 1, outcome }).expect("it is being processed");
            assert_eq!(told, ["send CCA UPDATE", "debit used units", "start Tcc"]);
        }
        // Decoding finds an AVP that is not implemented; the machine sees only what passed.
        "SR07" => return Some("-".into()),
        "SR08" => {
            bench.request(InitialRequest, 0);
            assert_eq!(bench.processed(0, 5031), ["send CCA INITIAL with error Result-Code"]);
            return Some("Idle or unchanged".into());
        }
        // What an answer's Result-Code overrides is in the answer: the client's matter.
        "SR09" => return Some("-".into()),
        "SR10" => {
            let input = Input::Request { request_type: EventRequest, number: 0, requested_action: None };
            assert_eq!(bench.input(input), Ok(words("CCA with 5005")));
        }
        "SR11" | "SR12" | "SR13" | "SR14" => {
            let requested_action = Some(match row.event {
                "PRICE_ENQUIRY" => RequestedAction::PriceEnquiry,
                "CHECK_BALANCE" => RequestedAction::CheckBalance,
                "DIRECT_DEBITING" => RequestedAction::DirectDebiting,
                _ => RequestedAction::RefundAccount,
            });
            let input = Input::Request { request_type: EventRequest, number: 0, requested_action };
            assert_eq!(bench.input(input), Ok(words("process")));
            // Nothing is reserved for an event.
            assert_eq!(bench.processed(0, 2001), ["send CCA EVENT"]);
        }
        "SR15" => assert_eq!(bench.input(Input::Reauthorize), Ok(words("send RAR"))),
        "SR16" => {
            for result_code in [ResultCode::SUCCESS, ResultCode::LIMITED_SUCCESS, ResultCode::UNABLE_TO_COMPLY] {
                assert_eq!(bench.input(Input::ServerRequestAnswered { result_code }), Ok(words("(none)")));
            }
        }
        "SR17" => {
            let result_code = ResultCode::UNKNOWN_SESSION_ID;
            let told = bench.input(Input::ServerRequestAnswered { result_code });
            assert_eq!(told, Ok(words("release reserved units")));
        }
        "SR18" => assert_eq!(bench.input(Input::Failed), Ok(words("release reserved units"))),
        // Events: one machine for each Session-Id sees every repetition.
        "SR19" => {
            bench.request(EventRequest, 0);
            assert_eq!(bench.request(EventRequest, 0), ["await the CCA"]);
            bench.processed(0, 2001);
            assert_eq!(bench.request(EventRequest, 0), ["repeat the earlier CCA"]);
            return Some("-".into());
        }
        _ => return None,
    }
    Some(bench.state())
}

#[test]
fn rules_from_prose() {
    for row in rows(TABLE, "server-rules", "SR", 19) {
        let end = rule(&row).unwrap_or_else(|| panic!("row {} has no case", row.id));
        assert_eq!(end, row.next, "{}", row.id);
    }
}

#[test]
fn tcc_is_held_while_a_request_is_processed() {
    let mut bench = Bench::at("Open");
    bench.wait(TCC - Duration::from_secs(1));
    bench.request(CcRequestType::UpdateRequest, 1);
    assert_eq!(bench.session.poll_timeout(), None);
    assert_eq!(bench.wait(Duration::from_secs(2)), ["(none)"]);
    assert_eq!(bench.processed(1, 2001)[0], "send CCA UPDATE");
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + TCC));
}

#[test]
fn an_answer_that_comes_after_the_end_still_goes_out() {
    let mut bench = Bench::at("Open");
    bench.request(CcRequestType::UpdateRequest, 1);
    bench.request(CcRequestType::UpdateRequest, 2);
    bench.processed(1, 4012);
    assert_eq!((bench.state().as_str(), bench.session.is_idle()), ("Idle", false));
    assert_eq!(bench.processed(2, 2001), ["send CCA UPDATE", "debit used units"]);
    assert!(bench.session.is_idle());
    assert_eq!(bench.request(CcRequestType::UpdateRequest, 2), ["repeat the earlier CCA"]);
}

#[test]
fn a_repetition_older_than_the_kept_answers_is_not_debited_again() {
    let mut bench = Bench::at("Open");
    for number in 1..=20 {
        bench.request(CcRequestType::UpdateRequest, number);
        bench.processed(number, 2001);
    }
    assert_eq!(bench.request(CcRequestType::UpdateRequest, 13), ["repeat the earlier CCA"]);
    assert_eq!(bench.request(CcRequestType::UpdateRequest, 12), ["CCA with 5012"]);
    assert_eq!(bench.request(CcRequestType::UpdateRequest, 21), ["process"]);
}

#[test]
fn a_repetition_is_not_debited_again_in_whatever_order_the_answers_were_forgotten() {
    for kept_answers in [0, 1] {
        let mut config = ServerConfig::default();
        config.kept_answers = kept_answers;
        let mut bench = Bench::at("Idle");
        bench.session = ServerSession::adopted(config);
        for number in [5, 3, 6] {
            assert_eq!(bench.request(CcRequestType::UpdateRequest, number), ["process"]);
            bench.processed(number, 2001);
        }
        assert_eq!(bench.request(CcRequestType::UpdateRequest, 6), ["repeat the earlier CCA"]);
        assert_eq!(bench.request(CcRequestType::UpdateRequest, 5), ["CCA with 5012"]);
    }
}

#[test]
fn an_adopted_session_is_open() {
    let mut bench = Bench::at("Idle");
    bench.session = ServerSession::adopted(ServerConfig::default());
    assert_eq!((bench.state().as_str(), bench.session.poll_timeout()), ("Open", None));
    assert_eq!(bench.request(CcRequestType::InitialRequest, 0), ["CCA with 5012"]);
    assert_eq!(bench.request(CcRequestType::UpdateRequest, 3), ["process"]);
    assert_eq!(bench.processed(3, 2001), ["send CCA UPDATE", "debit used units", "reserve units", "start Tcc"]);
    assert_eq!(bench.request(CcRequestType::TerminationRequest, 4), ["process"]);
    assert_eq!(bench.processed(4, 2001), ["send CCA TERMINATION", "debit used units"]);
    assert_eq!(bench.state(), "Idle");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every request gets one verdict, every processed one is answered and debited once.
    #[test]
    fn nothing_is_lost_and_nothing_debited_twice(steps in prop::collection::vec((0..8u8, 0..12u32, 0..6usize), 1..60)) {
        let codes = [2001, 2001, 2001, 2001, 4012, 5030];
        let mut bench = Bench::at("Idle");
        let (mut debited, mut processing) = (Vec::new(), Vec::new());
        for (step, number, code) in steps {
            let (told, requested) = match step {
                0 => (bench.request(CcRequestType::InitialRequest, number), true),
                1 | 2 => (bench.request(CcRequestType::UpdateRequest, number), true),
                3 => (bench.request(CcRequestType::TerminationRequest, number), true),
                4 => (bench.wait(TCC / 2), false),
                5 => (bench.input(Input::Failed).unwrap_or_default(), false),
                _ => {
                    let outcome = Outcome::new(ResultCode(codes[code]));
                    let told = bench.input(Input::Processed { number, outcome });
                    prop_assert_eq!(told.is_ok(), processing.contains(&number));
                    (told.unwrap_or_default(), false)
                }
            };
            prop_assert!(!requested || told.len() == 1, "{:?}", told);
            for action in &bench.actions {
                match action {
                    Action::Process { number, .. } => processing.push(*number),
                    Action::SendCca { number, .. } => processing.retain(|other| other != number),
                    Action::DebitUsed { number } => {
                        prop_assert!(!debited.contains(number));
                        debited.push(*number);
                    }
                    _ => {}
                }
            }
            bench.actions.clear();
            let open = bench.session.state() == State::Open;
            prop_assert_eq!(bench.session.poll_timeout().is_some(), open && processing.is_empty());
        }
    }
}
