//! What a derive was given: the item and its attributes, read but not judged.

use crate::attr::{AvpAttr, FieldAttr};
use proc_macro2::Span;
use syn::{Data, DeriveInput, Error, Fields, Ident, Result, Type};

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

/// A field of a group.
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
        let fields = match &input.data {
            Data::Struct(data) => match &data.fields {
                Fields::Named(fields) => &fields.named,
                _ => return Err(Error::new(input.ident.span(), "a group has named fields: one for each member")),
            },
            _ => return Err(Error::new(input.ident.span(), "a group is a struct with a field for each member")),
        };
        let attr = AvpAttr::read(&input.attrs, input.ident.span())?;
        let mut errors = Errors::default();
        let mut read = Vec::new();
        for field in fields {
            let Some(name) = field.ident.clone() else { continue };
            if let Some(attr) = errors.take(FieldAttr::read(&field.attrs, &name)) {
                read.push(Field { name, ty: field.ty.clone(), attr });
            }
        }
        Ok(Self { name: input.ident.clone(), attr, fields: read, errors })
    }
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
