//! Commands: a request, an answer, and own forms of both.

use super::avp::fields;
use super::docs;
use super::form::Form;
use super::group::Struct;
use super::names::{Scope, ident};
use diametric_dictionary::model::{Command, CommandId, DataType, Member, Message};
use diametric_dictionary::shape::{Hold, Raw, Shape, Sizes, shape};
use diametric_dictionary::{grammar, naming};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// One of the two messages of a command.
#[derive(Clone, Copy)]
struct Side<'d> {
    id: CommandId,
    command: &'d Command,
    message: &'d Message,
    request: bool,
}

/// Everything a command becomes.
pub(crate) fn command(scope: &Scope<'_>, sizes: &Sizes, id: CommandId) -> TokenStream {
    let command = scope.dictionary.command(id);
    let request = Side { id, command, message: &command.request, request: true };
    let answer = Side { id, command, message: &command.answer, request: false };
    if let Some(standard) = command.like {
        return own_form(scope, sizes, [request, answer], standard);
    }
    let (request_name, answer_name) = (ident(&request.message.rust_name), ident(&answer.message.rust_name));
    let traits = &scope.names.message;
    let (code, result_code) = (scope.result_code(), result_code(scope, sizes, &answer.message.members));
    let (request, answer) = (message(scope, sizes, request), message(scope, sizes, answer));
    quote! {
        #request
        impl #traits::Request for #request_name {
            type Answer = #answer_name;
        }
        #answer
        impl #traits::Answer for #answer_name {
            fn result_code(&self) -> Option<#code> {
                #result_code
            }
        }
    }
}

/// The messages of a command that generated code declares: an own form that adds nothing to the answer has none.
pub(crate) fn messages(command: &Command) -> Vec<&Message> {
    if command.like.is_some() && command.answer.members.is_empty() {
        return vec![&command.request];
    }
    vec![&command.request, &command.answer]
}

fn message(scope: &Scope<'_>, sizes: &Sizes, side: Side<'_>) -> TokenStream {
    let Side { command, message, request, .. } = side;
    let codec = &scope.names.codec;
    let (application, code) = (Literal::u32_unsuffixed(command.application), Literal::u32_unsuffixed(command.code));
    let group = Struct {
        name: ident(&message.rust_name),
        fields: fields(scope, sizes, &message.members),
        id: quote!(#codec::GroupId::Command { application: #application, code: #code, request: #request }),
        group_name: message.abbreviation.clone(),
        any: message.any,
        attributes: attributes(scope, side, None),
        extras: ident("extras"),
        extras_written: None,
        bounds: TokenStream::new(),
    };
    let group = group.tokens(&scope.names);
    let facts = command_impl(scope, side);
    quote!(#group #facts)
}

/// `impl Command`, and the abbreviation as an alias.
fn command_impl(scope: &Scope<'_>, side: Side<'_>) -> TokenStream {
    let Side { command, message, request, .. } = side;
    let traits = &scope.names.message;
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
        impl #traits::Command for #name {
            const CODE: u32 = #code;
            const APPLICATION: u32 = #application;
            const REQUEST: bool = #request;
            const PROXIABLE: bool = #proxiable;
            const COMMAND_NAME: &'static str = #spelled;
        }
        #short
    }
}

