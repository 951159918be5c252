//! Members of groups and messages: from rules to AVPs and cardinalities.

use super::Resolver;
use super::lookup::Scope;
use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::{AvpId, CommandId, DataType, Extension, ExtensionTarget, Member, MemberKind};
use crate::reader::ast::{self, Body, Rule, Style};

impl<'a> Resolver<'a, '_> {
    /// The members that each definition itself lists.
    pub(super) fn members(&mut self) {
        for index in 0..self.dictionary.avps.len() {
            let syntax = self.avp_syntax[index];
            if self.dictionary.avps[index].data_type != DataType::Grouped || self.clashing_avps.contains(&AvpId(index))
            {
                continue;
            }
            let scope = Scope { file: self.dictionary.avps[index].file, application: syntax.application };
            self.dictionary.avps[index].members = self.body(scope, &syntax.data.body);
        }
        for index in 0..self.dictionary.commands.len() {
            let syntax = self.command_syntax[index];
            if self.clashing_commands.contains(&CommandId(index)) {
                continue;
            }
            let command = &self.dictionary.commands[index];
            let scope = Scope { file: command.file, application: Some(command.application) };
            if let Some(request) = &syntax.request {
                self.dictionary.commands[index].request.members = self.body(scope, &request.body);
            }
            if let Some(answer) = &syntax.answer {
                self.dictionary.commands[index].answer.members = self.body(scope, &answer.body);
            }
        }
        let documents: &'a [_] = self.documents;
        let syntax = documents.iter().find_map(|document| Some((document.file, document.answer_messages.first()?)));
        if let Some((file, syntax)) = syntax {
            let members = self.body(Scope { file, application: None }, &syntax.body);
            if let Some(message) = &mut self.dictionary.answer_message {
                message.members = members;
            }
        }
    }

    /// The members that extensions add: merged where the target is of the same unit, recorded where it is not.
    pub(super) fn extension_members(&mut self) {
        for extend in std::mem::take(&mut self.resolved_extends) {
            let application = match extend.target {
                ExtensionTarget::Request(id) | ExtensionTarget::Answer(id) => {
                    Some(self.dictionary.command(id).application)
                }
                ExtensionTarget::Group(_) => None,
            };
            let mut members = self.body(Scope { file: extend.file, application }, extend.body);
            if extend.foreign {
                members.retain(|member| self.is_optional(member, extend.target));
                let (target, file, span) = (extend.target, extend.file, extend.span);
                self.dictionary.extensions.push(Extension { target, members, file, span });
                continue;
            }
            match extend.target {
                ExtensionTarget::Request(id) => self.dictionary.commands[id.0].request.members.extend(members),
                ExtensionTarget::Answer(id) => self.dictionary.commands[id.0].answer.members.extend(members),
                ExtensionTarget::Group(id) => self.dictionary.avps[id.0].members.extend(members),
            }
        }
    }

    /// Another crate's type cannot come to require anything; reports an attempt.
    fn is_optional(&mut self, member: &Member, target: ExtensionTarget) -> bool {
        if member.kind == MemberKind::Optional {
            return true;
        }
        let (what, help) = match target {
            ExtensionTarget::Request(id) | ExtensionTarget::Answer(id) => {
                let command = self.dictionary.command(id);
                let help = format!(
                    "make the rule optional, or declare a form of your own that requires it: `<command like=\"{}\" name=\"…\" application=\"{}\">`",
                    command.name, command.application
                );
                (format!("the command `{}`", command.name), help)
            }
            ExtensionTarget::Group(id) => {
                let help = "make the rule optional, or require it in a form of your own of the command that carries the group: `<command like=…>`";
                (format!("the group `{}`", self.dictionary.avp(id).name), help.to_owned())
            }
        };
        let message =
            format!("`{}` cannot be required in {what} of another crate", self.dictionary.avp(member.avp).name);
        self.report(Diagnostic::error(catalogue::REQUIRED_IN_EXTEND, member.span, message).help(help));
        false
    }

    fn body(&mut self, scope: Scope, body: &'a Body) -> Vec<Member> {
        body.rules.iter().filter_map(|rule| self.member(scope, rule)).collect()
    }

    fn member(&mut self, scope: Scope, rule: &'a Rule) -> Option<Member> {
        let avp = self.avp_named(scope, &rule.avp, rule.vendor.as_ref(), catalogue::UNKNOWN_MEMBER)?;
        let (kind, min, max) = self.cardinality(rule);
        let field = self.member_field(rule, avp);
        self.check_deprecation(scope, rule, avp);
        Some(Member { avp, kind, min, max, field, spec: rule.spec.clone(), span: rule.span })
    }

    fn cardinality(&mut self, rule: &Rule) -> (MemberKind, u32, Option<u32>) {
        let fixed = is_set(rule.fixed.as_ref());
        let kind = match (fixed, is_set(rule.required.as_ref())) {
            (true, _) => MemberKind::Fixed,
            (false, true) => MemberKind::Required,
            (false, false) => MemberKind::Optional,
        };
        let least = u32::from(kind != MemberKind::Optional);
        let mut min = rule.min.as_ref().map_or(least, |min| min.value);
        let mut max = match (&rule.max, self.style(rule.span.file)) {
            (Some(max), _) => max.value,
            (None, Style::Own) => Some(1),
            (None, Style::Go) => None,
        };
        let impossible = max.is_some_and(|max| min > max && max > 0);
        let contradiction = match (&rule.required, &rule.min, &rule.max) {
            _ if impossible => None,
            (Some(required), ..) if fixed && !required.value => {
                Some((required.span, "`fixed` means required, but `required` says no", "remove `required`"))
            }
            (_, Some(given), _) if kind == MemberKind::Required && given.value == 0 => {
                Some((given.span, "the rule is required, but `min` allows none", "remove `min`, or `required`"))
            }
            (_, Some(given), _) if kind == MemberKind::Optional && given.value > 0 => Some((
                given.span,
                "the rule is optional, but `min` demands one",
                "add `required=\"true\"`, or remove `min`",
            )),
            (_, _, Some(ast::Spanned { value: Some(0), span })) => {
                Some((*span, "`max` allows none", "remove the rule: what is not listed is not a member"))
            }
            _ => None,
        };
        if let Some((span, message, help)) = contradiction {
            let span = if span.length == 0 { rule.span } else { span };
            let message = format!("{message} (`{}`)", rule.avp.value);
            self.report(self.mistake(catalogue::CARDINALITY, span, message).help(help));
            // As the brackets say.
            min = least;
            max = max.map(|max| max.max(1));
        }
        if let Some(most) = max.filter(|max| min > *max) {
            let message = format!("`min` is {min}, but `max` is {most} (`{}`)", rule.avp.value);
            let given = rule.min.as_ref().map(|min| min.span).or(rule.max.as_ref().map(|max| max.span));
            let span = given.unwrap_or(rule.span);
            let help = match &rule.max {
                Some(_) => "lower `min`, or raise `max`; `max=\"*\"` means without bound",
                None => "a rule without `max` allows one; add `max`, or `max=\"*\"` for no bound",
            };
            self.report(Diagnostic::error(catalogue::MIN_OVER_MAX, span, message).help(help));
            max = Some(min);
        }
        (kind, min, max)
    }

    /// A specification keeps its deprecated members; others should not start to use them.
    fn check_deprecation(&mut self, scope: Scope, rule: &Rule, id: AvpId) {
        let avp = self.dictionary.avp(id);
        let Some(reason) = &avp.deprecated else { return };
        if self.dictionary.unit_of(avp.file) == self.dictionary.unit_of(scope.file) {
            return;
        }
        let message = format!("AVP `{}` is deprecated: {reason}", avp.name);
        let diagnostic = Diagnostic::warning(catalogue::DEPRECATED_USE, rule.avp.span, message)
            .also(avp.span, "defined")
            .help("use what replaces it");
        self.report(diagnostic);
    }
}

fn is_set(flag: Option<&ast::Spanned<bool>>) -> bool {
    flag.is_some_and(|flag| flag.value)
}
