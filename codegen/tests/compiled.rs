//! The expected files of `features/` compile, and do what they should.

use diametric_protocol::base::{ReAuthRequestType, ResultCode};
use diametric_protocol::codec::{AvpValue, Extras, Group, Known};
use diametric_protocol::credit_control::{
    CcRequestType, CcUnitType, CreditControlAnswer, CreditControlRequest, CreditControlRequestRequired, ReAuthAnswer,
    ReAuthAnswerRequired, ReAuthRequest, ReAuthRequestRequired, SubscriptionId, SubscriptionIdRequired,
    SubscriptionIdType,
};
use diametric_protocol::message::{self, Answer, Command, EndToEndId, Form, Header, HopByHopId, Request};
use diametric_protocol::value::{Enumeration, Utf8String};
use diametric_protocol::wire::AvpFlags;

macro_rules! features {
    ($($name:ident)*) => {$(
        mod $name {
            include!(concat!("features/", stringify!($name), ".rs"));
        }
    )*};
}

features! {
    closed_enumeration command extend_closed_group extend_command extend_values flags group import
    large_group number_list
    open_enumeration own_form own_set raw_group recursive_group recursive_list scalar two_modules
}

fn header<C: Command>() -> Header {
    Header {
        flags: C::FLAGS,
        command: C::CODE,
        application: C::APPLICATION,
        hop_by_hop: HopByHopId(1),
        end_to_end: EndToEndId(2),
    }
}

/// Encodes, decodes what came out, and compares.
fn round_trip<C: Command>(body: &C, known: &Known) {
    let frame = message::encode(header::<C>(), body).unwrap();
    assert_eq!(message::decode::<C>(&frame, known).unwrap().body, *body);
}

fn ccr() -> CreditControlRequest {
    CreditControlRequest::new(CreditControlRequestRequired {
        session_id: "a.example;1;2".into(),
        origin_host: "a.example".into(),
        origin_realm: "example".into(),
        destination_realm: "example".into(),
        auth_application_id: 4,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    })
}

#[test]
fn flags_follow_the_definition() {
    use diametric_protocol::codec::Avp;
    use flags::acme::{AcmeMandatory, AcmeOptional, PlainMandatory, PlainOptional};
    assert_eq!(AcmeMandatory::FLAGS, AvpFlags::VENDOR.with(AvpFlags::MANDATORY));
    assert_eq!(AcmeOptional::FLAGS, AvpFlags::VENDOR);
    assert_eq!(PlainMandatory::FLAGS, AvpFlags::MANDATORY);
    assert_eq!(PlainOptional::FLAGS, AvpFlags::NONE);
}

#[test]
fn an_open_enumeration_keeps_values_without_a_name() {
    use open_enumeration::acme::AcmeTariff;
    assert_eq!(AcmeTariff::from_raw(77).map(Enumeration::raw), Some(77));
    assert_eq!(AcmeTariff::UNKNOWN, AcmeTariff(-1));
    assert_eq!(AcmeTariff::FLAT_PLUS.to_string(), "2 (Flat++)");
}

#[test]
fn a_closed_enumeration_has_no_other_values() {
    use closed_enumeration::acme::AcmeRequestKind;
    assert_eq!(AcmeRequestKind::from_raw(2), Some(AcmeRequestKind::LastRequest));
    assert_eq!(AcmeRequestKind::from_raw(3), None);
}

#[test]
fn numbers_with_a_list_reach_their_limits() {
    use number_list::acme::{AcmeCause, AcmeOffset};
    assert_eq!(AcmeCause::ALL.raw(), u32::MAX);
    assert_eq!(AcmeOffset::LOWEST.raw(), i32::MIN);
}

