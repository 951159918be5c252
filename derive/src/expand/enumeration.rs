//! Enumerations.

use super::{avp_in_error, bounds, derived, extends, in_error};
use crate::attr;
use crate::valid::ValidEnumeration;
use diametric_codegen::derive_support::{Names, key_impl, number as literal};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput};

pub(crate) fn enumeration(enumeration: &ValidEnumeration) -> TokenStream {
    let ValidEnumeration { key, number, closed, values } = enumeration;
    let names = Names::absolute(key.root.clone());
    let name = &key.name;
    let items: Vec<_> = key.avp.items.iter().map(|item| (literal(item.value), &item.label)).collect();
    let (derived, bounds, root) = (derived(&quote!(Copy + Eq)), bounds(name), &names.root);
    let (constants, value) = if *closed {
        let first = values.first();
        let labels = values.iter().zip(&items).map(|(value, (number, label))| quote!(#number = #value #label));
        let value = quote!(#root::closed_enumeration! { #name, #number, #first, [#(#labels),*] #bounds });
        (TokenStream::new(), value)
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
        };
        let labels = items.iter().map(|(number, label)| quote!(#number = #label));
        (constants, quote!(#root::open_enumeration! { #name, #number, [#(#labels),*] #bounds }))
    };
    let avp = key_impl(&key.avp, name, &quote!(#name), &names);
    let extends = extends(key, &names);
    quote! {
        const _: () = {
            #derived
            #value
        };
        #constants
        #avp
        #extends
    }
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
