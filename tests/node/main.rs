//! Nodes over loopback TCP: with each other, and with peers that are written octet by octet.

mod edges;
mod hostile;
mod peers;
mod raw;
mod requests;
mod ro;
mod support;
