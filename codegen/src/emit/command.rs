//! Commands: a request, an answer, and own forms of both.

use super::avp::fields;
use super::docs;
use super::group::{Form, Struct};
use super::names::{Scope, ident};
use super::shape::{Hold, Sizes};
use diametric_dictionary::model::{Command, CommandId, Member, Message};
use diametric_dictionary::naming;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// Everything a command becomes.
pub(crate) fn command(scope: &Scope<'_>, sizes: &Sizes, id: CommandId) -> TokenStream {
    let command = scope.dictionary.command(id);
    if let Some(standard) = command.like {
        return own_form(scope, sizes, id, standard);
    }
    let request = message(scope, sizes, command, &command.request, true);
    let answer = message(scope, sizes, command, &command.answer, false);
    let (request_name, answer_name) = (ident(&command.request.rust_name), ident(&command.answer.rust_name));
    let names = &scope.names.message;
    let result_code = result_code(scope, sizes, &command.answer.members);
    let code = scope.result_code();
    quote! {
        #request
        impl #names::Request for #request_name {
            type Answer = #answer_name;
        }
        #answer
        impl #names::Answer for #answer_name {
            fn result_code(&self) -> Option<#code> {
                #result_code
            }
        }
    }
}

/// The messages of a command that generated code declares, with their types' names.
pub(crate) fn messages(command: &Command) -> Vec<&Message> {
    if command.like.is_some() && command.answer.members.is_empty() {
        return vec![&command.request];
    }
    vec![&command.request, &command.answer]
}

