//! Decoding that forgives what can be kept as it is.

use super::{Command, DecodeError, Decoder, Known, read_header_of};
use crate::codec::{Aside, Failure};
use crate::wire::{HEADER_LEN, Header};

/// A message as it was received, and what had to be forgiven in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Lenient<C> {
    /// Its header.
    pub header: Header,
    /// Its body. What was forgiven is among the extras of its group, octet by octet.
    pub body: C,
    /// What strict decoding would have refused, in the order found. Empty if nothing.
    pub forgiven: Vec<Failure>,
}

/// Decodes one message as far as it can be without inventing anything, and says what it forgave. For tools, and for peers
/// that will not change: a node is strict with all others, as RFC 6733 §7 asks.
///
/// An AVP that is wrong, or that strict decoding does not allow where it is, is kept raw among the
/// [extras](crate::codec::Group::extras) of its group, and its field is as if it were not there; encoding writes it again.
/// A group that lacks a required member, or in which lengths do not fit, is so kept as a whole.
///
/// ```
/// use diametric_protocol::codec::{Group, Known};
/// use diametric_protocol::credit_control::CreditControlRequest;
/// use diametric_protocol::message;
/// # use diametric_protocol::codec::ExtraAvp;
/// # use diametric_protocol::credit_control::{CcRequestType, CreditControlRequestRequired};
/// # use diametric_protocol::message::{EndToEndId, Header, HopByHopId};
/// # use diametric_protocol::wire::AvpFlags;
/// # let mut ccr = CreditControlRequest::new(CreditControlRequestRequired {
/// #     session_id: "a;1;1".into(),
/// #     origin_host: "a.example.com".into(),
/// #     origin_realm: "example.com".into(),
/// #     destination_realm: "example.net".into(),
/// #     auth_application_id: 4,
/// #     service_context_id: "32251@3gpp.org".into(),
/// #     cc_request_type: CcRequestType::InitialRequest,
/// #     cc_request_number: 0,
/// # });
/// # ccr.extras_mut().push(ExtraAvp::new(999_999, 0, AvpFlags::MANDATORY, [1, 2, 3]));
/// # let header = Header::of::<CreditControlRequest>(HopByHopId(1), EndToEndId(1));
/// # let frame = message::encode(header, &ccr)?;
/// let known = Known::standard();
/// assert!(message::decode::<CreditControlRequest>(&frame, &known).is_err());
///
/// let lenient = message::decode_lenient::<CreditControlRequest>(&frame, &known)?;
/// assert_eq!(
///     lenient.forgiven[0].to_string(),
///     "AVP 999999: not known, and its M flag demands that it is understood; Result-Code 5001 (DIAMETER_AVP_UNSUPPORTED)"
/// );
/// assert_eq!(lenient.body.extras()[0].data(), [1, 2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Those of [`decode`](super::decode), if the header or the framing of the message is wrong, if a required member is missing
/// or wrong, or if more than 32 AVPs would have to be set aside.
pub fn decode_lenient<C: Command>(frame: &[u8], known: &Known) -> Result<Lenient<C>, DecodeError> {
    let header = read_header_of::<C>(frame)?;
    let mut aside = Aside::new(frame);
    let mut forgiven = Vec::new();
    let mut refused = None;
    loop {
        let mut body = C::blank_group();
        let mut decoder = Decoder::lenient(known, frame.len(), &aside);
        // As in strict decoding, the depth limit cannot be what fails here.
        let _ = decoder.group(&mut body, &aside.frame()[HEADER_LEN..]);
        let found = decoder.found();
        if found.is_empty() {
            return Ok(Lenient { header, body, forgiven });
        }
        // What strict decoding says, in case that it cannot be forgiven.
        let first = || DecodeError::new(found.iter().map(|found| found.failure.clone()).collect()).in_message(C::NAME);
        let again = refused.is_some();
        let strict = refused.get_or_insert_with(first);
        match aside.forgive(found, known, again) {
            Some(more) => forgiven.extend(more),
            None => return Err(strict.clone()),
        }
    }
}
