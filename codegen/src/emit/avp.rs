//! AVPs: keys, enumerations and groups.

use super::docs;
use super::field::Field;
use super::group::{Struct, value_impls};
use super::names::{Names, Scope, ident, raw_type};
use diametric_dictionary::model::{Avp, AvpId, FlagRule, Item, Member};
use diametric_dictionary::shape::{Raw, Shape, Sizes, shape};
use diametric_dictionary::{grammar, naming};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// Everything an AVP becomes.
pub(crate) fn avp(scope: &Scope<'_>, sizes: &Sizes, id: AvpId) -> TokenStream {
    let avp = scope.dictionary.avp(id);
    let name = ident(&avp.rust_name);
    let names = &scope.names;
    let mut lines = docs::avp(scope.dictionary, avp);
    let alias = docs::alias(&avp.name, &avp.rust_name);
    let shape = shape(avp);
    let key = key_impl(avp, &name, &scope.value(id), names);
    match shape {
        Shape::Scalar(_) | Shape::RawGroup => {
            if shape == Shape::RawGroup {
                lines.push(String::new());
                lines.push("Its members are not decoded: what it may hold is not declared.".to_owned());
            }
            let docs = docs::comment(lines);
            quote!(#docs #alias pub enum #name {} #key)
        }
        Shape::Open(raw) => {
            let docs = docs::comment(lines);
            let definition = open(&name, raw, &avp.items, names);
            quote!(#docs #alias #definition #key)
        }
        Shape::Closed(raw) => {
            let docs = docs::comment(lines);
            let definition = closed(&name, raw, &avp.items, names);
            quote!(#docs #alias #definition #key)
        }
        Shape::Group => {
            lines.push(String::new());
            lines.extend(docs::fenced(&grammar::avp(scope.dictionary, id)));
            let docs = docs::comment(lines);
            let codec = &names.codec;
            let (vendor, code) = (Literal::u32_unsuffixed(avp.vendor), Literal::u32_unsuffixed(avp.code));
            let group = Struct {
                name: name.clone(),
                fields: fields(scope, sizes, &avp.members),
                id: quote!(#codec::GroupId::Avp { vendor: #vendor, code: #code }),
                group_name: avp.name.clone(),
                any: avp.any,
                attributes: quote!(#docs #alias),
                extras: ident("extras"),
                extras_written: None,
                bounds: TokenStream::new(),
            };
            let group = group.tokens(names);
            let value = value_impls(&name, &TokenStream::new(), names);
            quote!(#group #value #key)
        }
    }
}

/// `impl Avp`.
pub fn key_impl(avp: &Avp, name: &Ident, value: &TokenStream, names: &Names) -> TokenStream {
    let Names { codec, wire, .. } = names;
    let (code, vendor) = (Literal::u32_unsuffixed(avp.code), Literal::u32_unsuffixed(avp.vendor));
    let mut flags = Vec::new();
    if avp.vendor != 0 {
        flags.push(quote!(#wire::AvpFlags::VENDOR));
    }
    if avp.m == FlagRule::Must {
        flags.push(quote!(#wire::AvpFlags::MANDATORY));
    }
    let flags = match flags.as_slice() {
        [] => quote!(#wire::AvpFlags::NONE),
        [flag] => flag.clone(),
        [first, rest @ ..] => quote!(#first #(.with(#rest))*),
    };
    let spelled = &avp.name;
    let value = if *name == value.to_string() { quote!(Self) } else { value.clone() };
    quote! {
        impl #codec::Avp for #name {
            const CODE: u32 = #code;
            const VENDOR: u32 = #vendor;
            const FLAGS: #wire::AvpFlags = #flags;
            const NAME: &'static str = #spelled;
            type Value = #value;
        }
    }
}

/// A number as it stands in source: unsuffixed, with its sign.
pub fn number(value: i64) -> TokenStream {
    let digits = Literal::u64_unsuffixed(value.unsigned_abs());
    if value < 0 { quote!(-#digits) } else { quote!(#digits) }
}

fn open(name: &Ident, raw: Raw, items: &[Item], names: &Names) -> TokenStream {
    let root = &names.root;
    let raw = raw_type(raw);
    let constants = items.iter().map(|item| {
        let (docs, constant, value) = (docs::comment(docs::item(item)), ident(&item.rust_name), number(item.value));
        quote!(#docs pub const #constant: Self = Self(#value);)
    });
    let labels = items.iter().map(|item| {
        let (value, label) = (number(item.value), &item.label);
        quote!(#value = #label)
    });
    quote! {
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct #name(pub #raw);
        impl #name {
            #(#constants)*
        }
        #root::open_enumeration! { #name, #raw, [#(#labels),*] }
    }
}

fn closed(name: &Ident, raw: Raw, items: &[Item], names: &Names) -> TokenStream {
    let root = &names.root;
    let raw = raw_type(raw);
    let variant = |item: &Item| {
        // A legal constant name is a legal variant name in another dress.
        ident(&naming::variant_name(&item.rust_name).unwrap_or_else(|_| item.rust_name.clone()))
    };
    let variants = items.iter().map(|item| {
        let (docs, variant, value) = (docs::comment(docs::item(item)), variant(item), number(item.value));
        quote!(#docs #variant = #value,)
    });
    let labels = items.iter().map(|item| {
        let (value, variant, label) = (number(item.value), variant(item), &item.label);
        quote!(#value = #variant #label)
    });
    let first = items.first().map(variant);
    quote! {
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(#raw)]
        pub enum #name {
            #(#variants)*
        }
        #root::closed_enumeration! { #name, #raw, #first, [#(#labels),*] }
    }
}

/// The fields for a list of members.
pub(crate) fn fields(scope: &Scope<'_>, sizes: &Sizes, members: &[Member]) -> Vec<Field> {
    members.iter().map(|member| field(scope, sizes, member)).collect()
}

fn field(scope: &Scope<'_>, sizes: &Sizes, member: &Member) -> Field {
    let avp = scope.dictionary.avp(member.avp);
    let (vendor, code) = (Literal::u32_unsuffixed(avp.vendor), Literal::u32_unsuffixed(avp.code));
    Field {
        name: ident(&member.field),
        key: scope.avp(member.avp),
        value: scope.value(member.avp),
        hold: sizes.hold(member),
        min: member.min,
        max: member.max,
        pattern: quote!((#vendor, #code)),
        docs: docs::comment(docs::member(scope.dictionary, member)),
        written: None,
    }
}
