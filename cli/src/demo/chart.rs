//! Prints what happened as a sequence chart.

use super::recorder::{Entry, Message};
use crate::acme::{self, AcmeCreditControlRequestExt, CustomMessage};
use diametric::accounting::{AccountingAnswer, AccountingRequest};
use diametric::base::ResultCode;
use diametric::codec::{Group, Known};
use diametric::credit_control::{
    CreditControlAnswer, CreditControlRequest, MultipleServicesCreditControl, ReAuthRequest, UsedServiceUnit,
};
use diametric::message;
use diametric::value::Enumeration;
use diametric::wire::{Header, RawMessage};
use std::io::{self, Write};

/// Columns between the two life lines.
const WIDTH: usize = 92;
const MEBIBYTE: u64 = 1 << 20;

/// Prints the chart of a conversation between `client` and `server`.
pub(super) fn print(out: &mut impl Write, client: &str, server: &str, entries: &[Entry]) -> io::Result<()> {
    let known = Known::standard().with(&acme::DICTIONARY);
    let blank = format!("    |{:WIDTH$}|", "");
    writeln!(out, "   {client}{server:>width$}", width = WIDTH + 1)?;
    writeln!(out, "{blank}")?;
    for entry in entries {
        match entry {
            Entry::Title(text) => writeln!(out, "{blank}\n    | {text:width$}|", width = WIDTH - 1)?,
            Entry::Note(text) => writeln!(out, "    |{text:>width$} |", width = WIDTH - 1)?,
            Entry::Message(message) => {
                let label = format!(" {} ", label(message, &known));
                if message.sent {
                    writeln!(out, "    |--{label:-<width$}>|", width = WIDTH - 3)?;
                } else {
                    writeln!(out, "    |<-{label:-<width$}-|", width = WIDTH - 3)?;
                }
            }
        }
    }
    writeln!(out, "{blank}")
}

/// What a message is, in a line.
fn label(message: &Message, known: &Known) -> String {
    let frame = &message.octets;
    let Some(header) = Header::peek(frame) else { return "?".into() };
    let name = known
        .command(header.application, header.command, header.flags.is_request())
        .map_or_else(|| format!("command {}", header.command), |info| info.abbreviation.into());
    let details = match (header.command, header.flags.is_request()) {
        (272, true) => message::decode(frame, known).map(|ccr| request(&ccr.body)).ok(),
        (272, false) => message::decode(frame, known).map(|cca| answer(&cca.body)).ok(),
        (258, true) => message::decode(frame, known).map(|rar| reauthorization(&rar.body)).ok(),
        (271, true) => message::decode(frame, known).map(|acr| record(&acr.body)).ok(),
        (271, false) => message::decode(frame, known).map(|aca| recorded(&aca.body)).ok(),
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
    parts.extend(cca.check_balance_result.and_then(Enumeration::label).map(str::to_owned));
    parts.join(", ")
}

fn reauthorization(rar: &ReAuthRequest) -> String {
    let group = rar.rating_group.map(|group| format!(", rating group {group}")).unwrap_or_default();
    rar.re_auth_request_type.label().unwrap_or("?").to_owned() + &group
}

fn record(acr: &AccountingRequest) -> String {
    let kind = acr.accounting_record_type.label().unwrap_or("?");
    let mut parts = vec![format!("{kind} #{}", acr.accounting_record_number)];
    let ims = acr.service_information.as_ref().and_then(|service| service.ims_information.as_ref());
    let node = ims.and_then(|ims| ims.node_functionality.label());
    parts.extend(node.map(|node| format!("Node-Functionality {node}")));
    if let Ok(Some(message)) = acr.get::<CustomMessage>() {
        parts.push(format!("{:?}", message.as_str()));
    }
    parts.join(", ")
}

fn recorded(aca: &AccountingAnswer) -> String {
    format!("{} #{}", aca.result_code.raw(), aca.accounting_record_number)
}

/// A service: `rating group 7: 20 MiB used, 5 MiB wanted`.
fn service(service: &MultipleServicesCreditControl) -> String {
    let group = service.rating_group.map(|group| format!("rating group {group}:")).unwrap_or_default();
    let requested = service.requested_service_unit.as_ref().and_then(|unit| unit.cc_total_octets);
    let granted = service.granted_service_unit.as_ref().and_then(|unit| unit.cc_total_octets);
    let used = |unit: &UsedServiceUnit| unit.cc_total_octets;
    let used = service.used_service_unit.iter().filter_map(used).reduce(|one, other| one + other);
    let amounts = [(used, "used"), (requested, "wanted"), (granted, "granted")];
    let amounts = amounts.iter().filter_map(|(octets, verb)| Some(format!("{} {verb}", volume((*octets)?))));
    let reasons = service.reporting_reason.iter().filter_map(|reason| reason.label()).map(str::to_owned);
    let refusal = service.result_code.filter(|code| *code != ResultCode::SUCCESS).map(|code| code.raw().to_string());
    let parts: Vec<_> = refusal.into_iter().chain(amounts).chain(reasons).collect();
    format!("{group} {}", parts.join(", "))
}

fn volume(octets: u64) -> String {
    if octets.is_multiple_of(MEBIBYTE) { format!("{} MiB", octets / MEBIBYTE) } else { format!("{octets} octets") }
}
