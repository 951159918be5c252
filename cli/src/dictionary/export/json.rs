//! A dictionary as JSON. The shape is described in `docs/guide/dictionary-tools.md`; a change that is no addition raises
//! [`VERSION`].

use diametric_dictionary::grammar;
use diametric_dictionary::model::{
    ApplicationKind, Avp, AvpId, Command, CommandId, Dictionary, ExtensionTarget, FileId, Item, Member, MemberKind,
    Message,
};
use serde_json::{Map, Value, json};

/// Of the shape.
const VERSION: u32 = 1;

pub(super) fn dictionary(dictionary: &Dictionary) -> Value {
    let avps = dictionary.avps.iter().enumerate().map(|(index, one)| avp(dictionary, AvpId(index), one));
    let commands =
        dictionary.commands.iter().enumerate().map(|(index, one)| command(dictionary, CommandId(index), one));
    let files = dictionary.files.iter().map(|file| object([("name", json!(file.name)), ("spec", json!(file.spec))]));
    let vendors = dictionary
        .vendors
        .iter()
        .map(|vendor| object([("id", json!(vendor.id)), ("name", json!(vendor.name)), ("code", json!(vendor.code))]));
    let applications = dictionary.applications.iter().map(|application| {
        let kind = application.kind.map(|kind| match kind {
            ApplicationKind::Auth => "auth",
            ApplicationKind::Acct => "acct",
        });
        object([("id", json!(application.id)), ("name", json!(application.name)), ("type", json!(kind))])
    });
    let answer = dictionary.answer_message.as_ref().map(|answer| message(dictionary, answer, None));
    object([
        ("format", json!("diametric-dictionary")),
        ("version", json!(VERSION)),
        ("dictionaries", files.collect()),
        ("vendors", vendors.collect()),
        ("applications", applications.collect()),
        ("avps", avps.collect()),
        ("commands", commands.collect()),
        ("answer_message", json!(answer)),
    ])
}

/// What is not there is left out.
fn object<const N: usize>(entries: [(&str, Value); N]) -> Value {
    let filled = entries.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(filled.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

/// `true`, or nothing.
fn flag(set: bool) -> Value {
    if set { Value::Bool(true) } else { Value::Null }
}

/// A list, or nothing for an empty one.
fn list(values: Vec<Value>) -> Value {
    if values.is_empty() { Value::Null } else { Value::Array(values) }
}

fn file_name(dictionary: &Dictionary, file: FileId) -> &str {
    &dictionary.files[file.0].name
}

fn avp(dictionary: &Dictionary, id: AvpId, avp: &Avp) -> Value {
    let mut values: Vec<Value> = avp.items.iter().map(|one| item(one, None)).collect();
    for extension in dictionary.value_extensions.iter().filter(|extension| extension.avp == id) {
        let by = file_name(dictionary, extension.file);
        values.extend(extension.items.iter().map(|one| item(one, Some(by))));
    }
    let members = members(dictionary, &avp.members, Some(ExtensionTarget::Group(id)));
    object([
        ("name", json!(avp.name)),
        ("code", json!(avp.code)),
        ("vendor", json!(avp.vendor)),
        ("type", json!(grammar::type_name(avp.data_type))),
        ("flags", json!({ "M": avp.m.to_string(), "P": avp.p.to_string(), "V": avp.v().to_string() })),
        ("closed", flag(avp.closed)),
        ("values", list(values)),
        ("members", list(members)),
        ("any", flag(avp.any)),
        ("spec", json!(avp.spec)),
        ("deprecated", json!(avp.deprecated)),
        ("doc", json!(avp.doc)),
        ("rust", json!(format!("{}::{}", dictionary.avp_module(id), avp.rust_name))),
        ("dictionary", json!(file_name(dictionary, avp.file))),
    ])
}

fn item(item: &Item, added_by: Option<&str>) -> Value {
    object([
        ("value", json!(item.value)),
        ("name", json!(item.label)),
        ("spec", json!(item.spec)),
        ("deprecated", json!(item.deprecated)),
        ("added_by", json!(added_by)),
    ])
}

fn command(dictionary: &Dictionary, id: CommandId, command: &Command) -> Value {
    let like = command.like.map(|like| dictionary.command(like).name.clone());
    object([
        ("name", json!(command.name)),
        ("short", json!(command.short)),
        ("code", json!(command.code)),
        ("application", json!(command.application)),
        ("proxiable", json!(command.proxiable)),
        ("like", json!(like)),
        ("spec", json!(command.spec)),
        ("doc", json!(command.doc)),
        ("dictionary", json!(file_name(dictionary, command.file))),
        ("rust", json!(dictionary.command_module(id))),
        ("request", message(dictionary, &command.request, Some(ExtensionTarget::Request(id)))),
        ("answer", message(dictionary, &command.answer, Some(ExtensionTarget::Answer(id)))),
    ])
}

fn message(dictionary: &Dictionary, message: &Message, target: Option<ExtensionTarget>) -> Value {
    object([
        ("name", json!(message.name)),
        ("abbreviation", json!(message.abbreviation)),
        ("members", Value::Array(members(dictionary, &message.members, target))),
        ("any", flag(message.any)),
    ])
}

/// Members in the order of the grammar, then those that other units add.
fn members(dictionary: &Dictionary, own: &[Member], target: Option<ExtensionTarget>) -> Vec<Value> {
    let mut members: Vec<Value> = own.iter().map(|one| member(dictionary, one, None)).collect();
    for extension in dictionary.extensions.iter().filter(|extension| Some(extension.target) == target) {
        let by = file_name(dictionary, extension.file);
        members.extend(extension.members.iter().map(|one| member(dictionary, one, Some(by))));
    }
    members
}

fn member(dictionary: &Dictionary, member: &Member, added_by: Option<&str>) -> Value {
    let avp = dictionary.avp(member.avp);
    let kind = match member.kind {
        MemberKind::Fixed => "fixed",
        MemberKind::Required => "required",
        MemberKind::Optional => "optional",
    };
    object([
        ("avp", json!(avp.name)),
        ("code", json!(avp.code)),
        ("vendor", json!(avp.vendor)),
        ("kind", json!(kind)),
        ("min", json!(member.min)),
        // Left out for no bound.
        ("max", json!(member.max)),
        ("spec", json!(member.spec)),
        ("added_by", json!(added_by)),
    ])
}
