//! What can be said of a group or message once all its members are known.

use super::Resolver;
use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::{AvpId, Command, CommandId, DataType, ExtensionTarget, Member, MemberKind, UnitId};
use crate::reader::ast::Style;
use crate::source::Span;
use std::collections::HashMap;

/// The members of a struct so far.
#[derive(Clone, Default)]
struct Seen {
    avps: HashMap<AvpId, Span>,
    fields: HashMap<String, Span>,
    /// The first member that is not fixed.
    loose: Option<Span>,
}

impl Resolver<'_, '_> {
    /// Each AVP once, fixed ones first, no two fields of one name.
    pub(super) fn structs(&mut self) {
        for index in 0..self.dictionary.avps.len() {
            let mut members = std::mem::take(&mut self.dictionary.avps[index].members);
            self.check_struct(&mut members, &mut Seen::default());
            self.dictionary.avps[index].members = members;
        }
        // Own forms come after the commands they start from.
        let (forms, commands): (Vec<usize>, Vec<usize>) =
            (0..self.dictionary.commands.len()).partition(|index| self.dictionary.commands[*index].like.is_some());
        for index in commands.into_iter().chain(forms) {
            let (mut request, mut answer) = (Seen::default(), Seen::default());
            if let Some(like) = self.dictionary.commands[index].like {
                request = self.members_of(ExtensionTarget::Request(like));
                answer = self.members_of(ExtensionTarget::Answer(like));
            }
            let command = &mut self.dictionary.commands[index];
            let mut members =
                (std::mem::take(&mut command.request.members), std::mem::take(&mut command.answer.members));
            self.check_struct(&mut members.0, &mut request);
            self.check_struct(&mut members.1, &mut answer);
            let command = &mut self.dictionary.commands[index];
            (command.request.members, command.answer.members) = members;
        }
        if let Some(mut message) = self.dictionary.answer_message.take() {
            self.check_struct(&mut message.members, &mut Seen::default());
            self.dictionary.answer_message = Some(message);
        }
        self.extension_structs();
    }

    /// Extensions of other units: beside the members of their target, and of each other within a unit.
    fn extension_structs(&mut self) {
        let mut by_target: HashMap<(UnitId, ExtensionTarget), Seen> = HashMap::new();
        for index in 0..self.dictionary.extensions.len() {
            let extension = &mut self.dictionary.extensions[index];
            let (target, file) = (extension.target, extension.file);
            let mut members = std::mem::take(&mut extension.members);
            let key = (self.dictionary.unit_of(file), target);
            let mut seen = by_target.remove(&key).unwrap_or_else(|| self.members_of(target));
            self.check_struct(&mut members, &mut seen);
            by_target.insert(key, seen);
            self.dictionary.extensions[index].members = members;
        }
    }

    fn members_of(&self, target: ExtensionTarget) -> Seen {
        let members = match target {
            ExtensionTarget::Request(id) => &self.command_of(id).request.members,
            ExtensionTarget::Answer(id) => &self.command_of(id).answer.members,
            ExtensionTarget::Group(id) => &self.dictionary.avp(id).members,
        };
        let mut seen = Seen::default();
        // An extension may reach a form; its struct holds the standard one.
        if let ExtensionTarget::Request(id) | ExtensionTarget::Answer(id) = target
            && let Some(like) = self.command_of(id).like
        {
            let standard = match target {
                ExtensionTarget::Request(_) => ExtensionTarget::Request(like),
                _ => ExtensionTarget::Answer(like),
            };
            seen = self.members_of(standard);
        }
        for member in members {
            seen.avps.insert(member.avp, member.span);
            seen.fields.insert(member.field.clone(), member.span);
            if member.kind != MemberKind::Fixed {
                seen.loose.get_or_insert(member.span);
            }
        }
        seen
    }

    fn command_of(&self, id: CommandId) -> &Command {
        self.dictionary.command(id)
    }

