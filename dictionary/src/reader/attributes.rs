//! Values of attributes: each wrong one is reported where it stands.

use super::ast::{Flag, Spanned, Style};
use super::tree::{Attribute, Element};
use crate::diagnostics::{Diagnostic, Severity, catalogue, did_you_mean};
use crate::model::{ApplicationKind, DataType};
use std::ops::RangeInclusive;

/// Reads attributes, remembering what is wrong.
pub(super) struct Values<'d> {
    pub(super) style: Style,
    pub(super) strict: bool,
    pub(super) spec: Option<String>,
    pub(super) diagnostics: &'d mut Vec<Diagnostic>,
}

impl Values<'_> {
    /// How bad a mistake is that the other format is allowed to make.
    pub(super) fn severity(&self) -> Severity {
        super::severity(self.style, self.strict)
    }

    pub(super) fn text(&self, element: &Element, name: &str) -> Option<Spanned<String>> {
        element.attribute(name).map(|attribute| Spanned { value: attribute.value.clone(), span: attribute.value_span })
    }

    /// A text that is there if given and not empty.
    pub(super) fn filled(&mut self, element: &Element, name: &str) -> Option<Spanned<String>> {
        let text = self.text(element, name)?;
        if text.value.is_empty() {
            self.diagnostics.push(
                Diagnostic::error(
                    catalogue::BAD_VALUE,
                    element.attribute(name).map_or(text.span, |attribute| attribute.span),
                    format!("the attribute `{name}` of `<{}>` is empty", element.name),
                )
                .help("give it a value, or leave the attribute out where it is optional"),
            );
            return None;
        }
        Some(text)
    }

    pub(super) fn required_text(&mut self, element: &Element, name: &str) -> Option<Spanned<String>> {
        if element.attribute(name).is_none() {
            self.missing(element, name);
            return None;
        }
        self.filled(element, name)
    }

    pub(super) fn missing(&mut self, element: &Element, name: &str) {
        self.diagnostics.push(
            Diagnostic::error(
                catalogue::MISSING_ATTRIBUTE,
                element.span,
                format!("`<{}>` lacks the attribute `{name}`", element.name),
            )
            .help(format!("add `{name}=\"…\"`")),
        );
    }

    pub(super) fn number(
        &mut self,
        element: &Element,
        name: &str,
        range: RangeInclusive<i128>,
    ) -> Option<Spanned<i128>> {
        let attribute = element.attribute(name)?;
        self.parsed_number(attribute, range)
    }

    fn parsed_number(&mut self, attribute: &Attribute, range: RangeInclusive<i128>) -> Option<Spanned<i128>> {
        let (text, span) = (attribute.value.as_str(), attribute.value_span);
        let span = if span.length == 0 { attribute.span } else { span };
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.diagnostics.push(
                Diagnostic::error(
                    catalogue::BAD_NUMBER,
                    span,
                    format!("`{}` is not a number: `{text}`", attribute.name),
                )
                .help("numbers are decimal"),
            );
            return None;
        }
        match text.parse::<i128>() {
            Ok(value) if range.contains(&value) => Some(Spanned { value, span }),
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(
                        catalogue::NUMBER_OUT_OF_RANGE,
                        span,
                        format!("`{}` is out of range: {text}", attribute.name),
                    )
                    .help(format!("it may be {} to {}", range.start(), range.end())),
                );
                None
            }
        }
    }

    pub(super) fn unsigned(&mut self, element: &Element, name: &str) -> Option<Spanned<u32>> {
        self.number(element, name, 0..=i128::from(u32::MAX)).and_then(to_u32)
    }

    pub(super) fn required_unsigned(&mut self, element: &Element, name: &str) -> Option<Spanned<u32>> {
        if element.attribute(name).is_none() {
            self.missing(element, name);
        }
        self.unsigned(element, name)
    }

    /// `max`: a number, or `*` (the inner `None`).
    pub(super) fn maximum(&mut self, element: &Element) -> Option<Spanned<Option<u32>>> {
        let attribute = element.attribute("max")?;
        if attribute.value == "*" {
            return Some(Spanned { value: None, span: attribute.value_span });
        }
        let number = self.unsigned(element, "max")?;
        Some(Spanned { value: Some(number.value), span: number.span })
    }

    pub(super) fn boolean(&mut self, element: &Element, name: &str) -> Option<Spanned<bool>> {
        let attribute = element.attribute(name)?;
        let text = match self.style {
            Style::Go => attribute.value.to_ascii_lowercase(),
            Style::Own => attribute.value.clone(),
        };
        let value = match text.as_str() {
            "true" => true,
            "false" => false,
            "" if self.style == Style::Go => return None,
            _ => {
                self.bad_value(attribute, "write `true` or `false`".to_owned());
                return None;
            }
        };
        Some(Spanned { value, span: attribute.value_span })
    }

    fn bad_value(&mut self, attribute: &Attribute, help: String) {
        let span = if attribute.value_span.length == 0 { attribute.span } else { attribute.value_span };
        self.diagnostics.push(
            Diagnostic::error(
                catalogue::BAD_VALUE,
                span,
                format!("`{}` cannot be `{}`", attribute.name, attribute.value),
            )
            .help(help),
        );
    }

    pub(super) fn kind(&mut self, element: &Element) -> Option<ApplicationKind> {
        let attribute = element.attribute("type")?;
        match attribute.value.as_str() {
            "auth" => Some(ApplicationKind::Auth),
            "acct" => Some(ApplicationKind::Acct),
            "" if self.style == Style::Go => None,
            _ => {
                let help = "an application is of type `auth` or `acct`; the base protocol has no type";
                self.bad_value(attribute, help.to_owned());
                None
            }
        }
    }

    /// `may-encrypt`.
    pub(super) fn encryption(&mut self, element: &Element) -> Option<bool> {
        let attribute = element.attribute("may-encrypt")?;
        match attribute.value.to_ascii_lowercase().as_str() {
            "y" | "yes" => Some(true),
            "n" | "no" => Some(false),
            "" | "-" => None,
            _ => {
                self.bad_value(attribute, "write `Y`, `N` or `-`".to_owned());
                None
            }
        }
    }

    /// A list of flags: letters with commas between them; `-` and nothing are none.
    pub(super) fn flags(&mut self, element: &Element, name: &str) -> Vec<Spanned<Flag>> {
        let Some(attribute) = element.attribute(name) else { return Vec::new() };
        let mut flags = Vec::new();
        for letter in attribute.value.split([',', ' ']).filter(|letter| !letter.is_empty() && *letter != "-") {
            let value = match letter {
                "M" => Flag::M,
                "P" => Flag::P,
                "V" => Flag::V,
                _ => {
                    self.diagnostics.push(
                        Diagnostic::new(
                            catalogue::FLAG_CONFLICT,
                            self.severity(),
                            attribute.value_span,
                            format!("there is no AVP flag `{letter}`"),
                        )
                        .help("the flags are M, P and V, with commas between them"),
                    );
                    continue;
                }
            };
            flags.push(Spanned { value, span: attribute.value_span });
        }
        flags
    }

    pub(super) fn data_type(&mut self, element: &Element) -> Option<Spanned<DataType>> {
        let Some(attribute) = element.attribute("type") else {
            self.missing(element, "type");
            return None;
        };
        let wanted = attribute.value.as_str();
        let found = DATA_TYPES.iter().find(|(name, _)| match self.style {
            Style::Go => name.eq_ignore_ascii_case(wanted),
            Style::Own => *name == wanted,
        });
        if let Some((_, data_type)) = found {
            return Some(Spanned { value: *data_type, span: attribute.value_span });
        }
        let span = if attribute.value_span.length == 0 { attribute.span } else { attribute.value_span };
        let names = || DATA_TYPES.iter().map(|(name, _)| *name);
        self.diagnostics.push(
            Diagnostic::error(catalogue::UNKNOWN_DATA_TYPE, span, format!("there is no data type `{wanted}`")).help(
                did_you_mean(wanted, names())
                    .unwrap_or_else(|| format!("the types are {}", names().collect::<Vec<_>>().join(", "))),
            ),
        );
        None
    }

    /// `spec`: a clause alone stands in the specification of the file.
    pub(super) fn reference(&self, element: &Element) -> Option<String> {
        let text = &element.attribute("spec")?.value;
        if text.is_empty() {
            return None;
        }
        match &self.spec {
            Some(spec) if is_clause(text) => Some(format!("{} {text}", without_version(spec))),
            _ => Some(text.clone()),
        }
    }
}

