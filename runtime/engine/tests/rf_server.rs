//! The server machine of Rf, row by row of `tables/accounting-server.csv`, and in sequences.
//!
//! The columns `event` and `action` of the RFC's own tables are read, not retold.

mod tables;

use diametric_engine::rf::server::{Action, CdrOperation, Continuity, Input, RecordKey, ServerConfig, State};
use diametric_engine::rf::{Ignored, Server};
use diametric_protocol::accounting::AccountingRecordType::{self, EventRecord, InterimRecord, StartRecord, StopRecord};
use diametric_protocol::base::ResultCode;
use diametric_protocol::value::Enumeration;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};
use tables::rows;

const TABLE: &str = include_str!("tables/accounting-server.csv");
const TS: Duration = Duration::from_secs(3600);
const SESSION: &str = "ctf;1;2";

fn words(text: &str) -> Vec<String> {
    text.split("; ").map(|word| word.replace("4002 OUT_OF_SPACE", "4002")).collect()
}

fn stateless() -> ServerConfig {
    ServerConfig::default()
}

fn stateful() -> ServerConfig {
    let mut config = ServerConfig::default();
    config.supervision = Some(TS);
    config
}

/// A key whose type the bench fills in.
fn key(session_id: &str, sub_session_id: Option<u64>, number: u32) -> RecordKey {
    RecordKey { session_id: session_id.into(), sub_session_id, record_type: EventRecord, number }
}

struct Bench {
    server: Server,
    now: Instant,
    actions: Vec<Action>,
    /// The types of the records that came.
    types: HashMap<RecordKey, AccountingRecordType>,
}

impl Bench {
    fn new(config: ServerConfig) -> Self {
        Self { server: Server::new(config), now: Instant::now(), actions: Vec::new(), types: HashMap::new() }
    }

    fn at(state: &str, config: ServerConfig) -> Self {
        let mut bench = Self::new(config);
        if state == "Open" {
            bench.process(StartRecord, 0, 2001);
        }
        assert_eq!(bench.state(), state);
        bench
    }

    fn state(&self) -> String {
        format!("{:?}", self.server.state(SESSION, None))
    }

    fn input(&mut self, input: Input) -> Result<Vec<String>, Ignored> {
        let before = self.server.poll_timeout();
        self.server.handle_input(self.now, input)?;
        Ok(self.told(before))
    }

    fn receive(&mut self, record_type: AccountingRecordType, key: RecordKey) -> Vec<String> {
        self.types.insert(key.clone(), record_type);
        let key = RecordKey { record_type, ..key };
        self.input(Input::Record { key }).expect("a record is never ignored")
    }

    /// A record of the session comes.
    fn record(&mut self, record_type: AccountingRecordType, number: u32) -> Vec<String> {
        self.receive(record_type, key(SESSION, None, number))
    }

    fn processed(&mut self, number: u32, code: u32) -> Vec<String> {
        self.done(key(SESSION, None, number), code, None).expect("the record is being processed")
    }

    fn done(&mut self, key: RecordKey, code: u32, interval: Option<Duration>) -> Result<Vec<String>, Ignored> {
        let key = self.typed(key);
        self.input(Input::Processed { key, result_code: ResultCode(code), interim_interval: interval })
    }

    fn typed(&self, key: RecordKey) -> RecordKey {
        let record_type = self.types.get(&key).copied().unwrap_or(EventRecord);
        RecordKey { record_type, ..key }
    }

    /// A record comes and is processed; time stands still.
    fn process(&mut self, record_type: AccountingRecordType, number: u32, code: u32) -> Vec<String> {
        let before = self.server.poll_timeout();
        assert_eq!(self.record(record_type, number), ["process"]);
        let (key, result_code) = (self.typed(key(SESSION, None, number)), ResultCode(code));
        let input = Input::Processed { key, result_code, interim_interval: None };
        self.server.handle_input(self.now, input).expect("the record is being processed");
        self.told(before)
    }

    fn wait(&mut self, wait: Duration) -> Vec<String> {
        self.now += wait;
        let before = self.server.poll_timeout();
        self.server.handle_timeout(self.now);
        self.told(before)
    }

