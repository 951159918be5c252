//! Commands, and own forms of commands.

use super::{Domain, Resolver};
use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::{Command, CommandId, Message};
use crate::reader::ast::{self, Document, Style};
use crate::source::Span;
use std::collections::HashMap;

/// Base commands that are not relayed, so that P is clear: CER, DWR, DPR.
const HOP_BY_HOP: [u32; 3] = [257, 280, 282];

#[derive(Default)]
struct Known<'a> {
    codes: HashMap<(Domain, u32, u32), CommandId>,
    names: HashMap<(Domain, u32, &'a str), CommandId>,
}

impl<'a> Resolver<'a, '_> {
    pub(super) fn commands(&mut self) {
        let mut known = Known::default();
        for document in self.documents {
            for syntax in &document.commands {
                self.command(document, syntax, &mut known);
            }
        }
        self.answer_message();
    }

    fn command(&mut self, document: &Document, syntax: &'a ast::Command, known: &mut Known<'a>) {
        let Some(application) = &syntax.application else { return };
        // An application that is not there has been reported; its commands are still named.
        self.check_application(document.file, application);
        if let Some(rust_name) = &syntax.rust_name {
            self.check_type(rust_name);
        }
        let (application, domain) = (application.value, self.domain(document.file));
        let code = syntax.code.as_ref().map(|code| code.value).filter(|_| syntax.like.is_none());
        let same_code = code.and_then(|code| known.codes.get(&(domain, application, code)).copied());
        let same_name = known.names.get(&(domain, application, syntax.name.value.as_str())).copied();
        let id = CommandId(self.dictionary.commands.len());
        if let Some(first) = same_code.or(same_name) {
            let first = self.command_syntax[first.0];
            if document.style == Style::Go && same_code == same_name && same_definition(first, syntax) {
                return;
            }
            let what = match same_code {
                Some(_) => format!("command code {}", code.unwrap_or_default()),
                None => format!("command `{}`", syntax.name.value),
            };
            let message = format!("{what} of application {application} is already defined");
            self.report(
                self.mistake(catalogue::DUPLICATE_COMMAND, syntax.span, message)
                    .also(first.span, format!("first defined, as `{}`,", first.name.value))
                    .help("to add AVPs to a command write `<extend command=…>`; for a form of your own write `<command like=…>`"),
            );
            if same_name.is_some() || document.style == Style::Go {
                return;
            }
            self.clashing_commands.insert(id);
        }
        if let Some(code) = code {
            known.codes.entry((domain, application, code)).or_insert(id);
        }
        known.names.entry((domain, application, &syntax.name.value)).or_insert(id);
        self.command_names.entry((application, &syntax.name.value)).or_default().push(id);
        if syntax.like.is_none() {
            self.check_complete(syntax);
        }
        let short = match (&syntax.short, &syntax.like) {
            (Some(short), _) => short.clone(),
            (None, Some(_)) => initials(&syntax.name.value),
            (None, None) => String::new(),
        };
        let code = code.unwrap_or_default();
        self.command_syntax.push(syntax);
        self.dictionary.commands.push(Command {
            name: syntax.name.value.clone(),
            code,
            application,
            proxiable: syntax.proxiable.unwrap_or(application != 0 || !HOP_BY_HOP.contains(&code)),
            request: half(syntax, syntax.request.as_ref(), &short, "Request", "R"),
            answer: half(syntax, syntax.answer.as_ref(), &short, "Answer", "A"),
            short,
            like: None,
            spec: syntax.spec.clone(),
            doc: syntax.doc.clone(),
            file: document.file,
            span: syntax.span,
        });
    }

    fn check_complete(&mut self, syntax: &ast::Command) {
        let message = match (&syntax.request, &syntax.answer) {
            (Some(_), Some(_)) => return,
            (Some(_), None) => "has a request but no answer",
            (None, Some(_)) => "has an answer but no request",
            (None, None) => "has neither request nor answer",
        };
        let message = format!("command `{}` {message}", syntax.name.value);
        self.report(
            self.mistake(catalogue::INCOMPLETE_COMMAND, syntax.span, message)
                .help("a command is a `<request>` and an `<answer>`; only a `<command like=…>` may leave one out"),
        );
    }

    /// Links each own form to the command it starts from.
    pub(super) fn forms(&mut self) {
        for index in 0..self.command_syntax.len() {
            let syntax = self.command_syntax[index];
            let Some(like) = &syntax.like else { continue };
            let (file, application) = {
                let command = &self.dictionary.commands[index];
                (command.file, command.application)
            };
            let Some(id) = self.command_named(file, application, like, false) else { continue };
            let (code, proxiable) = {
                let standard = self.dictionary.command(id);
                (standard.code, standard.proxiable)
            };
            if let Some(given) = syntax.code.as_ref().filter(|given| given.value != code) {
                let message = format!("`{}` has the command code {code}, not {}", like.value, given.value);
                self.report(
                    Diagnostic::error(catalogue::BAD_VALUE, given.span, message)
                        .help("leave `code` out: an own form has that of the command it starts from"),
                );
            }
            let command = &mut self.dictionary.commands[index];
            command.like = Some(id);
            command.code = code;
            command.proxiable = syntax.proxiable.unwrap_or(proxiable);
        }
    }

    fn answer_message(&mut self) {
        let mut first: Option<Span> = None;
        for document in self.documents {
            for syntax in &document.answer_messages {
                if let Some(first) = first {
                    self.report(
                        Diagnostic::error(
                            catalogue::DUPLICATE_ANSWER_MESSAGE,
                            syntax.span,
                            "the answer-message is declared twice",
                        )
                        .also(first, "first declared")
                        .help("there is one form of answers with the E bit; remove one of the two"),
                    );
                    continue;
                }
                first = Some(syntax.span);
                self.dictionary.answer_message = Some(Message {
                    name: syntax.name.clone().unwrap_or_else(|| "answer-message".to_owned()),
                    abbreviation: syntax.short.clone().unwrap_or_default(),
                    rust_name: String::new(),
                    members: Vec::new(),
                    any: syntax.body.any,
                    span: syntax.span,
                });
            }
        }
    }
}

