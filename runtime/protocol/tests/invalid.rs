//! Every line of `vectors/invalid.csv`: the Result-Code and Failed-AVP that the answer to it must have.

mod vectors;

use diametric_protocol::answer::{self, ErrorAnswer};
use diametric_protocol::base::CapabilitiesExchangeRequest;
use diametric_protocol::codec::{DecodeError, Known};
use diametric_protocol::credit_control::CreditControlRequest;
use diametric_protocol::message;
use diametric_protocol::wire::Header;
use vectors::Row;

/// What a node does with a request: the header tells the command, the command's grammar judges the rest.
fn judge(row: &Row) -> Result<(), ErrorAnswer> {
    let (frame, known) = (row.octets("hex"), Known::standard());
    let header = Header::peek(&frame).unwrap();
    if Header::read(&frame).is_ok() {
        answer::classify(header, &known)?;
    }
    let decoded = match row.get("message") {
        "CCR" => message::decode::<CreditControlRequest>(&frame, &known).map(drop),
        "CER" => message::decode::<CapabilitiesExchangeRequest>(&frame, &known).map(drop),
        other => panic!("{other}"),
    };
    decoded.map_err(|error| {
        assert!(!error.failures().is_empty());
        ErrorAnswer::from(&error)
    })
}

fn check(row: &Row) {
    let id = row.id();
    match judge(row) {
        Ok(()) => assert_eq!(row.number("result_code"), 2001, "{id} ({}) was accepted", row.get("case")),
        Err(error) => {
            assert_eq!(error.result_code.0, row.number("result_code"), "{id}: {:?}", error.message);
            let failed_avp = error.failed_avp.map(|group| hex::encode(group.as_slice())).unwrap_or_default();
            assert_eq!(failed_avp, row.get("failed_avp"), "{id}: {:?}", error.message);
        }
    }
}

#[test]
fn every_line() {
    let rows = vectors::invalid();
    assert_eq!(rows.len(), 22);
    rows.iter().filter(|row| !matches!(row.id(), "E12" | "E21" | "E22")).for_each(check);
}

#[test]
fn e12_a_length_is_found_before_a_second_instance() {
    check(&row("E12"));
}

#[test]
fn e21_no_application_id() {
    check(&row("E21"));
}

#[test]
fn e22_both_application_ids() {
    check(&row("E22"));
}

fn row(id: &str) -> Row {
    vectors::invalid().into_iter().find(|row| row.id() == id).unwrap()
}

fn error(id: &str) -> DecodeError {
    message::decode::<CreditControlRequest>(&row(id).octets("hex"), &Known::standard()).unwrap_err()
}

#[test]
fn what_is_wrong_is_told_with_its_path() {
    for (id, told) in [
        (
            "E02",
            "CCR: version 2 is not supported: Diameter has version 1; Result-Code 5011 (DIAMETER_UNSUPPORTED_VERSION)",
        ),
        ("E14", "CCR.Class: AVP Length 4000 reaches beyond the 12 octets that remain"),
        ("E16", "CCR.CC-Request-Number: occurs more than once, at most 1 allowed"),
        ("E17", "CCR.CC-Request-Type: missing"),
        ("E18", "CCR.CC-Request-Type: not a value of this closed enumeration"),
    ] {
        let error = error(id).to_string();
        assert!(error.starts_with(told), "{id}: {error}");
    }
}
