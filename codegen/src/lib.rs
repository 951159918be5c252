//! Rust from Diameter dictionaries, for use in `build.rs`.
//!
//! # Concepts
//!
//! - A *dictionary* is an XML file (or several) that defines AVPs and commands; the ones of the standards are built in,
//!   and their types are in the crate `diametric`, the *runtime*.
//! - A *module* is generated for each dictionary file, and for each application in it: what is declared inside an
//!   `<application>` is in the application's module, the rest in the file's.
//! - An AVP becomes one type, which is its *key*: a struct for a group, a type with named values for an enumeration, an
//!   empty enum for all others. A command becomes a struct for the request and one for the answer.
//! - What cannot be left out is in a *`…Required`* struct, which `new` takes: a missing AVP is a compile error.
//! - What a dictionary adds to a type of another crate comes as an *extension trait*; what must be required there, as an
//!   *own form*, a struct around the standard one.
//! - [`Generator`] reads the dictionaries, checks them, and writes the modules and the table `DICTIONARY` to `OUT_DIR`.
//!
//! # Example
//!
//! `acme.xml`, beside `Cargo.toml`:
//!
//! ```xml
//! <diameter name="acme">
//!   <vendor id="99999" name="Acme"/>
//!   <avp name="Custom-Message" code="7001" vendor-id="99999" must="M"><data type="UTF8String"/></avp>
//! </diameter>
//! ```
//!
//! `build.rs`, with `diametric-codegen` among the `[build-dependencies]`:
//!
//! ```no_run
//! diametric_codegen::Generator::new().dictionary("acme.xml").generate();
//! ```
//!
//! `lib.rs`:
//!
//! ```text
//! diametric::include_dictionary!();
//! ```
//!
//! From then on the AVP is a typed value: `ccr.add::<acme::CustomMessage>("This is a test")`. A mistake in the dictionary
//! ends the build with its line and column, and what to do.
//!
//! Without a build script `diametric::dictionary!("acme.xml")` does the same.

mod emit;
mod generator;
mod output;

pub use emit::GeneratedFile;
pub use generator::{Error, Generator};
pub use output::Output;

/// What `diametric-derive` shares with generated code.
#[doc(hidden)]
pub mod derive_support {
    pub use crate::emit::{Field, Names, Struct, key_impl, number, value_impls};
}