/// A request or answer without its members.
fn half(command: &ast::Command, syntax: Option<&ast::Message>, short: &str, word: &str, letter: &str) -> Message {
    let given = |text: Option<&String>, otherwise: String| text.cloned().unwrap_or(otherwise);
    Message {
        name: given(syntax.and_then(|syntax| syntax.name.as_ref()), format!("{}-{word}", command.name.value)),
        abbreviation: given(
            syntax.and_then(|syntax| syntax.short.as_ref()),
            if short.is_empty() { String::new() } else { format!("{short}{letter}") },
        ),
        rust_name: String::new(),
        members: Vec::new(),
        any: syntax.is_some_and(|syntax| syntax.body.any),
        span: syntax.map_or(command.span, |syntax| syntax.span),
    }
}

/// `ACC` for `Acme-Credit-Control`.
fn initials(name: &str) -> String {
    name.split('-').filter_map(|part| part.chars().next()).map(|first| first.to_ascii_uppercase()).collect()
}

fn same_definition(first: &ast::Command, second: &ast::Command) -> bool {
    let rules = |message: &Option<ast::Message>| {
        message.as_ref().map(|message| {
            let rule = |rule: &ast::Rule| {
                let required = rule.required.as_ref().is_some_and(|required| required.value);
                let bounds = (rule.min.as_ref().map(|min| min.value), rule.max.as_ref().map(|max| max.value));
                (rule.avp.value.clone(), required, bounds)
            };
            message.body.rules.iter().map(rule).collect::<Vec<_>>()
        })
    };
    first.short == second.short
        && rules(&first.request) == rules(&second.request)
        && rules(&first.answer) == rules(&second.answer)
}
