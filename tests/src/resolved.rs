//! A resolved dictionary as text, one fact a line, so that a change of it shows in review.

use diametric_dictionary::grammar;
use diametric_dictionary::model::{Avp, Dictionary, Member, Message};
use std::fmt::Write as _;

/// The text. AVPs stand in the order of vendor and code, commands in that of application and code; members and values in
/// the order of the dictionary, each with the name of what it belongs to.
pub fn text(dictionary: &Dictionary) -> String {
    let mut out = String::new();
    for vendor in &dictionary.vendors {
        line(&mut out, &format!("vendor {} {} {}", vendor.id, vendor.code.as_deref().unwrap_or("-"), vendor.name));
    }
    for application in &dictionary.applications {
        let kind = application.kind.map_or("-".to_owned(), |kind| format!("{kind:?}").to_lowercase());
        line(&mut out, &format!("application {} {kind} {} {}", application.id, application.module, application.name));
    }
    let mut commands: Vec<_> = dictionary.commands.iter().collect();
    commands.sort_by_key(|command| (command.application, command.code));
    for command in commands {
        let proxiable = if command.proxiable { "proxiable" } else { "not proxiable" };
        let spec = command.spec.as_deref().unwrap_or("-");
        line(
            &mut out,
            &format!("command {}/{} {}: {proxiable}, {spec}", command.application, command.code, command.name),
        );
        for message in [&command.request, &command.answer] {
            of_message(&mut out, dictionary, &format!("{}/{}", command.application, message.abbreviation), message);
        }
    }
    if let Some(message) = &dictionary.answer_message {
        of_message(&mut out, dictionary, "answer-message", message);
    }
    let mut avps: Vec<_> = dictionary.avps.iter().enumerate().collect();
    avps.sort_by_key(|(_, avp)| (avp.vendor, avp.code));
    for (index, avp) in avps {
        let module = dictionary.avp_module(diametric_dictionary::model::AvpId(index));
        of_avp(&mut out, dictionary, avp, module);
    }
    out
}

fn of_message(out: &mut String, dictionary: &Dictionary, name: &str, message: &Message) {
    line(out, &format!("message {name}: {} = {}", message.name, message.rust_name));
    of_members(out, dictionary, name, &message.members, message.any);
}

fn of_avp(out: &mut String, dictionary: &Dictionary, avp: &Avp, module: &str) {
    let closed = if avp.closed { " closed" } else { "" };
    let deprecated = if avp.deprecated.is_some() { " deprecated" } else { "" };
    let data_type = grammar::type_name(avp.data_type);
    let spec = avp.spec.as_deref().unwrap_or("-");
    line(
        out,
        &format!(
            "avp {}/{} {}: {data_type}{closed}, M {}, P {}{deprecated}, {spec} = {module}::{}",
            avp.vendor, avp.code, avp.name, avp.m, avp.p, avp.rust_name
        ),
    );
    of_members(out, dictionary, &avp.name, &avp.members, avp.any);
    for item in &avp.items {
        line(out, &format!("value {}: {} {} = {}", avp.name, item.value, item.label, item.rust_name));
    }
}

fn of_members(out: &mut String, dictionary: &Dictionary, owner: &str, members: &[Member], any: bool) {
    for member in members {
        line(out, &format!("member {owner}: {} = {}", grammar::member(dictionary, member), member.field));
    }
    if any {
        line(out, &format!("member {owner}: * [ AVP ]"));
    }
}

fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}");
}
