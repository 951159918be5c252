//! Diameter dictionaries: which AVPs, commands and applications exist, read from XML, checked and resolved.
//!
//! # Concepts
//!
//! - A *file* is one XML dictionary, usually the transcript of one specification. It has a name, by which other files
//!   `<import>` it. Names of AVPs and commands are visible in their own file, in files that import it, and everywhere if the
//!   file is one of the standard dictionaries shipped here.
//! - A *unit* is a set of files that become one Rust crate. The shipped dictionaries are the unit `standard`, whose types are in
//!   `diametric-protocol`; a vendor's files are another unit, which refers to those types instead of generating them again.
//! - An *AVP* is identified by its vendor and its code together. Its name is unique within the vendor only: a rule may say
//!   `vendor=` which AVP it means. A command is identified by its application and its code.
//! - `<extend>` is the one way to add to what another file defines: members to a command or group, values to an enumeration.
//!   Within a unit the additions are merged, before the extension point `* [ AVP ]`; across units they are recorded beside
//!   the dictionary, because a type of another crate cannot grow. What must *require* more starts a form of its own with
//!   `<command like=…>`.
//!
//! Files in the format of go-diameter load as they are: without `name` on the root and without any element or attribute that
//! is ours, contradictions and dangling names are warnings instead of errors.
//!
//! A [`Loader`] takes files and gives [`Loaded`]: a [`model::Dictionary`] and the [`diagnostics`] of all files at once. Look-ups
//! are in [`index`], Rust names in [`naming`], the notation of the standards in [`grammar`].
//!
//! ```
//! use diametric_dictionary::{Loader, grammar, index::Index};
//!
//! let mut loader = Loader::new();
//! let acme = loader.unit("acme", None);
//! loader.add_text(
//!     acme,
//!     "acme.xml",
//!     r#"<diameter name="acme">
//!          <vendor id="99999" name="Acme" code="ACME"/>
//!          <avp name="Acme-Route" code="7001" vendor-id="ACME" must="V,M">
//!            <data type="Grouped"><rule avp="Acme-Hop" required="true" max="*"/><any/></data>
//!          </avp>
//!          <avp name="Acme-Hop" code="7002" vendor-id="ACME" must="V"><data type="UTF8String"/></avp>
//!        </diameter>"#,
//! );
//! let loaded = loader.load();
//! assert!(!loaded.has_errors(), "{}", loaded.render());
//!
//! let route = Index::new(&loaded.dictionary).avp(99999, 7001).expect("it was just defined");
//! assert_eq!(loaded.dictionary.avp(route).rust_name, "AcmeRoute");
//! let printed = "\
//! <Acme-Route> ::= < AVP Header: 7001 99999 >
//!               1* { Acme-Hop }
//!                * [ AVP ]
//! ";
//! assert_eq!(grammar::avp(&loaded.dictionary, route), printed);
//! ```

pub mod diagnostics;
pub mod diff;
pub mod grammar;
pub mod index;
mod loader;
pub mod model;
pub mod naming;
mod reader;
mod resolve;
pub mod shape;
pub mod source;
pub mod standard;
pub mod wireshark;

pub use loader::{Loaded, Loader};
