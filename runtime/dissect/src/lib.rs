//! Diameter messages taken apart by a dictionary that is loaded at run time: for relays, logs, test tools, and whoever else
//! reads messages of applications that were not compiled in. `diametric decode` is made of it.
//!
//! # Concepts
//!
//! - A [`Dissector`] is a dictionary, prepared for look-ups: the shipped ones ([`Dissector::standard`]), or whatever a
//!   [`Loader`](diametric_dictionary::Loader) has read. It is made once, and used by any number of threads.
//! - [`Dissector::message`] gives the [`Dissected`] message: its header, the names of its command and application, and its
//!   AVPs. Nothing is read before it is asked for, nothing is copied, and nothing is allocated for an AVP.
//! - A [`DissectedAvp`] is one AVP: what its header says, its [`Definition`] if the dictionary has one, and its [`Value`]
//!   by the type that the definition gives it. The value of a group is an iterator over its members.
//! - Bad input is never a panic and seldom an error. An AVP without a definition has a value, its octets. A payload that
//!   does not fit its type is a [`Misfit`], which says why, and leaves [`DissectedAvp::data`] to be shown instead. Only where an AVP
//!   reaches beyond its end, so that nobody can tell where the next one begins, its sequence ends with an [`Unframed`].
//! - Groups are followed [`MAX_DEPTH`] levels deep.
//!
//! No grammar is checked: what is required, allowed or repeated is the matter of the typed messages in
//! `diametric-protocol`, and so is what an enumeration admits.
//!
//! # Example
//!
//! ```
//! use diametric_dictionary::Loader;
//! use diametric_dissect::{Avps, Dissector, Value};
//! use diametric_protocol::wire::RawMessage;
//!
//! let mut loader = Loader::with_standard();
//! let acme = loader.unit("acme", None);
//! loader.add_text(
//!     acme,
//!     "acme.xml",
//!     r#"<diameter name="acme">
//!          <vendor id="99999" name="Acme" code="ACME"/>
//!          <avp name="Acme-Priority" code="7001" vendor-id="ACME" must="V">
//!            <data type="Enumerated"><item code="0" name="LOW"/><item code="1" name="HIGH"/></data>
//!          </avp>
//!        </diameter>"#,
//! );
//! let loaded = loader.load();
//! assert!(!loaded.has_errors(), "{}", loaded.render());
//! let dissector = Dissector::new(loaded.dictionary);
//!
//! // A request as it came: header, Session-Id, a Subscription-Id with its type, Acme-Priority, and an AVP nobody knows.
//! let frame = b"\x01\0\0\x60\xc0\0\x01\x10\0\0\0\x04\0\0\0\x01\0\0\0\x02\
//!               \0\0\x01\x07\x40\0\0\x0ba;1\0\
//!               \0\0\x01\xbb\x40\0\0\x14\0\0\x01\xc2\x40\0\0\x0c\0\0\0\x01\
//!               \0\0\x1b\x59\x80\0\0\x10\0\x01\x86\x9f\0\0\0\x01\
//!               \0\0\0\x09\x80\0\0\x0d\0\0\0\x07\xff\0\0\0\
//!               \0\0\x01\x08\x40\0\0\x09x\0\0\0";
//!
//! fn print(avps: Avps<'_>, out: &mut Vec<String>) {
//!     for avp in avps {
//!         let Ok(avp) = avp else { break };
//!         match avp.value() {
//!             Ok(Value::Group(members)) => print(members, out),
//!             Ok(Value::Enumerated(value)) => out.push(format!("{}: {}", avp.name(), value.label().unwrap_or("?"))),
//!             Ok(value) => out.push(format!("{}:{value}", avp.name())),
//!             Err(misfit) => out.push(format!("{}: {misfit}", avp.name())),
//!         }
//!     }
//! }
//! let message = dissector.message(RawMessage::read(frame)?);
//! let mut out = Vec::new();
//! print(message.avps(), &mut out);
//! assert_eq!(
//!     out,
//!     [
//!         r#"Session-Id: "a;1""#,
//!         "Subscription-Id-Type: END_USER_IMSI",
//!         "Acme-Priority: HIGH",
//!         "unknown: 0xff",
//!         r#"Origin-Host: "x""#,
//!     ]
//! );
//!
//! // Or all of it, as `diametric decode` prints it:
//! assert!(message.to_string().starts_with("Credit-Control-Request (CCR) 272 app 4 (Credit-Control) R,P"));
//! // Where something stands, for people:
//! assert_eq!(message.path_at(40).as_deref(), Some("CCR.Subscription-Id.Subscription-Id-Type"));
//! # Ok::<(), diametric_protocol::wire::HeaderError>(())
//! ```

mod avp;
mod display;
mod dissector;
mod message;
mod value;

pub use avp::{Avps, DissectedAvp, MAX_DEPTH, Unframed};
pub use dissector::{Definition, Dissector, Label};
pub use message::Dissected;
pub use value::{AddressValue, EnumeratedValue, Misfit, Value};