    fn told(&mut self, before: Option<Instant>) -> Vec<String> {
        self.actions = std::iter::from_fn(|| self.server.poll_action()).collect();
        let word = |action: &Action| match action {
            Action::Process { .. } => "process".into(),
            Action::SendAca { result_code: ResultCode::OUT_OF_SPACE, .. } => "send ACA with 4002".into(),
            Action::SendAca { key, result_code } => {
                let kind = key.record_type.label().unwrap_or_default().replace("_RECORD", "");
                let error = if result_code.0 < 3000 { "" } else { " with error Result-Code" };
                format!("send ACA {kind}{error}")
            }
            Action::RepeatAca { .. } => "repeat the ACA".into(),
            Action::AwaitAca { .. } => "await the ACA".into(),
            Action::Reject { result_code, .. } => format!("reject with {}", result_code.0),
            Action::CloseBySupervision { .. } => "close by supervision".into(),
            _ => String::new(),
        };
        let mut words: Vec<String> = self.actions.iter().map(word).collect();
        let sent = matches!(self.actions[..], [Action::SendAca { .. }]);
        match (before, self.server.poll_timeout()) {
            (None, Some(_)) => words.push("start Ts".into()),
            (Some(_), None) if sent || words == ["close by supervision"] => words.push("stop Ts".into()),
            (Some(before), Some(after)) if sent && after != before => words.push("restart Ts".into()),
            _ => {}
        }
        words
    }

    fn continuity(&self) -> Continuity {
        match self.actions[..] {
            [Action::Process { continuity, .. }] => continuity,
            _ => panic!("{:?}", self.actions),
        }
    }
}

/// Checks the rows of one of the two machines.
fn check(machine: &str, prefix: &str, last: usize, config: &ServerConfig) {
    for row in rows(TABLE, machine, prefix, last) {
        let (event, code) = match row.event.strip_suffix(", no space to store") {
            Some(event) => (event, 4002),
            None => (row.event, 2001),
        };
        let types = match event {
            "ACR START processed" => vec![StartRecord],
            "ACR EVENT processed" => vec![EventRecord],
            "ACR INTERIM processed" => vec![InterimRecord],
            "ACR STOP processed" => vec![StopRecord],
            "ACR received" if row.state == "Open" => vec![InterimRecord, StopRecord],
            "ACR received" => vec![StartRecord, InterimRecord, StopRecord, EventRecord],
            "Ts expired" => {
                let mut bench = Bench::at(row.state, config.clone());
                bench.wait(TS - Duration::from_millis(1));
                assert_eq!(bench.state(), "Open", "{}", row.id);
                let told = bench.wait(Duration::from_millis(1));
                assert_eq!(told, ["close by supervision", row.action], "{}", row.id);
                assert_eq!(bench.state(), row.next, "{}", row.id);
                continue;
            }
            _ => panic!("row {} has no case", row.id),
        };
        for record_type in types {
            let number = if matches!(record_type, StartRecord | EventRecord) { 0 } else { 1 };
            let mut bench = Bench::at(row.state, config.clone());
            bench.now += Duration::from_secs(10);
            let told = bench.process(record_type, number, code);
            assert_eq!(told, words(row.action), "{} {record_type:?}", row.id);
            assert_eq!(bench.state(), row.next, "{} {record_type:?}", row.id);
        }
    }
}

#[test]
fn stateless_table() {
    check("server-stateless-accounting", "AS", 5, &stateless());
}

#[test]
fn stateful_table() {
    check("server-stateful-accounting", "AT", 7, &stateful());
}

#[test]
fn a_stateless_server_takes_records_in_any_order() {
    let mut bench = Bench::new(stateless());
    for (record_type, number, operation) in [
        (StopRecord, 4, CdrOperation::Close),
        (InterimRecord, 2, CdrOperation::Update),
        (StartRecord, 0, CdrOperation::Open),
        (InterimRecord, 1, CdrOperation::Update),
    ] {
        assert_eq!(bench.record(record_type, number), ["process"]);
        let key = bench.typed(key(SESSION, None, number));
        let action = Action::Process { key, operation, continuity: Continuity::InOrder };
        assert_eq!(bench.actions, [action]);
        bench.processed(number, 2001);
    }
    assert_eq!((bench.server.open_sessions(), bench.server.remembered()), (0, 1));
    assert_eq!(bench.server.poll_timeout(), None);
}

