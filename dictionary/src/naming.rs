//! From the names of the specifications to the names of Rust items: the only place where Rust names are made.
//!
//! Names of AVPs and commands are split on `-` and nowhere else, because their capitals carry no meaning that a general
//! case converter could use (`QoS`, `IPv6`). What does not become an identifier by these rules asks for a `rust-name`
//! attribute instead of getting an invented one.

use std::fmt;

/// Why a name cannot become a Rust identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameError {
    /// The name as given.
    pub name: String,
    /// What is wrong with it, such as `it holds the character '.'`.
    pub reason: String,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` has no Rust name: {}", self.name, self.reason)
    }
}

impl std::error::Error for NameError {}

/// Keywords of the 2024 edition, with the reserved ones.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod",
    "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct", "super", "trait", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Fields that generated structs have beside their members.
const TAKEN_FIELDS: &[&str] = &["extras"];

/// Type name of an AVP or message: `QoS-Class-Identifier` becomes `QosClassIdentifier`, `3GPP-IMSI` becomes `TgppImsi`.
pub fn type_name(name: &str) -> Result<String, NameError> {
    let type_name: String = parts(name)?.iter().map(|part| capitalized(part)).collect();
    check_type_name(&type_name).map_err(|reason| NameError { name: name.to_owned(), reason })?;
    Ok(type_name)
}

/// Field name of a member: `3GPP-IMSI` becomes `tgpp_imsi`; a keyword gets a trailing underscore.
pub fn field_name(name: &str) -> Result<String, NameError> {
    let mut field = parts(name)?.join("_");
    if KEYWORDS.contains(&field.as_str()) {
        field.push('_');
    }
    check_field_name(&field).map_err(|reason| NameError { name: name.to_owned(), reason })?;
    Ok(field)
}

/// Constant name of a value: every run of characters that are not ASCII letters or digits becomes one underscore, the
/// rest upper case: `TCP/IP v4` becomes `TCP_IP_V4`, `2G` becomes `_2G`.
pub fn const_name(label: &str) -> Result<String, NameError> {
    let name = label
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .map(str::to_ascii_uppercase)
        .collect::<Vec<_>>()
        .join("_");
    if name.is_empty() {
        return Err(NameError { name: label.to_owned(), reason: "it holds no ASCII letter or digit".to_owned() });
    }
    Ok(guard_digit(name))
}

/// Variant name of a value of a closed enumeration, from its constant name or its label: `INITIAL_REQUEST` becomes
/// `InitialRequest`.
pub fn variant_name(label: &str) -> Result<String, NameError> {
    let name: String = const_name(label)?.split('_').map(|part| capitalized(&part.to_ascii_lowercase())).collect();
    let name = guard_digit(name);
    Ok(if name == "Self" { "Self_".to_owned() } else { name })
}

/// Module name of a dictionary or an application: `Diameter Credit Control` becomes `diameter_credit_control`. Total: what
/// leaves no letter or digit becomes `dictionary`.
pub fn module_name(name: &str) -> String {
    let mut module = words(name).collect::<Vec<_>>().join("_");
    if module.is_empty() {
        module.push_str("dictionary");
    }
    if KEYWORDS.contains(&module.as_str()) {
        module.push('_');
    }
    guard_digit(module)
}

/// The companion struct of a group or message that holds its required members.
pub fn required_name(type_name: &str) -> String {
    format!("{type_name}Required")
}

/// Whether a hand-given name can be a type: `Err` tells why not.
pub fn check_type_name(name: &str) -> Result<(), String> {
    check_identifier(name)?;
    if name == "Self" {
        return Err("`Self` is a keyword".to_owned());
    }
    if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
        return Err("a type name begins with a capital".to_owned());
    }
    Ok(())
}

/// Whether a hand-given name can be a field: `Err` tells why not.
pub fn check_field_name(name: &str) -> Result<(), String> {
    check_identifier(name)?;
    if TAKEN_FIELDS.contains(&name) {
        return Err(format!("every generated struct has a field `{name}` of its own"));
    }
    if name.contains(|c: char| c.is_ascii_uppercase()) {
        return Err("a field name is lower case".to_owned());
    }
    Ok(())
}

/// Whether a hand-given name can be the constant of a value: `Err` tells why not.
pub fn check_const_name(name: &str) -> Result<(), String> {
    check_identifier(name)?;
    if name.contains(|c: char| c.is_ascii_lowercase()) {
        return Err("the name of a value is upper case".to_owned());
    }
    Ok(())
}

/// Whether a hand-given name can be a module: `Err` tells why not.
pub fn check_module_name(name: &str) -> Result<(), String> {
    check_identifier(name)?;
    if name.contains(|c: char| c.is_ascii_uppercase()) {
        return Err("a module name is lower case".to_owned());
    }
    Ok(())
}

fn check_identifier(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("it is empty".to_owned());
    }
    if let Some(c) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '_') {
        return Err(format!("it holds the character {c:?}"));
    }
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err("it begins with a digit".to_owned());
    }
    if name == "_" {
        return Err("`_` alone is no identifier".to_owned());
    }
    if KEYWORDS.contains(&name) {
        return Err(format!("`{name}` is a keyword"));
    }
    Ok(())
}

/// The lower-cased parts of a name of the specifications.
fn parts(name: &str) -> Result<Vec<String>, NameError> {
    let error = |reason: String| NameError { name: name.to_owned(), reason };
    if let Some(c) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        return Err(error(format!("it holds the character {c:?}")));
    }
    let parts: Vec<String> = name.split('-').filter(|part| !part.is_empty()).map(lowered).collect();
    match parts.first() {
        None => Err(error("it is empty".to_owned())),
        Some(first) if first.starts_with(|c: char| c.is_ascii_digit()) => {
            Err(error("it begins with a digit".to_owned()))
        }
        Some(_) => Ok(parts),
    }
}

/// Lower case, with the one digit that specifications love at the front spelled: `3GPP2` becomes `tgpp2`.
fn lowered(part: &str) -> String {
    let part = part.to_ascii_lowercase();
    match part.strip_prefix("3gpp") {
        Some(rest) => format!("tgpp{rest}"),
        None => part,
    }
}

fn capitalized(part: &str) -> String {
    let mut part = part.to_owned();
    if let Some(first) = part.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    part
}

fn guard_digit(name: String) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("_{name}") } else { name }
}

/// The field of a member whose AVP got its type name by hand: `OriginatorMms` becomes `originator_mms`.
pub fn field_of_type(type_name: &str) -> Result<String, NameError> {
    let mut words = String::new();
    let mut previous: Option<char> = None;
    for c in type_name.chars() {
        if c.is_ascii_uppercase() && previous.is_some_and(|previous| !previous.is_ascii_uppercase()) {
            words.push('-');
        }
        words.push(c);
        previous = Some(c);
    }
    field_name(&words.replace('_', "-"))
}

/// What stands between other characters than letters and digits, in lower case.
fn words(name: &str) -> impl Iterator<Item = String> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).map(lowered)
}

/// Some legal type name, for what has been reported or is let pass.
pub(crate) fn forced_type_name(name: &str) -> String {
    let name: String = words(name).map(|word| capitalized(&word)).collect();
    if check_type_name(&name).is_ok() { name } else { format!("Avp{name}") }
}

/// Some legal field name, for what has been reported or is let pass.
pub(crate) fn forced_field_name(name: &str) -> String {
    let field = words(name).collect::<Vec<_>>().join("_");
    if check_field_name(&field).is_ok() { field } else { format!("avp_{field}") }
}
