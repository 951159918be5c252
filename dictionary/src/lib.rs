//! Diameter dictionaries.
pub mod model;
pub mod source;
