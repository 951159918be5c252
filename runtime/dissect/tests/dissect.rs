//! Messages taken apart: what is known, what is not, and what is broken.

use diametric_dictionary::Loader;
use diametric_dissect::{Avps, DissectedAvp, Dissector, MAX_DEPTH, Misfit, Value};
use diametric_protocol::value::{Address, Time};
use diametric_protocol::wire::{AvpFlags, FramingFault, RawMessage};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

static STANDARD: LazyLock<Dissector> = LazyLock::new(Dissector::standard);

const M: u8 = 0x40;
const V: u8 = 0x80;

/// An AVP with its padding; of a vendor, unless that is 0.
fn avp(vendor: u32, code: u32, data: &[u8]) -> Vec<u8> {
    let (flags, header) = if vendor == 0 { (M, 8) } else { (V, 12) };
    let mut out = code.to_be_bytes().to_vec();
    out.extend((u32::from(flags) << 24 | (header + data.len()) as u32).to_be_bytes());
    if vendor != 0 {
        out.extend(vendor.to_be_bytes());
    }
    out.extend(data);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

fn number(code: u32, number: u32) -> Vec<u8> {
    avp(0, code, &number.to_be_bytes())
}

fn message(flags: u8, code: u32, application: u32, avps: &[Vec<u8>]) -> Vec<u8> {
    let body = avps.concat();
    let mut out = (0x0100_0000 | (20 + body.len()) as u32).to_be_bytes().to_vec();
    out.extend((u32::from(flags) << 24 | code).to_be_bytes());
    [application, 1, 2].into_iter().for_each(|word| out.extend(word.to_be_bytes()));
    out.extend(body);
    out
}

fn ccr(avps: &[Vec<u8>]) -> Vec<u8> {
    message(0xc0, 272, 4, avps)
}

/// The AVPs of a message, all of them framed.
fn avps<'a>(dissector: &'a Dissector, frame: &'a [u8]) -> Vec<DissectedAvp<'a>> {
    let message = dissector.message(RawMessage::read(frame).expect("a header"));
    message.avps().collect::<Result<_, _>>().expect("framed")
}

/// The one AVP of a message.
fn only<'a>(dissector: &'a Dissector, frame: &'a [u8]) -> DissectedAvp<'a> {
    let avps = avps(dissector, frame);
    assert_eq!(avps.len(), 1);
    avps[0]
}

#[test]
fn a_message_has_the_names_of_its_command_and_application() {
    let frame = ccr(&[]);
    let dissected = STANDARD.message(RawMessage::read(&frame).unwrap());
    let command = dissected.command().unwrap();
    assert_eq!((command.name.as_str(), command.abbreviation.as_str()), ("Credit-Control-Request", "CCR"));
    assert_eq!(dissected.application(), Some("Credit-Control"));
    assert_eq!(dissected.header().command, 272);

    // The code has one meaning, whatever the application.
    let answer = message(0, 258, 16_777_238, &[]);
    let dissected = STANDARD.message(RawMessage::read(&answer).unwrap());
    assert_eq!(dissected.command().unwrap().abbreviation, "RAA");
    assert_eq!(dissected.application(), None);

    let unknown = message(0x80, 8_388_999, 4, &[]);
    let dissected = STANDARD.message(RawMessage::read(&unknown).unwrap());
    assert_eq!(dissected.command(), None);
    let heading = "unknown request 8388999 app 4 (Credit-Control) R hop-by-hop 0x00000001 end-to-end 0x00000002";
    assert_eq!(dissected.to_string(), heading);
}

#[test]
fn a_definition_says_what_the_dictionary_does() {
    let frame = ccr(&[avp(10415, 873, &[])]);
    let avp = only(&STANDARD, &frame);
    let definition = avp.definition().unwrap();
    assert_eq!((definition.name(), definition.code(), definition.vendor()), ("Service-Information", 873, 10415));
    assert_eq!(definition.vendor_name(), Some("3GPP"));
    assert!(definition.spec().is_some_and(|spec| spec.starts_with("3GPP TS 32.299")), "{:?}", definition.spec());
    assert_eq!(STANDARD.dictionary().avp(definition.id()).name, "Service-Information");
    assert_eq!((avp.flags(), avp.length(), avp.offset(), avp.depth()), (AvpFlags::VENDOR, 12, 20, 0));
}

#[test]
fn every_type_has_its_value() {
    let frame = ccr(&[
        avp(0, 263, b"a;1"),
        avp(0, 264, b"host"),
        avp(0, 292, b"aaa://host"),
        number(416, 1),
        number(415, 7),
        avp(0, 421, &[0xff; 8]),
        avp(0, 447, &[0xff; 8]),
        number(429, u32::MAX),
        number(55, 3_908_988_800),
        avp(0, 257, &[0, 1, 192, 0, 2, 1]),
        avp(0, 257, &[&[0, 2][..], &[0; 15], &[1]].concat()),
        avp(0, 257, b"\0\x0815551234"),
        avp(0, 25, &[0xca, 0xfe]),
    ]);
    let avps = avps(&STANDARD, &frame);
    let values: Vec<_> = avps.iter().map(|avp| avp.value().unwrap()).collect();
    assert!(matches!(values[0], Value::Text("a;1")));
    assert!(matches!(values[1], Value::Identity("host")));
    assert!(matches!(values[2], Value::Uri("aaa://host")));
    let Value::Enumerated(initial) = values[3] else { panic!("{:?}", values[3]) };
    assert_eq!((initial.value(), initial.label()), (1, Some("INITIAL_REQUEST")));
    assert!(matches!(values[4], Value::Unsigned32(7)));
    assert!(matches!(values[5], Value::Unsigned64(u64::MAX)));
    assert!(matches!(values[6], Value::Integer64(-1)));
    assert!(matches!(values[7], Value::Integer32(-1)));
    assert!(matches!(values[8], Value::Time(time) if time == Time::from_unix_seconds(1_700_000_000).unwrap()));
    let addresses: Vec<_> = values[9..12]
        .iter()
        .map(|value| match value {
            Value::Address(address) => address,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(addresses[0].ip(), Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))));
    assert_eq!(addresses[1].ip(), Some(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    assert_eq!((addresses[2].ip(), addresses[2].family(), addresses[2].octets()), (None, 8, &b"15551234"[..]));
    assert_eq!(Address::from_parts(addresses[2].family(), addresses[2].octets()), "+15551234".parse());
    assert!(matches!(values[12], Value::Octets([0xca, 0xfe])));
}

#[test]
fn a_value_of_an_enumeration_without_a_name_is_a_value() {
    let frame = ccr(&[number(416, 99), number(268, 0xffff_ffff), number(268, 2001)]);
    let avps = avps(&STANDARD, &frame);
    let read = |avp: &DissectedAvp<'_>| match avp.value() {
        Ok(Value::Enumerated(value)) => (value.value(), value.label().map(str::to_owned)),
        other => panic!("{other:?}"),
    };
    assert_eq!(read(&avps[0]), (99, None));
    assert_eq!(read(&avps[1]), (0xffff_ffff, None));
    assert_eq!(read(&avps[2]), (2001, Some("DIAMETER_SUCCESS".to_owned())));
}

#[test]
fn every_label_of_every_definition_is_found_and_its_neighbours_are_not_confused_with_it() {
    for definition in STANDARD.definitions() {
        let labels = definition.labels();
        assert!(labels.is_sorted_by(|one, next| one.value < next.value), "{}", definition.name());
        for (position, label) in labels.iter().enumerate() {
            assert_eq!(definition.position(label.value), Some(position), "{}", definition.name());
            for near in [label.value - 1, label.value + 1] {
                let expected = labels.iter().find(|label| label.value == near).map(|label| &*label.name);
                assert_eq!(definition.label(near), expected, "{} {near}", definition.name());
            }
        }
        for value in [i64::MIN, -1, 1 << 31, i64::MAX] {
            assert_eq!(definition.position(value), labels.iter().position(|label| label.value == value));
        }
    }
}

#[test]
fn an_avp_that_no_dictionary_knows_is_its_octets() {
    let frame = ccr(&[avp(99_999, 1, &avp(0, 263, b"a")), avp(0, 65_000, &[])]);
    let avps = avps(&STANDARD, &frame);
    assert!(avps.iter().all(|avp| avp.definition().is_none() && avp.name() == "unknown"));
    assert!(matches!(avps[0].value(), Ok(Value::Unknown([0, 0, 1, 7, M, 0, 0, 9, b'a', 0, 0, 0]))));
    assert!(matches!(avps[1].value(), Ok(Value::Unknown([]))));
    assert_eq!(avps[0].to_string(), "unknown (1/99999) V 0x000001074000000961000000");
}

const ACME: &str = r#"<diameter name="acme" spec="Acme Guide">
    <vendor id="99999" name="Acme" code="ACME"/>
    <application id="16777999" type="auth" name="Acme-Policy">
      <command code="8388999" short="AP" name="Acme-Policy">
        <request><rule avp="Session-Id" required="true" max="1"/></request>
        <answer><rule avp="Session-Id" required="true" max="1"/></answer>
      </command>
    </application>
    <avp name="Acme-Route" code="7001" vendor-id="ACME" must="V"><data type="Grouped"><rule avp="Acme-Mode" max="*"/></data></avp>
    <avp name="Acme-Mode" code="7002" vendor-id="ACME" must="V">
      <data type="Integer32"><item code="-1" name="OFF"/><item code="1" name="ON"/></data>
    </avp>
    <extend avp="Subscription-Id-Type"><item code="77" name="ACME_NUMBER"/></extend>
  </diameter>"#;

#[test]
fn a_dictionary_loaded_at_run_time_names_what_it_defines() {
    let mut loader = Loader::with_standard();
    let unit = loader.unit("acme", None);
    loader.add_text(unit, "acme.xml", ACME);
    let loaded = loader.load();
    assert!(!loaded.has_errors(), "{}", loaded.render());
    let dissector = Dissector::new(loaded.dictionary);
    let route = [avp(99_999, 7002, &(-1_i32).to_be_bytes()), avp(99_999, 7002, &[0, 0, 0, 9])].concat();
    let frame =
        message(0xc0, 8_388_999, 16_777_999, &[avp(0, 263, b"a;1"), avp(99_999, 7001, &route), number(450, 77)]);
    let expected = "\
Acme-Policy-Request (APR) 8388999 app 16777999 (Acme-Policy) R,P hop-by-hop 0x00000001 end-to-end 0x00000002
  Session-Id (263) M \"a;1\"
  Acme-Route (7001/99999) V
    Acme-Mode (7002/99999) V OFF (-1)
    Acme-Mode (7002/99999) V 9
  Subscription-Id-Type (450) M ACME_NUMBER (77)";
    assert_eq!(dissector.message(RawMessage::read(&frame).unwrap()).to_string(), expected);
    let definition = dissector.avp(99_999, 7001).unwrap();
    assert_eq!((definition.vendor_name(), definition.spec()), (Some("Acme"), Some("Acme Guide")));
}

#[test]
fn the_first_of_two_definitions_counts() {
    let file = |kind: &str| {
        format!(
            r#"<diameter><application id="0"><avp name="Thing" code="7001"><data type="{kind}"/></avp></application></diameter>"#
        )
    };
    let mut loader = Loader::new();
    for (unit, kind) in [("one", "UTF8String"), ("other", "Unsigned32")] {
        let unit = loader.unit(unit, None);
        loader.add_text(unit, kind, &file(kind));
    }
    let dissector = Dissector::new(loader.load().dictionary);
    let frame = ccr(&[avp(0, 7001, b"text")]);
    assert!(matches!(only(&dissector, &frame).value(), Ok(Value::Text("text"))));
}

#[test]
fn a_payload_that_does_not_fit_says_why_and_leaves_its_octets() {
    let cut = [number(450, 0), vec![0, 0, 1, 0xbc, M, 0, 0, 99]].concat();
    let frame = ccr(&[
        avp(0, 416, &[0, 1]),
        avp(0, 421, &[0; 4]),
        avp(0, 1, b"zo\xeb"),
        avp(0, 257, &[0, 1, 192]),
        avp(0, 257, &[0]),
        avp(0, 443, &cut),
    ]);
    let avps = avps(&STANDARD, &frame);
    let misfits: Vec<_> = avps.iter().map(|avp| avp.value().unwrap_err()).collect();
    let expected = [
        (Misfit::Length { actual: 2, expected: "4" }, "length 2, expected 4"),
        (Misfit::Length { actual: 4, expected: "8" }, "length 4, expected 8"),
        (Misfit::Utf8(2), "not UTF-8 at octet 2"),
        (Misfit::Address { family: 1, expected: 4, actual: 1 }, "an address of family 1 takes 4 octets, not 1"),
        (Misfit::Length { actual: 1, expected: "at least 2" }, "length 1, expected at least 2"),
        (
            Misfit::Framing { offset: 12, fault: FramingFault::LengthBeyondEnd { length: 99, available: 8 } },
            "at octet 12: AVP Length 99 reaches beyond the 8 octets that remain",
        ),
    ];
    for (misfit, (expected, text)) in misfits.iter().zip(expected) {
        assert_eq!((*misfit, misfit.to_string().as_str()), (expected, text));
    }
    assert_eq!(avps[0].data(), [0, 1]);
    assert_eq!(avps[0].to_string(), "CC-Request-Type (416) M 0x0001 (invalid: length 2, expected 4)");
}

#[test]
fn an_avp_that_is_not_framed_ends_its_sequence_with_what_can_be_told_of_it() {
    let frame = ccr(&[number(415, 7), vec![0, 0, 1, 0xb0, M, 0, 0, 250, 1, 2, 3, 4]]);
    let mut avps = STANDARD.message(RawMessage::read(&frame).unwrap()).avps();
    assert!(avps.next().unwrap().is_ok());
    let unframed = avps.next().unwrap().unwrap_err();
    assert_eq!(unframed.fault, FramingFault::LengthBeyondEnd { length: 250, available: 12 });
    assert_eq!((unframed.code, unframed.vendor, unframed.length, unframed.offset), (Some(432), Some(0), Some(250), 32));
    assert_eq!(unframed.data, [1, 2, 3, 4]);
    let text = "Rating-Group (432) M 0x01020304 (invalid: AVP Length 250 reaches beyond the 12 octets that remain)";
    assert_eq!(unframed.to_string(), text);
    assert!(avps.next().is_none());

    let frame = ccr(&[vec![0, 0, 3, 105, V, 0, 0, 12]]);
    let unframed = STANDARD.message(RawMessage::read(&frame).unwrap()).avps().next().unwrap().unwrap_err();
    assert_eq!((unframed.code, unframed.vendor, unframed.definition.is_none()), (Some(873), None, true));
    assert!(unframed.to_string().starts_with("unknown (873/?) V 0x"), "{unframed}");
}

#[test]
fn failed_avp_is_opened_though_what_it_reports_is_broken() {
    let broken = vec![0, 0, 0, 25, M, 0, 0, 250];
    let frame = message(0x20, 272, 4, &[avp(0, 279, &[number(415, 1), broken].concat())]);
    let Ok(Value::Group(members)) = only(&STANDARD, &frame).value() else { panic!("no group") };
    let members: Vec<_> = members.collect();
    assert_eq!(members.len(), 2);
    assert_eq!(members[0].as_ref().unwrap().offset(), 28);
    assert_eq!(members[1].as_ref().unwrap_err().offset, 40);
}

#[test]
fn groups_deeper_than_the_limit_stay_closed() {
    fn depth(avps: Avps<'_>) -> (usize, Option<Misfit>) {
        let avp = avps.map(Result::unwrap).next().expect("groups hold one each");
        match avp.value() {
            Ok(Value::Group(members)) => depth(members),
            Ok(_) => (avp.depth(), None),
            Err(misfit) => (avp.depth(), Some(misfit)),
        }
    }
    for (levels, misfit) in
        [(1, None), (MAX_DEPTH, None), (MAX_DEPTH + 1, Some(Misfit::TooDeep)), (5000, Some(Misfit::TooDeep))]
    {
        let frame = ccr(&[(0..levels).fold(number(278, 1), |inner, _| avp(0, 279, &inner))]);
        let dissected = STANDARD.message(RawMessage::read(&frame).unwrap());
        assert_eq!(depth(dissected.avps()), (levels.min(MAX_DEPTH), misfit), "{levels}");
        assert_eq!(dissected.to_string().lines().count(), levels.min(MAX_DEPTH) + 2);
    }
}

#[test]
fn a_path_leads_to_each_avp_by_its_place() {
    let service = |group: u32| avp(0, 456, &[number(432, group), avp(99_999, 5, &[1])].concat());
    let frame = ccr(&[avp(0, 263, b"a"), service(1), service(2), avp(0, 65_000, &[])]);
    let dissected = STANDARD.message(RawMessage::read(&frame).unwrap());
    let mut paths = Vec::new();
    for avp in dissected.avps().map(Result::unwrap) {
        paths.push(dissected.path_at(avp.offset()).unwrap());
        if let Ok(Value::Group(members)) = avp.value() {
            paths.extend(members.map(|member| dissected.path_at(member.unwrap().offset()).unwrap()));
        }
    }
    let expected = [
        "CCR.Session-Id",
        "CCR.Multiple-Services-Credit-Control[0]",
        "CCR.Multiple-Services-Credit-Control[0].Rating-Group",
        "CCR.Multiple-Services-Credit-Control[0].AVP 5 of vendor 99999",
        "CCR.Multiple-Services-Credit-Control[1]",
        "CCR.Multiple-Services-Credit-Control[1].Rating-Group",
        "CCR.Multiple-Services-Credit-Control[1].AVP 5 of vendor 99999",
        "CCR.AVP 65000",
    ];
    assert_eq!(paths, expected);
    // The payload belongs to the AVP, the header of the message and padding to none.
    assert_eq!(dissected.path_at(28).as_deref(), Some("CCR.Session-Id"));
    for offset in [0, 19, 29, 31, frame.len()] {
        assert_eq!(dissected.path_at(offset), None, "{offset}");
    }
}

#[test]
fn a_message_cut_or_damaged_anywhere_is_still_taken_apart() {
    fn visit(avps: Avps<'_>, end: usize) -> usize {
        avps.map(|avp| match avp {
            Ok(avp) => {
                assert!(avp.offset() + avp.length() <= end);
                1 + match avp.value() {
                    Ok(Value::Group(members)) => visit(members, avp.offset() + avp.length()),
                    _ => 0,
                }
            }
            Err(unframed) => {
                assert!(unframed.offset < end);
                1
            }
        })
        .sum()
    }
    let group = [number(432, 1), avp(0, 446, &[number(420, 60), avp(0, 421, &[0; 8])].concat())].concat();
    let whole = ccr(&[avp(0, 263, b"a;1"), avp(0, 456, &group), avp(0, 279, &group), avp(10415, 873, &[])]);
    for length in (20..=whole.len()).step_by(4) {
        let mut cut = whole[..length].to_vec();
        cut[2..4].copy_from_slice(&(length as u16).to_be_bytes());
        let dissected = STANDARD.message(RawMessage::read(&cut).unwrap());
        visit(dissected.avps(), length);
        assert!(!dissected.to_string().is_empty());
    }
    for position in 20..whole.len() {
        for octet in [0, 1, 7, 0x7f, 0x80, 0xff] {
            let mut damaged = whole.clone();
            damaged[position] = octet;
            let dissected = STANDARD.message(RawMessage::read(&damaged).unwrap());
            assert!(visit(dissected.avps(), damaged.len()) > 0);
            assert!(!dissected.to_string().is_empty());
        }
    }
}