    fn check_struct(&mut self, members: &mut Vec<Member>, seen: &mut Seen) {
        members.retain_mut(|member| {
            let name = self.dictionary.avp(member.avp).name.clone();
            if let Some(first) = seen.avps.get(&member.avp) {
                let message = format!("`{name}` is a member already");
                let diagnostic = self
                    .mistake(catalogue::REPEATED_MEMBER, member.span, message)
                    .also(*first, "first named")
                    .help("one rule says how often an AVP may occur: use `max`");
                self.report(diagnostic);
                return false;
            }
            match (member.kind, seen.loose) {
                (MemberKind::Fixed, Some(loose)) => {
                    let message = format!("the fixed member `{name}` stands after members that are not fixed");
                    let diagnostic = self
                        .mistake(catalogue::FIXED_ORDER, member.span, message)
                        .also(loose, "the first that is not fixed stands")
                        .help("fixed members have their place at the beginning: move the rule up, or write `required=\"true\"`");
                    self.report(diagnostic);
                }
                (MemberKind::Fixed, None) => {}
                (_, None) => seen.loose = Some(member.span),
                _ => {}
            }
            if let Some(first) = seen.fields.get(&member.field).copied() {
                let lenient = self.style(member.span.file) == Style::Go && !self.strict;
                if lenient {
                    member.field = format!("{}_{}", member.field, self.dictionary.avp(member.avp).code);
                    while seen.fields.contains_key(&member.field) {
                        member.field.push('_');
                    }
                } else {
                    let message = format!("another member has the Rust name `{}` already", member.field);
                    let diagnostic = Diagnostic::error(catalogue::FIELD_COLLISION, member.span, message)
                        .also(first, "first used")
                        .help("give one of the two rules a `rust-name`");
                    self.report(diagnostic);
                }
            }
            seen.avps.insert(member.avp, member.span);
            seen.fields.insert(member.field.clone(), member.span);
            true
        });
    }

    /// A group that requires itself, directly or through others, could never be sent.
    pub(super) fn required_cycles(&mut self) {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut states = vec![State::New; self.dictionary.avps.len()];
        for start in 0..states.len() {
            if states[start] != State::New {
                continue;
            }
            // A path of groups, each with the number of members looked at.
            let mut path = vec![(start, 0)];
            states[start] = State::Open;
            while let Some((group, next)) = path.last_mut() {
                let Some(member) = self.dictionary.avps[*group].members.get(*next) else {
                    states[*group] = State::Done;
                    path.pop();
                    continue;
                };
                *next += 1;
                let target = member.avp.0;
                if member.min == 0 || self.dictionary.avps[target].data_type != DataType::Grouped {
                    continue;
                }
                match states[target] {
                    State::Done => {}
                    State::New => {
                        states[target] = State::Open;
                        path.push((target, 0));
                    }
                    State::Open => {
                        let from = path.iter().position(|(group, _)| *group == target).unwrap_or_default();
                        let diagnostic = self.cycle(&path[from..]);
                        self.diagnostics.push(diagnostic);
                    }
                }
            }
        }
    }

    fn cycle(&self, path: &[(usize, usize)]) -> Diagnostic {
        let steps: Vec<(&str, Span)> = path
            .iter()
            .map(|&(group, next)| {
                let group = &self.dictionary.avps[group];
                (group.name.as_str(), group.members[next - 1].span)
            })
            .collect();
        let (first, span) = steps[0];
        let message = match steps.len() {
            1 => format!("group `{first}` requires itself, so that it can never be complete"),
            _ => format!("group `{first}` requires itself through others, so that it can never be complete"),
        };
        let mut diagnostic =
            Diagnostic::error(catalogue::REQUIRED_CYCLE, span, message).help("one of the rules must be optional");
        for (index, (_, span)) in steps.iter().enumerate().skip(1) {
            diagnostic = diagnostic
                .also(*span, format!("`{}` is required by `{}`", steps[(index + 1) % steps.len()].0, steps[index].0));
        }
        diagnostic
    }
}
