//! What a Diameter node does next: the state machines of peers and of Ro and Rf charging, without sockets and without a clock.
//! The crate `diametric` drives them over tokio; another runtime, a simulator or a test can do so as well.
//!
//! # Concepts
//!
//! - A *machine* decides. It holds no socket, sends nothing, and never asks what time it is: the time is a parameter of
//!   whatever it is told.
//! - A *driver* does. It tells a machine what happened (`handle_input`), carries out what comes out (`poll_action`, until
//!   there is no more), and comes back when the time has come that `poll_timeout` names (`handle_timeout`).
//! - [`peer`] has the machine of a connection, from CER to DPA, and the watchdog that outlives connections.
//! - [`ro`] has credit-control sessions and one-time events, both sides; [`rf`] has accounting sessions and records, both
//!   sides. They know of messages only the few facts that decide.
//! - Every pair of state and input is decided. What has no meaning changes nothing, and the driver is told so.
//!
//! The rows of the RFCs' tables, by number, are the tests of this crate.
//!
//! # Example
//!
//! A session whose first request stays without answer:
//!
//! ```
//! use diametric_engine::ro::{ClientSession, NoAnswer};
//! use diametric_engine::ro::session::{Action, Input, SessionConfig};
//! use std::time::Instant;
//!
//! let mut session = ClientSession::new("ctf.example.com;1;2", SessionConfig::default());
//! let started = Instant::now();
//! session.handle_input(started, Input::Start)?;
//! let Some(Action::SendCcr(order)) = session.poll_action() else { panic!("a session starts with a CCR") };
//! assert_eq!(order.number, 0);
//!
//! // Nobody waited for it: the ten seconds of Tx pass because we say so.
//! let tx = session.poll_timeout().expect("Tx runs");
//! assert_eq!(tx - started, SessionConfig::default().tx);
//! session.handle_timeout(tx);
//! assert_eq!(session.poll_action(), Some(Action::Unanswered { number: 0, why: NoAnswer::TxExpired }));
//! assert_eq!(session.poll_action(), Some(Action::TerminateService));
//! # Ok::<(), diametric_engine::ro::Ignored>(())
//! ```

mod deadline;
pub mod peer;
mod random;
pub mod rf;
pub mod ro;