#[test]
fn a_large_or_rare_group_is_boxed_where_it_may_be_absent() {
    use large_group::acme::{AcmeHolder, AcmeHolderRequired, AcmeLarge, AcmeOtherLarge, AcmeRare, AcmeSmall};
    let large = AcmeLarge::new().with_acme_a("a");
    let holder = AcmeHolder::new(AcmeHolderRequired { acme_large: large })
        .with_acme_other_large(AcmeOtherLarge::new().with_acme_b("b"))
        .with_acme_small(AcmeSmall::new().with_acme_a("a"))
        .with_acme_rare(AcmeRare::new().with_acme_a("a"));
    let boxed: &Option<Box<AcmeOtherLarge>> = &holder.acme_other_large;
    assert!(boxed.is_some());
    let boxed: &Option<Box<AcmeRare>> = &holder.acme_rare;
    assert!(boxed.is_some());
    let kept: &Option<AcmeSmall> = &holder.acme_small;
    assert!(kept.is_some());
}

#[test]
fn a_group_can_hold_itself() {
    use recursive_group::acme::AcmeChain;
    let chain = AcmeChain::new().with_acme_name("outer").with_acme_chain(AcmeChain::new().with_acme_name("inner"));
    assert_eq!(chain.acme_chain.as_ref().unwrap().acme_name.as_deref(), Some("inner"));
}

#[test]
fn a_group_can_hold_any_number_of_itself() {
    use recursive_list::acme::{AcmeTree, AcmeTreeRequired};
    let leaf = || AcmeTree::new(AcmeTreeRequired { acme_name: "leaf".into() });
    let tree = leaf().with_acme_tree(leaf()).with_acme_tree(leaf());
    assert_eq!(tree.acme_tree.len(), 2);
}

#[test]
fn a_command_of_ones_own_goes_to_the_wire_and_back() {
    use command::DICTIONARY;
    use command::acme_meter::{MeterReadingAnswerRequired, MeterReadingRequestRequired, Mra, Mrr};
    let known = Known::standard().with(&DICTIONARY);
    let request = Mrr::new(MeterReadingRequestRequired {
        session_id: "a.example;1;2".into(),
        origin_host: "a.example".into(),
        origin_realm: "example".into(),
        acme_meter_id: ["1", "2"].map(Utf8String::from).into(),
    });
    round_trip(&request, &known);
    let answer =
        Mra::new(MeterReadingAnswerRequired { session_id: "a.example;1;2".into(), result_code: ResultCode::SUCCESS });
    round_trip(&answer.clone().with_acme_reading(7_u64), &known);
    assert_eq!(answer.result_code(), Some(ResultCode::SUCCESS));
    assert!(known.command(16_777_999, 8_388_700, true).is_some());

    let mut none = request;
    none.acme_meter_id.clear();
    let error = message::encode(header::<Mrr>(), &none).unwrap_err();
    assert_eq!(error.to_string(), "MRR.Acme-Meter-Id: has 0 instances, at least 1 needed");
}

#[test]
fn an_own_form_carries_what_it_requires_after_the_standard_members() {
    use own_form::DICTIONARY;
    use own_form::acme::{AcmeCreditControlRequest, AcmeCreditControlRequestRequired, CustomMessage};
    let known = Known::standard().with(&DICTIONARY);
    let required = AcmeCreditControlRequestRequired { custom_message: "hello".into() };
    let mut form = AcmeCreditControlRequest::assemble(ccr(), required).with_custom_note("one").with_custom_note("two");
    form.destination_host = Some("b.example".into());
    round_trip(&form, &known);

    // Without its own member it is not that form, though a standard message it is.
    let frame = message::encode(header::<CreditControlRequest>(), &ccr()).unwrap();
    let error = message::decode::<AcmeCreditControlRequest>(&frame, &known).unwrap_err();
    assert_eq!(error.result_code(), ResultCode::MISSING_AVP);
    assert_eq!(error.path(), "ACCR.Custom-Message");

    // Sent as a standard message, it is an extra.
    let frame = message::encode(header::<CreditControlRequest>(), &form).unwrap();
    let standard = message::decode::<CreditControlRequest>(&frame, &known).unwrap().body;
    assert_eq!(standard.get::<CustomMessage>().unwrap().as_deref(), Some("hello"));

    // A member of the form cannot hide among the extras of its standard part.
    form.standard.add::<CustomMessage>("again");
    let error = message::encode(header::<AcmeCreditControlRequest>(), &form).unwrap_err();
    assert!(error.to_string().starts_with("ACCR.Custom-Message: is a declared member"), "{error}");
}

