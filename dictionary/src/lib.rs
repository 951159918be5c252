//! Diameter dictionaries.

pub mod diagnostics;
pub mod grammar;
mod loader;
pub mod model;
pub mod naming;
mod reader;
mod resolve;
pub mod source;
pub mod standard;

pub use loader::{Loaded, Loader};
