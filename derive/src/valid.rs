//! Judges what was read: the checks of the XML dictionaries, and those that only Rust needs.

mod command;
mod enumeration;

pub(crate) use command::{Direction, ValidCommand, command};
pub(crate) use enumeration::{ValidEnumeration, enumeration};

use crate::ast::{Errors, Field, Group, Key};
use crate::attr::{AvpAttr, FieldAttr, Spanned, unknown};
use crate::draft::Draft;
use diametric_dictionary::grammar;
use diametric_dictionary::model::{Avp, DataType};
use diametric_dictionary::shape::Hold;
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::{Error, GenericArgument, Path, PathArguments, Result, Type};

const TYPES: [DataType; 16] = [
    DataType::OctetString,
    DataType::Integer32,
    DataType::Integer64,
    DataType::Unsigned32,
    DataType::Unsigned64,
    DataType::Float32,
    DataType::Float64,
    DataType::Grouped,
    DataType::Address,
    DataType::Time,
    DataType::Utf8String,
    DataType::DiameterIdentity,
    DataType::DiameterUri,
    DataType::Enumerated,
    DataType::IpFilterRule,
    DataType::QosFilterRule,
];

/// A key that is in order.
pub(crate) struct ValidKey {
    pub(crate) name: Ident,
    pub(crate) avp: Avp,
    pub(crate) extends: Vec<Path>,
    pub(crate) root: TokenStream,
}

/// A group that is in order.
pub(crate) struct ValidGroup {
    pub(crate) key: ValidKey,
    pub(crate) members: Vec<ValidMember>,
    pub(crate) extras: Ident,
    pub(crate) extras_type: Type,
    pub(crate) any: bool,
}

/// A member that is in order.
pub(crate) struct ValidMember {
    pub(crate) name: Ident,
    pub(crate) key: Path,
    pub(crate) written: Type,
    pub(crate) hold: Hold,
    pub(crate) min: u32,
    pub(crate) max: Option<u32>,
}

pub(crate) fn key(key: Key) -> Result<ValidKey> {
    let mut errors = Errors::default();
    let attr = &key.attr;
    let data_type = match &attr.data_type {
        None => {
            errors.push(attr.span, "which format does the AVP have? Add `type = UTF8String`, or another of RFC 6733");
            DataType::OctetString
        }
        Some(name) => errors.take(data_type(name)).unwrap_or(DataType::OctetString),
    };
    if data_type == DataType::Grouped {
        let span = attr.data_type.as_ref().map_or(attr.span, Ident::span);
        errors.push(span, "a group has members: derive `Grouped` on a struct instead");
    }
    if let Some(span) = attr.closed {
        errors.push(span, "`closed` is for groups: it says that the grammar does not end in `* [ AVP ]`");
    }
    no_values(attr, &mut errors);
    let avp = errors.take(avp(attr, data_type, |_| ()));
    let Some(avp) = avp else { return Err(errors.into_error()) };
    errors.finish(ValidKey { name: key.name, avp, extends: key.attr.extends, root: key.attr.root })
}

pub(crate) fn group(group: Group) -> Result<ValidGroup> {
    let mut errors = group.errors;
    let attr = &group.attr;
    if let Some(data_type) = &attr.data_type {
        errors.push(data_type.span(), "the format of a struct is Grouped: leave `type` out");
    }
    no_values(attr, &mut errors);
    let avp = errors.take(avp(attr, DataType::Grouped, |draft| draft.line("<any/>", None)));
    let members = members(group.fields, &group.name, &mut errors);
    let (Some(avp), Some((members, extras, extras_type))) = (avp, members) else { return Err(errors.into_error()) };
    let any = group.attr.closed.is_none();
    let key = ValidKey { name: group.name, avp, extends: group.attr.extends, root: group.attr.root };
    errors.finish(ValidGroup { key, members, extras, extras_type, any })
}

fn no_values(attr: &AvpAttr, errors: &mut Errors) {
    if let Some(values) = &attr.values {
        errors.push(
            values.span,
            "named values are for an enumeration: derive `Enumerated` on `pub struct Name(pub i32)`",
        );
    }
}

fn data_type(name: &Ident) -> Result<DataType> {
    let spelled = name.to_string();
    data_type_named(&spelled).ok_or_else(|| unknown(name.span(), &spelled, &TYPES.map(grammar::type_name)))
}

/// The format with this name in RFC 6733.
pub(crate) fn data_type_named(name: &str) -> Option<DataType> {
    TYPES.into_iter().find(|data_type| grammar::type_name(*data_type) == name)
}

