//! Derive macros for AVPs that are declared in Rust instead of in an XML dictionary.
//!
//! # Concepts
//!
//! - A *key* is the type that stands for an AVP: `#[derive(Avp)]` on an empty enum. It has no values of its own; the
//!   values of a UTF8String AVP are `Utf8String`s, and so on.
//! - A *group* is a struct that is both the Grouped AVP and its value: `#[derive(Grouped)]`. Each field names the key of
//!   its member, and its type says how often the member occurs: `T` exactly once, `Option<T>` at most once, `List<T>` any
//!   number of times.
//! - Both go through the checks of the XML dictionaries. What is wrong is told at the token that is wrong.
//! - A [`DictionaryTable`] tells decoding what exists; the one of derived AVPs is written by hand.
//!
//! ```
//! # extern crate diametric_protocol as diametric;
//! # use diametric_derive::{Avp, Grouped};
//! use diametric::codec::{AvpInfo, DictionaryTable, Extras};
//! use diametric::credit_control::RatingGroup;
//! use diametric::value::{List, Utf8String};
//!
//! #[derive(Avp)]
//! #[avp(name = "Custom-Message", code = 7001, vendor = 99999, flags = "M", type = UTF8String)]
//! pub enum CustomMessage {}
//!
//! #[derive(Clone, Debug, PartialEq, Grouped)]
//! #[avp(name = "Acme-Info", code = 7002, vendor = 99999, flags = "M")]
//! pub struct AcmeInfo {
//!     #[avp(CustomMessage)]
//!     pub message: Utf8String,
//!     #[avp(RatingGroup)]
//!     pub rating_groups: List<u32>,
//!     #[avp(extras)]
//!     pub extras: Extras,
//! }
//!
//! pub static DICTIONARY: DictionaryTable = DictionaryTable {
//!     name: "acme",
//!     avps: &[AvpInfo::of::<CustomMessage>(), AvpInfo::of::<AcmeInfo>()],
//!     commands: &[],
//!     allowed: &[],
//! };
//! # fn main() {}
//! ```
//!
//! The macros are re-exported as `diametric::Avp` and `diametric::Grouped`.
//!
//! [`DictionaryTable`]: https://docs.rs/diametric/latest/diametric/codec/struct.DictionaryTable.html

mod ast;
mod attr;
mod expand;
#[cfg(test)]
mod tests;
mod valid;

use proc_macro::TokenStream;
use quote::quote;
use syn::{DeriveInput, Error, parse_macro_input};

/// Makes an empty enum (or a unit struct) the key of an AVP.
///
/// `#[avp(…)]` takes
/// - `name = "Custom-Message"`: as the specification spells it;
/// - `code = 7001`;
/// - `vendor = 99999`: IANA enterprise number, 0 where left out;
/// - `flags = "M"`: the flags that must be set, none where left out; V follows from the vendor;
/// - `type = UTF8String`: a format of RFC 6733 §4.2 or §4.3;
/// - `extends(SubscriptionId, …)`: closed groups of other crates that may carry the AVP;
/// - `crate = ::diametric_protocol`: where the runtime is, `::diametric` where left out.
#[proc_macro_derive(Avp, attributes(avp))]
pub fn derive_avp(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = ast::Key::read(&input).and_then(valid::key).map(|key| expand::key(&key));
    expanded.unwrap_or_else(|error| told(&error, expand::key_in_error(&input))).into()
}

/// Makes a struct a Grouped AVP: its key, and its value.
///
/// `#[avp(…)]` on the struct takes what it takes for [`Avp`](macro@Avp), but no `type`; `closed` says that the grammar does
/// not end in `* [ AVP ]`. On fields it takes
/// - the key of the member, with `min = …` and `max = …` on a `List`;
/// - `extras`, on one field of type `Extras`. It keeps the AVPs that are not declared, so that nothing of what was
///   received is lost; in a `closed` group a received AVP with the M flag is refused unless a dictionary allows it there.
///
/// The struct must be `Clone`, `Debug` and `PartialEq`.
#[proc_macro_derive(Grouped, attributes(avp))]
pub fn derive_grouped(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = ast::Group::read(&input).and_then(valid::group).map(|group| expand::group(&group));
    expanded.unwrap_or_else(|error| told(&error, expand::group_in_error(&input))).into()
}

/// The mistakes as errors of the compiler, and what stands for the implementation.
fn told(error: &Error, instead: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let errors = error.to_compile_error();
    quote!(#errors #instead)
}
