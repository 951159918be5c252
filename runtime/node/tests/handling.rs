//! Where handlers run, and what becomes of requests that cannot be sent.

mod common;

use common::{CREDIT_CONTROL, Raw, address, ccr, ccr_to, client, config, granted, granting, soon};
use diametric::answer::ErrorAnswer;
use diametric::base::{
    AbortSessionAnswer, AbortSessionRequest, AbortSessionRequestRequired, AcctApplicationId, AnswerMessage, ResultCode,
};
use diametric::codec::{ExtraAvp, Group, Known};
use diametric::credit_control::{Cca, Ccr};
use diametric::message::{self, EndToEndId, Header, HopByHopId};
use diametric::wire::AvpFlags;
use diametric::{Config, Incoming, Node, NodeBuilder, SendError};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::{self, JoinSet};

/// A node whose handler calls `act` with the request's number, before and after it has waited for something.
fn acting(act: impl Fn(u32, bool) + Clone + Send + Sync + 'static) -> NodeBuilder {
    Node::builder(config("ocs.example.net")).handle(CREDIT_CONTROL, move |incoming: Incoming<Ccr>| {
        let act = act.clone();
        async move {
            let number = incoming.request.cc_request_number;
            act(number, false);
            task::yield_now().await;
            act(number, true);
            Ok::<Cca, ErrorAnswer>(granted(&incoming.request, &"ocs.example.net".into()))
        }
    })
}

fn numbered(number: u32) -> Ccr {
    let mut ccr = ccr("example.net");
    ccr.cc_request_number = number;
    ccr
}

#[tokio::test]
async fn a_handler_may_panic_at_once_or_later() {
    let ocs = acting(|number, waited| match (number, waited) {
        (1, false) | (2, true) => panic!("on purpose"),
        _ => {}
    });
    let ocs = ocs.start().await.unwrap();
    let ctf = Node::builder(client().peer(address(&ocs))).start().await.unwrap();
    for number in [1, 2] {
        let refused =
            soon(ctf.send(CREDIT_CONTROL, &numbered(number))).await.expect("a refusal of the handler's own grammar");
        assert_eq!(refused.result_code, ResultCode::UNABLE_TO_COMPLY);
    }
    soon(ctf.send(CREDIT_CONTROL, &numbered(3))).await.expect("the connection goes on");
}

#[tokio::test]
async fn after_a_handler_that_blocks_the_next_run_in_tasks_of_their_own() {
    let tasks = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&tasks);
    let ocs = acting(move |number, waited| {
        if !waited {
            seen.lock().unwrap().push(task::id());
            if number == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    });
    let ocs = ocs.start().await.unwrap();
    let ctf = Node::builder(client().peer(address(&ocs))).start().await.unwrap();
    for number in 0..3 {
        soon(ctf.send(CREDIT_CONTROL, &numbered(number))).await.unwrap();
    }
    let tasks = tasks.lock().unwrap();
    let [blocked, second, third] = tasks[..] else { panic!("{tasks:?}") };
    assert!(blocked != second && second != third && blocked != third, "{tasks:?}");
}

#[tokio::test]
async fn requests_that_a_peer_never_reads_time_out() {
    let mut config = config("ocs.example.net");
    config.request_timeout = Duration::from_millis(300);
    let ocs = granting(config).start().await.unwrap();
    let silent = Raw::open(address(&ocs), "a.example.com").await;
    let mut request = ccr_to("a.example.com");
    request.user_name = Some("x".repeat(60_000).into());
    let request = Arc::new(request);
    let mut sending = JoinSet::new();
    // More than sockets and the node's own buffers hold.
    for _ in 0..400 {
        let (ocs, request) = (ocs.clone(), Arc::clone(&request));
        sending.spawn(async move { ocs.send(CREDIT_CONTROL, &*request).await });
    }
    while let Some(sent) = soon(sending.join_next()).await {
        let error = sent.unwrap().expect_err("nobody answers");
        assert!(matches!(error, SendError::Timeout { .. }), "{error}");
    }
    drop(silent);
}

/// What answers a CCR that was changed.
async fn answered(node: &Node, change: impl FnOnce(&mut Ccr)) -> (Header, AnswerMessage) {
    let mut peer = Raw::open(address(node), "ctf.example.com").await;
    let mut request = ccr("example.net");
    change(&mut request);
    peer.send(Header::of::<Ccr>(HopByHopId(7), EndToEndId(7)), &request).await;
    let frame = peer.receive().await.expect("an answer");
    let answer = message::decode_answer_message(&frame, &Known::standard()).expect("an answer");
    (answer.header, answer.body)
}