/// The definition, after every check that it would get in an XML dictionary.
///
/// `content` writes what is inside `<data>`.
fn avp(attr: &AvpAttr, data_type: DataType, content: impl FnOnce(&mut Draft)) -> Result<Avp> {
    let mut errors = Errors::default();
    let missing = "the AVP lacks its";
    if attr.name.is_none() {
        errors.push(attr.span, format!("{missing} name, as the specification spells it: `name = \"Custom-Message\"`"));
    }
    if attr.code.is_none() {
        errors.push(attr.span, format!("{missing} code: `code = 7001`"));
    }
    if let Some(flags) = &attr.flags
        && let Some(wrong) = flags.value.chars().find(|flag| !matches!(flag, 'M' | 'P' | 'V'))
    {
        errors.push(flags.span, format!("unknown flag {wrong:?}: `flags` holds those that must be set, M, P or V"));
    }
    if let Some(name) = attr.name.as_ref().filter(|name| name.value.is_empty()) {
        errors.push(name.span, "the name is empty: give it as the specification spells it");
    }
    errors.none_yet()?;
    let (Some(name), Some(code)) = (&attr.name, &attr.code) else { return Err(errors.into_error()) };

    let mut draft = Draft::new();
    if let Some(vendor) = attr.vendor.as_ref().filter(|vendor| vendor.value != 0) {
        draft.line(&format!("<vendor name=\"derive\" id=\"{}\"/>", vendor.value), Some(vendor.span));
    }
    draft.line("<avp", None);
    draft.attribute("name", &name.value, name.span);
    draft.attribute("code", &code.value, code.span);
    if let Some(Spanned { value, span }) = &attr.vendor {
        draft.attribute("vendor-id", &value.to_string(), *span);
    }
    if let Some(Spanned { value, span }) = attr.flags.as_ref().filter(|flags| !flags.value.is_empty()) {
        let flags: Vec<String> = value.chars().map(String::from).collect();
        draft.attribute("must", &flags.join(","), *span);
    }
    // The Rust name is the type's own.
    draft.attribute("rust-name", "Derived", attr.span);
    let type_span = attr.data_type.as_ref().map_or(attr.span, Ident::span);
    draft.line(&format!("><data type=\"{}\">", grammar::type_name(data_type)), Some(type_span));
    content(&mut draft);
    draft.line("</data></avp>", None);
    let (mut dictionary, errors) = draft.load(attr.span);
    match dictionary.avps.pop() {
        Some(avp) => errors.finish(avp),
        None => Err(errors.into_error()),
    }
}

/// The members of a struct, its field for the extras, and that field's type.
type Members = (Vec<ValidMember>, Ident, Type);

fn members(fields: Vec<Field>, name: &Ident, errors: &mut Errors) -> Option<Members> {
    let mut members: Vec<ValidMember> = Vec::new();
    let mut extras: Option<(Ident, Type)> = None;
    for Field { name, ty, attr } in fields {
        match attr {
            FieldAttr::Extras(span) if extras.is_some() => errors.push(span, "a second field for the extras"),
            FieldAttr::Extras(_) => extras = Some((name, ty)),
            FieldAttr::Member { key, min, max } => {
                let spelled = key.to_token_stream().to_string();
                if members.iter().any(|member| member.key.to_token_stream().to_string() == spelled) {
                    let message =
                        format!("`{spelled}` is a member already: an AVP has one field, a `List` if it repeats");
                    errors.add(Error::new_spanned(&key, message));
                    continue;
                }
                if let Some(member) = errors.take(member(name, key, ty, min, max)) {
                    members.push(member);
                }
            }
        }
    }
    let Some((extras, extras_type)) = extras else {
        let message = "a group keeps the AVPs that are not declared: add a field `#[avp(extras)] pub extras: Extras` \
                       (with `closed` on the struct, only those that need not be understood)";
        errors.push(name.span(), message);
        return None;
    };
    Some((members, extras, extras_type))
}

fn member(
    name: Ident,
    key: Path,
    written: Type,
    min: Option<Spanned<u32>>,
    max: Option<Spanned<u32>>,
) -> Result<ValidMember> {
    let hold = hold(&written)?;
    if hold != Hold::List {
        if let Some(limit) = min.as_ref().or(max.as_ref()) {
            let message = "the type says how often this member occurs: `min` and `max` are for a `List`";
            return Err(Error::new(limit.span, message));
        }
        let min = u32::from(hold == Hold::Required);
        return Ok(ValidMember { name, key, written, hold, min, max: Some(1) });
    }
    if let (Some(min), Some(max)) = (&min, &max)
        && min.value > max.value
    {
        return Err(Error::new(max.span, format!("at most {} contradicts at least {}", max.value, min.value)));
    }
    if let Some(max) = max.as_ref().filter(|max| max.value <= 1) {
        let instead = if max.value == 0 { "leave the member out" } else { "an `Option` holds at most one" };
        return Err(Error::new(max.span, format!("a `List` of at most {}: {instead}", max.value)));
    }
    let min = min.map_or(0, |min| min.value);
    Ok(ValidMember { name, key, written, hold, min, max: max.map(|max| max.value) })
}

/// How a field of this type holds its member.
fn hold(ty: &Type) -> Result<Hold> {
    let Some((name, inner)) = last_segment(ty) else { return Ok(Hold::Required) };
    match name.to_string().as_str() {
        "Option" => {
            let boxed = inner.and_then(last_segment).is_some_and(|(name, _)| name == "Box");
            Ok(if boxed { Hold::OptionalBoxed } else { Hold::Optional })
        }
        "List" => Ok(Hold::List),
        "Vec" => Err(Error::new_spanned(ty, "a repeated member is a `value::List`, not a `Vec`")),
        _ => Ok(Hold::Required),
    }
}

/// The last segment of a path, and its one type argument.
fn last_segment(ty: &Type) -> Option<(&Ident, Option<&Type>)> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let inner = match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::Type(inner) => Some(inner),
            _ => None,
        }),
        _ => None,
    };
    Some((&segment.ident, inner))
}
