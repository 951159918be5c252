//! The AVPs of Acme: the module [`acme`] and the table [`DICTIONARY`].

diametric::include_dictionary!();
