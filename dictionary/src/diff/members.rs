//! Differences between the members of two groups or messages.

use super::{Change, Kind, Semver, Sort};
use crate::grammar;
use crate::model::{AvpId, Dictionary, FlagRule, Member, MemberKind};
use std::collections::HashMap;

/// The members of a group or message.
#[derive(Clone, Copy)]
pub(super) struct Body<'a> {
    pub(super) dictionary: &'a Dictionary,
    pub(super) members: &'a [Member],
    pub(super) any: bool,
}

impl<'a> Body<'a> {
    fn key(&self, member: &Member) -> (u32, u32) {
        let avp = self.dictionary.avp(member.avp);
        (avp.vendor, avp.code)
    }

    fn index(&self) -> HashMap<(u32, u32), &'a Member> {
        self.members.iter().map(|member| (self.key(member), member)).collect()
    }

    fn may_be_mandatory(&self, member: &Member) -> bool {
        self.dictionary.avp(member.avp).m != FlagRule::MustNot
    }
}

/// Whether a group stands somewhere as a member that may be absent and does not repeat, which the generator boxes when the
/// group is large.
pub(super) fn is_held_optional(dictionary: &Dictionary, id: AvpId) -> bool {
    let holds = |members: &[Member]| members.iter().any(|m| m.avp == id && m.is_single() && m.min == 0);
    dictionary.avps.iter().any(|avp| holds(&avp.members))
        || dictionary.commands.iter().any(|command| holds(&command.request.members) || holds(&command.answer.members))
        || dictionary.extensions.iter().any(|extension| holds(&extension.members))
}

/// `boxing`: whether the size of the body decides how others hold it.
pub(super) fn compare(old: Body<'_>, new: Body<'_>, subject: &str, boxing: bool, changes: &mut Vec<Change>) {
    let (before, after) = (old.index(), new.index());
    let change = |kind, part: &str, rust, reason: String| {
        let boxed = match boxing && matches!(kind, Kind::Added | Kind::Removed | Kind::Cardinality) {
            true => {
                "; where the group is optional, `Option<G>` becomes `Option<Box<G>>` or the other way if its size crosses the generator's bound, which would be major"
            }
            false => "",
        };
        Change::new(Sort::Member, kind, subject, rust, format!("{reason}{boxed}")).part(part)
    };
    for member in old.members {
        let name = &old.dictionary.avp(member.avp).name;
        let Some(now) = after.get(&old.key(member)) else {
            let removed = change(Kind::Removed, name, Semver::Major, "its field is gone".to_owned());
            let wire = if member.min > 0 {
                Some("the old side demands it (5005)")
            } else if !new.any && old.may_be_mandatory(member) {
                Some("sent with M, the new side refuses it (5008)")
            } else {
                None
            };
            let removed = removed.from(grammar::member(old.dictionary, member));
            changes.push(match wire {
                Some(reason) => removed.wire(reason),
                None => removed,
            });
            continue;
        };
        if (member.kind, member.min, member.max) != (now.kind, now.min, now.max) {
            let (rust, reason) = cardinality(member, now);
            let changed = change(Kind::Cardinality, name, rust, reason)
                .from(grammar::member(old.dictionary, member))
                .to(grammar::member(new.dictionary, now));
            changes.push(match refused(member, now) {
                Some(wire) => changed.wire(wire),
                None => changed,
            });
        }
        if member.field != now.field {
            let renamed = change(Kind::Rust, name, Semver::Major, "its field has another name".to_owned());
            changes.push(renamed.from(&member.field).to(&now.field));
        }
    }
    for member in new.members.iter().filter(|member| !before.contains_key(&new.key(member))) {
        let name = &new.dictionary.avp(member.avp).name;
        let (rust, reason) = match member.min {
            0 => (Semver::Minor, "a new field that may be left empty"),
            _ => (Semver::Major, "a new field that `new` demands"),
        };
        let added = change(Kind::Added, name, rust, reason.to_owned()).to(grammar::member(new.dictionary, member));
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

/// How a struct holds a member, short of boxes.
fn hold(member: &Member) -> &'static str {
    match (member.is_single(), member.min > 0) {
        (true, true) => "T",
        (true, false) => "Option<T>",
        (false, _) => "List<T>",
    }
}

fn cardinality(was: &Member, is: &Member) -> (Semver, String) {
    let required = |member: &Member| member.min > 0;
    if (was.min, was.max) == (is.min, is.max) {
        return (Semver::Patch, "only its place among the others is another".to_owned());
    }
    let reason = if hold(was) != hold(is) {
        format!("`{}` becomes `{}`", hold(was), hold(is))
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
