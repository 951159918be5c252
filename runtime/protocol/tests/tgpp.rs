//! Values with an inner structure of 3GPP: as the specifications write them, round trips, and what is refused where.

use diametric_protocol::tgpp::{
    Cell, DaylightSaving, Ecgi, Eci, MsTimeZone, PlmnId, RatType, RoutingArea, Tbcd, TrackingArea, UserLocationInfo,
};
use diametric_protocol::value::{OctetString, Utf8String};
use proptest::collection::vec;
use proptest::prelude::*;

fn plmn() -> impl Strategy<Value = PlmnId> {
    "[0-9]{5,6}".prop_map(|digits| digits.parse().expect("five or six digits"))
}

fn location() -> impl Strategy<Value = UserLocationInfo> {
    let cell = || (plmn(), any::<u16>(), any::<u16>()).prop_map(|(plmn, lac, id)| Cell { plmn, lac, id });
    let routing = (plmn(), any::<u16>(), any::<u8>()).prop_map(|(plmn, lac, rac)| RoutingArea { plmn, lac, rac });
    let tracking = || (plmn(), any::<u16>()).prop_map(|(plmn, tac)| TrackingArea { plmn, tac });
    let eci = || (0..=Eci::MAX).prop_map(|eci| Eci::new(eci).expect("28 bits"));
    let ecgi = || (plmn(), eci()).prop_map(|(plmn, eci)| Ecgi { plmn, eci });
    let other = (prop_oneof![3..128_u8, 131..=255_u8], vec(any::<u8>(), 0..40));
    prop_oneof![
        cell().prop_map(UserLocationInfo::Cgi),
        cell().prop_map(UserLocationInfo::Sai),
        routing.prop_map(UserLocationInfo::Rai),
        tracking().prop_map(UserLocationInfo::Tai),
        ecgi().prop_map(UserLocationInfo::Ecgi),
        (tracking(), ecgi()).prop_map(|(area, cell)| UserLocationInfo::TaiAndEcgi(area, cell)),
        other.prop_map(|(kind, octets)| UserLocationInfo::Other { kind, location: octets.into() }),
    ]
}

fn saving() -> impl Strategy<Value = DaylightSaving> {
    prop_oneof![Just(DaylightSaving::None), Just(DaylightSaving::OneHour), Just(DaylightSaving::TwoHours)]
}

proptest! {
    #[test]
    fn locations_are_read_as_they_were_written(location in location()) {
        let raw = OctetString::from(location.clone());
        prop_assert_eq!(UserLocationInfo::try_from(&raw), Ok(location));
    }

    #[test]
    fn plmn_ids_are_read_as_they_were_written(plmn in plmn()) {
        prop_assert_eq!(PlmnId::decode(&plmn.encode()), Ok(plmn));
        prop_assert_eq!(PlmnId::try_from(&Utf8String::from(plmn)), Ok(plmn));
    }

    #[test]
    fn digits_are_read_as_they_were_written(digits in "[0-9*#abc]{0,40}") {
        let digits: Tbcd = digits.parse().expect("digits");
        prop_assert_eq!(Tbcd::decode(&digits.encode()), Ok(digits));
    }

    #[test]
    fn time_zones_are_read_as_they_were_written(quarters in -79..=79_i32, saving in saving()) {
        let zone = MsTimeZone::from_minutes(15 * quarters).expect("in range").with_daylight_saving(saving);
        prop_assert_eq!(MsTimeZone::decode(&zone.encode()), Ok(zone));
        prop_assert_eq!(zone.minutes(), 15 * quarters);
    }

    /// What can be read says the same when it is written and read again, and errors point into the value.
    #[test]
    fn any_octets_are_read_or_refused(octets in prop_oneof![vec(any::<u8>(), 0..16), vec(0x00..0x9a_u8, 0..16)]) {
        match UserLocationInfo::decode(&octets) {
            Ok(location) => prop_assert_eq!(UserLocationInfo::decode(&location.encode()), Ok(location)),
            Err(error) => prop_assert!(error.offset() <= octets.len(), "{}", error),
        }
        match PlmnId::decode(&octets) {
            Ok(plmn) => prop_assert_eq!(&plmn.encode()[..], &octets[..]),
            Err(error) => prop_assert!(error.offset() <= octets.len(), "{}", error),
        }
        match Tbcd::decode(&octets) {
            Ok(digits) => prop_assert_eq!(digits.encode(), OctetString::copy_from(&octets)),
            Err(error) => prop_assert!(error.offset() <= octets.len(), "{}", error),
        }
        match MsTimeZone::decode(&octets) {
            Ok(zone) => prop_assert_eq!(MsTimeZone::decode(&zone.encode()), Ok(zone)),
            Err(error) => prop_assert!(error.offset() <= octets.len(), "{}", error),
        }
    }
}

