//! Differences between AVPs and between their values.

use super::members::{self, Body};
use super::{Change, Kind, Semver, Sort, View, title};
use crate::grammar::type_name;
use crate::model::{Avp, AvpId, DataType, FlagRule, Item};
use crate::shape::{Shape, shape};
use std::collections::{BTreeMap, HashMap, HashSet};

pub(super) fn avps(old: View<'_>, new: View<'_>, changes: &mut Vec<Change>) {
    let index = |side: View<'_>| -> HashMap<(u32, u32), AvpId> {
        let mut found = HashMap::new();
        for (id, avp) in side.avps() {
            found.entry((avp.vendor, avp.code)).or_insert(id);
        }
        found
    };
    let (before, after) = (index(old), index(new));
    // A code that is gone while its name has another one now was changed.
    let mut recoded: HashMap<AvpId, AvpId> = HashMap::new();
    let mut arrived: HashSet<AvpId> = HashSet::new();
    let fresh: HashMap<(u32, &str), AvpId> = (new.avps())
        .filter(|(_, avp)| !before.contains_key(&(avp.vendor, avp.code)))
        .map(|(id, avp)| ((avp.vendor, avp.name.as_str()), id))
        .collect();
    for (id, avp) in old.avps().filter(|(_, avp)| !after.contains_key(&(avp.vendor, avp.code))) {
        if let Some(&now) = fresh.get(&(avp.vendor, avp.name.as_str()))
            && arrived.insert(now)
        {
            recoded.insert(id, now);
        }
    }
    for (id, avp) in old.avps().filter(|(id, avp)| before.get(&(avp.vendor, avp.code)) == Some(id)) {
        let now = after.get(&(avp.vendor, avp.code)).or_else(|| recoded.get(&id)).copied();
        match now {
            Some(now) => compare(old, new, id, now, changes),
            None => {
                let change = Change::new(Sort::Avp, Kind::Removed, &title(avp), Semver::Major, "its type is gone");
                changes.push(
                    change
                        .from(type_name(avp.data_type))
                        .wire_if(avp.m != FlagRule::MustNot, "sent with M, it is unknown to the new side (5001)"),
                );
            }
        }
    }
    for (id, avp) in new.avps().filter(|(id, avp)| after.get(&(avp.vendor, avp.code)) == Some(id)) {
        if before.contains_key(&(avp.vendor, avp.code)) || arrived.contains(&id) {
            continue;
        }
        let change = Change::new(Sort::Avp, Kind::Added, &title(avp), Semver::Minor, "a new type");
        changes.push(
            change
                .to(type_name(avp.data_type))
                .wire_if(avp.m != FlagRule::MustNot, "sent with M, it is unknown to the old side (5001)"),
        );
    }
}

fn compare(old: View<'_>, new: View<'_>, was: AvpId, is: AvpId, changes: &mut Vec<Change>) {
    let (before, after) = (old.dictionary.avp(was), new.dictionary.avp(is));
    let subject = title(before);
    let change = |kind, rust, reason: &str| Change::new(Sort::Avp, kind, &subject, rust, reason);
    let same_type = before.rust_name == after.rust_name;
    if before.code != after.code {
        changes.push(
            change(Kind::Recoded, Semver::Patch, "the type is the same, its constant `CODE` another")
                .from(before.code.to_string())
                .to(after.code.to_string())
                .wire("the two sides know it by different codes"),
        );
    }
    if before.name != after.name {
        let (rust, reason) = match same_type {
            true => (Semver::Patch, "the Rust name is the same"),
            false => (Semver::Major, "its type and the fields that hold it have another name"),
        };
        changes.push(change(Kind::Renamed, rust, reason).from(&before.name).to(&after.name));
    } else if !same_type {
        let reason = "its type has another name";
        changes.push(change(Kind::Rust, Semver::Major, reason).from(&before.rust_name).to(&after.rust_name));
    }
    let (module_before, module_after) = (old.dictionary.avp_module(was), new.dictionary.avp_module(is));
    if module_before != module_after {
        let reason = "its type is in another module";
        changes.push(change(Kind::Rust, Semver::Major, reason).from(module_before).to(module_after));
    }
    if before.data_type != after.data_type {
        let retyped = change(Kind::Retyped, Semver::Major, "its values are of another type")
            .from(type_name(before.data_type))
            .to(type_name(after.data_type));
        changes.push(retyped.wire_if(!same_octets(before.data_type, after.data_type), "its data are read otherwise"));
    } else if kind(before) != kind(after) {
        let retyped = change(Kind::Retyped, Semver::Major, "it is another kind of Rust type");
        changes.push(retyped.from(kind(before)).to(kind(after)));
    }
    flags(before, after, &subject, changes);
    if before.closed != after.closed {
        let word = |closed| if closed { "closed" } else { "open" };
        changes.push(
            change(Kind::Closed, Semver::Major, "a closed enumeration is a Rust `enum`, an open one is not")
                .from(word(before.closed))
                .to(word(after.closed))
                .wire("the closed side refuses values without a name (5004)"),
        );
    }
    if before.deprecated.is_some() != after.deprecated.is_some() {
        let mut deprecated = change(Kind::Deprecated, Semver::Minor, "uses of it get a warning, or no longer do");
        deprecated.old.clone_from(&before.deprecated);
        deprecated.new.clone_from(&after.deprecated);
        changes.push(deprecated);
    }
    values(&before.items, &after.items, before.closed && after.closed, &subject, changes);
    if before.data_type == DataType::Grouped && after.data_type == DataType::Grouped {
        members::compare(body(old, before), body(new, after), &subject, changes);
    }
}

