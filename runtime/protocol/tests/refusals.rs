//! How requests are refused: in the grammar of their own answer where that can be, and otherwise with the E flag.

use diametric_protocol::answer::{ErrorAnswer, Origin, RequestContext};
use diametric_protocol::base::{AnswerMessage, ErrorMessage, ProxyInfo, ProxyInfoRequired, ResultCode, UserName};
use diametric_protocol::codec::{Avp, Group, Known};
use diametric_protocol::credit_control::{
    CcRequestNumber, CcRequestType, CreditControlAnswer, CreditControlAnswerRequired, CreditControlRequest,
    CreditControlRequestRequired,
};
use diametric_protocol::message::{self, EndToEndId, Header, HopByHopId, Received};
use diametric_protocol::value::DiameterIdentity;
use diametric_protocol::wire::RawMessage;

fn request() -> Vec<u8> {
    let mut ccr = CreditControlRequest::new(CreditControlRequestRequired {
        session_id: "ctf.example.com;1;1".into(),
        origin_host: "ctf.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: 4,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::UpdateRequest,
        cc_request_number: 7,
    });
    let (proxy_host, proxy_state) = ("proxy.example.com".into(), b"state".as_slice().into());
    ccr.proxy_info.push(ProxyInfo::new(ProxyInfoRequired { proxy_host, proxy_state }));
    let header = Header::of::<CreditControlRequest>(HopByHopId(1), EndToEndId(2));
    message::encode(header, &ccr).unwrap()
}

/// The request without its `A`, or with `instead` in its place.
fn changed<A: Avp>(instead: &[u8]) -> Vec<u8> {
    let request = request();
    let message = RawMessage::read(&request).unwrap();
    let mut avps = message.avps();
    loop {
        let start = avps.offset() + 20;
        let avp = avps.next().expect("the request has it").unwrap();
        if (avp.vendor, avp.code) == (A::VENDOR, A::CODE) {
            let mut changed = [&request[..start], instead, &request[avps.offset() + 20..]].concat();
            let length = changed.len() as u32;
            changed[1..4].copy_from_slice(&length.to_be_bytes()[1..]);
            return changed;
        }
    }
}

fn refuse(request: &[u8], error: &ErrorAnswer) -> Vec<u8> {
    let host: DiameterIdentity = "ocs.example.net".into();
    let realm: DiameterIdentity = "example.net".into();
    let context = RequestContext::of(request).unwrap();
    context.refuse::<CreditControlAnswer>(&Origin { host: &host, realm: &realm }, error, request).unwrap()
}

fn own(frame: &[u8]) -> Received<CreditControlAnswer> {
    message::decode(frame, &Known::standard()).unwrap_or_else(|error| panic!("{error}"))
}

fn answer_message(frame: &[u8]) -> Received<AnswerMessage> {
    let answer = message::decode_answer_message(frame, &Known::standard()).unwrap();
    assert!(answer.header.flags.is_error() && !answer.header.flags.is_request(), "{:?}", answer.header);
    answer
}

#[test]
fn a_refusal_has_the_grammar_of_its_command() {
    let error = ErrorAnswer { message: Some("no".into()), ..ErrorAnswer::missing::<UserName>() };
    let Received { header, body: cca } = own(&refuse(&request(), &error));
    assert!(!header.flags.is_error() && !header.flags.is_request() && header.flags.is_proxiable(), "{header:?}");
    assert_eq!((header.hop_by_hop, header.end_to_end), (HopByHopId(1), EndToEndId(2)));
    assert_eq!(cca.session_id, "ctf.example.com;1;1");
    assert_eq!(cca.result_code, ResultCode::MISSING_AVP);
    assert_eq!((cca.cc_request_type, cca.cc_request_number), (CcRequestType::UpdateRequest, 7));
    assert_eq!(cca.get::<ErrorMessage>().unwrap().unwrap(), "no");
    assert_eq!(cca.failed_avp.first().and_then(|failed| failed.get::<UserName>().unwrap()).as_deref(), Some(""));
    assert_eq!(cca.proxy_info.len(), 1);
}

#[test]
fn transient_failures_never_have_the_e_flag() {
    let error = ErrorAnswer::new(ResultCode::CREDIT_LIMIT_REACHED, "nothing left");
    assert_eq!(own(&refuse(&request(), &error)).body.result_code, ResultCode::CREDIT_LIMIT_REACHED);
}

#[test]
fn protocol_errors_are_answer_messages() {
    let answer = answer_message(&refuse(&request(), &ErrorAnswer::new(ResultCode::TOO_BUSY, "later")));
    assert_eq!(answer.body.result_code, ResultCode::TOO_BUSY);
}

#[test]
fn what_the_answer_needs_and_the_request_does_not_have_makes_an_answer_message() {
    for request in [changed::<CcRequestType>(b""), changed::<CcRequestNumber>(b"")] {
        let error = message::decode::<CreditControlRequest>(&request, &Known::standard()).unwrap_err();
        let answer = answer_message(&refuse(&request, &ErrorAnswer::from(&error)));
        assert_eq!(answer.body.result_code, ResultCode::MISSING_AVP);
        assert!(answer.body.failed_avp.is_some());
    }
}

#[test]
fn what_cannot_be_repeated_makes_an_answer_message() {
    // CC-Request-Type 9, which does not exist, and one of two octets.
    for wrong in [&b"\0\0\x01\xa0\x40\0\0\x0c\0\0\0\x09"[..], b"\0\0\x01\xa0\x40\0\0\x0a\0\x01\0\0"] {
        let request = changed::<CcRequestType>(wrong);
        let error = message::decode::<CreditControlRequest>(&request, &Known::standard()).unwrap_err();
        let answer = answer_message(&refuse(&request, &ErrorAnswer::from(&error)));
        assert_eq!(answer.body.result_code, error.result_code());
    }
}

#[test]
fn a_broken_request_is_refused_all_the_same() {
    let request = request();
    for end in 20..request.len() {
        let mut cut = request[..end].to_vec();
        cut[1..4].copy_from_slice(&(end as u32).to_be_bytes()[1..]);
        let answer = refuse(&cut, &ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "broken"));
        if answer[4] & 0x20 == 0 {
            assert_eq!(own(&answer).body.result_code, ResultCode::UNABLE_TO_COMPLY);
        } else {
            assert_eq!(answer_message(&answer).body.result_code, ResultCode::UNABLE_TO_COMPLY);
        }
    }
}

#[test]
fn an_answer_of_its_own_grammar_has_the_e_flag_only_for_protocol_errors() {
    let context = RequestContext::of(&request()).unwrap();
    for (code, protocol_error) in [(2001, false), (3002, true), (3004, true), (4010, false), (5012, false)] {
        let cca = CreditControlAnswer::new(CreditControlAnswerRequired {
            session_id: "ctf.example.com;1;1".into(),
            result_code: ResultCode(code),
            origin_host: "ocs.example.net".into(),
            origin_realm: "example.net".into(),
            auth_application_id: 4,
            cc_request_type: CcRequestType::UpdateRequest,
            cc_request_number: 7,
        });
        let frame = context.answer(&cca).unwrap();
        assert_eq!(Header::peek(&frame).unwrap().flags.is_error(), protocol_error, "{code}");
        // It reads as an answer-message, too.
        let answer = message::decode_answer_message(&frame, &Known::standard()).unwrap().body;
        assert_eq!(answer.result_code, ResultCode(code));
        assert_eq!(answer.get::<CcRequestNumber>().unwrap(), Some(7));
    }
}
