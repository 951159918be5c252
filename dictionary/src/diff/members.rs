//! Differences between the members of two groups or messages.

use super::{Change, Kind, Semver, Sort, View};
use crate::grammar;
use crate::model::{Avp, FlagRule, Member, MemberKind};
use crate::shape::{Hold, Shape, shape};
use std::collections::HashMap;

/// The members of a group or message.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) view: View<'a>,
    pub(super) members: &'a [Member],
    /// Whether other AVPs are taken.
    pub(super) any: bool,
    /// Whether the members are fields, which may be boxed, and not reached by methods.
    pub(super) fields: bool,
}

impl<'a> Body<'a> {
    fn key(&self, member: &Member) -> (u32, u32) {
        let avp = self.avp(member);
        (avp.vendor, avp.code)
    }

    fn avp(&self, member: &Member) -> &'a Avp {
        self.view.side.dictionary.avp(member.avp)
    }

    fn shown(&self, member: &Member) -> String {
        grammar::member(self.view.dictionary, member)
    }

    fn hold(&self, member: &Member) -> Hold {
        match self.view.sizes.hold(member) {
            Hold::OptionalBoxed if !self.fields => Hold::Optional,
            hold => hold,
        }
    }

    fn index(&self) -> HashMap<(u32, u32), &'a Member> {
        self.members.iter().map(|member| (self.key(member), member)).collect()
    }

    fn may_be_mandatory(&self, member: &Member) -> bool {
        self.avp(member).m != FlagRule::MustNot
    }
}

pub(super) fn compare(old: Body<'_>, new: Body<'_>, subject: &str, changes: &mut Vec<Change>) {
    let (before, after) = (old.index(), new.index());
    let change =
        |kind, part: &str, rust, reason: &str| Change::new(Sort::Member, kind, subject, rust, reason).part(part);
    for member in old.members {
        let name = &old.avp(member).name;
        let Some(now) = after.get(&old.key(member)) else {
            let removed = change(Kind::Removed, name, Semver::Major, "its field is gone");
            let wire = if member.min > 0 {
                Some("the old side demands it (5005)")
            } else if !new.any && old.may_be_mandatory(member) {
                Some("sent with M, the new side refuses it (5008)")
            } else {
                None
            };
            let removed = removed.from(old.shown(member));
            changes.push(match wire {
                Some(reason) => removed.wire(reason),
                None => removed,
            });
            continue;
        };
        if (member.kind, member.min, member.max) != (now.kind, now.min, now.max) {
            let (rust, reason) = cardinality((member, old.hold(member)), (now, new.hold(now)));
            let changed = change(Kind::Cardinality, name, rust, &reason).from(old.shown(member)).to(new.shown(now));
            changes.push(match refused(member, now) {
                Some(wire) => changed.wire(wire),
                None => changed,
            });
        }
        let is_group = shape(old.avp(member)) == Shape::Group && shape(new.avp(now)) == Shape::Group;
        if is_group && (member.min, member.max) == (now.min, now.max) && old.hold(member) != new.hold(now) {
            let reason = "a group is boxed where it is optional if it is large or can hold itself";
            let [was, is] = [old.hold(member), new.hold(now)].map(Hold::type_of_field);
            changes.push(change(Kind::Boxed, name, Semver::Major, reason).from(was).to(is));
        }
        if member.field != now.field {
            let renamed = change(Kind::Rust, name, Semver::Major, "its field has another name");
            changes.push(renamed.from(&member.field).to(&now.field));
        }
    }
    for member in new.members.iter().filter(|member| !before.contains_key(&new.key(member))) {
        let name = &new.avp(member).name;
        let (rust, reason) = match member.min {
            0 => (Semver::Minor, "a new field that may be left empty"),
            _ => (Semver::Major, "a new field that `new` demands"),
        };
        let added = change(Kind::Added, name, rust, reason).to(new.shown(member));
        let wire = if member.min > 0 {
            Some("the new side demands it (5005)")
        } else if !old.any && new.may_be_mandatory(member) {
            Some("sent with M, the old side refuses it (5008)")
        } else {
            None
        };
        changes.push(match wire {
            Some(reason) => added.wire(reason),
            None => added,
        });
    }
    if old.any != new.any {
        let (rust, reason, wire) = match new.any {
            true => (
                Semver::Minor,
                "`add` takes every AVP; an `<extend>` that allowed some by itself has to go",
                "the old side refuses other AVPs sent with M (5008)",
            ),
            false => (
                Semver::Major,
                "`add` takes no AVPs any more but those that an `<extend>` allows",
                "the new side refuses other AVPs sent with M (5008)",
            ),
        };
        let word = |any| if any { "* [ AVP ]" } else { "closed" };
        changes.push(
            Change::new(Sort::Member, Kind::Extensible, subject, rust, reason)
                .from(word(old.any))
                .to(word(new.any))
                .wire(wire),
        );
    }
}

fn cardinality((was, held): (&Member, Hold), (is, holds): (&Member, Hold)) -> (Semver, String) {
    let required = |member: &Member| member.min > 0;
    if (was.min, was.max) == (is.min, is.max) {
        return (Semver::Patch, "only its place among the others is another".to_owned());
    }
    let reason = if held != holds {
        format!("`{}` becomes `{}`", held.type_of_field(), holds.type_of_field())
    } else if required(was) != required(is) {
        match required(is) {
            true => "`new` demands it now".to_owned(),
            false => "`new` demands it no more".to_owned(),
        }
    } else {
        "the bound that encoding checks is another".to_owned()
    };
    (Semver::Major, reason)
}

/// Which side refuses what the other sends.
fn refused(was: &Member, is: &Member) -> Option<String> {
    let most = |member: &Member| member.max.unwrap_or(u32::MAX);
    let mut reasons = Vec::new();
    if is.min > was.min {
        reasons.push("the new side demands more of them (5005)");
    }
    if is.min < was.min {
        reasons.push("the old side demands more of them (5005)");
    }
    if most(is) < most(was) {
        reasons.push("the new side refuses that many (5009)");
    }
    if most(is) > most(was) {
        reasons.push("the old side refuses that many (5009)");
    }
    if (was.kind == MemberKind::Fixed) != (is.kind == MemberKind::Fixed) && reasons.is_empty() {
        reasons.push("one side demands it at its position");
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}
