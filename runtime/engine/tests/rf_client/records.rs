//! Records that stand alone, by the table of RFC 6733 §8.2.

use crate::tables::Row;
use crate::{FAILED, REQUEST_TIMEOUT, TRANSIENT, conditions, facts, kind, words};
use diametric_engine::rf::record::{Action, Input, RecordConfig};
use diametric_engine::rf::{Ignored, Outcome, SingleRecord};
use diametric_protocol::accounting::AccountingRecordType;
use std::time::{Duration, Instant};

pub(crate) struct RecordBench {
    pub(crate) record: SingleRecord,
    pub(crate) now: Instant,
    pub(crate) actions: Vec<Action>,
}

impl RecordBench {
    pub(crate) fn at(state: &str, config: RecordConfig) -> Self {
        let record = match state {
            "PendingB" => SingleRecord::stored_record(AccountingRecordType::StopRecord, 7, config),
            _ => SingleRecord::event(config),
        };
        let mut bench = Self { record, now: Instant::now(), actions: Vec::new() };
        match state {
            "Idle" => {}
            "PendingE" => drop(bench.input(Input::Start)),
            "PendingB" => drop(bench.input(Input::SendStored { t_flag: true })),
            _ => panic!("no way into {state}"),
        }
        assert_eq!(bench.state(), state);
        bench
    }

    pub(crate) fn input(&mut self, input: Input) -> Vec<String> {
        let _: Result<(), Ignored> = self.record.handle_input(self.now, input);
        self.told()
    }

    pub(crate) fn wait(&mut self, wait: Duration) -> Vec<String> {
        self.now += wait;
        self.record.handle_timeout(self.now);
        self.told()
    }

    fn told(&mut self) -> Vec<String> {
        self.actions = std::iter::from_fn(|| self.record.poll_action()).collect();
        let word = |action: &Action| {
            Some(match action {
                Action::SendAcr(acr) if acr.stored => "send stored record".to_owned(),
                Action::SendAcr(acr) if acr.resend.is_some() => format!("resend ACR {}", kind(acr.record_type)),
                Action::SendAcr(acr) => format!("send ACR {}", kind(acr.record_type)),
                Action::Store(record) if record.t_flag => format!("store {} record with T", kind(record.record_type)),
                Action::Store(record) => format!("store {} record", kind(record.record_type)),
                Action::DeleteStored => "delete record".into(),
                Action::Discarded => "discard".into(),
                _ => return None,
            })
        };
        let mut words: Vec<String> = self.actions.iter().filter_map(word).collect();
        if words.is_empty() {
            words.push("(none)".into());
        }
        words
    }

    pub(crate) fn state(&self) -> String {
        format!("{:?}", self.record.state())
    }

    pub(crate) fn settled(&self) -> Option<Outcome> {
        self.actions.iter().find_map(|action| match action {
            Action::Settled(outcome) => Some(*outcome),
            _ => None,
        })
    }
}

/// A record that is sent once only, with room in the store or not.
pub(crate) fn config(space: bool) -> RecordConfig {
    let mut config = RecordConfig::default();
    (config.buffer_space, config.failovers) = (space, 0);
    config
}

fn inputs(row: &Row, event: &str) -> Vec<Option<Input>> {
    let answers = |codes: &[u32]| codes.iter().map(|code| Some(Input::Answer(facts(*code)))).collect();
    match event {
        "one-time service requested" => vec![Some(Input::Start)],
        "records in storage" => {
            vec![Some(Input::SendStored { t_flag: true }), Some(Input::SendStored { t_flag: false })]
        }
        "successful ACA EVENT" | "successful ACA" => answers(&[2001, 2002]),
        "failed ACA EVENT" | "failed ACA" => answers(&FAILED),
        "failure to send" => {
            let mut inputs: Vec<_> = answers(&TRANSIENT);
            inputs.extend([Some(Input::SendFailed { sent: false }), Some(Input::SendFailed { sent: true })]);
            inputs.extend([Some(Input::RequestTimedOut), Some(Input::TransportLost), None]);
            inputs
        }
        _ => panic!("row {} has no case", row.id),
    }
}

pub(crate) fn check(row: &Row) {
    let (event, spaces, _) = conditions(row);
    for (space, _) in spaces {
        for input in inputs(row, event) {
            let mut bench = RecordBench::at(row.state, config(space));
            let told = match input {
                Some(input) => bench.input(input),
                None => bench.wait(REQUEST_TIMEOUT),
            };
            let told: Vec<String> = told.iter().map(|word| word.replace(" with T", "")).collect();
            assert_eq!(told, words(row.action), "{} {input:?}", row.id);
            assert_eq!(bench.state(), row.next, "{} {input:?}", row.id);
            assert_eq!(bench.settled().is_some(), row.next == "Idle", "{} {input:?}", row.id);
            // What is stored after the row.
            let stored = matches!(row.id, "AC21" | "AC25");
            assert_eq!(bench.record.stored().is_some(), stored, "{} {input:?}", row.id);
        }
    }
}
