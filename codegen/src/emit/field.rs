//! The members of a struct, and the lines that each adds to its functions.

use super::names::Names;
use diametric_dictionary::shape::Hold;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;

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
    /// The type as it was written by hand, where it was: it has to be checked.
    pub written: Option<TokenStream>,
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

    /// The field as it is made, with nothing in it, in a literal of its struct.
    pub(super) fn blank(&self, names: &Names) -> TokenStream {
        let (name, codec, value) = (&self.name, &names.codec, &names.value);
        let blank = match self.hold {
            Hold::Required => quote!(#codec::AvpValue::blank()),
            Hold::Optional | Hold::OptionalBoxed => quote!(None),
            Hold::List => quote!(#value::List::new()),
        };
        let blank = self.checked(names, &quote!(make), blank);
        quote!(#name: #blank,)
    }

    /// The same, but what is required is taken from the companion `required`.
    pub(super) fn first(&self, names: &Names) -> TokenStream {
        let name = &self.name;
        if self.is_required() { quote!(#name: required.#name,) } else { self.blank(names) }
    }

    fn shared(&self, names: &Names) -> TokenStream {
        let name = &self.name;
        self.checked(names, &quote!(get), quote!(&self.#name))
    }

    fn exclusive(&self, names: &Names) -> TokenStream {
        let name = &self.name;
        self.checked(names, &quote!(get_mut), quote!(&mut self.#name))
    }

    fn checked(&self, names: &Names, method: &TokenStream, value: TokenStream) -> TokenStream {
        match &self.written {
            Some(written) => checked(names, written, &self.ty(names), method, value),
            None => value,
        }
    }
}

/// `value` by way of a check that its type as written by hand is the one demanded.
pub(super) fn checked(
    names: &Names,
    written: &TokenStream,
    demanded: &TokenStream,
    method: &TokenStream,
    value: TokenStream,
) -> TokenStream {
    // Every mention has the same span, and so the compiler shows one error for all.
    let span = written.clone().into_iter().next().map_or_else(Span::call_site, |first| first.span());
    let root = &names.root;
    quote_spanned!(span=> <#written as #root::generated::Holds<#demanded>>::#method(#value))
}

/// Items of `MEMBERS`.
pub(super) fn members<'f>(names: &Names, fields: impl IntoIterator<Item = &'f Field>) -> TokenStream {
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
        if field.written.is_none() {
            return quote!(#codec::Member::new::<#key>(#min, #max),);
        }
        // As `Member::new` has it, but each mention of a key that is none is the same error, and shown once.
        let avp = quote_spanned!(key.span()=> <#key as #codec::Avp>);
        quote! {
            #codec::Member {
                header: #codec::AvpHeader { code: #avp::CODE, vendor: #avp::VENDOR, flags: #avp::FLAGS },
                name: #avp::NAME,
                min: #min,
                max: #max,
                min_payload: <#avp::Value as #codec::AvpValue>::MIN_PAYLOAD,
            },
        }
    });
    quote!(#(#members)*)
}

/// Arms of `decode_member`; `first_bit` is how many required members stand before `fields` in `MEMBERS`.
pub(super) fn decode_arms(fields: &[Field], first_bit: usize, names: &Names) -> TokenStream {
    let mut bit = first_bit;
    let arms = fields.iter().map(|field| {
        let (slot, pattern) = (field.exclusive(names), &field.pattern);
        let call = match field.hold {
            Hold::Required => {
                let at = Literal::usize_unsuffixed(bit);
                bit += 1;
                quote!(cursor.required(#at, avp.data, #slot))
            }
            Hold::Optional => quote!(cursor.optional(avp.data, #slot)),
            Hold::OptionalBoxed => quote!(cursor.optional_boxed(avp.data, #slot)),
            Hold::List => quote!(cursor.list(avp, #slot)),
        };
        quote!(#pattern => #call,)
    });
    quote!(#(#arms)*)
}

/// How many of `fields` take a bit in `Group::REQUIRED`.
pub(super) fn required_bits(fields: &[Field]) -> usize {
    fields.iter().filter(|field| field.takes_bit()).count()
}

/// `encode_declared` calls; `first` is how many members stand before `fields` in `MEMBERS`.
pub(super) fn encode_calls(fields: &[Field], first: usize, names: &Names) -> TokenStream {
    let calls = fields.iter().enumerate().map(|(index, field)| {
        let (value, index) = (field.shared(names), Literal::usize_unsuffixed(first + index));
        let method = match field.hold {
            Hold::Required => quote!(required),
            Hold::Optional => quote!(optional),
            Hold::OptionalBoxed => quote!(optional_boxed),
            Hold::List => quote!(list),
        };
        quote!(if let Err(error) = out.#method(&members[#index], #value) { return Err(error); })
    });
    quote!(#(#calls)*)
}

/// `check_counts` calls.
pub(super) fn count_calls(fields: &[Field], first: usize, names: &Names) -> Vec<TokenStream> {
    let counted = fields.iter().enumerate().filter(|(_, field)| field.is_counted());
    counted
        .map(|(index, field)| {
            let (name, index) = (&field.name, Literal::usize_unsuffixed(first + index));
            let list = if field.written.is_some() { field.shared(names) } else { quote!(self.#name) };
            quote!(check(#index, #list.len());)
        })
        .collect()
}
