//! The conformance vectors in the files beside this one, and what checks them.
//!
//! AVPs of a group or message are listed as `code`, `code/vendor`, `code=value` or `code={members}`.

#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod single;

use diametric_protocol::wire::{AvpReader, RawAvp};
use std::collections::HashMap;

/// A line of a table, by column.
pub(crate) struct Row(HashMap<String, String>);

impl Row {
    pub(crate) fn get(&self, column: &str) -> &str {
        &self.0[column]
    }

    pub(crate) fn id(&self) -> &str {
        self.get("id")
    }

    /// A number, in hexadecimal after `0x`.
    pub(crate) fn number(&self, column: &str) -> u32 {
        let text = self.get(column);
        match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).unwrap(),
            None => text.parse().unwrap(),
        }
    }

    pub(crate) fn octets(&self, column: &str) -> Vec<u8> {
        hex::decode(self.get(column)).unwrap_or_else(|error| panic!("{} {column}: {error}", self.id()))
    }
}

pub(crate) fn values() -> Vec<Row> {
    rows(include_str!("values.csv"))
}

pub(crate) fn messages() -> Vec<Row> {
    rows(include_str!("messages.csv"))
}

pub(crate) fn invalid() -> Vec<Row> {
    rows(include_str!("invalid.csv"))
}

fn rows(table: &str) -> Vec<Row> {
    csv::Reader::from_reader(table.as_bytes()).deserialize().map(|row| Row(row.expect("a row of the table"))).collect()
}

/// Whether `avps` are those listed.
pub(crate) fn assert_listed(id: &str, avps: AvpReader<'_>, list: &str) {
    let avps: Vec<_> = avps.map(|avp| avp.unwrap_or_else(|fault| panic!("{id}: {fault:?}"))).collect();
    let listed = split(list);
    assert_eq!(avps.len(), listed.len(), "{id}: {list}");
    for (avp, listed) in avps.iter().zip(listed) {
        let (key, value) = match listed.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (listed, None),
        };
        let (code, vendor) = key.split_once('/').unwrap_or((key, "0"));
        assert_eq!((avp.code, avp.vendor), (code.parse().unwrap(), vendor.parse().unwrap()), "{id}");
        match value {
            Some(value) => assert_value(id, avp, value),
            None => continue,
        }
    }
}

fn assert_value(id: &str, avp: &RawAvp<'_>, value: &str) {
    if let Some(members) = value.strip_prefix('{').and_then(|value| value.strip_suffix('}')) {
        return assert_listed(id, avp.members(), members);
    }
    let text = std::str::from_utf8(avp.data).unwrap_or_default().to_owned();
    let mut printed = vec![text, hex::encode(avp.data)];
    if let Ok(octets) = avp.data.try_into() {
        printed.extend([u32::from_be_bytes(octets).to_string(), i32::from_be_bytes(octets).to_string()]);
    }
    if let Ok(octets) = avp.data.try_into() {
        printed.extend([u64::from_be_bytes(octets).to_string(), i64::from_be_bytes(octets).to_string()]);
    }
    assert!(printed.iter().any(|printed| printed == value), "{id}: AVP {} is {printed:?}, not {value}", avp.code);
}

/// Splits a list at the spaces outside braces.
fn split(list: &str) -> Vec<&str> {
    let mut depth = 0;
    let outside = |character: char| {
        depth += i32::from(character == '{') - i32::from(character == '}');
        character == ' ' && depth == 0
    };
    list.split(outside).filter(|item| !item.is_empty()).collect()
}
