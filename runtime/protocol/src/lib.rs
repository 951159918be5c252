//! The protocol half of diametric: wire codec, generated standard messages and state machines, without sockets.

pub mod answer;
pub mod codec;
#[doc(hidden)]
pub mod generated;
pub mod message;
pub mod peer;
pub mod rf;
pub mod ro;
pub mod session_id;
pub mod tgpp;
pub mod value;
pub mod wire;

include!(concat!(env!("OUT_DIR"), "/diametric.rs"));
