//! Own forms of a command: a standard message, and members beside it.

use super::field::{Field, count_calls, decode_arms, encode_calls, members, required_bits};
use super::group::{companion_name, count_fn, debug, declarations, encode_declared, required_companion, with_methods};
use super::names::{Names, ident};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

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
        let debug = debug(name, Some(&ident("standard")), self.fields.iter().map(|field| &field.name), names);
        quote! {
            #attributes
            #[derive(Clone, PartialEq)]
            #[non_exhaustive]
            pub struct #name {
                /// The standard members. They are also reached by `Deref`.
                pub standard: #standard,
                #fields
            }
            #debug
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
        let members = fields.iter().map(|field| field.first(names));
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
        let blanks = fields.iter().map(|field| field.blank(names));
        let arms = decode_arms(fields, required_bits(standard_fields), names);
        let standard_counts = if count_calls(standard_fields, 0, names).is_empty() {
            TokenStream::new()
        } else {
            quote!(#codec::Group::check_counts(&self.standard, check);)
        };
        let counts = count_fn(&count_calls(fields, first, names), &standard_counts);
        let standard_encode = quote!(#codec::Group::encode_declared(&self.standard, out)?;);
        let encode = encode_declared(&encode_calls(fields, first, names), &standard_encode, names);
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
                fn decode_member(&mut self, avp: &#wire::RawAvp<'_>, cursor: &mut #codec::Cursor<'_, '_, '_>) -> #codec::Judged {
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
