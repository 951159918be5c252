//! The protocol half of diametric: wire codec, generated standard messages and state machines, without sockets.

pub mod codec;
mod generated;
pub mod message;
pub mod value;
pub mod wire;

include!(concat!(env!("OUT_DIR"), "/diametric.rs"));
