//! How generated code calls the runtime and other generated types.

use diametric_dictionary::model::{AvpId, CommandId, DataType, Dictionary, UnitId};
use diametric_dictionary::shape::{Raw, Shape, shape};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use std::collections::BTreeMap;

/// Paths of the runtime's modules.
#[derive(Clone, Debug)]
pub struct Names {
    /// `codec`.
    pub codec: TokenStream,
    /// `message`.
    pub message: TokenStream,
    /// `value`.
    pub value: TokenStream,
    /// `wire`.
    pub wire: TokenStream,
    /// The crate's root, for its macros.
    pub root: TokenStream,
}

impl Names {
    /// For a file that begins with `use root::{codec, message, value, wire}`.
    pub(crate) fn imported(root: TokenStream) -> Self {
        Self { codec: quote!(codec), message: quote!(message), value: quote!(value), wire: quote!(wire), root }
    }

    /// For code that may stand anywhere.
    pub fn absolute(root: TokenStream) -> Self {
        Self {
            codec: quote!(#root::codec),
            message: quote!(#root::message),
            value: quote!(#root::value),
            wire: quote!(#root::wire),
            root,
        }
    }

    /// The type of the values of a data format that has no named values.
    pub fn data_type(&self, data_type: DataType) -> TokenStream {
        let value = &self.value;
        match data_type {
            DataType::OctetString => quote!(#value::OctetString),
            DataType::Integer32 | DataType::Enumerated => quote!(i32),
            DataType::Integer64 => quote!(i64),
            DataType::Unsigned32 => quote!(u32),
            DataType::Unsigned64 => quote!(u64),
            DataType::Float32 => quote!(f32),
            DataType::Float64 => quote!(f64),
            DataType::Grouped => quote!(#value::RawGroup),
            DataType::Address => quote!(#value::Address),
            DataType::Time => quote!(#value::Time),
            DataType::Utf8String => quote!(#value::Utf8String),
            DataType::DiameterIdentity => quote!(#value::DiameterIdentity),
            DataType::DiameterUri => quote!(#value::DiameterUri),
            DataType::IpFilterRule => quote!(#value::IpFilterRule),
            DataType::QosFilterRule => quote!(#value::QosFilterRule),
        }
    }
}

/// Where code is being generated: a module of a unit, or the unit's root.
#[derive(Clone, Debug)]
pub(crate) struct Scope<'d> {
    pub(crate) dictionary: &'d Dictionary,
    pub(crate) unit: UnitId,
    /// `None` at the root.
    pub(crate) module: Option<&'d str>,
    /// Root paths of the units, by index.
    pub(crate) roots: &'d [TokenStream],
    /// Modules that the file can name without their path, because no other has the name.
    pub(crate) importable: &'d BTreeMap<String, UnitId>,
    pub(crate) names: Names,
}

impl Scope<'_> {
    /// The path of a type of some module of some unit, as seen from here.
    fn path(&self, unit: UnitId, module: &str, name: &str) -> TokenStream {
        let (name, module_name) = (ident(name), ident(module));
        let is_own = unit == self.unit;
        match self.module {
            Some(here) if is_own && here == module => quote!(#name),
            Some(_) if self.importable.get(module) == Some(&unit) => quote!(#module_name::#name),
            Some(_) if is_own => quote!(super::#module_name::#name),
            None if is_own => quote!(#module_name::#name),
            _ => {
                let root = &self.roots[unit.0];
                quote!(#root::#module_name::#name)
            }
        }
    }

    /// The key type of an AVP.
    pub(crate) fn avp(&self, id: AvpId) -> TokenStream {
        let avp = self.dictionary.avp(id);
        self.path(self.dictionary.unit_of(avp.file), self.dictionary.avp_module(id), &avp.rust_name)
    }

    /// The type of an AVP's value.
    pub(crate) fn value(&self, id: AvpId) -> TokenStream {
        match shape(self.dictionary.avp(id)) {
            Shape::Group | Shape::Open(_) | Shape::Closed(_) => self.avp(id),
            Shape::RawGroup => self.names.data_type(DataType::Grouped),
            Shape::Scalar(data_type) => self.names.data_type(data_type),
        }
    }

    /// The Result-Code of the base protocol, whatever the dictionary says of its own.
    pub(crate) fn result_code(&self) -> TokenStream {
        let standard = self.dictionary.units.iter().position(|unit| unit.name == super::STANDARD_UNIT);
        match standard {
            Some(standard) => self.path(UnitId(standard), "base", "ResultCode"),
            None => {
                let root = &self.names.root;
                quote!(#root::base::ResultCode)
            }
        }
    }

    /// A type that belongs to a command.
    pub(crate) fn message(&self, id: CommandId, name: &str) -> TokenStream {
        let command = self.dictionary.command(id);
        self.path(self.dictionary.unit_of(command.file), self.dictionary.command_module(id), name)
    }
}

/// The type of the number behind an enumeration.
pub(crate) fn raw_type(raw: Raw) -> TokenStream {
    match raw {
        Raw::Signed => quote!(i32),
        Raw::Unsigned => quote!(u32),
    }
}

/// An identifier; the names of the model are legal ones, as the resolver has checked.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}
