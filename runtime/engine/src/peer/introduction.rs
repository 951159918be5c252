//! Reading CER and CEA: what a connection depends on must be right, the rest may be missing or wrong.
//!
//! Nodes of many makes and years meet here, before anything else can be settled between them. A node that leaves
//! Host-IP-Address or Product-Name out, repeats Firmware-Revision or sets the P flag can be talked to; one whose name or
//! applications cannot be read cannot. So these must be well-formed: the framing of all AVPs, Origin-Host, Origin-Realm and
//! the application ids; and, in an answer, Result-Code. AVPs with the M flag that are not known are refused in a CER, as
//! the flag demands (RFC 6733 §4.1); in a CEA there is nobody to refuse them to.

use super::{Applications, RemoteNode};
use bytes::Bytes;
use diametric_protocol::answer::{ErrorAnswer, RequestContext};
use diametric_protocol::base::{
    AcctApplicationId, AuthApplicationId, CapabilitiesExchangeRequest, ErrorMessage, InbandSecurityId, OriginHost,
    OriginRealm, OriginStateId, ProductName, ResultCode, VendorSpecificApplicationId,
};
use diametric_protocol::codec::{Avp, DecodeError, Failure, Group, Known};
use diametric_protocol::message;
use diametric_protocol::value::{DiameterIdentity, RawGroup, Utf8String};
use diametric_protocol::wire::{AvpReader, CommandFlags, RawAvp, RawMessage};

/// NO_INBAND_SECURITY (RFC 6733 §6.10).
const NO_INBAND_SECURITY: u32 = 0;

/// A base message without the P flag, which must not be set in it and does no harm.
///
/// RFC 6733 has CER, DWR and DPR with P refused with 3008. Peers that set it exist, and to refuse them is to have no
/// connection at all; the flag asks for nothing that concerns two neighbours.
pub(super) fn without_p(frame: &Bytes) -> Bytes {
    match frame.get(4) {
        Some(flags) if flags & CommandFlags::PROXIABLE.0 != 0 => {
            let mut octets = frame.to_vec();
            octets[4] &= !CommandFlags::PROXIABLE.0;
            octets.into()
        }
        _ => frame.clone(),
    }
}

/// What the answer to a base request repeats of it: not the P flag, which base answers do not have.
pub(super) fn context(frame: &Bytes) -> Option<RequestContext> {
    RequestContext::of(&without_p(frame))
}

/// The node that speaks in a CER.
///
/// # Errors
/// With the answer that the CER deserves.
pub(super) fn of_request(frame: &Bytes, known: &Known) -> Result<RemoteNode, ErrorAnswer> {
    let scan = RawMessage::read(frame).ok().and_then(|message| Scan::of(&message, Some(known)));
    let node = scan.filter(|_| !frame.get(4).is_some_and(|flags| CommandFlags(*flags).is_error()));
    let Some((scan, remote)) = node.and_then(|scan| scan.node().map(|remote| (scan, remote))) else {
        return Err(match message::decode::<CapabilitiesExchangeRequest>(&without_p(frame), known) {
            Err(error) => refusal(&error, frame),
            // What is read here is less than what is decoded there, and judged alike.
            Ok(_) => ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the CER cannot be read"),
        });
    };
    if !scan.security.is_empty() && !scan.security.contains(&NO_INBAND_SECURITY) {
        let message = "security within the connection is not offered: TLS comes before the CER";
        return Err(ErrorAnswer::new(ResultCode::NO_COMMON_SECURITY, message));
    }
    Ok(remote)
}

/// What a CEA says.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) result_code: ResultCode,
    pub(super) message: Option<String>,
    /// Also of a node that refuses, if it says so.
    pub(super) origin_host: Option<DiameterIdentity>,
    pub(super) remote: Option<RemoteNode>,
}

/// Reads a CEA, or the answer-message that comes in its place.
///
/// # Errors
/// With what is wrong, for people.
pub(super) fn of_answer(frame: &Bytes) -> Result<Reply, String> {
    let message = RawMessage::read(frame).map_err(|error| error.to_string())?;
    let scan = Scan::of(&message, None).ok_or("the AVPs of the CEA cannot be read")?;
    let Some(result_code) = scan.result_code else { return Err("the CEA has no Result-Code".into()) };
    let remote = scan.node();
    if remote.is_none() && result_code == ResultCode::SUCCESS {
        return Err("the CEA does not say who sends it: Origin-Host or Origin-Realm is missing or malformed".into());
    }
    Ok(Reply { result_code, message: scan.message, origin_host: scan.origin_host, remote })
}

/// What is looked at.
#[derive(Clone, Debug, Default)]
struct Scan {
    origin_host: Option<DiameterIdentity>,
    origin_realm: Option<DiameterIdentity>,
    product_name: Option<Utf8String>,
    origin_state_id: Option<u32>,
    result_code: Option<ResultCode>,
    message: Option<String>,
    security: Vec<u32>,
    applications: Applications,
}