#[test]
fn an_own_form_has_the_standard_answer_unless_it_has_its_own() {
    use own_form::acme::{AcmeCreditControlRequest, AcmeReAuthAnswer, AcmeReAuthAnswerRequired, AcmeReAuthRequest};
    fn is_answered<R: Request<Answer = A>, A>() {}
    is_answered::<AcmeCreditControlRequest, CreditControlAnswer>();
    is_answered::<AcmeReAuthRequest, AcmeReAuthAnswer>();

    let request = ReAuthRequest::new(ReAuthRequestRequired {
        session_id: "s".into(),
        origin_host: "a".into(),
        origin_realm: "b".into(),
        destination_realm: "c".into(),
        destination_host: "d".into(),
        auth_application_id: 4,
        re_auth_request_type: ReAuthRequestType::AUTHORIZE_ONLY,
    });
    let known = Known::standard().with(&own_form::DICTIONARY);
    round_trip(&AcmeReAuthRequest::assemble(request, ()).with_custom_hint(3_u32), &known);
    let standard = ReAuthAnswer::new(ReAuthAnswerRequired {
        session_id: "s".into(),
        result_code: ResultCode::SUCCESS,
        origin_host: "a".into(),
        origin_realm: "b".into(),
    });
    let required = AcmeReAuthAnswerRequired { custom_note: [1, 2, 3].map(|i| Utf8String::from(i.to_string())).into() };
    let answer = AcmeReAuthAnswer::new(standard, required);
    assert_eq!(answer.result_code(), Some(ResultCode::SUCCESS));
    let error = message::encode(header::<AcmeReAuthAnswer>(), &answer).unwrap_err();
    assert_eq!(error.to_string(), "ARAA.Custom-Note: has 3 instances, at most 2 allowed");
}

#[test]
fn an_extension_gives_a_standard_message_accessors() {
    use extend_command::acme::AcmeCreditControlRequestExt;
    let mut ccr = ccr().with_custom_message("hello").with_custom_note("one");
    ccr.set_custom_message("good-bye").add_custom_note("two");
    assert_eq!(ccr.custom_message().unwrap().as_deref(), Some("good-bye"));
    assert_eq!(ccr.custom_note_all().unwrap().len(), 2);
    assert_eq!(ccr.extras().len(), 3);
    round_trip(&ccr, &Known::standard().with(&extend_command::DICTIONARY));
}

#[test]
fn an_extension_opens_a_closed_group_for_what_it_names() {
    use extend_closed_group::acme::{AcmeSubscriptionIdExt, CustomMessage, CustomNote};
    let mut id = SubscriptionId::new(SubscriptionIdRequired {
        subscription_id_type: SubscriptionIdType::END_USER_E164,
        subscription_id_data: "46700000000".into(),
    });
    id.add::<CustomMessage>("hello");
    let decode = |id: &SubscriptionId, known: &Known| {
        let ccr = ccr().with_subscription_id(id.clone());
        let frame = message::encode(header::<CreditControlRequest>(), &ccr).unwrap();
        message::decode::<CreditControlRequest>(&frame, known).map(|received| received.body)
    };
    let known = Known::standard().with(&extend_closed_group::DICTIONARY);
    let ccr = decode(&id, &known).unwrap();
    assert_eq!(ccr.subscription_id[0].custom_message().unwrap().as_deref(), Some("hello"));

    // What no extension names is known, but not allowed there.
    let note = diametric_protocol::codec::ExtraAvp::new(7002, 99999, AvpFlags::MANDATORY, "x");
    *id.extras_mut() = Extras::from_iter([note]);
    assert_eq!(decode(&id, &known).unwrap_err().result_code(), ResultCode::AVP_NOT_ALLOWED);
    assert_eq!(id.get::<CustomNote>().unwrap().as_deref(), Some("x"));
}

