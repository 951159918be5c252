//! What is generated: the same as from a dictionary.

mod command;
mod enumeration;

pub(crate) use command::{command, command_in_error};
pub(crate) use enumeration::{enumeration, enumeration_in_error};

use crate::valid::{ValidGroup, ValidKey, ValidMember};
use crate::{attr, valid};
use diametric_codegen::derive_support::{Field, Names, Struct, key_impl, value_impls};
use diametric_dictionary::model::DataType;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Path, Type};

pub(crate) fn key(key: &ValidKey) -> TokenStream {
    let names = Names::absolute(key.root.clone());
    let value = names.data_type(key.avp.data_type);
    let avp = key_impl(&key.avp, &key.name, &value, &names);
    let extends = extends(key, &names);
    quote!(#avp #extends)
}

pub(crate) fn group(group: &ValidGroup) -> TokenStream {
    let key = &group.key;
    let names = Names::absolute(key.root.clone());
    let (name, codec) = (&key.name, &names.codec);
    let (vendor, code) = (Literal::u32_unsuffixed(key.avp.vendor), Literal::u32_unsuffixed(key.avp.code));
    let definition = Struct {
        name: name.clone(),
        fields: group.members.iter().map(|member| field(member, &names)).collect(),
        id: quote!(#codec::GroupId::Avp { vendor: #vendor, code: #code }),
        group_name: key.avp.name.clone(),
        any: group.any,
        attributes: TokenStream::new(),
        extras: group.extras.clone(),
        extras_written: Some(written(&group.extras_type)),
        bounds: bounds(name),
    };
    let group = definition.group_impl(&names);
    let (value, extends) = (value_impls(name, &bounds(name), &names), extends(key, &names));
    let avp = key_impl(&key.avp, name, &quote!(#name), &names);
    let derived = derived(&quote!(Clone + ::core::fmt::Debug + PartialEq));
    quote! {
        const _: () = {
            #derived
            #group
            #value
        };
        #avp
        #extends
    }
}

/// What is left to other derives, as a trait. The compiler does not check a bound with a lifetime where it stands, only
/// where it matters: so a derive that was forgotten is one error, and not one for each implementation that demands it.
fn derived(traits: &TokenStream) -> TokenStream {
    quote! {
        pub trait Derived<'a>: #traits {}
        impl<T: #traits> Derived<'_> for T {}
    }
}

/// Demands what is left to other derives.
fn bounds(name: &Ident) -> TokenStream {
    quote!(where for<'a> #name: Derived<'a>)
}

fn field(member: &ValidMember, names: &Names) -> Field {
    let (key, codec) = (&member.key, &names.codec);
    let span = key.span();
    let avp = quote_spanned!(span=> <#key as #codec::Avp>);
    Field {
        name: member.name.clone(),
        key: key.to_token_stream(),
        value: quote_spanned!(span=> #avp::Value),
        hold: member.hold,
        min: member.min,
        max: member.max,
        pattern: quote_spanned!(span=> (#avp::VENDOR, #avp::CODE)),
        docs: TokenStream::new(),
        written: Some(written(&member.written)),
    }
}

/// A field's type as it stands before `as`. A trait where a type belongs may end with `+`, and needs parentheses, so that
/// only the compiler's error about it is shown.
fn written(ty: &Type) -> TokenStream {
    match ty {
        Type::TraitObject(_) | Type::ImplTrait(_) => quote!((#ty)),
        _ => ty.to_token_stream(),
    }
}

fn extends(key: &ValidKey, names: &Names) -> TokenStream {
    let (name, codec) = (&key.name, &names.codec);
    let targets = &key.extends;
    if targets.is_empty() {
        return TokenStream::new();
    }
    let allowed = quote::format_ident!("{ALLOWED}");
    quote! {
        #(impl #codec::Allows<#name> for #targets {})*
        impl #name {
            #[doc(hidden)]
            pub const #allowed: &'static [#codec::AllowedMember] = &[#(
                #codec::AllowedMember {
                    group: <#targets as #codec::Group>::ID,
                    vendor: <#name as #codec::Avp>::VENDOR,
                    code: <#name as #codec::Avp>::CODE,
                },
            )*];
        }
    }
}

/// Constant by which `dictionary_table!` finds what an AVP `extends`.
pub(crate) const ALLOWED: &str = "__DIAMETRIC_ALLOWED";

/// What stands for a key with mistakes, so that its uses are not mistakes too.
pub(crate) fn key_in_error(input: &DeriveInput) -> TokenStream {
    let Some((name, names)) = in_error(input) else { return TokenStream::new() };
    let data_type = attr::lookup(&input.attrs, "type").and_then(Result::ok);
    let data_type = data_type.and_then(|name| valid::data_type_named(&name.to_token_stream().to_string()));
    let value = names.data_type(data_type.unwrap_or(DataType::OctetString));
    avp_in_error(name, &value, &names)
}

/// What stands for a group with mistakes, so that its uses are not mistakes too.
pub(crate) fn group_in_error(input: &DeriveInput) -> TokenStream {
    let Some((name, names)) = in_error(input) else { return TokenStream::new() };
    let group = group_stub(name, &names);
    let (avp, value) = (avp_in_error(name, &quote!(#name), &names), value_impls(name, &TokenStream::new(), &names));
    let keys = used_keys(input);
    quote!(#group #value #avp #keys)
}

/// Uses the keys of the fields, so that their imports are not told to be unused besides.
fn used_keys(input: &DeriveInput) -> TokenStream {
    let syn::Data::Struct(data) = &input.data else { return TokenStream::new() };
    let keys =
        data.fields.iter().filter_map(|field| match attr::FieldAttr::read(&field.attrs, field.ident.as_ref()?) {
            Ok(attr::FieldAttr::Member { key, .. }) => Some(key),
            _ => None,
        });
    quote!(#(const _: ::core::marker::PhantomData<#keys> = ::core::marker::PhantomData;)*)
}

fn group_stub(name: &Ident, names: &Names) -> TokenStream {
    let Names { codec, wire, .. } = names;
    quote! {
        impl #codec::Group for #name {
            const ID: #codec::GroupId = #codec::GroupId::Avp { vendor: 0, code: 0 };
            const NAME: &'static str = "";
            const MEMBERS: &'static [#codec::Member] = &[];
            const ANY: bool = true;
            fn blank_group() -> Self {
                loop {}
            }
            fn decode_member(&mut self, _: &#wire::RawAvp<'_>, _: &mut #codec::Cursor<'_, '_, '_>) -> #codec::Judged {
                loop {}
            }
            fn encode_declared(&self, _: &mut #codec::Encoder) -> #codec::Encoded {
                loop {}
            }
            fn extras(&self) -> &#codec::Extras {
                loop {}
            }
            fn extras_mut(&mut self) -> &mut #codec::Extras {
                loop {}
            }
        }
        impl<A: #codec::Avp> #codec::Allows<A> for #name {}
    }
}

fn in_error(input: &DeriveInput) -> Option<(&Ident, Names)> {
    let root = attr::lookup(&input.attrs, "crate").and_then(Result::ok);
    let root = root.map_or_else(|| quote!(::diametric), Path::into_token_stream);
    input.generics.params.is_empty().then(|| (&input.ident, Names::absolute(root)))
}

fn avp_in_error(name: &Ident, value: &TokenStream, names: &Names) -> TokenStream {
    let Names { codec, wire, .. } = names;
    quote! {
        impl #codec::Avp for #name {
            const CODE: u32 = 0;
            const VENDOR: u32 = 0;
            const FLAGS: #wire::AvpFlags = #wire::AvpFlags::NONE;
            const NAME: &'static str = "";
            type Value = #value;
        }
    }
}
