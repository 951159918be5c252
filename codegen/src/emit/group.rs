//! Structs with a grammar: groups and messages.

use super::field::{self, Field, count_calls, decode_arms, encode_calls, members};
use super::names::Names;
use diametric_dictionary::shape::Hold;
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// A struct with a grammar, ready to be written.
#[derive(Debug)]
pub struct Struct {
    /// Name of the type.
    pub name: Ident,
    /// Its members.
    pub fields: Vec<Field>,
    /// The identity: an expression of type `GroupId`.
    pub id: TokenStream,
    /// `Group::NAME`.
    pub group_name: String,
    /// Whether the grammar ends in `* [ AVP ]`.
    pub any: bool,
    /// Doc comment and other attributes.
    pub attributes: TokenStream,
    /// Field that holds the extras.
    pub extras: Ident,
    /// The type of that field as it was written by hand, where it was.
    pub extras_written: Option<TokenStream>,
    /// `where` clause of the implementation of `Group`.
    pub bounds: TokenStream,
}

impl Struct {
    /// The struct, its companion and constructors, and the implementation of `Group`.
    pub fn tokens(&self, names: &Names) -> TokenStream {
        let definition = self.definition(names);
        let companion = required_companion(&self.name, &self.fields, names);
        let constructors = self.constructors(names);
        let group = self.group_impl(names);
        quote!(#definition #companion #constructors #group)
    }

    fn definition(&self, names: &Names) -> TokenStream {
        let Self { name, attributes, extras, .. } = self;
        let codec = &names.codec;
        let fields = declarations(&self.fields, names);
        let debug = debug(name, None, self.fields.iter().map(|field| &field.name).chain([extras]), names);
        quote! {
            #attributes
            #[derive(Clone, PartialEq)]
            #[non_exhaustive]
            pub struct #name {
                #fields
                #extras: #codec::Extras,
            }
            #debug
        }
    }

