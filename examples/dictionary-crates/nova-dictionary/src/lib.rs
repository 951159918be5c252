//! The AVPs of Nova: the module [`nova`] and the table [`DICTIONARY`]. Those of Acme are in `acme_dictionary`.

diametric::include_dictionary!();
