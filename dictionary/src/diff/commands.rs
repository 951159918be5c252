//! Differences between applications, commands, and what is added to those of other units.

use super::members::{self, Body};
use super::{Change, Kind, Semver, Sort, View, title};
use crate::model::{ApplicationKind, Command, ExtensionTarget, Member, Message};
use std::collections::{BTreeMap, HashMap};

pub(super) fn applications(old: View<'_>, new: View<'_>, changes: &mut Vec<Change>) {
    let index = |side: View<'_>| -> BTreeMap<u32, (String, Option<ApplicationKind>)> {
        let mine = side.dictionary.applications.iter().filter(|application| side.has(application.span.file));
        mine.map(|application| (application.id, (application.name.clone(), application.kind))).collect()
    };
    let subject = |id: u32, name: &str| format!("{name} ({id})");
    let kind = |kind| match kind {
        None => "neither auth nor acct",
        Some(ApplicationKind::Auth) => "auth",
        Some(ApplicationKind::Acct) => "acct",
    };
    let (before, after) = (index(old), index(new));
    for (id, (name, was)) in &before {
        let change = |kind, rust, reason: &str| Change::new(Sort::Application, kind, &subject(*id, name), rust, reason);
        let Some((now, is)) = after.get(id) else {
            changes
                .push(change(Kind::Removed, Semver::Major, "it is gone").wire("the new side does not offer it (3007)"));
            continue;
        };
        if name != now {
            changes.push(
                change(Kind::Renamed, Semver::Patch, "names of modules are told with what is in them")
                    .from(name)
                    .to(now),
            );
        }
        if was != is {
            let change = change(Kind::Retyped, Semver::Patch, "no type depends on it").from(kind(*was)).to(kind(*is));
            changes.push(change.wire("it is advertised in another AVP"));
        }
    }
    for (id, (name, _)) in after.iter().filter(|(id, _)| !before.contains_key(id)) {
        let added = Change::new(Sort::Application, Kind::Added, &subject(*id, name), Semver::Minor, "it is new");
        changes.push(added.wire("the old side does not offer it (3007)"));
    }
}

/// Commands are known by application and code; own forms, which share those, by their name too.
type Key = (u32, u32, Option<String>);

fn key(command: &Command) -> Key {
    (command.application, command.code, command.like.map(|_| command.name.clone()))
}

pub(super) fn commands(old: View<'_>, new: View<'_>, changes: &mut Vec<Change>) {
    let index = |side: View<'_>| -> HashMap<Key, usize> {
        let all = side.dictionary.commands.iter().enumerate().filter(|(_, command)| side.has(command.file));
        all.map(|(position, command)| (key(command), position)).collect()
    };
    let (before, after) = (index(old), index(new));
    for command in old.commands() {
        let subject = subject(command);
        match after.get(&key(command)) {
            Some(now) => {
                let was = before.get(&key(command)).copied().unwrap_or_default();
                compare(old, was, new, *now, changes);
            }
            None => {
                let reason = "its types are gone";
                let change = Change::new(Sort::Command, Kind::Removed, &subject, Semver::Major, reason);
                changes.push(change.wire_if(command.like.is_none(), "the new side does not know it (3001)"));
            }
        }
    }
    for command in new.commands().filter(|command| !before.contains_key(&key(command))) {
        let change = Change::new(Sort::Command, Kind::Added, &subject(command), Semver::Minor, "new types");
        changes.push(change.wire_if(command.like.is_none(), "the old side does not know it (3001)"));
    }
    let answers = [old, new].map(|side| {
        let answer = side.dictionary.answer_message.as_ref();
        answer.filter(|answer| side.has(answer.span.file))
    });
    match answers {
        [Some(was), Some(is)] => bodies(old, was, new, is, &was.name, changes),
        [Some(was), None] => {
            changes.push(Change::new(Sort::Command, Kind::Removed, &was.name, Semver::Major, "its type is gone"));
        }
        [None, Some(is)] => {
            changes.push(Change::new(Sort::Command, Kind::Added, &is.name, Semver::Minor, "a new type"));
        }
        [None, None] => {}
    }
}

