//! Diameter for Rust, with online and offline charging.

mod config;
mod dispatch;
mod driver;
mod error;
mod node;
mod peers;
pub mod rf;
pub mod ro;

pub use config::{
    Accept, Config, ConfigError, DEFAULT_PORT, InvalidAddress, PeerAddress, PeerConfig, Problem, RealmConfig, RfConfig,
    RoConfig,
};
pub use diametric_protocol::*;
pub use dispatch::Incoming;
pub use driver::Frame;
pub use error::{SendError, StartError};
pub use node::{Node, NodeBuilder};
