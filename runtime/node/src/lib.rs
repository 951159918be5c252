//! Diameter for Rust: typed messages from dictionaries, peers, and online (Ro) and offline (Rf) charging.
//!
//! # Concepts
//!
//! - A [`Node`] is this program as other Diameter nodes see it: an identity, listeners, and connections to *peers*, which it
//!   keeps up, watches and chooses between. It is told what it is by a [`Config`], in Rust or in a TOML file.
//! - A *dictionary* says which AVPs and commands exist. Those of RFC 6733, RFC 8506 and the 3GPP are Rust types here, in
//!   modules such as [`base`], [`credit_control`] and [`ts32299`]: a message is a struct, an AVP is a field. Your own come
//!   from an XML file ([`dictionary!`]) or from a derive ([`Avp`](macro@Avp), [`Grouped`](macro@Grouped)), and are known to a
//!   node once it is given their table ([`NodeBuilder::dictionary`]).
//! - [`ro`] is online charging. Its client, [`Node::ro`], opens sessions that reserve units and charges for single events; its
//!   server implements [`RoServer`](ro::RoServer).
//! - [`rf`] is offline charging, likewise: [`Node::rf`], and [`RfServer`](rf::RfServer).
//! - A *handler* answers the requests of one type, for whatever is neither: [`NodeBuilder::handle`]. [`Node::send`] sends
//!   them.
//!
//! What a peer sends is checked against the dictionaries before it gets anywhere; what is wrong with it is answered as
//! RFC 6733 asks. What goes wrong here is an error that names the peer, the route, or the path of the AVP.
//!
//! # Example
//!
//! An online charging server and its client, over loopback:
//!
//! ```
//! use diametric::answer::ErrorAnswer;
//! use diametric::credit_control::{Cca, GrantedServiceUnit, RequestedServiceUnit};
//! use diametric::ro::{RoRequest, RoServer, imsi};
//! use diametric::{Config, Node};
//!
//! /// Grants a minute to everybody.
//! struct Generous;
//!
//! impl RoServer for Generous {
//!     async fn debit(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
//!         let mut cca = request.success();
//!         cca.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_time(60_u32));
//!         Ok(cca)
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let config = Config::new("ocs.example.net", "example.net").listen("127.0.0.1:0".parse()?);
//!     let ocs = Node::builder(config).ro_server(Generous).start().await?;
//!
//!     let config = Config::new("smsc.example.com", "example.com").peer(ocs.listening()[0]).ro_client("example.net");
//!     let smsc = Node::builder(config).start().await?;
//!     let service = smsc.ro()?.service("32274@3gpp.org").subscription(imsi("001010123456789"));
//!     let cca = service
//!         .debit(|ccr| ccr.requested_service_unit = Some(RequestedServiceUnit::new().with_cc_time(60_u32)))
//!         .await?;
//!     assert_eq!(cca.granted_service_unit.and_then(|granted| granted.cc_time), Some(60));
//!
//!     smsc.shutdown().await;
//!     ocs.shutdown().await;
//!     Ok(())
//! }
//! ```
//!
//! Programs without async have the same in [`blocking`].
//!
//! # Further reading
//!
//! In the repository: `docs/guide/configuration.md` for every key of a configuration, `docs/guide/dictionary-format.md` for
//! dictionaries, `examples/` for programs to start from, and `docs/decisions/` for why things are as they are. What a node
//! does is told to [`tracing`](https://docs.rs/tracing): connections at level `info`, requests at `debug`, messages at `trace`.
//! What others say in AVPs is never told, since it may be who a user is; that goes for their Session-Ids as well.

mod attributes;
pub mod blocking;
mod config;
mod decode;
mod dispatch;
mod driver;
mod error;
mod node;
mod peers;
pub mod rf;
pub mod ro;
mod snapshot;
mod store;
mod wait;

pub use config::{
    Accept, Config, ConfigError, DEFAULT_PORT, InvalidAddress, PeerAddress, PeerConfig, Problem, RealmConfig, RfConfig,
    RoConfig,
};
pub use diametric_derive::{Avp, Command, Enumerated, Grouped, dictionary, dictionary_table};
pub use diametric_engine::peer;
pub use diametric_protocol::*;
pub use dispatch::Incoming;
pub use driver::Frame;
pub use error::{SendError, StartError};
pub use node::{Node, NodeBuilder};