/// Doc comment and alias; `note` is a paragraph before the grammar.
fn attributes(scope: &Scope<'_>, side: Side<'_>, note: Option<String>) -> TokenStream {
    let Side { id, command, message, request } = side;
    let summary = match &command.doc {
        Some(doc) if request => docs::sentence(doc),
        _ if request => format!("The request {}.", docs::prose(&message.name)),
        _ => format!("Answers a [`{}`].", command.request.rust_name),
    };
    let mut facts = format!("`{}` (`{}`): ", docs::code(&message.name), docs::code(&message.abbreviation));
    facts.push_str(&format!("command {}", command.code));
    match scope.dictionary.application(command.application) {
        Some(application) => {
            facts.push_str(&format!(", application {} ({})", application.id, docs::prose(&application.name)));
        }
        None => facts.push_str(&format!(", application {}", command.application)),
    }
    if command.proxiable {
        facts.push_str(", proxiable");
    }
    facts.push('.');
    if let Some(spec) = &command.spec {
        facts.push_str(&format!(" {}.", docs::prose(spec)));
    }
    let mut lines = vec![summary, String::new(), facts, String::new()];
    lines.extend(note.into_iter().flat_map(|note| [note, String::new()]));
    let print = if request { grammar::request } else { grammar::answer };
    lines.extend(docs::fenced(&print(scope.dictionary, id)));
    let (docs, alias) = (docs::comment(lines), docs::alias(&message.name, &message.rust_name));
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
    // A dictionary of its own has a Result-Code of its own: only the number is common.
    let standard = scope.result_code();
    let number = match shape(avp) {
        Shape::Scalar(DataType::Unsigned32) => quote!(code),
        Shape::Open(Raw::Unsigned) | Shape::Closed(Raw::Unsigned) => quote!(code.into()),
        _ => return quote!(None),
    };
    match sizes.hold(member) {
        Hold::Required if is_standard => quote!(Some(self.#field)),
        Hold::Required => quote!(let code = self.#field; Some(#standard(#number))),
        Hold::List if is_standard => quote!(self.#field.first().copied()),
        Hold::List => quote!(self.#field.first().map(|&code| #standard(#number))),
        Hold::Optional | Hold::OptionalBoxed if is_standard => quote!(self.#field),
        Hold::Optional | Hold::OptionalBoxed => quote!(self.#field.map(|code| #standard(#number))),
    }
}

fn own_form(scope: &Scope<'_>, sizes: &Sizes, sides: [Side<'_>; 2], standard_id: CommandId) -> TokenStream {
    let standard = scope.dictionary.command(standard_id);
    let traits = &scope.names.message;
    let command = sides[0].command;
    let own = messages(command).len();
    let forms = sides.into_iter().take(own).map(|side| {
        let like = if side.request { &standard.request } else { &standard.answer };
        let standard_type = scope.message(standard_id, &like.rust_name);
        let note = format!("An own form of [`{}`]({}).", like.rust_name, docs::link(&standard_type));
        let name = ident(&side.message.rust_name);
        let form = Form {
            name: name.clone(),
            standard: standard_type,
            standard_fields: fields(scope, sizes, &like.members),
            fields: fields(scope, sizes, &side.message.members),
            group_name: side.message.abbreviation.clone(),
            any: like.any,
            attributes: attributes(scope, side, Some(note)),
        };
        let (form, facts) = (form.tokens(&scope.names), command_impl(scope, side));
        let direction = if side.request {
            let own_answer = ident(&command.answer.rust_name);
            let standard_answer = scope.message(standard_id, &standard.answer.rust_name);
            let answer = if own == 2 { quote!(#own_answer) } else { standard_answer };
            quote!(impl #traits::Request for #name { type Answer = #answer; })
        } else {
            let code = scope.result_code();
            quote! {
                impl #traits::Answer for #name {
                    fn result_code(&self) -> Option<#code> {
                        #traits::Answer::result_code(&self.standard)
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
        "Answers any request in which a node met a protocol error: an answer with the E flag.".to_owned(),
        String::new(),
        format!("`{}`: RFC 6733 7.2.", docs::code(&message.name)),
        String::new(),
    ];
    lines.extend(grammar::answer_message(scope.dictionary).iter().flat_map(|grammar| docs::fenced(grammar)));
    let (docs, alias) = (docs::comment(lines), docs::alias(&message.name, &message.rust_name));
    let group = Struct {
        name: ident(&message.rust_name),
        fields: fields(scope, sizes, &message.members),
        id: quote!(#codec::GroupId::AnswerMessage),
        group_name: message.abbreviation.clone(),
        any: message.any,
        attributes: quote!(#docs #alias),
        extras: ident("extras"),
        extras_written: None,
        bounds: TokenStream::new(),
    };
    group.tokens(&scope.names)
}
