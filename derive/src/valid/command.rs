//! Requests and answers.

use super::{ValidMember, members};
use crate::ast::{Command, Errors};
use crate::attr::CommandAttr;
use crate::draft::Draft;
use diametric_dictionary::model::{self, Message};
use diametric_dictionary::shape::Hold;
use proc_macro2::{Ident, TokenStream};
use syn::{Path, Result, Type};

/// A message that is in order.
pub(crate) struct ValidCommand {
    pub(crate) name: Ident,
    pub(crate) code: u32,
    pub(crate) application: u32,
    pub(crate) proxiable: bool,
    /// Its names.
    pub(crate) message: Message,
    pub(crate) direction: Direction,
    pub(crate) members: Vec<ValidMember>,
    pub(crate) extras: Ident,
    pub(crate) extras_type: Type,
    pub(crate) any: bool,
    pub(crate) root: TokenStream,
}

/// What the message is.
pub(crate) enum Direction {
    /// A request, with the type of its answer.
    Request { answer: Path },
    /// An answer, with the member that is its Result-Code.
    Answer { result_code: Option<(Ident, Hold)> },
}

pub(crate) fn command(command: Command) -> Result<ValidCommand> {
    let Command { name, attr, fields, mut errors } = command;
    let definition = errors.take(definition(&attr));
    let members = members(fields, &name, &mut errors);
    let direction = match (attr.request, attr.answer) {
        (Some(_), Some((_, Some(answer)))) => Some(Direction::Request { answer }),
        (Some(span), _) => {
            errors.push(span, "what answers the request? Add `answer = AcmePingAnswer`");
            None
        }
        (None, Some((_, None))) => {
            let is_result_code =
                |member: &&ValidMember| member.key.segments.last().is_some_and(|last| last.ident == "ResultCode");
            let member = members.as_ref().and_then(|(members, ..)| members.iter().find(is_result_code));
            Some(Direction::Answer { result_code: member.map(|member| (member.name.clone(), member.hold)) })
        }
        (None, Some((span, Some(_)))) => {
            errors
                .push(span, "an answer is marked by `answer` alone; a request has `request, answer = AcmePingAnswer`");
            None
        }
        (None, None) => {
            errors.push(attr.span, "is it a request or an answer? Add `request, answer = AcmePingAnswer`, or `answer`");
            None
        }
    };
    let (Some(definition), Some((members, extras, extras_type)), Some(direction)) = (definition, members, direction)
    else {
        return Err(errors.into_error());
    };
    let message = match direction {
        Direction::Request { .. } => definition.request,
        Direction::Answer { .. } => definition.answer,
    };
    errors.finish(ValidCommand {
        name,
        code: definition.code,
        application: definition.application,
        proxiable: definition.proxiable,
        message,
        direction,
        members,
        extras,
        extras_type,
        any: !attr.closed,
        root: attr.root,
    })
}

/// The definition, after every check that it would get in an XML dictionary.
fn definition(attr: &CommandAttr) -> Result<model::Command> {
    let mut errors = Errors::default();
    let mut lacks = |what: &str| errors.push(attr.span, format!("the command lacks its {what}"));
    if attr.name.is_none() {
        lacks("name, without `-Request` and `-Answer`: `name = \"Acme-Ping\"`");
    }
    if attr.short.is_none() {
        lacks("abbreviation, without R and A: `short = \"AP\"`");
    }
    if attr.code.is_none() {
        lacks("code: `code = 8388700`");
    }
    if attr.application.is_none() {
        lacks("Application-Id: `application = 16777999`");
    }
    if let Some(name) = attr.name.as_ref()
        && let Some(ending) = ["-Request", "-Answer"].into_iter().find(|ending| name.value.ends_with(ending))
    {
        errors.push(name.span, format!("leave `{ending}` out: a request and its answer have the name in common"));
    }
    errors.none_yet()?;
    let (Some(name), Some(short), Some(code), Some(application)) =
        (&attr.name, &attr.short, &attr.code, &attr.application)
    else {
        return Err(errors.into_error());
    };
    let mut draft = Draft::new();
    draft.line("<application name=\"derive\"", None);
    draft.attribute("id", &application.value, application.span);
    draft.line("><command", None);
    draft.attribute("name", &name.value, name.span);
    draft.attribute("short", &short.value, short.span);
    draft.attribute("code", &code.value, code.span);
    draft.attribute("proxiable", if attr.proxiable { "true" } else { "false" }, attr.span);
    // The Rust names are the types' own.
    draft.attribute("rust-name", "Derived", attr.span);
    draft.line("><request><any/></request><answer><any/></answer></command></application>", None);
    let (mut dictionary, errors) = draft.load(attr.span);
    match dictionary.commands.pop() {
        Some(command) => errors.finish(command),
        None => Err(errors.into_error()),
    }
}
