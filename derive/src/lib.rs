//! Macros for AVPs and commands that are declared in Rust, and for dictionaries without a build script.
//!
//! # Concepts
//!
//! - A *key* is the type that stands for an AVP: `#[derive(Avp)]` on an empty enum. It has no values of its own; the
//!   values of a UTF8String AVP are `Utf8String`s, and so on.
//! - An *enumeration* is both the AVP and its value: `#[derive(Enumerated)]` on a struct around an `i32` where other values
//!   are kept, on an enum where they are refused.
//! - A *group* is a struct that is both the Grouped AVP and its value: `#[derive(Grouped)]`. Each field names the key of
//!   its member, and its type says how often the member occurs: `T` exactly once, `Option<T>` at most once, `List<T>` any
//!   number of times.
//! - A *message* is a struct with such fields too: `#[derive(Command)]` on the request, and on the answer.
//! - All go through the checks of the XML dictionaries. What is wrong is told at the token that is wrong.
//! - A [`DictionaryTable`] tells decoding what exists; [`dictionary_table!`] makes it from a list of types.
//! - [`dictionary!`] takes an XML file, and generates what a build script would.
//!
//! ```
//! # extern crate diametric_protocol as diametric;
//! # use diametric_derive::{Avp, Command, Enumerated, Grouped, dictionary_table};
//! use diametric::base::{OriginHost, OriginRealm, ResultCode, SessionId};
//! use diametric::codec::{DictionaryTable, Extras};
//! use diametric::credit_control::RatingGroup;
//! use diametric::value::{DiameterIdentity, List, Utf8String};
//!
//! #[derive(Avp)]
//! #[avp(name = "Custom-Message", code = 7001, vendor = 99999, flags = "M", type = UTF8String)]
//! pub enum CustomMessage {}
//!
//! #[derive(Clone, Copy, PartialEq, Eq, Enumerated)]
//! #[avp(name = "Campaign", code = 7002, vendor = 99999, values(NONE = 0, SUMMER("Summer nights") = 1))]
//! pub struct Campaign(pub i32);
//!
//! #[derive(Clone, Debug, PartialEq, Grouped)]
//! #[avp(name = "Acme-Info", code = 7003, vendor = 99999, flags = "M")]
//! pub struct AcmeInfo {
//!     #[avp(CustomMessage)]
//!     pub message: Utf8String,
//!     #[avp(Campaign)]
//!     pub campaign: Option<Campaign>,
//!     #[avp(RatingGroup)]
//!     pub rating_groups: List<u32>,
//!     #[avp(extras)]
//!     pub extras: Extras,
//! }
//!
//! #[derive(Clone, Debug, PartialEq, Command)]
//! #[command(name = "Acme-Ping", code = 8388700, application = 16777999, short = "AP", request, answer = AcmePingAnswer)]
//! pub struct AcmePingRequest {
//!     #[avp(SessionId)]
//!     pub session_id: Utf8String,
//!     #[avp(AcmeInfo)]
//!     pub info: Option<AcmeInfo>,
//!     #[avp(extras)]
//!     pub extras: Extras,
//! }
//!
//! #[derive(Clone, Debug, PartialEq, Command)]
//! #[command(name = "Acme-Ping", code = 8388700, application = 16777999, short = "AP", answer)]
//! pub struct AcmePingAnswer {
//!     #[avp(SessionId)]
//!     pub session_id: Utf8String,
//!     #[avp(ResultCode)]
//!     pub result_code: ResultCode,
//!     #[avp(OriginHost)]
//!     pub origin_host: DiameterIdentity,
//!     #[avp(OriginRealm)]
//!     pub origin_realm: DiameterIdentity,
//!     #[avp(extras)]
//!     pub extras: Extras,
//! }
//!
//! pub static DICTIONARY: DictionaryTable = dictionary_table! {
//!     name = "acme",
//!     avps = [CustomMessage, Campaign, AcmeInfo],
//!     commands = [AcmePingRequest, AcmePingAnswer],
//! };
//! # fn main() {}
//! ```
//!
//! The macros are re-exported by `diametric`.
//!
//! [`DictionaryTable`]: https://docs.rs/diametric/latest/diametric/codec/struct.DictionaryTable.html

mod ast;
mod attr;
mod dictionary;
mod draft;
mod expand;
mod table;
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

