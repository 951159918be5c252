//! Rust from Diameter dictionaries.

mod emit;
mod generator;
mod output;

pub use emit::GeneratedFile;
pub use generator::{Error, Generator};
pub use output::Output;

/// What `diametric-derive` shares with generated code.
#[doc(hidden)]
pub mod derive_support {
    pub use crate::emit::{Field, Hold, Names, Struct, key_impl, value_impls};
}
