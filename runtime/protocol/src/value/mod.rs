//! The types of AVP values: one for each data format of RFC 6733 §4.2 and §4.3.

mod enumeration;
mod list;
mod number;
mod octets;
mod text;

pub use enumeration::Enumeration;
pub use list::{List, ListItem};
pub use octets::OctetString;
pub use text::{DiameterIdentity, Utf8String};
