//! Diameter messages: the wire codec, the standard messages as Rust types, and answers to whatever is wrong with a message.
//! No sockets, no clock.
//!
//! # Concepts
//!
//! - [`wire`] frames: a message is a header and AVPs, an AVP is a header and octets. It knows no dictionary, copies nothing, and
//!   is all that a relay needs.
//! - The modules of the dictionaries, such as [`base`], [`credit_control`], [`accounting`] and [`ts32299`], are generated. A
//!   command or group is a struct, an AVP in it a field; what its grammar demands cannot be left out. Any other AVP is an empty
//!   enum: a *key*, by which it is added to and found in whatever may carry it.
//! - [`value`] has the types of AVPs' values; [`tgpp`] what some of them hold inside.
//! - [`codec`] goes from octets to structs and back. Decoding is strict: what is wrong comes back with Result-Code,
//!   Failed-AVP and the path of the AVP. Unknown AVPs are kept, where they were and as they were.
//! - [`message`] decodes and encodes whole messages, judged by what is [`Known`](codec::Known); [`answer`] makes the answer to
//!   one that is refused.
//!
//! # Example
//!
//! ```
//! use diametric_protocol::base::ResultCode;
//! use diametric_protocol::codec::Known;
//! use diametric_protocol::credit_control::{CcRequestType, CreditControlAnswer, CreditControlAnswerRequired};
//! use diametric_protocol::message::{self, Command as _};
//! use diametric_protocol::wire::{EndToEndId, Header, HopByHopId};
//!
//! let cca = CreditControlAnswer::new(CreditControlAnswerRequired {
//!     session_id: "ctf.example.com;1;2".into(),
//!     result_code: ResultCode::SUCCESS,
//!     origin_host: "ocs.example.net".into(),
//!     origin_realm: "example.net".into(),
//!     auth_application_id: CreditControlAnswer::APPLICATION,
//!     cc_request_type: CcRequestType::InitialRequest,
//!     cc_request_number: 0,
//! });
//! let frame = message::encode(Header::of::<CreditControlAnswer>(HopByHopId(1), EndToEndId(2)), &cca)?;
//! let received = message::decode::<CreditControlAnswer>(&frame, &Known::standard())?;
//! assert_eq!(received.body, cca);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod answer;
pub mod codec;
#[doc(hidden)]
pub mod generated;
pub mod message;
pub mod session_id;
pub mod tgpp;
pub mod value;
pub mod wire;

include!(concat!(env!("OUT_DIR"), "/diametric.rs"));
