//! `dictionary_table!`.

use crate::attr::{Spanned, read_entries, string, unknown};
use crate::expand::ALLOWED;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Error, Path, Result, Token, bracketed};

/// `name = "acme", avps = [A, B], commands = [C]`.
pub(crate) struct Table {
    name: Spanned<String>,
    avps: Vec<Path>,
    commands: Vec<Path>,
    root: TokenStream,
}

const KEYS: [&str; 4] = ["name", "avps", "commands", "crate"];

impl Parse for Table {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut name, mut avps, mut commands, mut root) = (None, Vec::new(), Vec::new(), quote!(::diametric));
        read_entries(input, |key, input| {
            match key.to_string().as_str() {
                "name" => name = Some(string(input)?),
                "avps" => avps = paths(input)?,
                "commands" => commands = paths(input)?,
                "crate" => {
                    input.parse::<Token![=]>()?;
                    root = Path::parse_mod_style(input)?.into_token_stream();
                }
                other => return Err(unknown(key.span(), other, &KEYS)),
            }
            Ok(())
        })?;
        let missing = || Error::new(Span::call_site(), "the table lacks its name: `name = \"acme\"`");
        Ok(Self { name: name.ok_or_else(missing)?, avps, commands, root })
    }
}

fn paths(input: ParseStream<'_>) -> Result<Vec<Path>> {
    input.parse::<Token![=]>()?;
    let content;
    bracketed!(content in input);
    Ok(Punctuated::<Path, Token![,]>::parse_terminated_with(&content, Path::parse_mod_style)?.into_iter().collect())
}

pub(crate) fn table(table: &Table) -> TokenStream {
    let Table { name, avps, commands, root } = table;
    let name = &name.value;
    let codec = quote!(#root::codec);
    let avp_infos = avps.iter().map(|avp| quote_spanned!(avp.span()=> #codec::AvpInfo::of::<#avp>()));
    let command_infos =
        commands.iter().map(|command| quote_spanned!(command.span()=> #codec::CommandInfo::of::<#command>()));
    let avp_twice = twice(avps, &quote!(AVPS), "vendor and code", &["vendor", "code"]);
    let command_twice = twice(commands, &quote!(COMMANDS), "application and code", &["application", "code", "request"]);
    let allowed = allowed(avps, &codec);
    quote! {{
        const AVPS: &[#codec::AvpInfo] = &[#(#avp_infos),*];
        const COMMANDS: &[#codec::CommandInfo] = &[#(#command_infos),*];
        #avp_twice
        #command_twice
        #codec::DictionaryTable { name: #name, avps: AVPS, commands: COMMANDS, allowed: #allowed }
    }}
}

/// Refuses items that are one and the same for a receiver: those that agree in `fields`.
fn twice(items: &[Path], list: &TokenStream, what: &str, fields: &[&str]) -> TokenStream {
    let told = items.iter().enumerate().map(|(index, item)| {
        let spelled = item.to_token_stream().to_string().replace(' ', "");
        let message = format!("`{spelled}` has the {what} of another in this table");
        quote_spanned!(item.span()=> #index => panic!(#message),)
    });
    let fields = fields.iter().map(|field| format_ident!("{field}"));
    quote! {
        const _: () = {
            let mut second = 0;
            while second < #list.len() {
                let mut first = 0;
                while first < second {
                    if #(#list[first].#fields == #list[second].#fields)&&* {
                        match second {
                            #(#told)*
                            _ => {}
                        }
                    }
                    first += 1;
                }
                second += 1;
            }
        };
    }
}

/// What derived AVPs are allowed in by `extends`, one behind the other.
fn allowed(avps: &[Path], codec: &TokenStream) -> TokenStream {
    if avps.is_empty() {
        return quote!(&[]);
    }
    let constant = format_ident!("{ALLOWED}");
    quote! {{
        // A constant of the type itself comes before that of a trait: AVPs without `extends` have this one.
        #[allow(dead_code)]
        trait ExtendsNothing {
            const #constant: &'static [#codec::AllowedMember] = &[];
        }
        impl<T: ?Sized> ExtendsNothing for T {}
        const PARTS: &[&[#codec::AllowedMember]] = &[#(<#avps>::#constant),*];
        const COUNT: usize = {
            let (mut count, mut part) = (0, 0);
            while part < PARTS.len() {
                count += PARTS[part].len();
                part += 1;
            }
            count
        };
        const ALL: [#codec::AllowedMember; COUNT] = {
            let nothing = #codec::AllowedMember { group: #codec::GroupId::AnswerMessage, vendor: 0, code: 0 };
            let mut all = [nothing; COUNT];
            let (mut at, mut part) = (0, 0);
            while part < PARTS.len() {
                let mut index = 0;
                while index < PARTS[part].len() {
                    all[at] = PARTS[part][index];
                    at += 1;
                    index += 1;
                }
                part += 1;
            }
            all
        };
        &ALL
    }}
}