#[test]
fn added_values_are_patterns() {
    use extend_values::acme::AcmeCcUnitTypeValues;
    let is_gizmos = |unit| matches!(unit, CcUnitType::GIZMOS);
    assert!(is_gizmos(CcUnitType(1000)));
    assert!(!is_gizmos(CcUnitType::TIME));
}

#[test]
fn a_group_without_grammar_keeps_its_octets() {
    use diametric_protocol::value::RawGroup;
    let report = raw_group::acme::AcmeReport::new().with_failed_avp(RawGroup::blank());
    assert!(report.failed_avp.is_some());
}

#[test]
fn a_dictionary_of_its_own_has_its_own_result_code() {
    use own_set::legacy::{LegacyAnswer, LegacyAnswerRequired};
    let answer = LegacyAnswer::new(LegacyAnswerRequired { session_id: "s".into(), result_code: 5012 });
    assert_eq!(answer.result_code(), Some(ResultCode::UNABLE_TO_COMPLY));
}

#[test]
fn modules_of_one_unit_refer_to_each_other() {
    let reading = two_modules::meter::AcmeReading::new().with_acme_unit("kWh");
    let readings = two_modules::acme_common::AcmeReadings::new().with_acme_reading(reading);
    assert_eq!(readings.acme_reading.len(), 1);
}

#[test]
fn a_dictionary_builds_on_one_of_another_crate() {
    use import::roaming::{RoamingAcmeReadingsExt, RoamingRecord, RoamingRecordRequired};
    use two_modules::acme_common::AcmeReadings;
    use two_modules::meter::AcmeReading;
    let record = RoamingRecord::new(RoamingRecordRequired { acme_reading: AcmeReading::new() });
    let readings = AcmeReadings::new().with_roaming_record(record.with_origin_host("a.example"));
    assert_eq!(readings.roaming_record_all().unwrap()[0].origin_host.as_deref(), Some("a.example"));
}

#[test]
fn tables_are_sorted() {
    for table in [&scalar::DICTIONARY, &group::DICTIONARY, &diametric_protocol::DICTIONARY] {
        assert!(table.avps.is_sorted_by_key(|avp| (avp.vendor, avp.code)), "{}", table.name);
    }
}

#[test]
fn debug_shows_what_is_present() {
    use group::acme::AcmeSubInfo;
    use own_form::acme::{AcmeCreditControlRequest, AcmeCreditControlRequestRequired, CustomNote};
    assert_eq!(format!("{:?}", AcmeSubInfo::new()), "AcmeSubInfo");
    assert_eq!(format!("{:?}", AcmeSubInfo::new().with_acme_second(7_u32)), "AcmeSubInfo { acme_second: 7 }");
    let required = AcmeCreditControlRequestRequired { custom_message: "hello".into() };
    let mut form = AcmeCreditControlRequest::new(ccr(), required).with_custom_note("a").with_custom_note("b");
    form.add::<CustomNote>("c");
    let standard = "CreditControlRequest { session_id: \"a.example;1;2\", origin_host: \"a.example\", \
                    origin_realm: \"example\", destination_realm: \"example\", auth_application_id: 4, \
                    service_context_id: \"32251@3gpp.org\", cc_request_type: 1 (INITIAL_REQUEST), cc_request_number: 0";
    let shown = format!("{form:?}");
    assert!(
        shown.starts_with(&format!("AcmeCreditControlRequest {{ standard: {standard}, extras: Extras([")),
        "{shown}"
    );
    assert!(shown.ends_with(", custom_message: \"hello\", custom_note: [\"a\", \"b\"] }"), "{shown}");
}
