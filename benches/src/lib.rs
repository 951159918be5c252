//! Messages to measure with, and the limit to measure against.
//!
//! The workloads are shaped as gateways and charging systems send them, deviations included: some M flags differ from
//! the definitions, and PS-Information carries one AVP that the newest grammar no longer lists.
//!
//! | name | message | octets | AVPs |
//! |---|---|---|---|
//! | [`w1`] | DWR | 88 | 3 |
//! | [`w2`] | CCR INITIAL of a packet gateway, with PS-Information | 832 | 43 |
//! | [`w2r`] | the same with long operator names | 980 | 43 |
//! | [`w2a`] | the CCA that answers it | 272 | 14 |
//! | [`w3`] | CCR UPDATE that reports eight rating groups | 2852 | 192 |
//! | [`w4`] | CCA UPDATE that grants eight rating groups | 1472 | 105 |

mod construct;
mod dissect;
mod workloads;

pub use construct::ccr_initial;
pub use dissect::dissect;
pub use workloads::{w1, w2, w2a, w2r, w3, w4};

/// Every workload with its name.
pub fn all() -> [(&'static str, Vec<u8>); 6] {
    [("w1", w1()), ("w2", w2()), ("w2r", w2r()), ("w2a", w2a()), ("w3", w3()), ("w4", w4())]
}

/// Reads every AVP of a message, bounds checked, groups included: the least that any decoder does.
///
/// All that a decoder goes by is read of each AVP, and summed up so that nothing is left out: code, flags, Vendor-Id, and
/// where the payload starts and ends. Which AVPs are groups is asked of `is_group`, so that the walk descends as a
/// decoder would.
pub fn walk(data: &[u8], is_group: &impl Fn(u32, u32) -> bool) -> Option<u32> {
    let mut rest = data;
    let mut sum = 0_u32;
    while !rest.is_empty() {
        let code = u32::from_be_bytes(rest.get(..4)?.try_into().ok()?);
        let word = u32::from_be_bytes(rest.get(4..8)?.try_into().ok()?);
        let (flags, length) = (word >> 24, (word & 0x00ff_ffff) as usize);
        let (vendor, header) =
            if flags & 0x80 != 0 { (u32::from_be_bytes(rest.get(8..12)?.try_into().ok()?), 12) } else { (0, 8) };
        let payload = rest.get(header..length)?;
        sum = sum.wrapping_add(code ^ vendor ^ flags).wrapping_add(payload.len() as u32);
        if is_group(vendor, code) {
            sum = sum.wrapping_add(walk(payload, is_group)?);
        }
        rest = rest.get(((length + 3) & !3).min(rest.len())..)?;
    }
    Some(sum)
}

/// The groups that occur in the workloads.
pub fn is_group(vendor: u32, code: u32) -> bool {
    matches!(
        (vendor, code),
        (0, 430 | 431 | 434 | 437 | 443 | 446 | 456 | 458) | (10415, 873 | 874 | 1016 | 1034 | 1264)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use diametric_protocol::base::DeviceWatchdogRequest;
    use diametric_protocol::codec::{Group, Known};
    use diametric_protocol::credit_control::{CreditControlAnswer, CreditControlRequest};
    use diametric_protocol::message;

    #[test]
    fn workloads_have_the_sizes_they_are_known_by() {
        let lengths = all().map(|(name, frame)| (name, frame.len()));
        assert_eq!(lengths, [("w1", 88), ("w2", 832), ("w2r", 980), ("w2a", 272), ("w3", 2852), ("w4", 1472)]);
    }

    #[test]
    fn the_request_made_by_field_is_the_workload() {
        let w2 = message::decode::<CreditControlRequest>(&w2(), &Known::standard()).expect("w2");
        let frame = message::encode(w2.header, &ccr_initial()).expect("encodable");
        assert_eq!(message::decode(&frame, &Known::standard()), Ok(w2));
        assert_eq!(frame.len(), 832);
    }

    #[test]
    fn workloads_decode() {
        let known = Known::standard();
        message::decode::<DeviceWatchdogRequest>(&w1(), &known).expect("w1");
        for frame in [w2(), w2r(), w3()] {
            let ccr = message::decode::<CreditControlRequest>(&frame, &known).expect("a CCR").body;
            let ps =
                ccr.service_information.and_then(|information| information.ps_information).expect("PS-Information");
            assert_eq!(ps.extras().len(), 1, "the AVP that the grammar no longer lists is kept");
        }
        for frame in [w2a(), w4()] {
            message::decode::<CreditControlAnswer>(&frame, &known).expect("a CCA");
        }
    }
}