impl Scan {
    /// Reads all AVPs; nothing if the framing breaks or what counts is malformed. With `strict`, also if an AVP has the M
    /// flag and is not known.
    fn of(message: &RawMessage<'_>, strict: Option<&Known>) -> Option<Self> {
        let mut scan = Self::default();
        for avp in message.avps() {
            let avp = avp.ok()?;
            if strict.is_some_and(|known| avp.flags.is_mandatory() && known.avp(avp.vendor, avp.code).is_none()) {
                return None;
            }
            if avp.vendor == 0 {
                scan.take(&avp, strict.is_some())?;
            }
        }
        Some(scan)
    }

    /// Of an AVP that should not be repeated, the first counts.
    fn take(&mut self, avp: &RawAvp<'_>, strict: bool) -> Option<()> {
        match avp.code {
            OriginHost::CODE if self.origin_host.is_none() => self.origin_host = Some(value::<OriginHost>(avp)?),
            OriginRealm::CODE if self.origin_realm.is_none() => self.origin_realm = Some(value::<OriginRealm>(avp)?),
            ProductName::CODE if self.product_name.is_none() => self.product_name = value::<ProductName>(avp),
            OriginStateId::CODE if self.origin_state_id.is_none() => {
                self.origin_state_id = value::<OriginStateId>(avp);
            }
            ResultCode::CODE if self.result_code.is_none() => {
                self.result_code = value::<ResultCode>(avp);
            }
            ErrorMessage::CODE if self.message.is_none() => {
                self.message = value::<ErrorMessage>(avp).map(|text| text.to_string());
            }
            InbandSecurityId::CODE => {
                self.security.extend(avp.data.first_chunk().map(|word| u32::from_be_bytes(*word)))
            }
            AuthApplicationId::CODE | AcctApplicationId::CODE => self.application(avp)?,
            VendorSpecificApplicationId::CODE => self.group(avp, strict)?,
            _ => {}
        }
        Some(())
    }

    fn application(&mut self, avp: &RawAvp<'_>) -> Option<()> {
        let applications = std::mem::take(&mut self.applications);
        self.applications = match avp.code {
            AuthApplicationId::CODE => applications.with_auth(value::<AuthApplicationId>(avp)?),
            _ => applications.with_acct(value::<AcctApplicationId>(avp)?),
        };
        Some(())
    }

    /// One application id in a group, with however many vendors (RFC 3588 had several); they play no part (RFC 6733 §5.3).
    /// Who has to be told of a group with none or both (RFC 6733 §6.11) is told.
    fn group(&mut self, avp: &RawAvp<'_>, strict: bool) -> Option<()> {
        let mut count = 0;
        for member in AvpReader::new(avp.data) {
            let member = member.ok()?;
            if member.vendor == 0 && matches!(member.code, AuthApplicationId::CODE | AcctApplicationId::CODE) {
                self.application(&member)?;
                count += 1;
            }
        }
        (!strict || count == 1).then_some(())
    }

    fn node(&self) -> Option<RemoteNode> {
        Some(RemoteNode {
            origin_host: self.origin_host.clone()?,
            origin_realm: self.origin_realm.clone()?,
            product_name: self.product_name.clone().unwrap_or_default(),
            origin_state_id: self.origin_state_id,
            applications: self.applications.clone(),
        })
    }
}

fn value<A: Avp>(avp: &RawAvp<'_>) -> Option<A::Value> {
    diametric_protocol::codec::decode_payload::<A>(avp.data).ok()
}

/// The first failure that counts. That the AVPs are not framed does, and is before what seems to be missing: it may come
/// after that place.
fn refusal(error: &DecodeError, frame: &[u8]) -> ErrorAnswer {
    let failures = error.failures();
    let torn = RawMessage::read(frame).is_ok_and(|message| message.avps().any(|avp| avp.is_err()));
    // Nothing behind it was read, so this is the last of its kind.
    let is_torn = |failure: &Failure| failure.result_code == ResultCode::INVALID_AVP_LENGTH && failure.path.len() == 1;
    let torn = failures.iter().rposition(is_torn).filter(|_| torn);
    let counts = |failure: &Failure| {
        let essential = failure.path.first().is_none_or(|segment| {
            let codes = [OriginHost::CODE, OriginRealm::CODE, AuthApplicationId::CODE, AcctApplicationId::CODE];
            segment.vendor == 0 && (codes.contains(&segment.code) || segment.code == VendorSpecificApplicationId::CODE)
        });
        essential || failure.result_code == ResultCode::AVP_UNSUPPORTED
    };
    let first = failures.iter().enumerate().find(|(place, failure)| Some(*place) == torn || counts(failure));
    let failure = first.map_or(error.first(), |(_, failure)| failure);
    let separator = if failure.path.is_empty() { ": " } else { "." };
    ErrorAnswer {
        result_code: failure.result_code,
        message: Some(format!("{}{separator}{failure}", CapabilitiesExchangeRequest::NAME)),
        failed_avp: (!failure.failed_avp.is_empty()).then(|| RawGroup::from(failure.failed_avp.concat().as_slice())),
    }
}
