//! What a unit adds to types of another: members, by extension traits, and values of enumerations.

use super::avp::number;
use super::docs;
use super::names::{Scope, ident};
use diametric_dictionary::model::{AvpId, Dictionary, ExtensionTarget, FileId, Item, Member};
use diametric_dictionary::shape::{Raw, Shape, shape};
use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};

/// Everything that the files of one module add to one target.
#[derive(Debug)]
pub(crate) struct Extended<'d> {
    pub(crate) target: ExtensionTarget,
    pub(crate) members: Vec<&'d Member>,
    pub(crate) file: FileId,
}

/// The extensions made by `files`, one for each target, in source order.
pub(crate) fn by_target(dictionary: &Dictionary, module: impl Fn(FileId) -> bool) -> Vec<Extended<'_>> {
    let mut all: Vec<Extended<'_>> = Vec::new();
    for extension in dictionary.extensions.iter().filter(|extension| module(extension.file)) {
        match all.iter_mut().find(|other| other.target == extension.target) {
            Some(other) => other.members.extend(&extension.members),
            None => all.push(Extended {
                target: extension.target,
                members: extension.members.iter().collect(),
                file: extension.file,
            }),
        }
    }
    all.retain(|extended| match extended.target {
        ExtensionTarget::Group(id) => shape(dictionary.avp(id)) == Shape::Group,
        _ => true,
    });
    all
}

/// Whether the target's grammar ends in `* [ AVP ]`, so that every AVP is allowed anyway.
pub(crate) fn is_open(dictionary: &Dictionary, target: ExtensionTarget) -> bool {
    let command = |id| {
        let command = dictionary.command(id);
        command.like.map_or(command, |like| dictionary.command(like))
    };
    match target {
        ExtensionTarget::Request(id) => command(id).request.any,
        ExtensionTarget::Answer(id) => command(id).answer.any,
        ExtensionTarget::Group(id) => dictionary.avp(id).any,
    }
}

/// The extension trait for one target, and `Allows` where the target is closed.
pub(crate) fn members(scope: &Scope<'_>, extended: &Extended<'_>) -> TokenStream {
    let (target, target_name) = target(scope, extended.target);
    let codec = &scope.names.codec;
    let dictionary = scope.dictionary;
    let name = format_ident!("{}{}Ext", prefix(&dictionary.files[extended.file.0].module), target_name);
    let accessors = extended.members.iter().map(|member| accessors(scope, member));
    let docs = docs::comment([format!(
        "What the dictionary `{}` adds to [`{target_name}`]({}).",
        dictionary.files[extended.file.0].name,
        docs::link(&target)
    )]);
    let allows = (!is_open(dictionary, extended.target)).then(|| {
        let keys = extended.members.iter().map(|member| scope.avp(member.avp));
        quote!(#(impl #codec::Allows<#keys> for #target {})*)
    });
    quote! {
        #docs
        pub trait #name: #codec::Group {
            #(#accessors)*
        }
        impl #name for #target {}
        #allows
    }
}

/// The type that is extended, and its name alone.
fn target(scope: &Scope<'_>, target: ExtensionTarget) -> (TokenStream, String) {
    match target {
        ExtensionTarget::Request(id) => {
            let name = &scope.dictionary.command(id).request.rust_name;
            (scope.message(id, name), name.clone())
        }
        ExtensionTarget::Answer(id) => {
            let name = &scope.dictionary.command(id).answer.rust_name;
            (scope.message(id, name), name.clone())
        }
        ExtensionTarget::Group(id) => (scope.avp(id), scope.dictionary.avp(id).rust_name.clone()),
    }
}