/// Whether a reference is a clause alone, `7.2.158A` or `Annex B.2`, and not one that names its specification itself, as
/// `3GPP TS 29.061 16.4.7` does.
fn is_clause(text: &str) -> bool {
    let numbered = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'));
    numbered || text == "Annex" || text.starts_with("Annex ")
}

pub(super) fn to_u32(number: Spanned<i128>) -> Option<Spanned<u32>> {
    Some(Spanned { value: u32::try_from(number.value).ok()?, span: number.span })
}

/// The data types as RFC 6733 spells them, and two that go-diameter adds.
const DATA_TYPES: &[(&str, DataType)] = &[
    ("OctetString", DataType::OctetString),
    ("Integer32", DataType::Integer32),
    ("Integer64", DataType::Integer64),
    ("Unsigned32", DataType::Unsigned32),
    ("Unsigned64", DataType::Unsigned64),
    ("Float32", DataType::Float32),
    ("Float64", DataType::Float64),
    ("Grouped", DataType::Grouped),
    ("Address", DataType::Address),
    ("Time", DataType::Time),
    ("UTF8String", DataType::Utf8String),
    ("DiameterIdentity", DataType::DiameterIdentity),
    ("DiameterURI", DataType::DiameterUri),
    ("Enumerated", DataType::Enumerated),
    ("IPFilterRule", DataType::IpFilterRule),
    ("QoSFilterRule", DataType::QosFilterRule),
    ("IPv4", DataType::OctetString),
    ("IPv6", DataType::OctetString),
];

/// `3GPP TS 32.299` for `3GPP TS 32.299 V19.0.0`.
fn without_version(spec: &str) -> &str {
    match spec.rsplit_once(' ') {
        Some((rest, version))
            if version.strip_prefix('V').is_some_and(|digits| {
                digits.starts_with(|c: char| c.is_ascii_digit())
                    && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
            }) =>
        {
            rest.trim_end()
        }
        _ => spec,
    }
}