fn subject(command: &Command) -> String {
    let form = if command.like.is_some() { ", own form" } else { "" };
    format!("{} ({} of application {}{form})", command.name, command.code, command.application)
}

fn compare(old: View<'_>, was: usize, new: View<'_>, is: usize, changes: &mut Vec<Change>) {
    let (before, after) = (&old.dictionary.commands[was], &new.dictionary.commands[is]);
    let subject = subject(before);
    let change = |kind, rust, reason: &str| Change::new(Sort::Command, kind, &subject, rust, reason);
    if before.name != after.name {
        let same = before.request.rust_name == after.request.rust_name;
        let (rust, reason) = match same {
            true => (Semver::Patch, "the Rust names are the same"),
            false => (Semver::Major, "its types have other names"),
        };
        changes.push(change(Kind::Renamed, rust, reason).from(&before.name).to(&after.name));
    }
    if before.short != after.short {
        let reason = "the abbreviations by which its types are known too are others";
        changes.push(change(Kind::Rust, Semver::Major, reason).from(&before.short).to(&after.short));
    }
    let modules = [(old, was), (new, is)].map(|(view, id)| view.dictionary.command_module(crate::model::CommandId(id)));
    if modules[0] != modules[1] {
        let reason = "its types are in another module";
        changes.push(change(Kind::Rust, Semver::Major, reason).from(modules[0]).to(modules[1]));
    }
    if before.proxiable != after.proxiable {
        let word = |proxiable| if proxiable { "P set" } else { "P clear" };
        changes.push(
            change(Kind::Flags, Semver::Patch, "the constant `FLAGS` is another")
                .from(word(before.proxiable))
                .to(word(after.proxiable))
                .wire("it is sent with another P flag, by which agents may forward it or not"),
        );
    }
    bodies(old, &before.request, new, &after.request, &before.request.name, changes);
    bodies(old, &before.answer, new, &after.answer, &before.answer.name, changes);
}

fn bodies(old: View<'_>, was: &Message, new: View<'_>, is: &Message, subject: &str, changes: &mut Vec<Change>) {
    let one = Body { view: old, members: &was.members, any: was.any, fields: true };
    let other = Body { view: new, members: &is.members, any: is.any, fields: true };
    members::compare(one, other, subject, changes);
}

/// Members that are added to messages and groups of other units.
pub(super) fn extensions(old: View<'_>, new: View<'_>, changes: &mut Vec<Change>) {
    let collect = |side: View<'_>| {
        let mut found: BTreeMap<String, (bool, Vec<Member>)> = BTreeMap::new();
        for extension in side.dictionary.extensions.iter().filter(|extension| side.has(extension.file)) {
            let (subject, any) = match extension.target {
                ExtensionTarget::Request(id) => {
                    let command = side.dictionary.command(id);
                    of_message(command, &command.request)
                }
                ExtensionTarget::Answer(id) => {
                    let command = side.dictionary.command(id);
                    of_message(command, &command.answer)
                }
                ExtensionTarget::Group(id) => (title(side.dictionary.avp(id)), side.dictionary.avp(id).any),
            };
            let entry = found.entry(subject).or_insert_with(|| (any, Vec::new()));
            entry.1.extend(extension.members.iter().cloned());
        }
        found
    };
    let (before, mut after) = (collect(old), collect(new));
    for (subject, (any, was)) in &before {
        let (_, is) = after.remove(subject).unwrap_or_default();
        let one = Body { view: old, members: was, any: *any, fields: false };
        let other = Body { view: new, members: &is, any: *any, fields: false };
        members::compare(one, other, &format!("{subject}, extended"), changes);
    }
    for (subject, (any, is)) in after {
        let one = Body { view: old, members: &[], any, fields: false };
        let other = Body { view: new, members: &is, any, fields: false };
        members::compare(one, other, &format!("{subject}, extended"), changes);
    }
}

fn of_message(command: &Command, message: &Message) -> (String, bool) {
    (format!("{} of application {}", message.name, command.application), message.any)
}
