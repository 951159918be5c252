//! Every line of `vectors/values.csv`, both ways: the octets decode to the value, and the value encodes to the octets.

mod vectors;

use diametric_protocol::accounting::AccountingRecordType;
use diametric_protocol::base::{
    AcctApplicationId, AuthApplicationId, Class, DestinationRealm, DisconnectCause, ErrorMessage, EventTimestamp,
    ExperimentalResult, ExperimentalResultCode, ExperimentalResultRequired, FailedAvp, HostIpAddress, OriginHost,
    OriginRealm, ProductName, ProxyInfo, ProxyInfoRequired, ProxyState, RedirectHost, RedirectHostUsage, ResultCode,
    SessionId, UserName, VendorSpecificApplicationId, VendorSpecificApplicationIdRequired,
};
use diametric_protocol::codec::{Avp, AvpValue, Extras, decode_payload};
use diametric_protocol::credit_control::{
    CcMoney, CcMoneyRequired, CcRequestType, CcServiceSpecificUnits, CcTime, CcTotalOctets, Exponent,
    MultipleServicesCreditControl, RequestedAction, RequestedServiceUnit, RestrictionFilterRule, ServiceContextId,
    SubscriptionId, SubscriptionIdData, SubscriptionIdRequired, SubscriptionIdType, UnitValue, UnitValueRequired,
    UsedServiceUnit, ValueDigits,
};
use diametric_protocol::ts32299::{QuotaHoldingTime, ReportingReason, VolumeQuotaThreshold};
use diametric_protocol::value::{
    Address, DiameterIdentity, DiameterUri, Enumeration, IpFilterRule, OctetString, RawGroup, Time, Utf8String,
};
use diametric_protocol::wire::{AvpFlags, AvpReader, RawAvpBuf};
use vectors::single::{self, ExampleAvp, TestFloat32, TestFloat64, TestVendorOctets};
use vectors::{Row, assert_listed};

/// The text of a value in the table.
trait Listed: AvpValue {
    fn print(&self) -> String;
    fn read(text: &str) -> Self;
}

macro_rules! listed {
    ($($type:ty: $value:ident => $print:expr, $text:ident => $read:expr;)*) => {$(
        impl Listed for $type {
            fn print(&self) -> String {
                let $value = self;
                $print
            }
            fn read($text: &str) -> Self {
                $read
            }
        }
    )*};
}

macro_rules! listed_as_displayed {
    ($($type:ty)*) => {
        listed! { $($type: value => value.to_string(), text => text.parse().unwrap();)* }
    };
}

macro_rules! listed_as_number {
    ($($type:ty)*) => {
        listed! {
            $($type: value => value.raw().to_string(), text => Self::from_raw(text.parse().unwrap()).unwrap();)*
        }
    };
}

listed_as_displayed! { i32 u32 i64 u64 Utf8String DiameterIdentity DiameterUri IpFilterRule Address Time }
listed_as_number! {
    ResultCode DisconnectCause RedirectHostUsage CcRequestType RequestedAction AccountingRecordType ReportingReason
}
listed! {
    OctetString: value => value.to_string(), text => hex::decode(text).unwrap().into();
    f32: value => format!("{value:?}"), text => text.parse().unwrap();
    f64: value => format!("{value:?}"), text => text.parse().unwrap();
}

/// What every line says of an AVP, whatever its value: header, framing, and that all ways through the codec agree.
fn check<A: Avp>(row: &Row) -> A::Value {
    let (id, octets) = (row.id(), row.octets("hex"));
    let definition = (A::NAME, A::CODE, A::VENDOR, u32::from(A::FLAGS.0));
    assert_eq!(definition, (row.get("avp"), row.number("code"), row.number("vendor"), row.number("flags")), "{id}");

    let mut reader = AvpReader::new(&octets);
    let avp = reader.next().unwrap().unwrap();
    assert_eq!(reader.next(), None);
    assert_eq!((avp.code, avp.vendor, avp.flags), (A::CODE, A::VENDOR, A::FLAGS), "{id}");
    assert_eq!(avp.header_len() + avp.data.len(), row.number("avp_length") as usize, "{id}");
    let mut raw = Vec::new();
    RawAvpBuf::from(avp).write(&mut raw).unwrap();
    assert_eq!(raw, octets, "{id}");

    let value = single::decode::<A>(&octets).unwrap_or_else(|error| panic!("{id}: {error}"));
    let payload = decode_payload::<A>(avp.data).unwrap();
    // By their text, so that a NaN is like another.
    assert_eq!(format!("{payload:?}"), format!("{value:?}"), "{id}");
    assert_encodes::<A>(id, value.clone(), &octets);
    value
}

