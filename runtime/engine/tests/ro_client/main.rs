//! The client machines of Ro, row by row of `../tables/credit-control-client.csv`, and in sequences.
//!
//! The columns `event` and `action` of the RFC's own tables are read, not retold: an event is turned into what goes into
//! a machine, what comes out is put into the words of the table. Rows taken from prose have a case by id.

mod events;
mod prose;
mod random;
mod sequences;
mod sessions;

use diametric_engine::ro::AnswerFacts;
use diametric_protocol::base::ResultCode;
use std::time::Duration;

const TX: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const FAILED: [u32; 5] = [5003, 5012, 5031, 3003, 4999];
const TEMPORARY: [u32; 3] = [3002, 3004, 3005];

struct Row {
    id: &'static str,
    machine: &'static str,
    state: &'static str,
    event: &'static str,
    action: &'static str,
    next: &'static str,
}

fn rows(machines: &[&str]) -> Vec<Row> {
    let rows = include_str!("../tables/credit-control-client.csv").lines().skip(1).map(|line| {
        let mut quoted = false;
        let between = |c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        };
        let fields: Vec<_> = line.split(between).collect();
        let [id, machine, state, event, action, next] = fields[..] else { panic!("six fields: {line}") };
        let (event, action) = (event.trim_matches('"'), action.trim_matches('"'));
        Row { id, machine, state, event, action, next }
    });
    let rows: Vec<Row> = rows.filter(|row| machines.contains(&row.machine)).collect();
    assert!(!rows.is_empty());
    rows
}

fn words(text: &str) -> Vec<String> {
    text.replace(" then CCR", "; send CCR").split("; ").map(str::to_owned).collect()
}

fn facts(code: u32) -> AnswerFacts {
    let mut facts = AnswerFacts::new(ResultCode(code));
    facts.protocol_error = (3000..4000).contains(&code);
    facts
}

fn numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

/// That the rows are `prefix`01 to the last one, none left out.
fn complete(rows: &[Row], prefix: &str, last: usize) {
    let ids: Vec<&str> = rows.iter().map(|row| row.id).filter(|id| id.starts_with(prefix)).collect();
    let expected: Vec<String> = (1..=last).map(|number| format!("{prefix}{number:02}")).collect();
    assert_eq!(ids, expected);
}