    fn constructors(&self, names: &Names) -> TokenStream {
        let Self { name, fields, extras, .. } = self;
        let codec = &names.codec;
        let required: Vec<_> = fields.iter().filter(|field| field.is_required()).collect();
        let with = with_methods(fields);
        if required.is_empty() {
            return quote! {
                impl #name {
                    /// Without any member.
                    #[inline]
                    pub fn new() -> Self {
                        #codec::Group::blank_group()
                    }
                    #with
                }
                impl Default for #name {
                    #[inline]
                    fn default() -> Self {
                        Self::new()
                    }
                }
            };
        }
        let companion = companion_name(name);
        let members = fields.iter().map(|field| field.first(names));
        quote! {
            impl #name {
                /// With the members that it cannot be without.
                #[inline]
                pub fn new(required: #companion) -> Self {
                    Self { #(#members)* #extras: #codec::Extras::new() }
                }
                #with
            }
        }
    }

    /// The implementation of `Group`, and of `Allows` where the grammar ends in `* [ AVP ]`.
    pub fn group_impl(&self, names: &Names) -> TokenStream {
        let Self { name, fields, id, group_name, any, extras, bounds, .. } = self;
        let Names { codec, wire, .. } = names;
        let extras_type = quote!(#codec::Extras);
        let checked = |method: TokenStream, value: TokenStream| match &self.extras_written {
            Some(written) => field::checked(names, written, &extras_type, &method, value),
            None => value,
        };
        let extras_blank = checked(quote!(make), quote!(#codec::Extras::new()));
        let extras_shared = checked(quote!(get), quote!(&self.#extras));
        let extras_exclusive = checked(quote!(get_mut), quote!(&mut self.#extras));
        let members = members(names, fields);
        let blanks = fields.iter().map(|field| field.blank(names));
        let arms = decode_arms(fields, 0, names);
        let counts = count_fn(&count_calls(fields, 0, names), &TokenStream::new());
        let encode = encode_declared(&encode_calls(fields, 0, names), &TokenStream::new(), names);
        let allows = any.then(|| quote!(impl<A: #codec::Avp> #codec::Allows<A> for #name {}));
        let decode = if fields.is_empty() {
            quote!(cursor.extra(avp, #extras_exclusive))
        } else {
            quote! {
                match (avp.vendor, avp.code) {
                    #arms
                    _ => cursor.extra(avp, #extras_exclusive),
                }
            }
        };
        quote! {
            impl #codec::Group for #name #bounds {
                const ID: #codec::GroupId = #id;
                const NAME: &'static str = #group_name;
                const MEMBERS: &'static [#codec::Member] = &[#members];
                const ANY: bool = #any;
                #[inline]
                fn blank_group() -> Self {
                    Self { #(#blanks)* #extras: #extras_blank }
                }
                #[inline]
                fn decode_member(&mut self, avp: &#wire::RawAvp<'_>, cursor: &mut #codec::Cursor<'_, '_, '_>) -> #codec::Judged {
                    #decode
                }
                #counts
                #encode
                fn extras(&self) -> &#codec::Extras {
                    #extras_shared
                }
                fn extras_mut(&mut self) -> &mut #codec::Extras {
                    #extras_exclusive
                }
            }
            #allows
        }
    }
}

/// `Debug` that prints what is present.
pub(super) fn debug<'f>(
    name: &Ident,
    standard: Option<&Ident>,
    fields: impl Iterator<Item = &'f Ident>,
    names: &Names,
) -> TokenStream {
    let root = &names.root;
    let standard = standard.map(|standard| quote!((#standard)));
    quote!(#root::debug_present! { #name #standard { #(#fields),* } })
}

/// What makes a Grouped AVP's struct a value, under `bounds`.
pub fn value_impls(name: &Ident, bounds: &TokenStream, names: &Names) -> TokenStream {
    let root = &names.root;
    quote!(#root::grouped_value! { #name #bounds })
}

pub(super) fn count_fn(calls: &[TokenStream], first: &TokenStream) -> TokenStream {
    if calls.is_empty() && first.is_empty() {
        return TokenStream::new();
    }
    quote! {
        fn check_counts(&self, check: &mut dyn FnMut(usize, usize)) {
            #first
            #(#calls)*
        }
    }
}

pub(super) fn encode_declared(calls: &TokenStream, first: &TokenStream, names: &Names) -> TokenStream {
    let codec = &names.codec;
    let out = if calls.is_empty() && first.is_empty() { quote!(_) } else { quote!(out) };
    let members = (!calls.is_empty()).then(|| quote!(let members = Self::MEMBERS;));
    // Without `?`, which is two calls more to compile for each member.
    let allow = (!calls.is_empty()).then(|| quote!(#[allow(clippy::question_mark)]));
    quote! {
        #allow
        fn encode_declared(&self, #out: &mut #codec::Encoder) -> #codec::Encoded {
            #members
            #first
            #calls
            Ok(())
        }
    }
}

pub(super) fn declarations(fields: &[Field], names: &Names) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (name, docs, ty) = (&field.name, &field.docs, field.ty(names));
        quote!(#docs pub #name: #ty,)
    });
    quote!(#(#fields)*)
}

pub(super) fn companion_name(name: &Ident) -> Ident {
    super::names::ident(&diametric_dictionary::naming::required_name(&name.to_string()))
}

/// The struct of the members that have no default; nothing where there are none.
pub(super) fn required_companion(name: &Ident, fields: &[Field], names: &Names) -> TokenStream {
    let required: Vec<Field> = fields.iter().filter(|field| field.is_required()).cloned().collect();
    if required.is_empty() {
        return TokenStream::new();
    }
    let companion = companion_name(name);
    let docs = super::docs::comment([format!("What [`{name}`] cannot be without.")]);
    let fields = declarations(&required, names);
    quote! {
        #docs
        #[derive(Clone, Debug, PartialEq)]
        pub struct #companion {
            #fields
        }
    }
}

/// `with_…` for the members that may be absent, and for one more of those that may be many.
pub(super) fn with_methods(fields: &[Field]) -> TokenStream {
    let methods = fields.iter().filter(|field| field.hold != Hold::Required).map(|field| {
        let (name, value) = (&field.name, &field.value);
        let with = quote::format_ident!("with_{name}");
        let (doc, set) = match field.hold {
            Hold::List => (format!("With one more [`{name}`](Self::{name})."), quote!(self.#name.push(value))),
            Hold::OptionalBoxed => {
                (format!("With [`{name}`](Self::{name})."), quote!(self.#name = Some(Box::new(value.into()))))
            }
            _ => (format!("With [`{name}`](Self::{name})."), quote!(self.#name = Some(value.into()))),
        };
        let docs = super::docs::comment([doc]);
        quote! {
            #docs
            #[must_use]
            #[inline]
            pub fn #with(mut self, value: impl Into<#value>) -> Self {
                #set;
                self
            }
        }
    });
    quote!(#(#methods)*)
}
