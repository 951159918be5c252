//! The peer to measure against: the crate `diameter`, which decodes to a tree and checks no rules.

use diameter::avp::flags::M;
use diameter::avp::{Address, Avp, AvpValue, Enumerated, Grouped, Identity, OctetString, Time, UTF8String, Unsigned32};
use diameter::dictionary::{DEFAULT_DICT_XML, Dictionary};
use diameter::{ApplicationId, CommandCode, DiameterMessage, flags};
use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// Its own dictionary, and what the workloads need besides.
pub(crate) fn dictionary() -> Arc<Dictionary> {
    Arc::new(Dictionary::new(&[&DEFAULT_DICT_XML, include_str!("../peer.xml")]))
}

/// Decodes one message.
pub(crate) fn decode(frame: &[u8], dictionary: &Arc<Dictionary>) -> DiameterMessage {
    DiameterMessage::decode_from(&mut Cursor::new(frame), Arc::clone(dictionary)).expect("what it can read")
}

/// The request of `diametric_benches::w2`, from plain values.
pub(crate) fn ccr_initial(dictionary: &Arc<Dictionary>) -> DiameterMessage {
    const TGPP: Option<u32> = Some(10415);
    let avp = |code, vendor, flags, value| Avp::new(code, vendor, flags, value, Arc::clone(dictionary));
    let group = |avps| Grouped::new(avps, Arc::clone(dictionary)).into();
    let text = |value: &str| AvpValue::from(UTF8String::new(value));
    let identity = |value: &str| AvpValue::from(Identity::new(value));
    let number = |value| AvpValue::from(Unsigned32::new(value));
    let choice = |value| AvpValue::from(Enumerated::new(value));
    let octets = |value: &[u8]| AvpValue::from(OctetString::new(value.to_vec()));
    let ipv4 = |octets: [u8; 4]| AvpValue::from(Address::from_ipv4(octets.into()));
    let subscription = |kind, data| group(vec![avp(450, None, M, choice(kind)), avp(444, None, M, text(data))]);

    let flags = flags::REQUEST | flags::PROXYABLE;
    let (hop_by_hop, end_to_end) = (0x1020_3040, 0x5060_7080);
    let (code, application) = (CommandCode::CreditControl, ApplicationId::CreditControl);
    let mut ccr = DiameterMessage::new(code, application, flags, hop_by_hop, end_to_end, Arc::clone(dictionary));
    ccr.add_avp(263, None, M, text("gw-04.core.example.org;1790000000;77;data-000-0042"));
    ccr.add_avp(264, None, M, identity("gw-04.core.example.org"));
    ccr.add_avp(296, None, M, identity("core.example.org"));
    ccr.add_avp(283, None, M, identity("billing.example.com"));
    ccr.add_avp(258, None, M, number(4));
    ccr.add_avp(461, None, M, text("32251@3gpp.org"));
    ccr.add_avp(416, None, M, choice(1));
    ccr.add_avp(415, None, M, number(0));
    ccr.add_avp(293, None, M, identity("ocs-2.billing.example.com"));
    ccr.add_avp(1, None, M, text("001010123456789@nai.xyz"));
    ccr.add_avp(278, None, M, number(1_790_000_000));
    let event = UNIX_EPOCH + Duration::from_secs(3_998_000_000 - 2_208_988_800);
    ccr.add_avp(55, None, M, Time::new(event.into()).into());
    ccr.add_avp(443, None, M, subscription(0, "15550123456"));
    ccr.add_avp(443, None, M, subscription(1, "001010123456789"));
    ccr.add_avp(455, None, M, choice(1));
    let service = vec![avp(437, None, M, group(Vec::new())), avp(432, None, M, number(7))];
    ccr.add_avp(456, None, M, group(service));
    let equipment = vec![avp(459, None, 0, choice(0)), avp(460, None, 0, octets(b"3520990017614823"))];
    ccr.add_avp(458, None, 0, group(equipment));
    let ps_information = vec![
        avp(2, TGPP, 0, octets(&[0x0d, 0x0c, 0x0b, 0x0a])),
        avp(3, TGPP, 0, choice(0)),
        avp(1227, TGPP, M, ipv4([10, 20, 30, 40])),
        avp(5, TGPP, 0, text("08-48080000061a800000c350")),
        avp(1228, TGPP, M, ipv4([198, 51, 100, 1])),
        avp(847, TGPP, M, ipv4([198, 51, 100, 2])),
        avp(8, TGPP, 0, text("00142")),
        avp(9, TGPP, 0, text("00142")),
        avp(10, TGPP, 0, octets(b"5")),
        avp(30, None, M, text("internet.mnc042")),
        avp(12, TGPP, 0, text("0")),
        avp(13, TGPP, 0, text("0400")),
        avp(18, TGPP, 0, text("00142")),
        avp(23, TGPP, 0, octets(&[0x40, 0x00])),
        avp(22, TGPP, 0, octets(&[0x82, 0x00, 0xf1, 0x24, 0x12, 0x34, 0x00, 0xf1, 0x24, 0x00, 0x11, 0x22, 0x33])),
        avp(21, TGPP, 0, octets(&[6])),
    ];
    let information = vec![avp(874, TGPP, M, group(ps_information))];
    ccr.add_avp(873, TGPP, M, group(information));
    ccr
}

/// That both sides do the same work: what the peer encodes is the workload, octet by octet.
pub(crate) fn check(dictionary: &Arc<Dictionary>) {
    let mut out = Vec::new();
    ccr_initial(dictionary).encode_to(&mut out).expect("encodable");
    let w2 = diametric_benches::w2();
    let differs = out.iter().zip(&w2).position(|(ours, theirs)| ours != theirs);
    assert!(out == w2, "{} octets instead of {}, different at {differs:?}", out.len(), w2.len());
}