fn message(scope: &Scope<'_>, sizes: &Sizes, command: &Command, message: &Message, request: bool) -> TokenStream {
    let codec = &scope.names.codec;
    let (application, code) = (Literal::u32_unsuffixed(command.application), Literal::u32_unsuffixed(command.code));
    let group = Struct {
        name: ident(&message.rust_name),
        fields: fields(scope, sizes, &message.members),
        id: quote!(#codec::GroupId::Command { application: #application, code: #code, request: #request }),
        group_name: message.abbreviation.clone(),
        any: message.any,
        attributes: attributes(scope, command, message, request, &message.members, message.any, None),
        extras: ident("extras"),
    };
    let group = group.tokens(&scope.names);
    let facts = command_impl(scope, command, message, request);
    quote!(#group #facts)
}

/// `impl Command` and the abbreviation.
fn command_impl(scope: &Scope<'_>, command: &Command, message: &Message, request: bool) -> TokenStream {
    let names = &scope.names.message;
    let name = ident(&message.rust_name);
    let (application, code) = (Literal::u32_unsuffixed(command.application), Literal::u32_unsuffixed(command.code));
    let (proxiable, spelled) = (command.proxiable, &message.name);
    let short = naming::type_name(&message.abbreviation).ok().filter(|short| *short != message.rust_name);
    let short = short.map(|short| {
        let short = ident(&short);
        let docs = docs::comment([format!("Short for [`{name}`].")]);
        quote!(#docs pub type #short = #name;)
    });
    quote! {
        impl #names::Command for #name {
            const CODE: u32 = #code;
            const APPLICATION: u32 = #application;
            const REQUEST: bool = #request;
            const PROXIABLE: bool = #proxiable;
            const COMMAND_NAME: &'static str = #spelled;
        }
        #short
    }
}

fn attributes(
    scope: &Scope<'_>,
    command: &Command,
    message: &Message,
    request: bool,
    members: &[Member],
    any: bool,
    note: Option<String>,
) -> TokenStream {
    let mut lines = Vec::new();
    match &command.doc {
        Some(doc) if request => lines.push(docs::sentence(doc)),
        _ if request => lines.push(format!("The command {}.", docs::prose(&message.name))),
        _ => lines.push(format!("Answers a [`{}`].", command.request.rust_name)),
    }
    lines.push(String::new());
    let mut facts = format!("`{}` ({})", message.name.replace('`', ""), docs::prose(&message.abbreviation));
    if let Some(spec) = &command.spec {
        facts.push_str(&format!(", {}", docs::prose(spec)));
    }
    facts.push('.');
    lines.push(facts);
    lines.extend(note.into_iter().flat_map(|note| [String::new(), note]));
    lines.push(String::new());
    let flags = [(request, ", REQ"), (command.proxiable, ", PXY")];
    let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, flag)| *flag).collect();
    let application = if command.application == 0 { String::new() } else { format!(" {}", command.application) };
    let header = format!("< Diameter Header: {}{flags}{application} >", command.code);
    let head = format!("<{}>", message.name);
    lines.extend(docs::grammar(scope.dictionary, &head, &header, members, any));
    let (docs, alias) = (docs::comment(lines), docs::alias(&message.abbreviation, &message.rust_name));
    quote!(#docs #alias)
}

/// The body of `Answer::result_code`.
fn result_code(scope: &Scope<'_>, sizes: &Sizes, members: &[Member]) -> TokenStream {
    let is_result_code = |member: &&Member| {
        let avp = scope.dictionary.avp(member.avp);
        (avp.vendor, avp.code) == (0, 268)
    };
    let Some(member) = members.iter().find(is_result_code) else { return quote!(None) };
    let field = ident(&member.field);
    let avp = scope.dictionary.avp(member.avp);
    let is_standard = scope.dictionary.units[scope.dictionary.unit_of(avp.file).0].name == super::STANDARD_UNIT;
    let hold = sizes.hold(member);
    if is_standard {
        return match hold {
            Hold::Required => quote!(Some(self.#field)),
            Hold::List => quote!(self.#field.first().copied()),
            _ => quote!(self.#field),
        };
    }
    // A dictionary of its own has a Result-Code of its own: only the number is common.
    let standard = scope.result_code();
    let value = match hold {
        Hold::Required => quote!(Some(self.#field)),
        Hold::List => quote!(self.#field.first().copied()),
        _ => quote!(self.#field),
    };
    quote!(#value.map(|code| #standard(code.into())))
}

fn own_form(scope: &Scope<'_>, sizes: &Sizes, id: CommandId, standard_id: CommandId) -> TokenStream {
    let command = scope.dictionary.command(id);
    let standard = scope.dictionary.command(standard_id);
    let names = &scope.names.message;
    let code = scope.result_code();
    let pairs = [(&command.request, &standard.request, true), (&command.answer, &standard.answer, false)];
    let own = messages(command).len();
    let forms = pairs.into_iter().take(own).map(|(message, like, request)| {
        let standard_type = scope.message(standard_id, &like.rust_name);
        let mut members = like.members.clone();
        members.extend(message.members.iter().cloned());
        let note = format!("An own form of [`{}`]({standard_type}).", like.rust_name).replace(' ', " ");
        let note = note.replace(&standard_type.to_string(), &standard_type.to_string().replace(' ', ""));
        let form = Form {
            name: ident(&message.rust_name),
            standard: standard_type,
            standard_fields: fields(scope, sizes, &like.members),
            fields: fields(scope, sizes, &message.members),
            group_name: message.abbreviation.clone(),
            any: like.any,
            attributes: attributes(scope, command, message, request, &members, like.any, Some(note)),
        };
        let form = form.tokens(&scope.names);
        let facts = command_impl(scope, command, message, request);
        let name = ident(&message.rust_name);
        let direction = if request {
            let answer = if own == 2 {
                let answer = ident(&command.answer.rust_name);
                quote!(#answer)
            } else {
                scope.message(standard_id, &standard.answer.rust_name)
            };
            quote!(impl #names::Request for #name { type Answer = #answer; })
        } else {
            quote! {
                impl #names::Answer for #name {
                    fn result_code(&self) -> Option<#code> {
                        #names::Answer::result_code(&self.standard)
                    }
                }
            }
        };
        quote!(#form #facts #direction)
    });
    quote!(#(#forms)*)
}

/// The answer-message grammar: a group, but no command.
pub(crate) fn answer_message(scope: &Scope<'_>, sizes: &Sizes, message: &Message) -> TokenStream {
    let codec = &scope.names.codec;
    let mut lines = vec![
        "Answers any request in which a node met a protocol error: an answer with the E bit.".to_owned(),
        String::new(),
        format!("`{}`, RFC 6733 7.2.", message.name),
        String::new(),
    ];
    let header = "< Diameter Header: code, ERR [, PXY] >";
    lines.extend(docs::grammar(scope.dictionary, &message.name, header, &message.members, message.any));
    let (docs, alias) = (docs::comment(lines), docs::alias(&message.name, &message.rust_name));
    let group = Struct {
        name: ident(&message.rust_name),
        fields: fields(scope, sizes, &message.members),
        id: quote!(#codec::GroupId::AnswerMessage),
        group_name: message.abbreviation.clone(),
        any: message.any,
        attributes: quote!(#docs #alias),
        extras: ident("extras"),
    };
    group.tokens(&scope.names)
}