fn accessors(scope: &Scope<'_>, member: &Member) -> TokenStream {
    let codec = &scope.names.codec;
    let list = &scope.names.value;
    let (key, value) = (scope.avp(member.avp), scope.value(member.avp));
    let field = &member.field;
    let (get, set, with) = (ident(field), format_ident!("set_{field}"), format_ident!("with_{field}"));
    let what = docs::member(scope.dictionary, member);
    if member.is_single() {
        let get_docs = docs::comment(what.iter().map(String::as_str).chain(ERRORS));
        let set_docs = docs::comment([format!("Sets [`{field}`](Self::{field}), in place of what is there.")]);
        let with_docs = docs::comment([format!("With [`{field}`](Self::{field}), in place of what is there.")]);
        return quote! {
            #get_docs
            fn #get(&self) -> Result<Option<#value>, #codec::DecodeError> {
                #codec::Group::get::<#key>(self)
            }
            #set_docs
            fn #set(&mut self, value: impl Into<#value>) -> &mut Self {
                let extras = #codec::Group::extras_mut(self);
                extras.remove::<#key>();
                extras.add::<#key>(&value.into());
                self
            }
            #with_docs
            #[must_use]
            fn #with(mut self, value: impl Into<#value>) -> Self {
                self.#set(value);
                self
            }
        };
    }
    let (all, add) = (format_ident!("{field}_all"), format_ident!("add_{field}"));
    let all_docs = docs::comment(what.iter().map(String::as_str).chain(ERRORS));
    let add_docs = docs::comment([format!("Adds one more [`{field}`](Self::{all}).")]);
    let with_docs = docs::comment([format!("With one more [`{field}`](Self::{all}).")]);
    quote! {
        #all_docs
        fn #all(&self) -> Result<#list::List<#value>, #codec::DecodeError> {
            #codec::Group::get_all::<#key>(self).collect()
        }
        #add_docs
        fn #add(&mut self, value: impl Into<#value>) -> &mut Self {
            #codec::Group::extras_mut(self).add::<#key>(&value.into());
            self
        }
        #with_docs
        #[must_use]
        fn #with(mut self, value: impl Into<#value>) -> Self {
            self.#add(value);
            self
        }
    }
}

const ERRORS: [&str; 3] = ["", "# Errors", "If the payload is malformed."];

/// `acme_roaming` becomes `AcmeRoaming`. Modules have ASCII names.
fn prefix(module: &str) -> String {
    let parts = module.split('_').filter(|part| !part.is_empty());
    parts.map(|part| part[..1].to_ascii_uppercase() + &part[1..]).collect()
}

/// The trait with the values that `file` adds to one enumeration of another unit.
pub(crate) fn values(scope: &Scope<'_>, avp: AvpId, file: FileId, items: &[&Item]) -> TokenStream {
    let dictionary = scope.dictionary;
    let target_name = &dictionary.avp(avp).rust_name;
    let target = scope.avp(avp);
    let name = format_ident!("{}{target_name}Values", prefix(&dictionary.files[file.0].module));
    // A plain number has no type that could carry constants.
    if !matches!(shape(dictionary.avp(avp)), Shape::Open(Raw::Signed | Raw::Unsigned)) {
        return TokenStream::new();
    }
    let constants = items.iter().map(|item| {
        let (docs, constant, value) = (docs::comment(docs::item(item)), ident(&item.rust_name), number(item.value));
        quote!(#docs const #constant: #target = #target(#value);)
    });
    let docs = docs::comment([format!(
        "Values that the dictionary `{}` adds to [`{target_name}`]({}).",
        dictionary.files[file.0].name,
        docs::link(&target)
    )]);
    quote! {
        #docs
        pub trait #name {
            #(#constants)*
        }
        impl #name for #target {}
    }
}

/// `AllowedMember` entries for one target, where it is closed.
pub(crate) fn allowed(scope: &Scope<'_>, extended: &Extended<'_>) -> Vec<TokenStream> {
    if is_open(scope.dictionary, extended.target) {
        return Vec::new();
    }
    let codec = &scope.names.codec;
    let (target, _) = target(scope, extended.target);
    let entry = |member: &&Member| {
        let avp = scope.dictionary.avp(member.avp);
        let (vendor, code) = (Literal::u32_unsuffixed(avp.vendor), Literal::u32_unsuffixed(avp.code));
        quote!(AllowedMember { group: <#target as #codec::Group>::ID, vendor: #vendor, code: #code })
    };
    extended.members.iter().map(entry).collect()
}
