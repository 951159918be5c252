//! What the tests share: a vendor's dictionary, a text of the resolved standard dictionaries, random messages, and what fuzzing
//! starts with.

diametric::include_dictionary!();

pub mod corpus;
pub mod differential;
pub mod messages;
pub mod resolved;

/// The programs in the README and in the guides compile: one in a text that has ceased to do so misleads its reader.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/guide/online-charging.md")]
    mod online_charging {}
    #[doc = include_str!("../../docs/guide/offline-charging.md")]
    mod offline_charging {}
    #[doc = include_str!("../../docs/guide/dissecting.md")]
    mod dissecting {}
}
