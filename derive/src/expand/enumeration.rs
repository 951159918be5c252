//! Enumerations.

use super::{avp_in_error, bounds, derived, extends, in_error};
use crate::attr;
use crate::valid::ValidEnumeration;
use diametric_codegen::derive_support::{Names, key_impl};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::{Data, DeriveInput};

pub(crate) fn enumeration(enumeration: &ValidEnumeration) -> TokenStream {
    let ValidEnumeration { key, number, closed, values } = enumeration;
    let names = Names::absolute(key.root.clone());
    let name = &key.name;
    let items: Vec<_> = key.avp.items.iter().map(|item| (literal(item.value), &item.label)).collect();
    let numbers: Vec<_> = items.iter().map(|(number, _)| number).collect();
    let (constants, from_raw, raw, blank) = if *closed {
        let from_raw = quote! {
            match raw {
                #(#numbers => Some(Self::#values),)*
                _ => None,
            }
        };
        let first = values.first();
        (TokenStream::new(), from_raw, quote!(self as #number), quote!(Self::#first))
    } else {
        let constants = values.iter().zip(&items).map(|(value, (number, label))| {
            let docs = format!(" `{label}` ({number}).");
            quote!(#[doc = #docs] pub const #value: Self = Self(#number);)
        });
        let constants = quote! {
            #[allow(dead_code)]
            impl #name {
                #(#constants)*
            }
            impl ::core::convert::From<#number> for #name {
                fn from(raw: #number) -> Self {
                    Self(raw)
                }
            }
        };
        (constants, quote!(Some(Self(raw))), quote!(self.0), quote!(Self(0)))
    };
    let labels = items.iter().map(|(number, label)| quote!((#number, #label)));
    let value = value(name, number, &names, &blank);
    let (derived, bounds, root) = (derived(&quote!(Copy + Eq)), bounds(name), &names.root);
    let avp = key_impl(&key.avp, name, &quote!(#name), &names);
    let extends = extends(key, &names);
    quote! {
        const _: () = {
            #derived
            impl #root::value::Enumeration for #name #bounds {
                type Raw = #number;
                const LABELS: &'static [(#number, &'static str)] = &[#(#labels),*];
                fn from_raw(raw: #number) -> ::core::option::Option<Self> {
                    #from_raw
                }
                fn raw(self) -> #number {
                    #raw
                }
            }
            #value
        };
        #constants
        #avp
        #extends
    }
}

/// As `enumeration_value!` has it, but for the bounds.
fn value(name: &Ident, number: &Ident, names: &Names, blank: &TokenStream) -> TokenStream {
    let (Names { codec, value, .. }, bounds) = (names, bounds(name));
    let raw = quote!(#value::Enumeration::raw(*self));
    let print = quote! {
        fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #value::__private::write_label(*self, f)
        }
    };
    quote! {
        impl ::core::fmt::Debug for #name #bounds {
            #print
        }
        impl ::core::fmt::Display for #name #bounds {
            #print
        }
        impl ::core::convert::From<#name> for #number #bounds {
            fn from(value: #name) -> #number {
                #value::Enumeration::raw(value)
            }
        }
        impl #value::ListItem for #name #bounds {
            type Storage = #value::InlineList<[Self; 4]>;
        }
        impl #codec::AvpValue for #name #bounds {
            const MIN_PAYLOAD: usize = 4;
            fn blank() -> Self {
                #blank
            }
            fn decode_value(
                &mut self,
                data: &[u8],
                decoder: &mut #codec::Decoder<'_>,
            ) -> ::core::result::Result<(), #codec::Fault> {
                let mut raw: #number = 0;
                #codec::AvpValue::decode_value(&mut raw, data, decoder)?;
                #value::__private::decode_raw(self, raw)
            }
            fn encode_value(&self, out: &mut #codec::Encoder) {
                #codec::AvpValue::encode_value(&#raw, out);
            }
            fn encode_avp(&self, header: #codec::AvpHeader, out: &mut #codec::Encoder) {
                #codec::AvpValue::encode_avp(&#raw, header, out);
            }
        }
    }
}

fn literal(value: i64) -> TokenStream {
    let digits = Literal::u64_unsuffixed(value.unsigned_abs());
    if value < 0 { quote!(-#digits) } else { quote!(#digits) }
}

/// What stands for an enumeration with mistakes, so that its uses are not mistakes too.
pub(crate) fn enumeration_in_error(input: &DeriveInput) -> TokenStream {
    let Some((name, names)) = in_error(input) else { return TokenStream::new() };
    let root = &names.root;
    let avp = avp_in_error(name, &quote!(#name), &names);
    let definition = match &input.data {
        Data::Enum(data) if data.variants.iter().all(|variant| variant.fields.is_empty()) => {
            let Some(first) = data.variants.first().map(|variant| &variant.ident) else { return TokenStream::new() };
            quote!(#root::closed_enumeration! { #name, i32, #first, [] })
        }
        Data::Struct(data) if data.fields.len() == 1 => {
            let constants = attr::words(&input.attrs, "values").into_iter();
            let field = data.fields.iter().next().map(|field| &field.ty);
            // Of any other type there is nothing that could stand in.
            if !matches!(quote!(#field).to_string().as_str(), "i32" | "u32") {
                return TokenStream::new();
            }
            quote! {
                #[allow(dead_code, missing_docs)]
                impl #name {
                    #(pub const #constants: Self = Self(0);)*
                }
                #root::open_enumeration! { #name, #field, [] }
            }
        }
        _ => return TokenStream::new(),
    };
    quote!(#definition #avp)
}
