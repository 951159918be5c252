//! A dictionary in the format of Erlang/OTP's diameter application (`.dia`).

use diametric_dictionary::grammar;
use diametric_dictionary::model::{Avp, DataType, Dictionary, FlagRule, Member, MemberKind, Message};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;

/// The module with all AVPs.
pub const AVPS: &str = "differential_avps";

/// The module of an application's messages.
pub fn module(application: u32) -> String {
    format!("differential_{application}")
}

/// File names and texts: the AVPs, and the commands of each application. The base protocol has the answer-message too.
pub fn files(dictionary: &Dictionary) -> Vec<(String, String)> {
    let names = Names::of(dictionary);
    let mut files = vec![(format!("{AVPS}.dia"), avps(dictionary, &names))];
    let applications: std::collections::BTreeSet<u32> =
        dictionary.commands.iter().map(|command| command.application).collect();
    for application in applications {
        files.push((format!("{}.dia", module(application)), messages(dictionary, &names, application)));
    }
    files
}

/// Names are unique there; an AVP whose name another has carries its vendor in it.
struct Names(Vec<String>);

impl Names {
    fn of(dictionary: &Dictionary) -> Self {
        let mut taken = HashSet::new();
        let name = |avp: &Avp| match taken.insert(avp.name.clone()) {
            true => avp.name.clone(),
            false => format!("{}-{}", avp.name, avp.vendor),
        };
        Self(dictionary.avps.iter().map(name).collect())
    }
}

fn avps(dictionary: &Dictionary, names: &Names) -> String {
    let mut out = format!("@name {AVPS}\n@vendor 10415 TGPP\n\n@avp_types\n\n");
    for (avp, name) in dictionary.avps.iter().zip(&names.0) {
        let data_type = match avp.data_type {
            // Contents without a grammar are octets.
            DataType::Grouped if avp.members.is_empty() && !avp.any => "OctetString",
            // It would refuse every value that has no name.
            DataType::Enumerated if !avp.closed => "Integer32",
            other => grammar::type_name(other),
        };
        let flags = match (avp.m == FlagRule::Must, avp.vendor != 0) {
            (true, true) => "MV",
            (true, false) => "M",
            (false, true) => "V",
            (false, false) => "-",
        };
        let _ = writeln!(out, "  {name} {} {data_type} {flags}", avp.code);
    }
    out += &vendors(dictionary, names);
    for (avp, name) in dictionary.avps.iter().zip(&names.0).filter(|(avp, _)| avp.closed) {
        let _ = writeln!(out, "\n@enum {name}\n");
        for item in &avp.items {
            let _ = writeln!(out, "  {} {}", item.rust_name, item.value);
        }
    }
    out += "\n@grouped\n";
    for (avp, name) in dictionary.avps.iter().zip(&names.0) {
        if avp.data_type != DataType::Grouped || avp.members.is_empty() && !avp.any {
            continue;
        }
        let vendor = if avp.vendor == 0 { String::new() } else { format!(" {}", avp.vendor) };
        let _ = writeln!(out, "\n  {name} ::= < AVP Header: {}{vendor} >", avp.code);
        members(&mut out, names, &avp.members, avp.any);
    }
    out
}

/// Which vendor each AVP has. Not inherited with the AVPs, so it stands in every file.
fn vendors(dictionary: &Dictionary, names: &Names) -> String {
    let mut vendors: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (avp, name) in dictionary.avps.iter().zip(&names.0).filter(|(avp, _)| avp.vendor != 0) {
        vendors.entry(avp.vendor).or_default().push(name);
    }
    let section =
        |(vendor, names): (u32, Vec<&str>)| format!("\n@avp_vendor_id {vendor}\n\n  {}\n", names.join("\n  "));
    vendors.into_iter().map(section).collect()
}

fn messages(dictionary: &Dictionary, names: &Names, application: u32) -> String {
    let mut out = format!("@id {application}\n@name {}\n@inherits {AVPS}\n", module(application));
    out += &vendors(dictionary, names);
    out += "\n@messages\n";
    let mut message = |message: &Message, name: &str, header: &str| {
        let _ = writeln!(out, "\n  {name} ::= < Diameter Header: {header} >");
        members(&mut out, names, &message.members, message.any);
    };
    for command in dictionary.commands.iter().filter(|command| command.application == application) {
        let proxiable = if command.proxiable { ", PXY" } else { "" };
        let request = format!("{}, REQ{proxiable}", command.code);
        message(&command.request, &command.request.abbreviation, &request);
        message(&command.answer, &command.answer.abbreviation, &format!("{}{proxiable}", command.code));
    }
    if let Some(answer) = dictionary.answer_message.as_ref().filter(|_| application == 0) {
        message(answer, "answer-message", "code, ERR [PXY]");
    }
    out
}

fn members(out: &mut String, names: &Names, members: &[Member], any: bool) {
    let rank = |member: &&Member| match member.kind {
        MemberKind::Fixed => 0,
        MemberKind::Required => 1,
        MemberKind::Optional => 2,
    };
    // In this order there, whatever it is in the specification.
    let mut members: Vec<&Member> = members.iter().collect();
    members.sort_by_key(rank);
    for member in members {
        let name = &names.0[member.avp.0];
        let (open, close, least) = match member.kind {
            MemberKind::Fixed => ('<', '>', 1),
            MemberKind::Required => ('{', '}', 1),
            MemberKind::Optional => ('[', ']', 0),
        };
        let count = match (member.min, member.max) {
            (min, Some(1)) if min == least => String::new(),
            (min, Some(max)) => format!("{min}*{max} "),
            (0, None) => "* ".to_owned(),
            (min, None) => format!("{min}* "),
        };
        let _ = writeln!(out, "    {count}{open} {name} {close}");
    }
    if any {
        let _ = writeln!(out, "    * [ AVP ]");
    }
}
