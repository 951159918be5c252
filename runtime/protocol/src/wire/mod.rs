//! The raw layer: headers and AVPs as they stand on the wire, borrowed, without any dictionary.
//!
//! A relay, a dump or a test reads messages here; [`RawMessage`] keeps every octet, so writing one again gives the same
//! bytes. The typed layer in [`codec`](crate::codec) is built on the same reader.

mod avp;
mod header;
mod message;

pub(crate) use avp::Step;
pub use avp::{AvpFlags, AvpReader, Framing, FramingFault, RawAvp};
pub use header::{CommandFlags, EndToEndId, HEADER_LEN, Header, HeaderError, HopByHopId, MAX_AVP_LEN, MAX_MESSAGE_LEN};
pub use message::{RawAvpBuf, RawMessage, frame_length};

/// Writes the `N` octets at `at`. `copy_from_slice` is for any number, and is a call, to a function of std that only
/// link-time optimization inlines.
#[inline(always)]
pub(crate) fn put<const N: usize>(out: &mut [u8], at: usize, octets: [u8; N]) {
    *out[at..].first_chunk_mut().expect("room for as many") = octets;
}