#[tokio::test]
async fn an_application_id_that_is_not_that_of_the_header_is_refused() {
    let ocs = granting(config("ocs.example.net")).start().await.unwrap();
    let wrong = |auth: u32, acct: Option<u32>| {
        move |ccr: &mut Ccr| {
            ccr.auth_application_id = auth;
            if let Some(acct) = acct {
                ccr.add::<AcctApplicationId>(acct);
            }
        }
    };
    for (auth, acct, name) in [(9, None, "Auth-Application-Id"), (CREDIT_CONTROL, Some(3), "Acct-Application-Id")] {
        let (header, answer) = answered(&ocs, wrong(auth, acct)).await;
        assert_eq!((answer.result_code, header.flags.is_error()), (ResultCode::INVALID_AVP_VALUE, false));
        let told = answer.error_message.unwrap_or_default();
        assert_eq!(told, format!("{name} is not the application of the message's header, 4"));
        let failed = answer.failed_avp.expect("it is shown");
        let codes: Vec<u32> = failed.avps().map(|avp| avp.expect("it is framed").code).collect();
        assert_eq!(codes, [if acct.is_some() { 259 } else { 258 }]);
    }
    let (_, answer) = answered(&ocs, wrong(CREDIT_CONTROL, Some(CREDIT_CONTROL))).await;
    assert_eq!(answer.result_code, ResultCode::SUCCESS);
}

#[tokio::test]
async fn a_request_that_cannot_be_encoded_says_so_once() {
    let ctf = Node::builder(client()).start().await.unwrap();
    let error = soon(ctf.send(CREDIT_CONTROL, &ccr("a b"))).await.unwrap_err();
    assert!(error.to_string().contains("cannot be encoded: CCR.Destination-Realm: "), "{error}");
    // Whoever tells every cause would tell it again.
    assert!(std::error::Error::source(&error).is_none());
}

#[tokio::test]
async fn an_empty_session_id_is_of_no_session() {
    let ocs = granting(config("ocs.example.net")).start().await.unwrap();
    let (header, answer) = answered(&ocs, |ccr| ccr.session_id = "".into()).await;
    assert_eq!((answer.result_code, header.flags.is_error()), (ResultCode::INVALID_AVP_VALUE, false));
    let failed = answer.failed_avp.expect("it is shown");
    let failed: Vec<_> = failed.avps().map(|avp| avp.expect("it is framed")).collect();
    assert_eq!(failed.iter().map(|avp| (avp.code, avp.data)).collect::<Vec<_>>(), [(263, &[][..])]);
}

#[tokio::test]
async fn a_client_of_rf_has_no_session_that_could_be_aborted() {
    let config = Config::new("ctf.example.com", "example.com").listen(common::LOOPBACK).rf_client("example.net");
    let client = Node::builder(config).start().await.unwrap();
    let mut cdf = Raw::open(address(&client), "cdf.example.net").await;
    let asr = AbortSessionRequest::new(AbortSessionRequestRequired {
        session_id: "ctf.example.com;1;1".into(),
        origin_host: "cdf.example.net".into(),
        origin_realm: "example.net".into(),
        destination_realm: "example.com".into(),
        destination_host: "ctf.example.com".into(),
        auth_application_id: common::ACCOUNTING,
    });
    let header = Header::of::<AbortSessionRequest>(HopByHopId(7), EndToEndId(7));
    cdf.send(Header { application: common::ACCOUNTING, ..header }, &asr).await;
    let asa = cdf.message::<AbortSessionAnswer>().await;
    assert_eq!((asa.body.result_code, asa.body.session_id), (ResultCode::UNKNOWN_SESSION_ID, asr.session_id));
}

#[tokio::test]
async fn a_peer_that_will_not_change_is_taken_as_it_is_and_no_other() {
    // An AVP that nobody knows, with M set.
    let wrong = |ccr: &mut Ccr| {
        ccr.extras_mut().push(ExtraAvp::new(999_999, 0, AvpFlags::MANDATORY, [1, 2, 3]));
    };
    let ocs = granting(config("ocs.example.net").lenient_peer("old.example.com")).start().await.unwrap();
    for (host, code) in [("old.example.com", ResultCode::SUCCESS), ("new.example.com", ResultCode::AVP_UNSUPPORTED)] {
        let mut peer = Raw::open(address(&ocs), host).await;
        let mut request = ccr("example.net");
        wrong(&mut request);
        peer.send(Header::of::<Ccr>(HopByHopId(7), EndToEndId(7)), &request).await;
        assert_eq!(peer.message::<Cca>().await.body.result_code, code, "{host}");
    }
    // Answers likewise.
    for lenient in [true, false] {
        let (listener, at) = common::listener().await;
        let mut config = client().named_peer("old.example.net", at);
        if lenient {
            config = config.lenient_peer("old.example.net");
        }
        let client = Node::builder(config).start().await.unwrap();
        let mut peer = Raw::welcome(&listener, "old.example.net").await;
        let asking = tokio::spawn(async move { client.send(CREDIT_CONTROL, &ccr("example.net")).await });
        let request = peer.message::<Ccr>().await;
        let mut cca = granted(&request.body, &"old.example.net".into());
        cca.extras_mut().push(ExtraAvp::new(999_999, 0, AvpFlags::MANDATORY, [1, 2, 3]));
        peer.answer(request.header, &cca).await;
        match soon(asking).await.unwrap() {
            Ok(cca) if lenient => assert_eq!(cca.extras()[0].data(), [1, 2, 3]),
            Err(error @ SendError::Malformed { .. }) if !lenient => {
                assert!(error.to_string().contains("AVP 999999"), "{error}");
            }
            other => panic!("{lenient}: {other:?}"),
        }
    }
}
