//! `#[avp(…)]` and `#[command(…)]`, on types, fields and variants.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Ident, Lit, LitBool, LitInt, LitStr, Path, Result, Token, parenthesized};

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
    pub(crate) values: Option<Values>,
    /// The runtime.
    pub(crate) root: TokenStream,
}

/// `values(…)`, and where it stands.
pub(crate) struct Values {
    pub(crate) span: Span,
    pub(crate) values: Vec<Value>,
}

/// `NONE = 0`, or `NIGHT("Night & weekend") = 1`.
pub(crate) struct Value {
    pub(crate) name: Ident,
    pub(crate) label: Option<LitStr>,
    pub(crate) number: Spanned<String>,
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.call(Ident::parse_any)?;
        let label = if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            Some(content.parse()?)
        } else {
            None
        };
        if !input.peek(Token![=]) {
            return Err(Error::new(name.span(), format!("which value is `{name}`? Write `{name} = 0`")));
        }
        input.parse::<Token![=]>()?;
        Ok(Self { name, label, number: signed(input)? })
    }
}

const AVP_KEYS: [&str; 9] = ["name", "code", "vendor", "flags", "type", "closed", "extends", "values", "crate"];

impl AvpAttr {
    pub(crate) fn read(attributes: &[Attribute], item: Span) -> Result<Self> {
        let attribute = only_attribute(attributes, "avp")?.ok_or_else(|| {
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
            values: None,
            root: quote!(::diametric),
        };
        entries(attribute, |key, input| attr.entry(key, input))?;
        Ok(attr)
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
            "values" => {
                let content;
                parenthesized!(content in input);
                let values = Punctuated::<Value, Token![,]>::parse_terminated(&content)?.into_iter().collect();
                self.values = Some(Values { span: key.span(), values });
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

/// `#[command(name = "…", code = …, …)]` on a type.
pub(crate) struct CommandAttr {
    /// Where the attribute stands.
    pub(crate) span: Span,
    pub(crate) name: Option<Spanned<String>>,
    pub(crate) short: Option<Spanned<String>>,
    pub(crate) code: Option<Spanned<String>>,
    pub(crate) application: Option<Spanned<String>>,
    pub(crate) request: Option<Span>,
    /// `answer`, or for a request `answer = Type`.
    pub(crate) answer: Option<(Span, Option<Path>)>,
    pub(crate) proxiable: bool,
    pub(crate) closed: bool,
    /// The runtime.
    pub(crate) root: TokenStream,
}

const COMMAND_KEYS: [&str; 9] =
    ["name", "code", "application", "short", "request", "answer", "proxiable", "closed", "crate"];

impl CommandAttr {
    pub(crate) fn read(attributes: &[Attribute], item: Span) -> Result<Self> {
        let attribute = only_attribute(attributes, "command")?.ok_or_else(|| {
            Error::new(
                item,
                "say which command this is: `#[command(name = \"Acme-Ping\", code = 8388700, application = 16777999, \
                 short = \"AP\", request, answer = AcmePingAnswer)]`",
            )
        })?;
        let mut attr = Self {
            span: attribute.path().span(),
            name: None,
            short: None,
            code: None,
            application: None,
            request: None,
            answer: None,
            proxiable: true,
            closed: false,
            root: quote!(::diametric),
        };
        entries(attribute, |key, input| attr.entry(key, input))?;
        Ok(attr)
    }

    fn entry(&mut self, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        match key.to_string().as_str() {
            "name" => self.name = Some(string(input)?),
            "short" => self.short = Some(string(input)?),
            "code" => self.code = Some(number(input)?),
            "application" => self.application = Some(number(input)?),
            "request" => self.request = Some(key.span()),
            "answer" => {
                let ty = if input.peek(Token![=]) {
                    input.parse::<Token![=]>()?;
                    Some(Path::parse_mod_style(input)?)
                } else {
                    None
                };
                self.answer = Some((key.span(), ty));
            }
            "proxiable" => {
                input.parse::<Token![=]>()?;
                self.proxiable = input.parse::<LitBool>()?.value;
            }
            "closed" => self.closed = true,
            "crate" => {
                input.parse::<Token![=]>()?;
                self.root = Path::parse_mod_style(input)?.into_token_stream();
            }
            other => return Err(unknown(key.span(), other, &COMMAND_KEYS)),
        }
        Ok(())
    }
}

/// `#[avp(label = "…")]` on a variant.
pub(crate) fn label(attributes: &[Attribute]) -> Result<Option<LitStr>> {
    let Some(attribute) = only_attribute(attributes, "avp")? else { return Ok(None) };
    let mut label = None;
    entries(attribute, |key, input| {
        if key != "label" {
            return Err(unknown(key.span(), &key.to_string(), &["label"]));
        }
        input.parse::<Token![=]>()?;
        label = Some(input.parse()?);
        Ok(())
    })?;
    Ok(label)
}

/// Reads what is between the parentheses of an attribute, each key once.
fn entries(attribute: &Attribute, mut entry: impl FnMut(&Ident, ParseStream<'_>) -> Result<()>) -> Result<()> {
    attribute.parse_args_with(|input: ParseStream<'_>| read_entries(input, &mut entry))
}

/// Reads `key …, key …`, each key once.
pub(crate) fn read_entries(
    input: ParseStream<'_>,
    mut entry: impl FnMut(&Ident, ParseStream<'_>) -> Result<()>,
) -> Result<()> {
    let mut seen: Vec<String> = Vec::new();
    while !input.is_empty() {
        let key = input.call(Ident::parse_any)?;
        let is_repeated = seen.contains(&key.to_string());
        seen.push(key.to_string());
        if is_repeated {
            return Err(Error::new(key.span(), format!("`{key}` is given twice")));
        }
        entry(&key, input)?;
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
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
        let attribute = only_attribute(attributes, "avp")?.ok_or_else(|| {
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

/// The one `#[avp(…)]` (or `#[command(…)]`) of an item.
fn only_attribute<'a>(attributes: &'a [Attribute], name: &str) -> Result<Option<&'a Attribute>> {
    let mut ours = attributes.iter().filter(|attribute| attribute.path().is_ident(name));
    let first = ours.next();
    match ours.next() {
        Some(second) => Err(Error::new(second.span(), format!("a second `#[{name}(…)]`: put everything into one"))),
        None => Ok(first),
    }
}

/// The path behind `key =` in `#[avp(…)]` or `#[command(…)]`, whatever else is wrong with the attribute; an error if what
/// stands there is no path.
pub(crate) fn lookup(attributes: &[Attribute], key: &str) -> Option<Result<Path>> {
    let is_ours = |path: &Path| path.is_ident("avp") || path.is_ident("command");
    let attribute = attributes.iter().find(|attribute| is_ours(attribute.path()))?;
    let mut trees = attribute.meta.require_list().ok()?.tokens.clone().into_iter().peekable();
    while let Some(tree) = trees.next() {
        let is_key = matches!(&tree, TokenTree::Ident(ident) if *ident == key);
        if is_key && trees.next_if(|next| is_punct(next, '=')).is_some() {
            let value: TokenStream = std::iter::from_fn(|| trees.next_if(|next| !is_punct(next, ','))).collect();
            return (!value.is_empty()).then(|| Path::parse_mod_style.parse2(value));
        }
    }
    None
}

/// The words before `=` or `(` between the parentheses of `key(…)` in `#[avp(…)]`, whatever else is wrong with it, but for
/// keywords, which name nothing.
pub(crate) fn words(attributes: &[Attribute], key: &str) -> Vec<Ident> {
    let list = attributes.iter().find(|attribute| attribute.path().is_ident("avp"));
    let Some(list) = list.and_then(|attribute| attribute.meta.require_list().ok()) else { return Vec::new() };
    let mut trees =
        list.tokens.clone().into_iter().skip_while(|tree| !matches!(tree, TokenTree::Ident(ident) if *ident == key));
    let Some(TokenTree::Group(group)) = trees.nth(1) else { return Vec::new() };
    let mut words: Vec<Ident> = Vec::new();
    for tree in group.stream() {
        if let TokenTree::Ident(word) = tree
            && !words.contains(&word)
            && syn::parse_str::<Ident>(&word.to_string()).is_ok()
        {
            words.push(word);
        }
    }
    words
}

fn is_punct(tree: &TokenTree, c: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == c)
}

pub(crate) fn string(input: ParseStream<'_>) -> Result<Spanned<String>> {
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

/// A number that may be negative.
fn signed(input: ParseStream<'_>) -> Result<Spanned<String>> {
    let sign = input.parse::<Option<Token![-]>>()?.map_or("", |_| "-");
    let literal: LitInt = input.parse()?;
    Ok(Spanned { value: format!("{sign}{}", literal.base10_digits()), span: literal.span() })
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
