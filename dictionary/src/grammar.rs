//! AVPs and commands as the specifications print them.
//!
//! Groups and messages come in the notation of RFC 6733 §3.2 and §4.4, other AVPs as a short table.

use crate::model::{AvpId, CommandId, DataType, Dictionary, Member, MemberKind, Message, VendorId};
use std::fmt::Write as _;

/// An AVP: the grammar of a group, a short table for other types. Ends in a newline.
pub fn avp(dictionary: &Dictionary, id: AvpId) -> String {
    let avp = dictionary.avp(id);
    if avp.data_type != DataType::Grouped {
        return table(dictionary, id);
    }
    let header = match avp.vendor {
        0 => format!("< AVP Header: {} >", avp.code),
        vendor => format!("< AVP Header: {} {vendor} >", avp.code),
    };
    rule(dictionary, &avp.name, &header, avp.members.iter(), avp.any)
}

/// A command: its request and its answer with an empty line between. Ends in a newline.
pub fn command(dictionary: &Dictionary, id: CommandId) -> String {
    format!("{}\n{}", request(dictionary, id), answer(dictionary, id))
}

/// The request of a command. Of an own form, with the members of the command it starts from.
pub fn request(dictionary: &Dictionary, id: CommandId) -> String {
    let command = dictionary.command(id);
    let standard = command.like.map(|like| &dictionary.command(like).request);
    let header = header(command.code, true, command.proxiable);
    message(dictionary, &header, &command.request, standard)
}

/// The answer of a command. Of an own form, with the members of the command it starts from.
pub fn answer(dictionary: &Dictionary, id: CommandId) -> String {
    let command = dictionary.command(id);
    let standard = command.like.map(|like| &dictionary.command(like).answer);
    let header = header(command.code, false, command.proxiable);
    message(dictionary, &header, &command.answer, standard)
}

/// The form of answers with the E bit, where a dictionary declares it.
pub fn answer_message(dictionary: &Dictionary) -> Option<String> {
    let answer = dictionary.answer_message.as_ref()?;
    // The code is that of the request, and so is the P bit.
    let header = "< Diameter Header: code, ERR [, PXY] >";
    Some(message(dictionary, header, answer, None))
}

/// One member as a grammar has it: ` * [ Subscription-Id ]` without the blank in front.
pub fn member(dictionary: &Dictionary, member: &Member) -> String {
    let qualifier = qualifier(member);
    let bracketed = bracketed(dictionary, member);
    if qualifier.is_empty() { bracketed } else { format!("{qualifier} {bracketed}") }
}

/// The name RFC 6733 gives a data format.
pub fn type_name(data_type: DataType) -> &'static str {
    match data_type {
        DataType::OctetString => "OctetString",
        DataType::Integer32 => "Integer32",
        DataType::Integer64 => "Integer64",
        DataType::Unsigned32 => "Unsigned32",
        DataType::Unsigned64 => "Unsigned64",
        DataType::Float32 => "Float32",
        DataType::Float64 => "Float64",
        DataType::Grouped => "Grouped",
        DataType::Address => "Address",
        DataType::Time => "Time",
        DataType::Utf8String => "UTF8String",
        DataType::DiameterIdentity => "DiameterIdentity",
        DataType::DiameterUri => "DiameterURI",
        DataType::Enumerated => "Enumerated",
        DataType::IpFilterRule => "IPFilterRule",
        DataType::QosFilterRule => "QoSFilterRule",
    }
}

/// A vendor by its number, with its name where a dictionary declares it: `10415 (3GPP)`.
pub fn vendor(dictionary: &Dictionary, id: VendorId) -> String {
    match dictionary.vendors.iter().find(|vendor| vendor.id == id) {
        _ if id == 0 => "0 (IETF)".to_owned(),
        Some(vendor) => format!("{id} ({})", vendor.name),
        None => id.to_string(),
    }
}

fn header(code: u32, request: bool, proxiable: bool) -> String {
    let mut header = format!("< Diameter Header: {code}");
    for (set, flag) in [(request, "REQ"), (proxiable, "PXY")] {
        if set {
            header.push_str(", ");
            header.push_str(flag);
        }
    }
    header.push_str(" >");
    header
}

fn message(dictionary: &Dictionary, header: &str, message: &Message, standard: Option<&Message>) -> String {
    let inherited = standard.map(|standard| standard.members.as_slice()).unwrap_or_default();
    let any = message.any || standard.is_some_and(|standard| standard.any);
    rule(dictionary, &message.name, header, inherited.iter().chain(&message.members), any)
}

/// `<Name> ::= header`, and the members below each other, their brackets below that of the header.
fn rule<'m>(
    dictionary: &Dictionary,
    name: &str,
    header: &str,
    members: impl Iterator<Item = &'m Member>,
    any: bool,
) -> String {
    let mut out = format!("<{name}> ::= ");
    let indent = out.chars().count();
    let _ = writeln!(out, "{header}");
    for member in members {
        let _ = writeln!(out, "{:>indent$}{}", spaced(&qualifier(member)), bracketed(dictionary, member));
    }
    if any {
        let _ = writeln!(out, "{:>indent$}[ AVP ]", "* ");
    }
    out
}

fn spaced(qualifier: &str) -> String {
    if qualifier.is_empty() { String::new() } else { format!("{qualifier} ") }
}

/// `[min]*[max]` where it is not what the bracket means by itself.
fn qualifier(member: &Member) -> String {
    let usual = u32::from(member.kind != MemberKind::Optional);
    match (member.min, member.max) {
        (min, Some(1)) if min == usual => String::new(),
        (0, None) => "*".to_owned(),
        (min, None) => format!("{min}*"),
        (0, Some(max)) if usual == 0 => format!("*{max}"),
        (min, Some(max)) => format!("{min}*{max}"),
    }
}

fn bracketed(dictionary: &Dictionary, member: &Member) -> String {
    let name = &dictionary.avp(member.avp).name;
    match member.kind {
        MemberKind::Fixed => format!("< {name} >"),
        MemberKind::Required => format!("{{ {name} }}"),
        MemberKind::Optional => format!("[ {name} ]"),
    }
}

fn table(dictionary: &Dictionary, id: AvpId) -> String {
    let avp = dictionary.avp(id);
    let mut out = format!("{}\n", avp.name);
    let mut row = |what: &str, value: &str| {
        let _ = writeln!(out, "  {what:<6}  {value}");
    };
    row("code", &avp.code.to_string());
    row("vendor", &vendor(dictionary, avp.vendor));
    let closed = if avp.closed { ", closed" } else { "" };
    row("type", &format!("{}{closed}", type_name(avp.data_type)));
    row("flags", &format!("M {}, P {}, V {}", avp.m, avp.p, avp.v()));
    let width = avp.items.iter().map(|item| item.value.to_string().len()).max().unwrap_or_default();
    for (index, item) in avp.items.iter().enumerate() {
        let what = if index == 0 { "values" } else { "" };
        row(what, &format!("{:>width$}  {}", item.value, item.label));
    }
    if let Some(spec) = &avp.spec {
        row("spec", spec);
    }
    if let Some(deprecated) = &avp.deprecated {
        row("deprecated", deprecated);
    }
    out
}