/// The members of a group; one that is not decoded takes every AVP.
fn body<'a>(view: View<'a>, avp: &'a Avp) -> Body<'a> {
    Body { view, members: &avp.members, any: avp.any || shape(avp) == Shape::RawGroup, fields: true }
}

/// Rules for M and P.
fn flags(before: &Avp, after: &Avp, subject: &str, changes: &mut Vec<Change>) {
    let change = |letter, was: FlagRule, is: FlagRule, reason: &str| {
        let change = Change::new(Sort::Avp, Kind::Flags, subject, Semver::Patch, reason);
        change.from(format!("{letter} {was}")).to(format!("{letter} {is}"))
    };
    if before.m != after.m {
        // Only M under `must` is sent set.
        let sent = (before.m == FlagRule::Must) != (after.m == FlagRule::Must);
        let forbidden = (before.m == FlagRule::MustNot) != (after.m == FlagRule::MustNot);
        let reason = if sent { "the constant `FLAGS` is another" } else { "it is sent as before" };
        let wire = match (sent, forbidden) {
            (true, _) => "it is sent with another M flag, by which peers that do not know it refuse the message or not",
            (false, _) => "one side forbids what the other allows",
        };
        changes.push(change("M", before.m, after.m, reason).wire_if(sent || forbidden, wire));
    }
    if before.p != after.p {
        changes.push(change("P", before.p, after.p, "P is never sent set"));
    }
}

/// Named values, by their number.
fn values(before: &[Item], after: &[Item], closed: bool, subject: &str, changes: &mut Vec<Change>) {
    let index =
        |items: &[Item]| -> BTreeMap<i64, Item> { items.iter().map(|item| (item.value, item.clone())).collect() };
    let (was, is) = (index(before), index(after));
    let show = |item: &Item| format!("{} {}", item.value, item.label);
    for (value, item) in &was {
        let change = |kind, rust, reason: &str| Change::new(Sort::Value, kind, subject, rust, reason).part(show(item));
        match is.get(value) {
            None => {
                let removed = change(Kind::Removed, Semver::Major, "its name is gone");
                changes.push(removed.wire_if(closed, "the new side refuses the value (5004)"));
            }
            Some(now) if now.label != item.label || now.rust_name != item.rust_name => {
                let (rust, reason) = match now.rust_name == item.rust_name {
                    true => (Semver::Patch, "the Rust name is the same"),
                    false => (Semver::Major, "it has another name"),
                };
                changes.push(change(Kind::Renamed, rust, reason).from(&item.label).to(&now.label));
            }
            Some(_) => {}
        }
    }
    for item in is.values().filter(|item| !was.contains_key(&item.value)) {
        let (rust, reason) = match closed {
            true => (Semver::Major, "a new variant, which a `match` has to cover"),
            false => (Semver::Minor, "a new constant"),
        };
        let added = Change::new(Sort::Value, Kind::Added, subject, rust, reason).part(show(item));
        changes.push(added.wire_if(closed, "the old side refuses the value (5004)"));
    }
}

/// Values that are added to enumerations of other units.
pub(super) fn value_extensions(old: View<'_>, new: View<'_>, changes: &mut Vec<Change>) {
    let collect = |side: View<'_>| {
        let mut found: BTreeMap<(u32, u32), (String, Vec<Item>)> = BTreeMap::new();
        for extension in side.dictionary.value_extensions.iter().filter(|extension| side.has(extension.file)) {
            let avp = side.dictionary.avp(extension.avp);
            let entry = found.entry((avp.vendor, avp.code)).or_insert_with(|| (title(avp), Vec::new()));
            entry.1.extend(extension.items.iter().cloned());
        }
        found
    };
    let (before, mut after) = (collect(old), collect(new));
    for (key, (subject, was)) in &before {
        let (_, is) = after.remove(key).unwrap_or_default();
        values(was, &is, false, subject, changes);
    }
    for (subject, is) in after.into_values() {
        values(&[], &is, false, &subject, changes);
    }
}

/// Whether every value of the one type is one of the other, octet by octet.
fn same_octets(one: DataType, other: DataType) -> bool {
    let number = |data_type| matches!(data_type, DataType::Enumerated | DataType::Integer32);
    number(one) && number(other)
}

/// What kind of Rust type becomes of an AVP, where its format does not say.
fn kind(avp: &Avp) -> &'static str {
    match shape(avp) {
        Shape::RawGroup => "an undecoded group",
        Shape::Group => "a struct",
        Shape::Open(_) | Shape::Closed(_) => "a number with named values",
        Shape::Scalar(_) => "a plain value",
    }
}