/// Makes a type an enumeration: an AVP whose values have names.
///
/// - On `pub struct Campaign(pub i32)` the enumeration is open: values without a name are kept. The struct gets a constant
///   for each of `values(NONE = 0, SUMMER("Summer nights") = 1)`; the text is what the specification prints, where that is
///   not the constant's name. A `u32` makes it Unsigned32, `type = Integer32` an Integer32.
/// - On `pub enum Kind { First = 1, Second = 2 }` it is closed: other numbers are refused with 5004. What the specification
///   prints is `FIRST`, or else given by `#[avp(label = "…")]` on the variant.
///
/// Else `#[avp(…)]` takes what it takes for [`Avp`](macro@Avp). The type must be `Clone`, `Copy`, `PartialEq` and `Eq`; it
/// becomes `Debug`, `Display` and `Enumeration`.
#[proc_macro_derive(Enumerated, attributes(avp))]
pub fn derive_enumerated(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = ast::Enumeration::read(&input).and_then(valid::enumeration);
    let expanded = expanded.map(|enumeration| expand::enumeration(&enumeration));
    expanded.unwrap_or_else(|error| told(&error, expand::enumeration_in_error(&input))).into()
}

/// Makes a struct a request or an answer.
///
/// `#[command(…)]` takes
/// - `name = "Acme-Ping"`: without `-Request` and `-Answer`;
/// - `short = "AP"`: the abbreviation, without R and A;
/// - `code = 8388700` and `application = 16777999`;
/// - `request, answer = AcmePingAnswer` for a request, `answer` for an answer;
/// - `proxiable = false` where the grammar has no `PXY`;
/// - `closed` where the grammar does not end in `* [ AVP ]`;
/// - `crate = ::diametric_protocol`: where the runtime is, `::diametric` where left out.
///
/// Fields are as for [`Grouped`](macro@Grouped), and are sent in their order. An answer with a member `ResultCode` has that
/// as its Result-Code. The struct must be `Clone`, `Debug` and `PartialEq`.
#[proc_macro_derive(Command, attributes(command, avp))]
pub fn derive_command(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let expanded = ast::Command::read(&input).and_then(valid::command).map(|command| expand::command(&command));
    expanded.unwrap_or_else(|error| told(&error, expand::command_in_error(&input))).into()
}

/// The table of what was derived, as an expression: what goes to `Node::builder(config).dictionary(&…)` or `Known::with`.
///
/// `name` names it in diagnostics; `avps` lists keys, enumerations and groups, `commands` requests and answers, both in any
/// order. What AVPs have in `extends(…)` is found by itself. `crate = ::diametric_protocol` says where the runtime is.
///
/// ```
/// # extern crate diametric_protocol as diametric;
/// # use diametric_derive::{Avp, dictionary_table};
/// use diametric::codec::DictionaryTable;
///
/// #[derive(Avp)]
/// #[avp(name = "Custom-Message", code = 7001, vendor = 99999, flags = "M", type = UTF8String)]
/// pub enum CustomMessage {}
///
/// pub static DICTIONARY: DictionaryTable = dictionary_table!(name = "acme", avps = [CustomMessage]);
/// # fn main() { assert_eq!(DICTIONARY.avps[0].name, "Custom-Message") }
/// ```
#[proc_macro]
pub fn dictionary_table(input: TokenStream) -> TokenStream {
    let table = parse_macro_input!(input as table::Table);
    table::table(&table).into()
}

/// Generates what an XML dictionary declares, where the macro stands: a module for each dictionary and application, and the
/// static `DICTIONARY`.
///
/// ```text
/// diametric::dictionary!("acme.xml");
/// diametric::dictionary!("acme.xml", "more.xml", name = "acme", crate = ::diametric_protocol);
/// ```
///
/// Paths start from the package's root, where its `Cargo.toml` is. The crate is compiled again when a file changes. Each
/// mistake in a dictionary is an error of the compiler, which shows its line; a warning is a warning. A dictionary that
/// builds on one of another crate needs a build script: see `diametric_codegen::Generator::import_crate`.
#[proc_macro]
pub fn dictionary(input: TokenStream) -> TokenStream {
    let dictionary = parse_macro_input!(input as dictionary::Dictionary);
    dictionary::dictionary(&dictionary).into()
}

/// The mistakes as errors of the compiler, and what stands for the implementation.
fn told(error: &Error, instead: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let errors = error.to_compile_error();
    quote!(#errors #instead)
}
