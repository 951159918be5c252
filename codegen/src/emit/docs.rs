//! Doc comments.

use diametric_dictionary::grammar;
use diametric_dictionary::model::{Avp, Dictionary, FlagRule, Item, Member};
use proc_macro2::TokenStream;
use quote::quote;

/// `#[doc = …]` for each line, which the formatter prints as `///`.
pub(crate) fn comment<I: IntoIterator<Item = S>, S: AsRef<str>>(lines: I) -> TokenStream {
    let lines = lines.into_iter().map(|line| {
        let line = line.as_ref();
        let line = if line.is_empty() { String::new() } else { format!(" {line}") };
        quote!(#[doc = #line])
    });
    quote!(#(#lines)*)
}

/// `#[doc(alias = …)]` with the name as the specification spells it, where that says more than the Rust name.
pub(crate) fn alias(name: &str, rust_name: &str) -> TokenStream {
    let refused = |c: char| c == '"' || c == '\'' || c.is_whitespace();
    if name == rust_name || name.is_empty() || name.contains(refused) {
        return TokenStream::new();
    }
    quote!(#[doc(alias = #name)])
}

/// Text of a dictionary, for Markdown: nothing in it is markup.
pub(crate) fn prose(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        for c in word.chars() {
            if matches!(c, '[' | ']' | '<' | '>' | '*' | '_' | '`' | '\\' | '#' | '|') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// Text of a dictionary between backticks.
pub(crate) fn code(text: &str) -> String {
    text.replace('`', "'")
}

/// The target of a link to a type.
pub(crate) fn link(path: &TokenStream) -> String {
    path.to_string().replace(' ', "")
}

/// Text of a dictionary as a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut text = prose(text);
    if !text.ends_with(['.', '!', '?', ':']) {
        text.push('.');
    }
    text
}

/// The documentation of an AVP's type.
pub(crate) fn avp(dictionary: &Dictionary, avp: &Avp) -> Vec<String> {
    let mut lines = Vec::new();
    match &avp.doc {
        Some(doc) => lines.push(sentence(doc)),
        None => lines.push(format!("The AVP {}.", prose(&avp.name))),
    }
    lines.push(String::new());
    let vendor = match avp.vendor {
        0 => String::new(),
        id => match dictionary.vendors.iter().find(|vendor| vendor.id == id) {
            Some(vendor) => format!(" of vendor {id} ({})", prose(&vendor.name)),
            None => format!(" of vendor {id}"),
        },
    };
    let values = if avp.items.is_empty() {
        ""
    } else if avp.closed {
        ", closed list of values"
    } else {
        ", open list of values"
    };
    let mut facts =
        format!("`{}`: AVP {}{vendor}, {}{values}", code(&avp.name), avp.code, grammar::type_name(avp.data_type));
    let must = flags(avp, FlagRule::Must);
    let must_not = flags(avp, FlagRule::MustNot);
    if !must.is_empty() {
        facts.push_str(&format!(", {must} must be set"));
    }
    if !must_not.is_empty() {
        facts.push_str(&format!(", {must_not} must not be set"));
    }
    facts.push('.');
    if let Some(spec) = &avp.spec {
        facts.push_str(&format!(" {}.", prose(spec)));
    }
    lines.push(facts);
    lines.extend(deprecation(avp.deprecated.as_deref()));
    lines
}

fn flags(avp: &Avp, rule: FlagRule) -> String {
    let m = (avp.m == rule).then_some("M");
    let p = (avp.p == rule).then_some("P");
    [m, p].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The end of a documentation: why what it is about should not be used any more.
fn deprecation(deprecated: Option<&str>) -> impl Iterator<Item = String> {
    deprecated.into_iter().flat_map(|why| [String::new(), format!("**Deprecated**: {}", sentence(why))])
}

/// The documentation of a named value.
pub(crate) fn item(item: &Item) -> Vec<String> {
    let mut line = format!("`{}` ({})", code(&item.label), item.value);
    if let Some(spec) = &item.spec {
        line.push_str(&format!(", {}", prose(spec)));
    }
    line.push('.');
    let mut lines = vec![line];
    lines.extend(deprecation(item.deprecated.as_deref()));
    lines
}

/// The documentation of a field.
pub(crate) fn member(dictionary: &Dictionary, member: &Member) -> Vec<String> {
    let avp = dictionary.avp(member.avp);
    let mut line = format!("`{}`", code(&grammar::member(dictionary, member)));
    if let Some(spec) = member.spec.as_ref().or(avp.spec.as_ref()) {
        line.push_str(&format!(", {}", prose(spec)));
    }
    match &avp.doc {
        Some(doc) => line.push_str(&format!(": {}", sentence(&lower_first(doc)))),
        None => line.push('.'),
    }
    let mut lines = vec![line];
    lines.extend(deprecation(avp.deprecated.as_deref()));
    lines
}

/// `The Name` becomes `the Name`; `QoS class` and `IMSI of …` stay.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), second) if second.is_none_or(|c| c.is_lowercase() || c.is_whitespace()) => {
            let word = text.split(' ').next().unwrap_or_default();
            if word.contains(|c: char| c == '-' || c.is_ascii_digit()) || word.chars().skip(1).any(char::is_uppercase) {
                return text.to_owned();
            }
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

/// A grammar in a fenced block.
pub(crate) fn fenced(grammar: &str) -> Vec<String> {
    let lines = grammar.lines().map(str::to_owned);
    ["```text".to_owned()].into_iter().chain(lines).chain(["```".to_owned()]).collect()
}
