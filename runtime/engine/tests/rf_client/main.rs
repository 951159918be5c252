//! The client machines of Rf, row by row of `../tables/accounting-client.csv`, and in sequences.
//!
//! The columns `event` and `action` of the RFC's own table are read, not retold: an event is turned into what goes into a
//! machine, what comes out is put into the words of the table. Rows taken from prose have a case by id.

mod prose;
mod random;
mod records;
mod sequences;
mod sessions;
#[path = "../tables/mod.rs"]
mod tables;

use diametric_engine::rf::AnswerFacts;
use diametric_protocol::accounting::{AccountingRealtimeRequired, AccountingRecordType};
use diametric_protocol::base::ResultCode;
use diametric_protocol::value::Enumeration;
use std::time::Duration;
use tables::{Row, rows};

const TABLE: &str = include_str!("../tables/accounting-client.csv");
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const FAILED: [u32; 6] = [5004, 5012, 3001, 3003, 1001, 0];
const TRANSIENT: [u32; 3] = [4002, 3004, 3005];
const REALTIME: [AccountingRealtimeRequired; 4] = [
    AccountingRealtimeRequired::DELIVER_AND_GRANT,
    AccountingRealtimeRequired::GRANT_AND_STORE,
    AccountingRealtimeRequired::GRANT_AND_LOSE,
    // Nobody has defined it.
    AccountingRealtimeRequired(9),
];

/// The conditions of a row: with or without room in the store (the second of the pair: an older INTERIM is in it), and
/// Accounting-Realtime-Required.
fn conditions(row: &Row) -> (&'static str, Vec<(bool, bool)>, Vec<AccountingRealtimeRequired>) {
    let mut parts = row.event.split(", ");
    let event = parts.next().unwrap_or_default();
    let (mut space, mut realtime) = (vec![(true, false), (false, false)], REALTIME.to_vec());
    for part in parts {
        let named = |name: &str| REALTIME.into_iter().find(|realtime| realtime.label() == Some(name));
        match part {
            "buffer space available" => space = vec![(true, false)],
            "no buffer space" => space = vec![(false, false)],
            "(buffer space available or old record overwritable)" => {
                space = vec![(true, false), (true, true), (false, true)];
            }
            _ => match part.split(' ').collect::<Vec<_>>()[..] {
                ["realtime", "!=", name] => realtime.retain(|realtime| Some(*realtime) != named(name)),
                ["realtime", "=", name] => realtime.retain(|realtime| Some(*realtime) == named(name)),
                _ => panic!("{}: {part}", row.id),
            },
        }
    }
    assert!(!realtime.is_empty());
    (event, space, realtime)
}

fn words(text: &str) -> Vec<String> {
    text.split("; ").map(str::to_owned).collect()
}

fn facts(code: u32) -> AnswerFacts {
    let mut facts = AnswerFacts::new(ResultCode(code));
    facts.protocol_error = (3000..4000).contains(&code);
    facts
}

fn kind(record_type: AccountingRecordType) -> String {
    record_type.label().unwrap_or_default().replace("_RECORD", "")
}

#[test]
fn table() {
    for row in rows(TABLE, "client-accounting", "AC", 30) {
        match (row.id, row.state) {
            ("AC02" | "AC03", _) | (_, "PendingE" | "PendingB") => records::check(&row),
            _ => sessions::check(&row),
        }
    }
}
