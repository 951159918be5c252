//! Peers: one transport connection at a time, from CER to DPA, without sockets or clock.
//!
//! - [`Connection`] is the machine of one connection: capabilities exchange, requests matched to answers by hop-by-hop
//!   id, watchdog, disconnection.
//! - [`LocalNode`] and [`RemoteNode`] are what the two ends say of themselves; [`Applications`] what they serve.
//! - [`watchdog`] is the machine of RFC 3539, which outlives a connection.
//!
//! A driver owns the socket: it hands in frames and the time, and carries out what [`Connection::poll_transmit`],
//! [`Connection::poll_event`] and [`Connection::poll_timeout`] say.

mod capabilities;
mod connection;
mod introduction;
mod pending;
mod vocabulary;
pub mod watchdog;

pub use capabilities::{Applications, Election, LocalNode, RELAY, RemoteNode};
pub use connection::Connection;
pub use vocabulary::{CloseReason, ConnectionConfig, Event, NotOpen, Role};
