//! `#[avp(…)]`, on types and on fields.

use crate::ast::Errors;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Ident, Lit, LitInt, LitStr, Path, Result, Token, parenthesized};

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct Spanned<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// `#[avp(name = "…", code = …, …)]` on a type.
pub(crate) struct AvpAttr {
    /// Where the attribute stands.
    pub(crate) span: Span,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) code: Option<Spanned<String>>,
    pub(crate) vendor: Option<Spanned<u32>>,
    pub(crate) flags: Option<Spanned<String>>,
    pub(crate) data_type: Option<Ident>,
    pub(crate) closed: Option<Span>,
    pub(crate) extends: Vec<Path>,
    /// The runtime.
    pub(crate) root: TokenStream,
}

const AVP_KEYS: [&str; 8] = ["name", "code", "vendor", "flags", "type", "closed", "extends", "crate"];

impl AvpAttr {
    pub(crate) fn read(attributes: &[Attribute], item: Span) -> Result<Self> {
        let attribute = only_attribute(attributes)?.ok_or_else(|| {
            Error::new(
                item,
                "say which AVP this is: `#[avp(name = \"Custom-Message\", code = 7001, vendor = 99999, …)]`",
            )
        })?;
        let mut attr = Self {
            span: attribute.path().span(),
            name: None,
            code: None,
            vendor: None,
            flags: None,
            data_type: None,
            closed: None,
            extends: Vec::new(),
            root: quote!(::diametric),
        };
        let mut seen: Vec<String> = Vec::new();
        let mut errors = Errors::default();
        let parse = |input: ParseStream<'_>| {
            while !input.is_empty() {
                let key = input.call(Ident::parse_any)?;
                let is_repeated = seen.contains(&key.to_string());
                seen.push(key.to_string());
                if is_repeated {
                    return Err(Error::new(key.span(), format!("`{key}` is given twice")));
                }
                attr.entry(&key, input)?;
                if !input.is_empty() {
                    input.parse::<Token![,]>()?;
                }
            }
            Ok(())
        };
        errors.take(attribute.parse_args_with(parse));
        errors.finish(attr)
    }

    fn entry(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        match key.to_string().as_str() {
            "name" => self.name = Some(string(input)?),
            "code" => self.code = Some(number(input)?),
            "vendor" => self.vendor = Some(vendor(input)?),
            "flags" => self.flags = Some(string(input)?),
            "type" => {
                input.parse::<Token![=]>()?;
                self.data_type = Some(input.call(Ident::parse_any)?);
            }
            "closed" => self.closed = Some(key.span()),
            "extends" => {
                let content;
                parenthesized!(content in input);
                self.extends = Punctuated::<Path, Token![,]>::parse_terminated(&content)?.into_iter().collect();
            }
            "crate" => {
                input.parse::<Token![=]>()?;
                self.root = Path::parse_mod_style(input)?.into_token_stream();
            }
            other => return Err(unknown(key.span(), other, &AVP_KEYS)),
        }
        Ok(())
    }
}

/// `#[avp(…)]` on a field.
pub(crate) enum FieldAttr {
    /// `#[avp(extras)]`.
    Extras(Span),
    /// `#[avp(RatingGroup)]`, `#[avp(CustomNote, min = 1, max = 3)]`.
    Member { key: Path, min: Option<Spanned<u32>>, max: Option<Spanned<u32>> },
}

const FIELD_KEYS: [&str; 2] = ["min", "max"];

impl FieldAttr {
    pub(crate) fn read(attributes: &[Attribute], field: &Ident) -> Result<Self> {
        let attribute = only_attribute(attributes)?.ok_or_else(|| {
            let message = format!(
                "which AVP is `{field}`? Name its type: `#[avp(RatingGroup)]`, or `#[avp(extras)]` for the AVPs that are \
                 not declared"
            );
            Error::new(field.span(), message)
        })?;
        attribute.parse_args_with(Self::parse)
    }

    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = input.call(Path::parse_mod_style)?;
        if key.is_ident("extras") {
            return Ok(Self::Extras(key.span()));
        }
        let (mut min, mut max) = (None, None);
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let name = input.call(Ident::parse_any)?;
            let slot = match name.to_string().as_str() {
                "min" => &mut min,
                "max" => &mut max,
                other => return Err(unknown(name.span(), other, &FIELD_KEYS)),
            };
            if slot.is_some() {
                return Err(Error::new(name.span(), format!("`{name}` is given twice")));
            }
            input.parse::<Token![=]>()?;
            let literal: LitInt = input.parse()?;
            *slot = Some(Spanned { value: literal.base10_parse()?, span: literal.span() });
        }
        Ok(Self::Member { key, min, max })
    }
}

/// The one `#[avp(…)]` of an item.
fn only_attribute(attributes: &[Attribute]) -> Result<Option<&Attribute>> {
    let mut ours = attributes.iter().filter(|attribute| attribute.path().is_ident("avp"));
    let first = ours.next();
    match ours.next() {
        Some(second) => Err(Error::new(second.span(), "a second `#[avp(…)]`: put everything into one")),
        None => Ok(first),
    }
}

/// What stands behind `key =` in `#[avp(…)]`, whatever else is wrong with the attribute.
pub(crate) fn lookup(attributes: &[Attribute], key: &str) -> Option<TokenStream> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("avp"))?;
    let mut trees = attribute.meta.require_list().ok()?.tokens.clone().into_iter().peekable();
    while let Some(tree) = trees.next() {
        let is_key = matches!(&tree, TokenTree::Ident(ident) if *ident == key);
        if is_key && trees.next_if(|next| is_punct(next, '=')).is_some() {
            let value: TokenStream = std::iter::from_fn(|| trees.next_if(|next| !is_punct(next, ','))).collect();
            return (!value.is_empty()).then_some(value);
        }
    }
    None
}

fn is_punct(tree: &TokenTree, c: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == c)
}

fn string(input: ParseStream<'_>) -> Result<Spanned<String>> {
    input.parse::<Token![=]>()?;
    let literal: LitStr = input.parse()?;
    Ok(Spanned { value: literal.value(), span: literal.span() })
}

/// A number, in the digits of the dictionary format; its range is for the dictionary's checks.
fn number(input: ParseStream<'_>) -> Result<Spanned<String>> {
    input.parse::<Token![=]>()?;
    let literal: Lit = input.parse()?;
    let Lit::Int(number) = &literal else {
        return Err(Error::new(literal.span(), "expected a number"));
    };
    Ok(Spanned { value: number.base10_digits().to_owned(), span: number.span() })
}

fn vendor(input: ParseStream<'_>) -> Result<Spanned<u32>> {
    let Spanned { value, span } = number(input)?;
    let message = "a vendor is its IANA enterprise number, at most 4294967295";
    Ok(Spanned { value: value.parse().map_err(|_| Error::new(span, message))?, span })
}

/// An error with the word that was meant, where there is one like it.
pub(crate) fn unknown(span: Span, word: &str, known: &[&str]) -> Error {
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min();
    let help = match nearest {
        Some((_, candidate)) => format!("did you mean `{candidate}`?"),
        None => format!("expected one of `{}`", known.join("`, `")),
    };
    Error::new(span, format!("unknown `{word}`; {help}"))
}
