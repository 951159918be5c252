//! The client machines of Ro, row by row of `../tables/credit-control-client.csv`, and in sequences.
//!
//! The columns `event` and `action` of the RFC's own tables are read, not retold: an event is turned into what goes into
//! a machine, what comes out is put into the words of the table. Rows taken from prose have a case by id.

mod events;
mod prose;
mod random;
mod sequences;
mod sessions;
#[path = "../tables/mod.rs"]
mod tables;

use diametric_engine::ro::AnswerFacts;
use diametric_protocol::base::ResultCode;
use std::time::Duration;

const TABLE: &str = include_str!("../tables/credit-control-client.csv");
const TX: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const FAILED: [u32; 5] = [5003, 5012, 5031, 3003, 4999];
const TEMPORARY: [u32; 3] = [3002, 3004, 3005];

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