fn assert_encodes<A: Avp>(id: &str, value: A::Value, octets: &[u8]) {
    assert_eq!(hex::encode(single::encode::<A>(value.clone()).unwrap()), hex::encode(octets), "{id} as a member");
    let mut extras = Extras::new();
    extras.add::<A>(&value);
    let header_len = octets.len() - extras[0].data().len().next_multiple_of(4);
    assert!(octets[header_len..].starts_with(extras[0].data()), "{id} as an extra");
    let mut group = RawGroup::default();
    group.push::<A>(value).unwrap();
    assert_eq!(hex::encode(group.as_slice()), hex::encode(octets), "{id} in a raw group");
}

/// A line whose value can be read from its text.
fn simple<A: Avp>(row: &Row)
where
    A::Value: Listed,
{
    let value = check::<A>(row);
    assert_eq!(value.print(), row.get("value"), "{}", row.id());
    assert_encodes::<A>(row.id(), A::Value::read(row.get("value")), &row.octets("hex"));
}

/// A group, against a value that was built field by field.
fn group<A: Avp>(row: &Row, expected: A::Value) {
    let octets = row.octets("hex");
    assert_eq!(check::<A>(row), expected, "{}", row.id());
    assert_encodes::<A>(row.id(), expected, &octets);
    let avp = AvpReader::new(&octets).next().unwrap().unwrap();
    let list = row.get("value");
    if !list.is_empty() {
        assert_listed(row.id(), avp.members(), &list[1..list.len() - 1]);
    }
}

/// What Failed-AVP holds for an absent `A`.
fn absent<A: Avp>() -> RawGroup {
    let data = vec![0; A::Value::MIN_PAYLOAD].into();
    RawGroup::from_avps([RawAvpBuf { code: A::CODE, vendor: A::VENDOR, flags: A::FLAGS, data }])
}

fn unit_value(value_digits: i64, exponent: i32) -> UnitValue {
    UnitValue::new(UnitValueRequired { value_digits }).with_exponent(exponent)
}

/// The example of RFC 6733 §4.4.1.
fn example() -> RawGroup {
    let (base, none) = (AvpFlags::MANDATORY, AvpFlags::NONE);
    let counted = |count: u32, step: u32| (0..count).map(|index| (step * index % 251) as u8).collect::<OctetString>();
    [
        (264, base, "example.com".into()),
        (263, base, "grump.example.com:33041;23432;893;0AF3B81".into()),
        (263, base, "grump.example.com:33054;23561;2358;0AF3B82".into()),
        (8341, none, counted(215, 1)),
        (15930, none, counted(129, 7)),
    ]
    .into_iter()
    .map(|(code, flags, data)| RawAvpBuf { code, vendor: 0, flags, data })
    .collect()
}

