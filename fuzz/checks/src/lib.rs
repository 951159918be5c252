//! What holds for any input. Each function is the body of the fuzz target of its name, and panics if it does not hold;
//! the tests run them on stored inputs with a stable compiler (`tests/fuzz.rs` of `diametric-tests`).

mod codec;
mod connection;
mod text;

pub use codec::{decode, raw, round_trip, selected};
pub use connection::connection;
pub use text::{derive, dictionary, values};

/// A target's name, and what it runs.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 7] = [
    ("connection", connection),
    ("decode", decode),
    ("derive", derive),
    ("dictionary", dictionary),
    ("raw", raw),
    ("round_trip", round_trip),
    ("values", values),
];
