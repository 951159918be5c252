//! Texts: dictionaries, derived types, and values as people write them.

use diametric_dictionary::{Loader, grammar, model::AvpId};
use diametric_protocol::value::{Address, DiameterIdentity, DiameterUri, IpFilterRule, QosFilterRule, Time};
use std::fmt::Display;
use std::str::FromStr;

/// A dictionary is read, resolved and printed, or what is wrong with it is told.
pub fn dictionary(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for strict in [false, true] {
        let mut loader = Loader::new();
        loader.strict(strict);
        let unit = loader.unit("fuzz", None);
        loader.add_text(unit, "fuzz.xml", text);
        let loaded = loader.load();
        let rendered = loaded.render();
        assert_eq!(rendered.is_empty(), loaded.diagnostics.is_empty());
        if !loaded.has_errors() {
            for id in (0..loaded.dictionary.avps.len()).map(AvpId) {
                assert!(!grammar::avp(&loaded.dictionary, id).is_empty());
            }
        }
    }
}

/// Every macro tells mistakes, or gives code.
pub fn derive(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for result in diametric_fuzz_derive::expand(text) {
        match result {
            Ok(code) => {
                let shown = code.to_string();
                syn::parse2::<syn::File>(code).unwrap_or_else(|error| panic!("{error}: {shown}"));
            }
            Err(error) => assert!(error.into_iter().all(|error| !error.to_string().is_empty())),
        }
    }
}

/// What is read of a text is written so that it is read again.
pub fn values(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    reads::<Address>(text);
    reads::<DiameterIdentity>(text);
    reads::<DiameterUri>(text);
    reads::<Time>(text);
    if let Some(rule) = reads::<IpFilterRule>(text) {
        let parsed = rule.parse().expect("rules made from text follow the grammar");
        assert_eq!(IpFilterRule::try_from(&parsed).expect("it can be written").parse(), Ok(parsed));
    }
    if let Some(rule) = reads::<QosFilterRule>(text) {
        let parsed = rule.parse().expect("rules made from text follow the grammar");
        assert_eq!(QosFilterRule::try_from(&parsed).expect("it can be written").parse(), Ok(parsed));
    }
    // As received, a rule may be any text.
    if let Ok(rule) = IpFilterRule::from_text(text.to_owned()) {
        let _ = rule.parse();
    }
    if let Ok(rule) = QosFilterRule::from_text(text.to_owned()) {
        let _ = rule.parse();
    }
}

fn reads<T: FromStr<Err: Display> + Display + PartialEq>(text: &str) -> Option<T> {
    match text.parse::<T>() {
        Ok(value) => {
            let written = value.to_string();
            assert!(written.parse::<T>().is_ok_and(|again| again == value), "{text:?} is written as {written:?}");
            Some(value)
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            None
        }
    }
}
