//! What the standards demand of a group beyond its grammar.

use super::decode::{example, whole};
use super::{AvpHeader, Failure, GroupId};
use crate::base::{AcctApplicationId, AuthApplicationId, ResultCode};
use crate::codec::Avp;
use crate::wire::{AvpReader, RawAvp};

/// Judges the payload of a group.
pub(super) type Rule = fn(&[u8]) -> Option<Failure>;

/// The rule for a group, if there is one. Known at compile time for each group that is decoded.
#[inline]
pub(super) const fn of(group: GroupId) -> Option<Rule> {
    match group {
        GroupId::Avp { vendor: 0, code: 260 } => Some(vendor_specific_application_id),
        _ => None,
    }
}

/// RFC 6733 §6.11: exactly one of Auth-Application-Id and Acct-Application-Id.
fn vendor_specific_application_id(data: &[u8]) -> Option<Failure> {
    let is = |avp: &RawAvp<'_>, code: u32| avp.vendor == 0 && avp.code == code;
    let ids: Vec<_> = AvpReader::new(data)
        .filter_map(Result::ok)
        .filter(|avp| is(avp, AuthApplicationId::CODE) || is(avp, AcctApplicationId::CODE))
        .collect();
    let (result_code, failed_avp, message) = if ids.is_empty() {
        let examples = [AvpHeader::of::<AuthApplicationId>(), AvpHeader::of::<AcctApplicationId>()]
            .map(|header| example(header, 4));
        (ResultCode::MISSING_AVP, examples.into(), "needs Auth-Application-Id or Acct-Application-Id")
    } else if ids.iter().any(|avp| is(avp, AuthApplicationId::CODE))
        && ids.iter().any(|avp| is(avp, AcctApplicationId::CODE))
    {
        let received = ids.iter().map(whole).collect();
        let message = "has both Auth-Application-Id and Acct-Application-Id, only one may be there";
        (ResultCode::AVP_OCCURS_TOO_MANY_TIMES, received, message)
    } else {
        return None;
    };
    Some(Failure { result_code, failed_avp, path: Vec::new(), message: message.into() })
}
