//! What a derive was given: the item and its attributes, read but not judged.

use crate::attr::{self, AvpAttr, CommandAttr, FieldAttr, Spanned, Value};
use proc_macro2::Span;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Expr, Fields, Ident, Lit, Result, Type, UnOp};

/// A key: the item under `#[derive(Avp)]`.
pub(crate) struct Key {
    pub(crate) name: Ident,
    pub(crate) attr: AvpAttr,
}

/// A group: the struct under `#[derive(Grouped)]`.
pub(crate) struct Group {
    pub(crate) name: Ident,
    pub(crate) attr: AvpAttr,
    pub(crate) fields: Vec<Field>,
    /// What was wrong with fields that are not among `fields`.
    pub(crate) errors: Errors,
}

/// A message: the struct under `#[derive(Command)]`.
pub(crate) struct Command {
    pub(crate) name: Ident,
    pub(crate) attr: CommandAttr,
    pub(crate) fields: Vec<Field>,
    /// What was wrong with fields that are not among `fields`.
    pub(crate) errors: Errors,
}

/// An enumeration: the item under `#[derive(Enumerated)]`.
pub(crate) struct Enumeration {
    pub(crate) name: Ident,
    pub(crate) attr: AvpAttr,
    pub(crate) kind: EnumerationKind,
    /// What was wrong with variants that are not among the values.
    pub(crate) errors: Errors,
}

/// What an enumeration was written as.
pub(crate) enum EnumerationKind {
    /// `struct Campaign(pub i32)`: every number is a value.
    Open { number: Box<Type> },
    /// `enum Kind { First = 1 }`: no other numbers are.
    Closed { values: Vec<Value> },
}

/// A field of a group or message.
pub(crate) struct Field {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) attr: FieldAttr,
}

impl Key {
    pub(crate) fn read(input: &DeriveInput) -> Result<Self> {
        no_generics(input)?;
        let is_marker = match &input.data {
            Data::Enum(data) => data.variants.is_empty(),
            Data::Struct(data) => matches!(data.fields, Fields::Unit),
            Data::Union(_) => false,
        };
        if !is_marker {
            let message = "an AVP that is no group is only a key, without content of its own: write \
                           `pub enum CustomMessage {}`; its values have the Rust type that belongs to `type`";
            return Err(Error::new(input.ident.span(), message));
        }
        Ok(Self { name: input.ident.clone(), attr: AvpAttr::read(&input.attrs, input.ident.span())? })
    }
}

impl Group {
    pub(crate) fn read(input: &DeriveInput) -> Result<Self> {
        no_generics(input)?;
        let (fields, errors) = fields(input, "a group")?;
        Ok(Self { name: input.ident.clone(), attr: AvpAttr::read(&input.attrs, input.ident.span())?, fields, errors })
    }
}

impl Command {
    pub(crate) fn read(input: &DeriveInput) -> Result<Self> {
        no_generics(input)?;
        let (fields, errors) = fields(input, "a message")?;
        let attr = CommandAttr::read(&input.attrs, input.ident.span())?;
        Ok(Self { name: input.ident.clone(), attr, fields, errors })
    }
}

/// The fields of a struct with a grammar, and what is wrong with others.
fn fields(input: &DeriveInput, what: &str) -> Result<(Vec<Field>, Errors)> {
    let refused = |is: &str| Err(Error::new(input.ident.span(), format!("{what} {is}")));
    let named = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            _ => return refused("has named fields: one for each member"),
        },
        _ => return refused("is a struct with a field for each member"),
    };
    let (mut errors, mut read) = (Errors::default(), Vec::new());
    for field in named {
        let Some(name) = field.ident.clone() else { continue };
        if let Some(attr) = errors.take(FieldAttr::read(&field.attrs, &name)) {
            read.push(Field { name, ty: field.ty.clone(), attr });
        }
    }
    Ok((read, errors))
}

impl Enumeration {
    pub(crate) fn read(input: &DeriveInput) -> Result<Self> {
        no_generics(input)?;
        let mut errors = Errors::default();
        let kind = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                    EnumerationKind::Open { number: Box::new(fields.unnamed[0].ty.clone()) }
                }
                _ => return Err(Error::new(input.ident.span(), SHAPES)),
            },
            Data::Enum(data) if !data.variants.is_empty() => {
                let values = data.variants.iter().filter_map(|variant| errors.take(value(variant)));
                EnumerationKind::Closed { values: values.collect() }
            }
            _ => return Err(Error::new(input.ident.span(), SHAPES)),
        };
        let attr = AvpAttr::read(&input.attrs, input.ident.span())?;
        Ok(Self { name: input.ident.clone(), attr, kind, errors })
    }
}

const SHAPES: &str = "an enumeration is open, `pub struct Campaign(pub i32)` with `values(NONE = 0, …)` in its attribute, or \
                      closed, `pub enum Kind { First = 1, … }`";

/// A variant of a closed enumeration.
fn value(variant: &syn::Variant) -> Result<Value> {
    let name = variant.ident.clone();
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new_spanned(&variant.fields, "a value of an enumeration is a number and has no content"));
    }
    let label = attr::label(&variant.attrs)?;
    let Some((_, expression)) = &variant.discriminant else {
        return Err(Error::new(name.span(), format!("which number is sent for `{name}`? Write `{name} = 1`")));
    };
    let number = literal(expression).ok_or_else(|| {
        Error::new_spanned(expression, "the number of a value is written out here: it is checked with the others")
    })?;
    Ok(Value { name, label, number })
}

/// A literal integer with its sign.
fn literal(expression: &Expr) -> Option<Spanned<String>> {
    let (sign, positive) = match expression {
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => ("-", unary.expr.as_ref()),
        other => ("", other),
    };
    let Expr::Lit(literal) = positive else { return None };
    let Lit::Int(number) = &literal.lit else { return None };
    Some(Spanned { value: format!("{sign}{}", number.base10_digits()), span: expression.span() })
}

fn no_generics(input: &DeriveInput) -> Result<()> {
    if input.generics.params.is_empty() {
        return Ok(());
    }
    Err(Error::new_spanned(&input.generics, "an AVP is one type: generic parameters have no meaning here"))
}

/// Several mistakes, told together.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn push(&mut self, span: Span, message: impl std::fmt::Display) {
        self.add(Error::new(span, message));
    }

    pub(crate) fn add(&mut self, error: Error) {
        match &mut self.0 {
            Some(first) => first.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// Goes no further if there are mistakes.
    pub(crate) fn none_yet(&mut self) -> Result<()> {
        self.0.take().map_or(Ok(()), Err)
    }

    /// The mistakes, where there is one for sure.
    pub(crate) fn into_error(self) -> Error {
        self.0.unwrap_or_else(|| Error::new(Span::call_site(), "this AVP is not in order"))
    }

    pub(crate) fn finish<T>(self, value: T) -> Result<T> {
        match self.0 {
            Some(error) => Err(error),
            None => Ok(value),
        }
    }
}
