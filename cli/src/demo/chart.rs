//! Prints messages as a sequence chart.

use super::recorder::Recorded;
use crate::acme::{self, AcmeCreditControlRequestExt};
use diametric::codec::Known;
use diametric::credit_control::{CreditControlAnswer, CreditControlRequest, MultipleServicesCreditControl};
use diametric::message;
use diametric::value::Enumeration;
use diametric::wire::{Header, RawMessage};
use std::io::{self, Write};

/// Columns between the two life lines.
const WIDTH: usize = 84;

pub(super) fn print(out: &mut impl Write, frames: &[Recorded]) -> io::Result<()> {
    let known = Known::standard().with(&acme::DICTIONARY);
    writeln!(out, "   CTF{:>width$}", "OCS", width = WIDTH + 1)?;
    writeln!(out, "    |{:width$}|", "", width = WIDTH)?;
    for frame in frames {
        let label = format!(" {} ", label(&frame.octets, &known));
        if frame.sent {
            writeln!(out, "    |--{label:-<width$}>|", width = WIDTH - 3)?;
        } else {
            writeln!(out, "    |<-{label:-<width$}-|", width = WIDTH - 3)?;
        }
    }
    writeln!(out, "    |{:width$}|", "", width = WIDTH)
}

/// What a message is, in a line.
fn label(frame: &[u8], known: &Known) -> String {
    let Some(header) = Header::peek(frame) else { return "?".into() };
    let name = known
        .command(header.application, header.command, header.flags.is_request())
        .map_or_else(|| format!("command {}", header.command), |info| info.abbreviation.into());
    let details = match (header.command, header.flags.is_request()) {
        (272, true) => message::decode(frame, known).map(|ccr| request(&ccr.body)).ok(),
        (272, false) => message::decode(frame, known).map(|cca| answer(&cca.body)).ok(),
        _ => result_code(frame),
    };
    details.map_or(name.clone(), |details| format!("{name} {details}"))
}

fn result_code(frame: &[u8]) -> Option<String> {
    let avp = RawMessage::read(frame).ok()?.find(0, 268)?;
    Some(u32::from_be_bytes(avp.data.try_into().ok()?).to_string())
}

fn request(ccr: &CreditControlRequest) -> String {
    let mut parts = vec![format!("{} #{}", ccr.cc_request_type.label().unwrap_or("?"), ccr.cc_request_number)];
    if let Some(action) = ccr.requested_action {
        parts.push(action.label().unwrap_or("?").into());
    }
    if let Some(units) = ccr.requested_service_unit.as_ref().and_then(|unit| unit.cc_service_specific_units) {
        parts.push(format!("{units} unit"));
    }
    parts.extend(ccr.multiple_services_credit_control.iter().map(service));
    if let Ok(Some(message)) = ccr.custom_message() {
        parts.push(format!("{:?}", message.as_str()));
    }
    parts.join(", ")
}

fn answer(cca: &CreditControlAnswer) -> String {
    let mut parts = vec![format!("{} #{}", cca.result_code.raw(), cca.cc_request_number)];
    if let Some(units) = cca.granted_service_unit.as_ref().and_then(|unit| unit.cc_service_specific_units) {
        parts.push(format!("{units} unit granted"));
    }
    parts.extend(cca.multiple_services_credit_control.iter().map(service));
    parts.join(", ")
}

fn service(service: &MultipleServicesCreditControl) -> String {
    let group = service.rating_group.map(|group| format!("rating group {group}")).unwrap_or_default();
    let requested = service.requested_service_unit.as_ref().and_then(|unit| unit.cc_total_octets);
    let granted = service.granted_service_unit.as_ref().and_then(|unit| unit.cc_total_octets);
    let used = service.used_service_unit.iter().filter_map(|unit| unit.cc_total_octets).reduce(|a, b| a + b);
    let amounts = [(requested, "wanted"), (granted, "granted"), (used, "used")];
    let amounts = amounts.iter().filter_map(|(octets, verb)| Some(format!(" {} octets {verb}", (*octets)?)));
    group + &amounts.collect::<String>()
}
