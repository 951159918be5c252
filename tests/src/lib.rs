//! What the tests share: a vendor's dictionary, and a text of the resolved standard dictionaries.

diametric::include_dictionary!();

pub mod resolved;