fn check_group(row: &Row) {
    match row.id() {
        "V075" => group::<SubscriptionId>(
            row,
            SubscriptionId::new(SubscriptionIdRequired {
                subscription_id_type: SubscriptionIdType::END_USER_E164,
                subscription_id_data: "46700000001".into(),
            }),
        ),
        "V076" => group::<UnitValue>(row, unit_value(23, -1)),
        "V077" => group::<CcMoney>(
            row,
            CcMoney::new(CcMoneyRequired { unit_value: unit_value(5, -2) }).with_currency_code(978_u32),
        ),
        "V078" => group::<FailedAvp>(row, absent::<DestinationRealm>()),
        "V079" => group::<FailedAvp>(row, absent::<CcRequestType>()),
        "V080" => group::<FailedAvp>(row, absent::<HostIpAddress>()),
        "V081" => group::<VendorSpecificApplicationId>(
            row,
            VendorSpecificApplicationId::new(VendorSpecificApplicationIdRequired { vendor_id: 10415 })
                .with_auth_application_id(16_777_238_u32),
        ),
        "V082" => group::<ExperimentalResult>(
            row,
            ExperimentalResult::new(ExperimentalResultRequired {
                vendor_id: 10415,
                experimental_result_code: ExperimentalResultCode(5030),
            }),
        ),
        "V083" => group::<MultipleServicesCreditControl>(
            row,
            MultipleServicesCreditControl::new()
                .with_requested_service_unit(RequestedServiceUnit::new().with_cc_total_octets(1_048_576_u64))
                .with_used_service_unit(UsedServiceUnit::new().with_cc_total_octets(524_288_u64))
                .with_rating_group(10_u32)
                .with_reporting_reason(ReportingReason::THRESHOLD),
        ),
        "V084" => group::<ProxyInfo>(
            row,
            ProxyInfo::new(ProxyInfoRequired {
                proxy_host: "relay.example.com".into(),
                proxy_state: [1, 2, 3, 4].into(),
            }),
        ),
        "V085" => group::<ExampleAvp>(row, example()),
        other => panic!("{other} has no value to compare with"),
    }
}

#[test]
fn every_line() {
    let rows = vectors::values();
    assert_eq!(rows.len(), 85);
    for row in &rows {
        match row.get("avp") {
            "Class" => simple::<Class>(row),
            "Proxy-State" => simple::<ProxyState>(row),
            "Session-Id" => simple::<SessionId>(row),
            "User-Name" => simple::<UserName>(row),
            "Product-Name" => simple::<ProductName>(row),
            "Error-Message" => simple::<ErrorMessage>(row),
            "Service-Context-Id" => simple::<ServiceContextId>(row),
            "Subscription-Id-Data" => simple::<SubscriptionIdData>(row),
            "Origin-Host" => simple::<OriginHost>(row),
            "Origin-Realm" => simple::<OriginRealm>(row),
            "Redirect-Host" => simple::<RedirectHost>(row),
            "Restriction-Filter-Rule" => simple::<RestrictionFilterRule>(row),
            "Exponent" => simple::<Exponent>(row),
            "Value-Digits" => simple::<ValueDigits>(row),
            "Result-Code" => simple::<ResultCode>(row),
            "CC-Total-Octets" => simple::<CcTotalOctets>(row),
            "Auth-Application-Id" => simple::<AuthApplicationId>(row),
            "Acct-Application-Id" => simple::<AcctApplicationId>(row),
            "CC-Time" => simple::<CcTime>(row),
            "CC-Service-Specific-Units" => simple::<CcServiceSpecificUnits>(row),
            "test-Float32" => simple::<TestFloat32>(row),
            "test-Float64" => simple::<TestFloat64>(row),
            "CC-Request-Type" => simple::<CcRequestType>(row),
            "Accounting-Record-Type" => simple::<AccountingRecordType>(row),
            "Disconnect-Cause" => simple::<DisconnectCause>(row),
            "Redirect-Host-Usage" => simple::<RedirectHostUsage>(row),
            "Requested-Action" => simple::<RequestedAction>(row),
            "Host-IP-Address" => simple::<HostIpAddress>(row),
            "Event-Timestamp" => simple::<EventTimestamp>(row),
            "Reporting-Reason" => simple::<ReportingReason>(row),
            "Quota-Holding-Time" => simple::<QuotaHoldingTime>(row),
            "Volume-Quota-Threshold" => simple::<VolumeQuotaThreshold>(row),
            "test-vendor-octets" => simple::<TestVendorOctets>(row),
            _ => check_group(row),
        }
    }
}

#[test]
fn filter_rules_of_the_table_follow_the_grammar() {
    let rules: Vec<_> = vectors::values().into_iter().filter(|row| row.get("type") == "IPFilterRule").collect();
    assert_eq!(rules.len(), 2);
    for row in rules {
        let rule = IpFilterRule::from_text(row.get("value")).unwrap().parse().unwrap();
        assert_eq!(rule.to_string(), row.get("value"));
    }
}
