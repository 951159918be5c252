//! Enumerations.

use super::{ValidKey, avp, data_type};
use crate::ast::{Enumeration, EnumerationKind};
use crate::attr::Value;
use diametric_dictionary::model::DataType;
use proc_macro2::{Ident, Span};
use quote::{ToTokens, format_ident};
use syn::{Error, Result, Type};

/// An enumeration that is in order.
pub(crate) struct ValidEnumeration {
    pub(crate) key: ValidKey,
    /// `i32` or `u32`.
    pub(crate) number: Ident,
    pub(crate) closed: bool,
    /// The name of each value in Rust; its number and label are in the definition.
    pub(crate) values: Vec<Ident>,
}

pub(crate) fn enumeration(enumeration: Enumeration) -> Result<ValidEnumeration> {
    let Enumeration { name, mut attr, kind, mut errors } = enumeration;
    let given = attr.data_type.as_ref().map(|name| (name.span(), errors.take(data_type(name))));
    let (values, closed, data_type) = match kind {
        EnumerationKind::Open { number } => {
            if let Some(span) = attr.closed {
                errors.push(span, "a closed enumeration is a Rust enum: `pub enum Kind { First = 1, … }`");
            }
            let data_type = errors.take(of_number(&number, given)).unwrap_or(DataType::Enumerated);
            let values = attr.values.take().map_or_else(Vec::new, |values| values.values);
            if values.is_empty() && attr.closed.is_none() {
                errors.push(attr.span, "which values have names? Add `values(NONE = 0, SUMMER_NIGHTS = 1)`");
            }
            (values, false, data_type)
        }
        EnumerationKind::Closed { values } => {
            if let Some(values) = &attr.values {
                errors.push(values.span, "the values of an enum are its variants");
            }
            let data_type = match given {
                Some((span, Some(given))) if !carries_values(given) => {
                    errors.push(span, NO_VALUES);
                    DataType::Enumerated
                }
                Some((_, Some(given))) => given,
                _ => DataType::Enumerated,
            };
            (values, true, data_type)
        }
    };
    let definition = errors.take(avp(&attr, data_type, |draft| {
        for Value { name, label, number } in &values {
            let spelled = label.as_ref().map_or_else(|| constant_name(name, closed), syn::LitStr::value);
            draft.line("<item", Some(name.span()));
            draft.attribute("code", &number.value, number.span);
            draft.attribute("name", &spelled, label.as_ref().map_or(name.span(), syn::LitStr::span));
            // Variants are spelled as Rust spells them; what they are called is not for the dictionary to judge.
            let rust_name = if closed { constant_name(name, closed) } else { name.to_string() };
            draft.attribute("rust-name", &rust_name, name.span());
            draft.line("/>", None);
        }
    }));
    let Some(definition) = definition else { return Err(errors.into_error()) };
    let number = if data_type == DataType::Unsigned32 { format_ident!("u32") } else { format_ident!("i32") };
    let values = values.into_iter().map(|value| value.name).collect();
    let key = ValidKey { name, avp: definition, extends: attr.extends, root: attr.root };
    errors.finish(ValidEnumeration { key, number, closed, values })
}

const NO_VALUES: &str = "named values are for Enumerated, Integer32 and Unsigned32";

fn carries_values(data_type: DataType) -> bool {
    matches!(data_type, DataType::Enumerated | DataType::Integer32 | DataType::Unsigned32)
}

/// The format of `struct Name(pub number)`, which must fit the one given.
fn of_number(number: &Type, given: Option<(Span, Option<DataType>)>) -> Result<DataType> {
    let otherwise = match number.to_token_stream().to_string().as_str() {
        "i32" => DataType::Enumerated,
        "u32" => DataType::Unsigned32,
        _ => return Err(Error::new_spanned(number, "the number on the wire is an `i32`, or a `u32` for Unsigned32")),
    };
    let Some((span, Some(given))) = given else { return Ok(otherwise) };
    match (given, otherwise) {
        (DataType::Unsigned32, DataType::Enumerated) => {
            Err(Error::new_spanned(number, "the number of an Unsigned32 is a `u32`"))
        }
        (DataType::Enumerated | DataType::Integer32, DataType::Unsigned32) => {
            Err(Error::new_spanned(number, "the number of an Enumerated or Integer32 is an `i32`"))
        }
        _ if carries_values(given) => Ok(given),
        _ => Err(Error::new(span, NO_VALUES)),
    }
}

/// The name of a value in the dictionary: `FirstKind` is `FIRST_KIND`.
fn constant_name(name: &Ident, is_variant: bool) -> String {
    let name = name.to_string();
    if !is_variant {
        return name;
    }
    let mut out = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_ascii_uppercase() && after_small {
            out.push('_');
        }
        after_small = !c.is_ascii_uppercase() && c != '_';
        out.push(c.to_ascii_uppercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_get_the_name_of_their_constant() {
        let table = [("FirstKind", "FIRST_KIND"), ("Sms2Go", "SMS2_GO"), ("IP", "IP"), ("_3gpp", "_3GPP")];
        for (variant, constant) in table {
            assert_eq!(constant_name(&format_ident!("{variant}"), true), constant);
        }
    }

    #[test]
    fn constants_keep_theirs() {
        assert_eq!(constant_name(&format_ident!("A_B"), false), "A_B");
    }
}