#[test]
fn a_repeated_record_is_processed_once() {
    for config in [stateless(), stateful()] {
        let mut bench = Bench::new(config);
        // The repetition comes while the record is being processed, and after.
        assert_eq!(bench.record(StartRecord, 0), ["process"]);
        assert_eq!(bench.record(StartRecord, 0), ["await the ACA"]);
        bench.processed(0, 2001);
        assert_eq!(bench.record(StartRecord, 0), ["repeat the ACA"]);
        bench.process(InterimRecord, 1, 2001);
        bench.process(StopRecord, 2, 2001);
        for (number, record_type) in [StartRecord, InterimRecord, StopRecord].into_iter().enumerate() {
            assert_eq!(bench.record(record_type, number as u32), ["repeat the ACA"]);
        }
        // Another session is another matter.
        assert_eq!(bench.receive(StartRecord, key("ctf;1;3", None, 0)), ["process"]);
        // So is a record of another type.
        assert_eq!(bench.record(EventRecord, 0), ["process"]);
        // What nobody asked for has no outcome.
        assert!(bench.done(key(SESSION, None, 9), 2001, None).is_err());
        assert!(bench.done(key("ctf;1;9", None, 0), 2001, None).is_err());
    }
}

#[test]
fn a_refused_record_may_come_again() {
    for code in [4002, 5012] {
        let mut bench = Bench::new(stateless());
        bench.process(EventRecord, 0, code);
        assert_eq!(bench.server.remembered(), 0);
        assert_eq!(bench.process(EventRecord, 0, 2001), ["send ACA EVENT"]);
        assert_eq!(bench.record(EventRecord, 0), ["repeat the ACA"]);
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut config = stateless();
    config.remembered = 3;
    let mut bench = Bench::new(config);
    let event = |number: u32| key(&format!("ctf;1;{number}"), None, 0);
    for number in 0..4 {
        assert_eq!(bench.receive(EventRecord, event(number)), ["process"]);
        bench.done(event(number), 2001, None).expect("it is being processed");
    }
    assert_eq!(bench.server.remembered(), 3);
    // Who is heard of again is remembered longer.
    assert_eq!(bench.receive(EventRecord, event(1)), ["repeat the ACA"]);
    assert_eq!(bench.receive(EventRecord, event(0)), ["process"]);
    bench.done(event(0), 2001, None).expect("it is being processed");
    assert_eq!(bench.receive(EventRecord, event(1)), ["repeat the ACA"]);
    assert_eq!(bench.receive(EventRecord, event(2)), ["process"]);
}

#[test]
fn ts_is_twice_the_interval() {
    let minute = Duration::from_secs(60);
    let mut bench = Bench::new(stateful());
    bench.record(StartRecord, 0);
    bench.done(key(SESSION, None, 0), 2001, Some(minute)).expect("it is being processed");
    assert_eq!(bench.server.poll_timeout(), Some(bench.now + minute * 2));
    // Another interval, and the one that stays.
    bench.record(InterimRecord, 1);
    bench.done(key(SESSION, None, 1), 2001, Some(minute / 2)).expect("it is being processed");
    assert_eq!(bench.server.poll_timeout(), Some(bench.now + minute));
    bench.wait(minute / 2);
    bench.process(InterimRecord, 2, 2001);
    assert_eq!(bench.server.poll_timeout(), Some(bench.now + minute));
}

#[test]
fn ts_is_held_while_a_record_is_processed() {
    let mut bench = Bench::at("Open", stateful());
    bench.wait(TS - Duration::from_secs(1));
    bench.record(InterimRecord, 1);
    assert_eq!(bench.server.poll_timeout(), None);
    bench.record(InterimRecord, 2);
    assert!(bench.wait(TS).is_empty());
    bench.processed(2, 2001);
    assert_eq!(bench.server.poll_timeout(), None);
    // A refused one is a sign of life all the same.
    bench.processed(1, 5012);
    assert_eq!((bench.state().as_str(), bench.server.poll_timeout()), ("Open", Some(bench.now + TS)));
}

#[test]
fn records_that_do_not_fit() {
    // START is missing: a partial CDR, which a late START completes.
    let mut bench = Bench::new(stateful());
    bench.record(InterimRecord, 1);
    assert_eq!(bench.continuity(), Continuity::StartMissing);
    assert_eq!(bench.processed(1, 2001), ["send ACA INTERIM", "start Ts"]);
    bench.record(StartRecord, 0);
    assert_eq!(bench.continuity(), Continuity::StartLate);
    bench.processed(0, 2001);
    bench.record(InterimRecord, 2);
    assert_eq!(bench.continuity(), Continuity::InOrder);
    bench.processed(2, 2001);
    // After the CDR was closed for silence, the session may go on.
    bench.wait(TS);
    assert_eq!(bench.state(), "Idle");
    bench.record(InterimRecord, 3);
    assert_eq!(bench.continuity(), Continuity::StartMissing);
    bench.processed(3, 2001);
    assert_eq!(bench.state(), "Open");
    bench.process(StopRecord, 5, 2001);
    // What comes after STOP does not open it again.
    for (record_type, number) in [(InterimRecord, 4), (StartRecord, 9)] {
        bench.record(record_type, number);
        assert_eq!(bench.continuity(), Continuity::AfterStop);
        bench.processed(number, 2001);
        assert_eq!((bench.state().as_str(), bench.server.poll_timeout()), ("Idle", None));
    }
    // A STOP alone.
    let mut bench = Bench::new(stateful());
    bench.record(StopRecord, 1);
    assert_eq!(bench.continuity(), Continuity::StartMissing);
    bench.processed(1, 2001);
    assert_eq!((bench.state().as_str(), bench.server.remembered()), ("Idle", 1));
    // While START is still being processed, it is not missing.
    let mut bench = Bench::new(stateful());
    bench.record(StartRecord, 0);
    assert_eq!(bench.continuity(), Continuity::InOrder);
    bench.record(InterimRecord, 1);
    assert_eq!(bench.continuity(), Continuity::InOrder);
    // That of another sub-session is not its START, nor is a record of another type.
    for number in [0, 1] {
        bench.receive(InterimRecord, key(SESSION, Some(1), number));
        assert_eq!(bench.continuity(), Continuity::StartMissing);
    }
}

#[test]
fn a_record_that_was_refused_opens_no_session() {
    for record_type in [StartRecord, InterimRecord] {
        let mut bench = Bench::new(stateful());
        bench.process(record_type, 0, 5012);
        assert_eq!((bench.state().as_str(), bench.server.poll_timeout()), ("Idle", None));
        assert_eq!((bench.server.open_sessions(), bench.server.remembered()), (0, 0));
    }
}

#[test]
fn a_stop_that_was_refused_leaves_the_session_to_supervision() {
    let mut bench = Bench::at("Open", stateful());
    bench.process(StopRecord, 1, 5012);
    assert_eq!(bench.state(), "Open");
    assert_eq!(bench.wait(TS), ["close by supervision", "stop Ts"]);
}

#[test]
fn sub_sessions_are_apart_and_end_together() {
    let mut bench = Bench::new(stateful());
    for sub in [None, Some(1), Some(2)] {
        assert_eq!(bench.receive(StartRecord, key(SESSION, sub, 0))[0], "process");
        bench.done(key(SESSION, sub, 0), 2001, None).expect("it is being processed");
    }
    assert_eq!(bench.server.open_sessions(), 3);
    bench.receive(StopRecord, key(SESSION, Some(1), 1));
    bench.done(key(SESSION, Some(1), 1), 2001, None).expect("it is being processed");
    assert_eq!(bench.server.state(SESSION, Some(1)), State::Idle);
    assert_eq!(bench.server.state(SESSION, Some(2)), State::Open);
    // RFC 6733 §9.8.6: without a sub-session, STOP is for all of them.
    assert_eq!(bench.process(StopRecord, 2, 2001), ["send ACA STOP", "stop Ts"]);
    assert_eq!((bench.server.open_sessions(), bench.server.remembered()), (0, 1));
    // It ends them for good.
    bench.receive(InterimRecord, key(SESSION, Some(2), 3));
    assert_eq!(bench.continuity(), Continuity::AfterStop);
    bench.done(key(SESSION, Some(2), 3), 2001, None).expect("it is being processed");
    assert_eq!(bench.server.state(SESSION, Some(2)), State::Idle);
}

#[test]
fn of_very_many_sub_sessions_the_oldest_is_forgotten() {
    let mut bench = Bench::new(stateless());
    for sub in 0..=64 {
        bench.receive(EventRecord, key(SESSION, Some(sub), 0));
        bench.done(key(SESSION, Some(sub), 0), 2001, None).expect("it is being processed");
    }
    for sub in [1, 64] {
        assert_eq!(bench.receive(EventRecord, key(SESSION, Some(sub), 0)), ["repeat the ACA"]);
    }
    assert_eq!(bench.receive(EventRecord, key(SESSION, Some(0), 0)), ["process"]);
}

#[test]
fn as_many_sessions_as_may_be_open() {
    let mut config = stateful();
    config.max_sessions = 1;
    let mut bench = Bench::at("Open", config);
    for record_type in [StartRecord, InterimRecord] {
        assert_eq!(bench.receive(record_type, key("ctf;1;3", None, 0)), ["reject with 4002"]);
    }
    // What needs no session is taken.
    assert_eq!(bench.receive(EventRecord, key("ctf;1;4", None, 0)), ["process"]);
    bench.process(StopRecord, 1, 2001);
    assert_eq!(bench.receive(StartRecord, key("ctf;1;3", None, 0)), ["process"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2048, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every record gets one verdict; no record is processed again once it was processed with success.
    #[test]
    fn nothing_is_lost_and_nothing_processed_twice(
        supervised in any::<bool>(),
        max_sessions in 1..4usize,
        steps in prop::collection::vec(
            (0..8u8, (0..4u32, prop::option::of(0..2u64), 0..4usize, 0..5u32), 0..5usize),
            1..80,
        ),
    ) {
        let types = [EventRecord, StartRecord, InterimRecord, StopRecord];
        let codes = [2001, 2001, 2001, 4002, 5012];
        let mut config = if supervised { stateful() } else { stateless() };
        config.max_sessions = max_sessions;
        let mut bench = Bench::new(config);
        let (mut processing, mut done) = (BTreeSet::new(), BTreeSet::new());
        for (step, id, code) in steps {
            let (session, sub, record_type, number) = id;
            let record_type = types[record_type];
            let key = RecordKey { record_type, ..key(&format!("ctf;1;{session}"), sub, number) };
            match step {
                0..=3 => {
                    bench.input(Input::Record { key }).expect("a record is never ignored");
                    let [action] = &bench.actions[..] else { panic!("{:?}", bench.actions) };
                    match action {
                        Action::Process { operation, .. } => {
                            prop_assert!(!done.contains(&id));
                            prop_assert_eq!(*operation, CdrOperation::from(record_type));
                            prop_assert!(processing.insert(id));
                        }
                        Action::AwaitAca { .. } => prop_assert!(processing.contains(&id)),
                        Action::RepeatAca { .. } => prop_assert!(done.contains(&id)),
                        Action::Reject { .. } => {
                            prop_assert!(bench.server.open_sessions() + processing.len() >= max_sessions);
                        }
                        other => panic!("{other:?}"),
                    }
                }
                4..=6 => {
                    let (result_code, interim_interval) = (ResultCode(codes[code]), Some(TS / 4));
                    let told = bench.input(Input::Processed { key, result_code, interim_interval });
                    prop_assert_eq!(told.is_ok(), processing.remove(&id));
                    if told.is_ok() && codes[code] == 2001 {
                        done.insert(id);
                    }
                }
                _ => {
                    let open = bench.server.open_sessions();
                    bench.wait(TS / 3);
                    prop_assert_eq!(open - bench.actions.len(), bench.server.open_sessions());
                }
            }
            prop_assert!(supervised || bench.server.open_sessions() == 0);
            // Ts runs for the open sessions of which no record is being processed, and for no other.
            let mut open = 0;
            let mut running = false;
            for (session, sub) in (0..4u32).flat_map(|session| [None, Some(0), Some(1)].map(|sub| (session, sub))) {
                if bench.server.state(&format!("ctf;1;{session}"), sub) == State::Open {
                    open += 1;
                    running |= !processing.iter().any(|(other, of, ..)| (*other, *of) == (session, sub));
                }
            }
            prop_assert_eq!(open, bench.server.open_sessions());
            prop_assert_eq!(running, bench.server.poll_timeout().is_some());
        }
    }
}
