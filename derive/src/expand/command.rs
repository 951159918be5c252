//! Requests and answers.

use super::{bounds, derived, field, group_stub, in_error, used_keys, written};
use crate::attr;
use crate::valid::{Direction, ValidCommand};
use diametric_codegen::derive_support::{Names, Struct};
use diametric_dictionary::shape::Hold;
use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::DeriveInput;
use syn::spanned::Spanned as _;

pub(crate) fn command(command: &ValidCommand) -> TokenStream {
    let names = Names::absolute(command.root.clone());
    let (name, codec, message, root) = (&command.name, &names.codec, &names.message, &names.root);
    let (application, code) = (Literal::u32_unsuffixed(command.application), Literal::u32_unsuffixed(command.code));
    let is_request = matches!(command.direction, Direction::Request { .. });
    let group = Struct {
        name: name.clone(),
        fields: command.members.iter().map(|member| field(member, &names)).collect(),
        id: quote!(#codec::GroupId::Command { application: #application, code: #code, request: #is_request }),
        group_name: command.message.abbreviation.clone(),
        any: command.any,
        attributes: TokenStream::new(),
        extras: command.extras.clone(),
        extras_written: Some(written(&command.extras_type)),
        bounds: bounds(name),
    };
    let group = group.group_impl(&names);
    let (proxiable, spelled) = (command.proxiable, &command.message.name);
    let direction = match &command.direction {
        Direction::Request { answer } => {
            let matches = matches(command, answer, &names);
            quote! {
                impl #message::Request for #name {
                    type Answer = #answer;
                }
                #matches
            }
        }
        Direction::Answer { result_code } => {
            let (body, missed) = (body(result_code.as_ref()), missed(command, &names));
            quote! {
                impl #message::Answer for #name {
                    fn result_code(&self) -> ::core::option::Option<#root::base::ResultCode> {
                        #body
                    }
                }
                #missed
            }
        }
    };
    let (derived, bounds) = (derived(&quote!(Clone + ::core::fmt::Debug + PartialEq)), bounds(name));
    quote! {
        const _: () = {
            #derived
            #group
            impl #message::Command for #name #bounds {
                const CODE: u32 = #code;
                const APPLICATION: u32 = #application;
                const REQUEST: bool = #is_request;
                const PROXIABLE: bool = #proxiable;
                const COMMAND_NAME: &'static str = #spelled;
            }
        };
        #direction
    }
}

/// Refuses an answer with another command code, application or P flag.
fn matches(command: &ValidCommand, answer: &syn::Path, names: &Names) -> TokenStream {
    let (name, message) = (&command.name, &names.message);
    let differs = |what: &str| {
        format!(
            "`{}` does not answer `{name}`: it has another {what}",
            answer.to_token_stream().to_string().replace(' ', "")
        )
    };
    let (code, application, proxiable) = (differs("command code"), differs("application"), differs("`proxiable`"));
    let span = answer.span();
    quote_spanned! {span=>
        const _: () = {
            assert!(<#answer as #message::Command>::CODE == <#name as #message::Command>::CODE, #code);
            assert!(<#name as #message::Command>::APPLICATION == <#answer as #message::Command>::APPLICATION, #application);
            assert!(<#name as #message::Command>::PROXIABLE == <#answer as #message::Command>::PROXIABLE, #proxiable);
        };
    }
}

/// The body of `Answer::result_code`.
fn body(result_code: Option<&(proc_macro2::Ident, Hold)>) -> TokenStream {
    match result_code {
        None => quote!(::core::option::Option::None),
        Some((field, Hold::Required)) => quote!(::core::option::Option::Some(self.#field)),
        Some((field, Hold::List)) => quote!(self.#field.first().copied()),
        Some((field, Hold::Optional)) => quote!(self.#field),
        Some((field, Hold::OptionalBoxed)) => quote!(self.#field.as_deref().copied()),
    }
}

/// Refuses a Result-Code that is not found by its name.
fn missed(command: &ValidCommand, names: &Names) -> TokenStream {
    let codec = &names.codec;
    let keys = command.members.iter().map(|member| &member.key);
    let others = keys.filter(|key| key.segments.last().is_some_and(|last| last.ident != "ResultCode"));
    let checks = others.map(|key| {
        quote_spanned! {key.span()=>
            assert!(
                !(<#key as #codec::Avp>::VENDOR == 0 && <#key as #codec::Avp>::CODE == 268),
                "Result-Code goes by the name `ResultCode` in an answer"
            );
        }
    });
    quote!(const _: () = { #(#checks)* };)
}

/// What stands for a message with mistakes, so that its uses are not mistakes too.
pub(crate) fn command_in_error(input: &DeriveInput) -> TokenStream {
    let Some((name, names)) = in_error(input) else { return TokenStream::new() };
    let (message, root) = (&names.message, &names.root);
    let (group, keys) = (group_stub(name, &names), used_keys(input));
    let answer = attr::lookup(&input.attrs, "answer");
    let is_request = answer.is_some();
    let direction = match answer {
        Some(Ok(answer)) => quote!(impl #message::Request for #name { type Answer = #answer; }),
        // The mistake is in the answer itself.
        Some(Err(_)) => TokenStream::new(),
        None => quote! {
            impl #message::Answer for #name {
                fn result_code(&self) -> ::core::option::Option<#root::base::ResultCode> {
                    ::core::option::Option::None
                }
            }
        },
    };
    quote! {
        #group
        #keys
        impl #message::Command for #name {
            const CODE: u32 = 0;
            const APPLICATION: u32 = 0;
            const REQUEST: bool = #is_request;
            const PROXIABLE: bool = false;
            const COMMAND_NAME: &'static str = "";
        }
        #direction
    }
}
