//! Structs with a grammar: groups and messages.

use super::names::Names;
use super::shape::Hold;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

/// One member of a struct, ready to be written.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name of the field.
    pub name: Ident,
    /// Path of the AVP's key.
    pub key: TokenStream,
    /// Type of its value.
    pub value: TokenStream,
    /// How it is held.
    pub hold: Hold,
    /// Fewest occurrences.
    pub min: u32,
    /// Most occurrences.
    pub max: Option<u32>,
    /// What (vendor, code) is matched against.
    pub pattern: TokenStream,
    /// Doc comment.
    pub docs: TokenStream,
}

impl Field {
    /// The type of the field.
    pub fn ty(&self, names: &Names) -> TokenStream {
        let (value, list) = (&self.value, &names.value);
        match self.hold {
            Hold::Required => value.clone(),
            Hold::Optional => quote!(Option<#value>),
            Hold::OptionalBoxed => quote!(Option<Box<#value>>),
            Hold::List => quote!(#list::List<#value>),
        }
    }

    /// Whether the struct cannot be made without it.
    pub fn is_required(&self) -> bool {
        self.min > 0
    }

    /// Whether it takes a bit in `Group::REQUIRED`.
    fn takes_bit(&self) -> bool {
        self.hold == Hold::Required
    }

    fn is_counted(&self) -> bool {
        self.hold == Hold::List && (self.min > 0 || self.max.is_some())
    }

    fn blank(&self, names: &Names) -> TokenStream {
        let (codec, value) = (&names.codec, &names.value);
        match self.hold {
            Hold::Required => quote!(#codec::AvpValue::blank()),
            Hold::Optional | Hold::OptionalBoxed => quote!(None),
            Hold::List => quote!(#value::List::new()),
        }
    }
}

/// Items of `MEMBERS`.
fn members<'f>(names: &Names, fields: impl IntoIterator<Item = &'f Field>) -> TokenStream {
    let codec = &names.codec;
    let members = fields.into_iter().map(|field| {
        let (key, min) = (&field.key, Literal::u32_unsuffixed(field.min));
        let max = match field.max {
            Some(max) => {
                let max = Literal::u32_unsuffixed(max);
                quote!(#max)
            }
            None => quote!(#codec::MANY),
        };
        quote!(#codec::Member::new::<#key>(#min, #max),)
    });
    quote!(#(#members)*)
}

/// Arms of `decode_member`; `first_bit` is how many required members stand before `fields` in `MEMBERS`.
fn decode_arms(fields: &[Field], first_bit: usize) -> TokenStream {
    let mut bit = first_bit;
    let arms = fields.iter().map(|field| {
        let (name, pattern) = (&field.name, &field.pattern);
        let call = match field.hold {
            Hold::Required => {
                let at = Literal::usize_unsuffixed(bit);
                bit += 1;
                quote!(cursor.required(#at, avp, &mut self.#name))
            }
            Hold::Optional => quote!(cursor.optional(avp, &mut self.#name)),
            Hold::OptionalBoxed => quote!(cursor.optional_boxed(avp, &mut self.#name)),
            Hold::List => quote!(cursor.list(avp, &mut self.#name)),
        };
        quote!(#pattern => #call,)
    });
    quote!(#(#arms)*)
}

/// How many of `fields` take a bit in `Group::REQUIRED`.
fn required_bits(fields: &[Field]) -> usize {
    fields.iter().filter(|field| field.takes_bit()).count()
}

/// `encode_declared` calls; `first` is how many members stand before `fields` in `MEMBERS`.
fn encode_calls(fields: &[Field], first: usize) -> TokenStream {
    let calls = fields.iter().enumerate().map(|(index, field)| {
        let (name, index) = (&field.name, Literal::usize_unsuffixed(first + index));
        let method = match field.hold {
            Hold::Required => quote!(required),
            Hold::Optional => quote!(optional),
            Hold::OptionalBoxed => quote!(optional_boxed),
            Hold::List => quote!(list),
        };
        quote!(out.#method(&members[#index], &self.#name);)
    });
    quote!(#(#calls)*)
}

/// `check_counts` calls.
fn count_calls(fields: &[Field], first: usize) -> Vec<TokenStream> {
    let counted = fields.iter().enumerate().filter(|(_, field)| field.is_counted());
    counted
        .map(|(index, field)| {
            let (name, index) = (&field.name, Literal::usize_unsuffixed(first + index));
            quote!(check(#index, self.#name.len());)
        })
        .collect()
}

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
        quote! {
            #attributes
            #[derive(Clone, Debug, PartialEq)]
            #[non_exhaustive]
            pub struct #name {
                #fields
                #extras: #codec::Extras,
            }
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
                    pub fn new() -> Self {
                        #codec::Group::blank_group()
                    }
                    #with
                }
                impl Default for #name {
                    fn default() -> Self {
                        Self::new()
                    }
                }
            };
        }
        let companion = companion_name(name);
        let members = fields.iter().map(|field| {
            let (name, blank) = (&field.name, field.blank(names));
            if field.is_required() { quote!(#name: required.#name,) } else { quote!(#name: #blank,) }
        });
        quote! {
            impl #name {
                /// With the members that it cannot be without.
                pub fn new(required: #companion) -> Self {
                    Self { #(#members)* #extras: #codec::Extras::new() }
                }
                #with
            }
        }
    }

    /// The implementation of `Group`, and of `Allows` where the grammar ends in `* [ AVP ]`.
    pub fn group_impl(&self, names: &Names) -> TokenStream {
        let Self { name, fields, id, group_name, any, extras, .. } = self;
        let Names { codec, wire, .. } = names;
        let members = members(names, fields);
        let blanks = fields.iter().map(|field| {
            let (name, blank) = (&field.name, field.blank(names));
            quote!(#name: #blank,)
        });
        let arms = decode_arms(fields, 0);
        let counts = count_fn(&count_calls(fields, 0), &TokenStream::new());
        let encode = encode_declared(&encode_calls(fields, 0), &TokenStream::new(), names);
        let allows = any.then(|| quote!(impl<A: #codec::Avp> #codec::Allows<A> for #name {}));
        let decode = if fields.is_empty() {
            quote!(cursor.extra(avp, &mut self.#extras);)
        } else {
            quote! {
                match (avp.vendor, avp.code) {
                    #arms
                    _ => cursor.extra(avp, &mut self.#extras),
                }
            }
        };
        quote! {
            impl #codec::Group for #name {
                const ID: #codec::GroupId = #id;
                const NAME: &'static str = #group_name;
                const MEMBERS: &'static [#codec::Member] = &[#members];
                const ANY: bool = #any;
                fn blank_group() -> Self {
                    Self { #(#blanks)* #extras: #codec::Extras::new() }
                }
                fn decode_member(&mut self, avp: &#wire::RawAvp<'_>, cursor: &mut #codec::Cursor<'_, '_, '_>) {
                    #decode
                }
                #counts
                #encode
                fn extras(&self) -> &#codec::Extras {
                    &self.#extras
                }
                fn extras_mut(&mut self) -> &mut #codec::Extras {
                    &mut self.#extras
                }
            }
            #allows
        }
    }
}

/// What makes a Grouped AVP's struct a value.
pub fn value_impls(name: &Ident, names: &Names) -> TokenStream {
    let root = &names.root;
    quote!(#root::grouped_value! { #name })
}

/// An own form: a standard message and members beside it.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) name: Ident,
    /// The standard message's type, members and how it ends.
    pub(crate) standard: TokenStream,
    pub(crate) standard_fields: Vec<Field>,
    pub(crate) fields: Vec<Field>,
    pub(crate) group_name: String,
    pub(crate) any: bool,
    pub(crate) attributes: TokenStream,
}

impl Form {
    pub(crate) fn tokens(&self, names: &Names) -> TokenStream {
        let definition = self.definition(names);
        let companion = required_companion(&self.name, &self.fields, names);
        let constructors = self.constructors(names);
        let group = self.group_impl(names);
        quote!(#definition #companion #constructors #group)
    }

    fn definition(&self, names: &Names) -> TokenStream {
        let Self { name, standard, attributes, .. } = self;
        let fields = declarations(&self.fields, names);
        quote! {
            #attributes
            #[derive(Clone, Debug, PartialEq)]
            #[non_exhaustive]
            pub struct #name {
                /// The standard members. They are also reached by `Deref`.
                pub standard: #standard,
                #fields
            }
            impl ::core::ops::Deref for #name {
                type Target = #standard;
                fn deref(&self) -> &#standard {
                    &self.standard
                }
            }
            impl ::core::ops::DerefMut for #name {
                fn deref_mut(&mut self) -> &mut #standard {
                    &mut self.standard
                }
            }
        }
    }

    fn constructors(&self, names: &Names) -> TokenStream {
        let Self { name, standard, fields, .. } = self;
        let message = &names.message;
        let with = with_methods(fields);
        let is_required = fields.iter().any(Field::is_required);
        let companion = companion_name(name);
        let members = fields.iter().map(|field| {
            let (name, blank) = (&field.name, field.blank(names));
            if field.is_required() { quote!(#name: required.#name,) } else { quote!(#name: #blank,) }
        });
        let (ty, parameter, pattern, argument) = if is_required {
            (quote!(#companion), quote!(, required: #companion), quote!(required), quote!(, required))
        } else {
            (quote!(()), quote!(), quote!(()), quote!())
        };
        quote! {
            impl #name {
                /// A standard message, and what this form needs besides.
                pub fn new(standard: #standard #parameter) -> Self {
                    Self { standard, #(#members)* }
                }
                #with
            }
            impl #message::Form<#standard> for #name {
                type Required = #ty;
                fn assemble(standard: #standard, #pattern: #ty) -> Self {
                    Self::new(standard #argument)
                }
                fn standard(&self) -> &#standard {
                    &self.standard
                }
                fn standard_mut(&mut self) -> &mut #standard {
                    &mut self.standard
                }
            }
        }
    }

    fn group_impl(&self, names: &Names) -> TokenStream {
        let Self { name, standard, standard_fields, fields, group_name, any, .. } = self;
        let Names { codec, wire, .. } = names;
        let members = members(names, standard_fields.iter().chain(fields));
        let first = standard_fields.len();
        let blanks = fields.iter().map(|field| {
            let (name, blank) = (&field.name, field.blank(names));
            quote!(#name: #blank,)
        });
        let arms = decode_arms(fields, required_bits(standard_fields));
        let standard_counts = if count_calls(standard_fields, 0).is_empty() {
            TokenStream::new()
        } else {
            quote!(#codec::Group::check_counts(&self.standard, check);)
        };
        let counts = count_fn(&count_calls(fields, first), &standard_counts);
        let standard_encode = quote!(#codec::Group::encode_declared(&self.standard, out););
        let encode = encode_declared(&encode_calls(fields, first), &standard_encode, names);
        let allows = any.then(|| quote!(impl<A: #codec::Avp> #codec::Allows<A> for #name {}));
        quote! {
            impl #codec::Group for #name {
                const ID: #codec::GroupId = <#standard as #codec::Group>::ID;
                const NAME: &'static str = #group_name;
                const MEMBERS: &'static [#codec::Member] = &[#members];
                const ANY: bool = #any;
                fn blank_group() -> Self {
                    Self { standard: #codec::Group::blank_group(), #(#blanks)* }
                }
                fn decode_member(&mut self, avp: &#wire::RawAvp<'_>, cursor: &mut #codec::Cursor<'_, '_, '_>) {
                    match (avp.vendor, avp.code) {
                        #arms
                        _ => #codec::Group::decode_member(&mut self.standard, avp, cursor),
                    }
                }
                #counts
                #encode
                fn extras(&self) -> &#codec::Extras {
                    #codec::Group::extras(&self.standard)
                }
                fn extras_mut(&mut self) -> &mut #codec::Extras {
                    #codec::Group::extras_mut(&mut self.standard)
                }
            }
            #allows
        }
    }
}

fn count_fn(calls: &[TokenStream], first: &TokenStream) -> TokenStream {
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

fn encode_declared(calls: &TokenStream, first: &TokenStream, names: &Names) -> TokenStream {
    let codec = &names.codec;
    let out = if calls.is_empty() && first.is_empty() { quote!(_) } else { quote!(out) };
    let members = (!calls.is_empty()).then(|| quote!(let members = Self::MEMBERS;));
    quote! {
        fn encode_declared(&self, #out: &mut #codec::Encoder) {
            #members
            #first
            #calls
        }
    }
}

fn declarations(fields: &[Field], names: &Names) -> TokenStream {
    let fields = fields.iter().map(|field| {
        let (name, docs, ty) = (&field.name, &field.docs, field.ty(names));
        quote!(#docs pub #name: #ty,)
    });
    quote!(#(#fields)*)
}

fn companion_name(name: &Ident) -> Ident {
    super::names::ident(&diametric_dictionary::naming::required_name(&name.to_string()))
}

/// The struct of the members that have no default; nothing where there are none.
fn required_companion(name: &Ident, fields: &[Field], names: &Names) -> TokenStream {
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
fn with_methods(fields: &[Field]) -> TokenStream {
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
            pub fn #with(mut self, value: impl Into<#value>) -> Self {
                #set;
                self
            }
        }
    });
    quote!(#(#methods)*)
}