#[test]
fn locations_are_written_octet_by_octet() {
    let plmn: PlmnId = "26202".parse().unwrap();
    let cell = Cell { plmn, lac: 0x0102, id: 0x0304 };
    let area = TrackingArea { plmn, tac: 0x0506 };
    let ecgi = Ecgi { plmn, eci: Eci::new(0x0a0b_0c0d).unwrap() };
    let written = [
        (UserLocationInfo::Cgi(cell), "0062f22001020304", "CGI 26202-0102-0304"),
        (UserLocationInfo::Sai(cell), "0162f22001020304", "SAI 26202-0102-0304"),
        (UserLocationInfo::Rai(RoutingArea { plmn, lac: 0x0102, rac: 7 }), "0262f220010207ff", "RAI 26202-0102-07"),
        (UserLocationInfo::Tai(area), "8062f2200506", "TAI 26202-0506"),
        (UserLocationInfo::Ecgi(ecgi), "8162f2200a0b0c0d", "ECGI 26202-a0b0c0d"),
        (UserLocationInfo::TaiAndEcgi(area, ecgi), "8262f220050662f2200a0b0c0d", "TAI 26202-0506, ECGI 26202-a0b0c0d"),
    ];
    for (location, octets, text) in written {
        assert_eq!(hex::encode(location.encode().as_slice()), octets);
        assert_eq!(location.to_string(), text);
        assert_eq!(location.plmn(), Some(plmn));
    }
}

#[test]
fn a_routing_area_code_may_take_one_octet() {
    let short = UserLocationInfo::decode(&hex::decode("0262f220010207").unwrap());
    let long = UserLocationInfo::decode(&hex::decode("0262f220010207ff").unwrap());
    assert!(short.is_ok());
    assert_eq!(short, long);
}

#[test]
fn spare_bits_are_not_looked_at() {
    let location = UserLocationInfo::decode(&hex::decode("8162f220fa0b0c0d").unwrap()).unwrap();
    assert_eq!(location.to_string(), "ECGI 26202-a0b0c0d");
    assert_eq!(MsTimeZone::decode(&[0x40, 0xfd]).unwrap().daylight_saving(), DaylightSaving::OneHour);
}

#[test]
fn errors_say_where() {
    let refused = [
        (UserLocationInfo::decode(&[]).unwrap_err().to_string(), "3GPP-User-Location-Info, octet 0: 1 more expected"),
        (
            UserLocationInfo::decode(&hex::decode("0062f2200102").unwrap()).unwrap_err().to_string(),
            "3GPP-User-Location-Info, octet 6: 2 more expected",
        ),
        (
            UserLocationInfo::decode(&hex::decode("8062f220050600").unwrap()).unwrap_err().to_string(),
            "3GPP-User-Location-Info, octet 6: 1 more than expected",
        ),
        (
            UserLocationInfo::decode(&hex::decode("8262f2200506620e200a0b0c0d").unwrap()).unwrap_err().to_string(),
            "PLMN id, octet 7: 0xe is no decimal digit",
        ),
        (PlmnId::decode(&[0x62, 0xf2]).unwrap_err().to_string(), "PLMN id, octet 2: 1 more expected"),
        (
            "2620".parse::<PlmnId>().unwrap_err().to_string(),
            "PLMN id, octet 4: `2620` is not an MCC of three digits and an MNC of two or three",
        ),
        ("26a02".parse::<PlmnId>().unwrap_err().to_string(), "PLMN id, octet 2: `26a02` has more than digits"),
        (Tbcd::decode(&[0xf1, 0x21]).unwrap_err().to_string(), "TBCD string, octet 0: a filler before the end"),
        (
            "1 2".parse::<Tbcd>().unwrap_err().to_string(),
            "TBCD string, octet 1: `1 2` has more than the digits 0 to 9, *, #, a, b and c",
        ),
        (
            MsTimeZone::decode(&[0x40, 0x03]).unwrap_err().to_string(),
            "3GPP-MS-TimeZone, octet 1: daylight saving time 3 is reserved",
        ),
        (MsTimeZone::decode(&[0xa0, 0]).unwrap_err().to_string(), "3GPP-MS-TimeZone, octet 0: 0xa is no decimal digit"),
        (
            MsTimeZone::from_minutes(100).unwrap_err().to_string(),
            "3GPP-MS-TimeZone, octet 0: 100 minutes are not at most 79 quarters of an hour",
        ),
        (RatType::decode(&[1, 2]).unwrap_err().to_string(), "3GPP-RAT-Type, octet 1: 1 more than expected"),
    ];
    for (error, expected) in refused {
        assert_eq!(error, expected);
    }
    assert!(MsTimeZone::from_minutes(i32::MAX).is_err());
    assert!(MsTimeZone::from_minutes(80 * 15).is_err());
    assert_eq!(Eci::new(Eci::MAX + 1), None);
}

#[test]
fn rat_types_are_open() {
    assert_eq!(RatType::decode(&[6]).unwrap(), RatType::EUTRAN);
    assert_eq!(RatType::EUTRAN.to_string(), "E-UTRAN");
    let unknown = RatType::try_from(&OctetString::from(RatType(200))).unwrap();
    assert_eq!(unknown.to_string(), "200");
}
