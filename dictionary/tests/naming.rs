//! Tables of names of the specifications and the Rust names they become.

use diametric_dictionary::naming::{
    check_const_name, check_field_name, check_module_name, check_type_name, const_name, field_name, field_of_type,
    module_name, type_name, variant_name,
};

#[test]
fn types_and_fields() {
    let table = [
        ("Session-Id", "SessionId", "session_id"),
        ("QoS-Class-Identifier", "QosClassIdentifier", "qos_class_identifier"),
        ("3GPP-IMSI", "TgppImsi", "tgpp_imsi"),
        ("3GPP2-BSID", "Tgpp2Bsid", "tgpp2_bsid"),
        ("TGPP-IMSI", "TgppImsi", "tgpp_imsi"),
        ("PDN-3GPP-Type", "PdnTgppType", "pdn_tgpp_type"),
        ("IPv6-Prefix", "Ipv6Prefix", "ipv6_prefix"),
        ("CC-Request-Type", "CcRequestType", "cc_request_type"),
        ("G-S-U-Pool-Identifier", "GSUPoolIdentifier", "g_s_u_pool_identifier"),
        ("MMTel-SService-Type", "MmtelSserviceType", "mmtel_sservice_type"),
        ("E2E-Sequence", "E2eSequence", "e2e_sequence"),
        ("Type", "Type", "type_"),
        ("Match", "Match", "match_"),
        ("Self", "", "self_"),
        ("Credit-Control-Request", "CreditControlRequest", "credit_control_request"),
        ("answer-message", "AnswerMessage", "answer_message"),
        ("CCR", "Ccr", "ccr"),
        ("A--B", "AB", "a_b"),
    ];
    for (name, type_, field) in table {
        assert_eq!(type_name(name).unwrap_or_default(), type_, "{name}");
        assert_eq!(field_name(name).unwrap_or_default(), field, "{name}");
    }
}

#[test]
fn names_that_ask_for_a_rust_name() {
    let table = [
        ("5G-Slice", "it begins with a digit"),
        ("Acme.Price", "it holds the character '.'"),
        ("Acme Price", "it holds the character ' '"),
        ("Acme_Price", "it holds the character '_'"),
        ("Prix-Élevé", "it holds the character 'É'"),
        ("", "it is empty"),
        ("-", "it is empty"),
    ];
    for (name, reason) in table {
        assert_eq!(type_name(name).expect_err(name).reason, reason);
        assert_eq!(field_name(name).expect_err(name).reason, reason);
    }
    assert_eq!(type_name("Self").expect_err("a keyword").reason, "`Self` is a keyword");
    let error = field_name("Extras").expect_err("taken");
    assert_eq!(error.to_string(), "`Extras` has no Rust name: every generated struct has a field `extras` of its own");
}

#[test]
fn every_keyword_becomes_a_field() {
    let keywords = "as async await break const continue crate dyn else enum extern false fn for gen if impl in let loop match \
                    mod move mut pub ref return self static struct super trait true type unsafe use where while abstract \
                    become box do final macro override priv try typeof unsized virtual yield";
    for keyword in keywords.split(' ') {
        assert_eq!(field_name(keyword).expect(keyword), format!("{keyword}_"));
        assert!(check_field_name(keyword).is_err(), "{keyword}");
        assert_eq!(module_name(keyword), format!("{keyword}_"));
    }
}

#[test]
fn fields_of_types_named_by_hand() {
    let table = [
        ("OriginatorMms", "originator_mms"),
        ("FiveGSlice", "five_gslice"),
        ("Tgpp2Bsid", "tgpp2_bsid"),
        ("Type", "type_"),
        ("IMSI", "imsi"),
    ];
    for (type_, field) in table {
        assert_eq!(field_of_type(type_).expect(type_), field);
    }
}

#[test]
fn values() {
    let table = [
        ("INITIAL_REQUEST", "INITIAL_REQUEST", "InitialRequest"),
        ("Calling Party", "CALLING_PARTY", "CallingParty"),
        ("TCP/IP (v4)", "TCP_IP_V4", "TcpIpV4"),
        ("2G", "_2G", "_2g"),
        ("3GPP-GPRS", "_3GPP_GPRS", "_3gppGprs"),
        ("  spaced  ", "SPACED", "Spaced"),
        ("_under_", "UNDER", "Under"),
        ("self", "SELF", "Self_"),
        ("Größe", "GR_E", "GrE"),
    ];
    for (label, constant, variant) in table {
        assert_eq!(const_name(label).expect(label), constant);
        assert_eq!(variant_name(label).expect(label), variant);
        assert_eq!(variant_name(constant).expect(constant), variant);
    }
    for label in ["", "+", "…"] {
        assert!(const_name(label).is_err(), "{label}");
    }
}

#[test]
fn modules() {
    let table = [
        ("Diameter Credit Control", "diameter_credit_control"),
        ("rfc6733", "rfc6733"),
        ("3gpp-ro-rf", "tgpp_ro_rf"),
        ("2024", "_2024"),
        ("…", "dictionary"),
        ("use", "use_"),
    ];
    for (name, module) in table {
        assert_eq!(module_name(name), module);
        assert_eq!(check_module_name(module), Ok(()));
    }
}

#[test]
fn names_given_by_hand() {
    assert_eq!(check_type_name("OriginatorMms"), Ok(()));
    assert_eq!(check_field_name("originator_mms"), Ok(()));
    assert_eq!(check_const_name("TP_PLUS_PLUS"), Ok(()));
    for name in ["", "1A", "a", "A-B", "Self", "Ä"] {
        assert!(check_type_name(name).is_err(), "{name}");
    }
    for name in ["", "1a", "A", "a-b", "extras", "type", "_"] {
        assert!(check_field_name(name).is_err(), "{name}");
    }
    for name in ["", "1A", "a", "A-B", "_"] {
        assert!(check_const_name(name).is_err(), "{name}");
    }
}
