//! The vendor's AVPs, generated from `dictionary/acme.xml`.
#![allow(dead_code, unreachable_pub, reason = "a dictionary gives everything it declares, used here or not")]

mod generated {
    diametric::include_dictionary!();
}

pub(crate) use generated::DICTIONARY;
pub(crate) use generated::acme::*;
