//! Random messages, decoded by this project and by another: what both make of them is compared.

pub mod dia;
pub mod erlang;
pub mod features;
