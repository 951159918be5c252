//! Requests and what answers them.

use crate::peers::without;
use crate::raw::{self, Raw};
use crate::support::{
    CREDIT_CONTROL, assert_failed, assert_served, ccr, client_of, grant, granted, header, pair, server, soon, until,
};
use diametric::accounting::Acr;
use diametric::answer::ErrorAnswer;
use diametric::base::{
    AbortSessionAnswer, AbortSessionAnswerRequired, AbortSessionRequest, AbortSessionRequestRequired, ProxyInfo,
    ProxyInfoRequired, ResultCode, SessionId,
};
use diametric::codec::{Group, Known};
use diametric::credit_control::{CcRequestNumber, CcRequestType, Cca, Ccr, ServiceContextId};
use diametric::message::{self, Command, Header, Received};
use diametric::value::OctetString;
use diametric::wire::CommandFlags;
use diametric::{Config, Incoming, Node, SendError};
use diametric_tests::DICTIONARY;
use diametric_tests::acme::CustomMessage;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Barrier, watch};

/// The frame of a CCR.
fn frame(ccr: &Ccr) -> Vec<u8> {
    message::encode(header::<Ccr>(21), ccr).unwrap()
}

/// The same message in another application, or with another code or other flags.
fn with_header(frame: &[u8], change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = Header::read(frame).unwrap();
    change(&mut header);
    [&header.to_bytes(frame.len() as u32)[..], &frame[20..]].concat()
}

#[tokio::test]
async fn a_request_gets_its_answer() {
    let (_server, client) = pair().await;
    let cca = soon(client.send(CREDIT_CONTROL, &ccr(3))).await.unwrap();
    assert_eq!(cca, granted(&ccr(3)));
}

#[tokio::test]
async fn two_hundred_requests_are_in_flight_and_answered_in_another_order() {
    const REQUESTS: u32 = 200;
    // Nobody answers before all have arrived; then the last answers first.
    let (all, turn) = (Arc::new(Barrier::new(REQUESTS as usize)), watch::Sender::new(REQUESTS - 1));
    let server = server().handle(CREDIT_CONTROL, move |incoming: Incoming<Ccr>| {
        let (all, turn) = (Arc::clone(&all), turn.clone());
        async move {
            all.wait().await;
            let number = incoming.request.cc_request_number;
            turn.subscribe().wait_for(|turn| *turn == number).await.expect("the sender is at hand");
            // The next one may answer when this one has gone out, which a moment is enough for.
            tokio::spawn(async move {
                tokio::task::yield_now().await;
                turn.send_replace(number.wrapping_sub(1));
            });
            Ok(granted(&incoming.request))
        }
    });
    let server = server.start().await.unwrap();
    let answered = Arc::new(Mutex::new(Vec::new()));
    let client = Node::builder(client_of(&server)).observe({
        let answered = Arc::clone(&answered);
        move |frame| {
            let header = Header::read(frame.octets).unwrap();
            if !frame.sent && header.command == Ccr::CODE {
                answered.lock().unwrap().push(header.hop_by_hop);
            }
        }
    });
    let client = client.start().await.unwrap();
    let sending: Vec<_> = (0..REQUESTS)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.send(CREDIT_CONTROL, &ccr(number)).await })
        })
        .collect();
    for (number, sending) in (0..).zip(sending) {
        let cca = soon(sending).await.unwrap().unwrap();
        assert_eq!((cca.cc_request_number, &cca.session_id), (number, &ccr(number).session_id));
    }
    assert_eq!(server.peers().len(), 1, "all went over one connection");
    let order = answered.lock().unwrap().clone();
    let mut sorted = order.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), REQUESTS as usize, "every request had an id of its own");
    assert_ne!(order, sorted, "the answers did not come in the order of the requests");
}

#[tokio::test]
async fn a_handlers_error_is_answered_with_the_e_flag() {
    let server = server().handle(CREDIT_CONTROL, |_: Incoming<Ccr>| async {
        Err::<Cca, _>(ErrorAnswer::new(ResultCode::TOO_BUSY, "come back later"))
    });
    let server = server.start().await.unwrap();

    let mut peer = Raw::open(server.listening()[0]).await;
    let mut ccr = ccr(1);
    for state in [&[1, 2][..], &[3]] {
        let (proxy_host, proxy_state) = ("proxy.example.com".into(), OctetString::from(state));
        ccr.proxy_info.push(ProxyInfo::new(ProxyInfoRequired { proxy_host, proxy_state }));
    }
    let answer = peer.refused(&frame(&ccr)).await;
    assert_eq!(answer.result_code, ResultCode::TOO_BUSY);
    assert_eq!(answer.error_message.as_deref(), Some("come back later"));
    assert_eq!(answer.session_id.as_ref(), Some(&ccr.session_id));
    assert_eq!(answer.origin_host, "ocs.example.net");
    assert_eq!(answer.proxy_info, ccr.proxy_info);

    let client = Node::builder(client_of(&server)).start().await.unwrap();
    let error = soon(client.send(CREDIT_CONTROL, &ccr)).await.unwrap_err();
    assert_eq!(error.result_code(), ResultCode::TOO_BUSY);
    let SendError::Answered(answer) = error else { panic!("{error}") };
    assert_eq!(answer.error_message.as_deref(), Some("come back later"));
}

#[tokio::test]
async fn a_handlers_panic_is_answered_and_harms_nobody() {
    let server = server().handle(CREDIT_CONTROL, |incoming: Incoming<Ccr>| async move {
        assert_ne!(incoming.request.cc_request_number, 1, "as the test wants it");
        Ok(granted(&incoming.request))
    });
    let server = server.start().await.unwrap();
    let mut peer = Raw::open(server.listening()[0]).await;
    let answer = peer.refused(&frame(&ccr(1))).await;
    assert_eq!(answer.result_code, ResultCode::UNABLE_TO_COMPLY);
    assert_eq!(answer.session_id, Some(ccr(1).session_id));
    peer.send(&frame(&ccr(2))).await;
    assert_eq!(peer.answer::<Cca>().await.body.result_code, ResultCode::SUCCESS);
}

#[tokio::test]
async fn an_answer_that_cannot_be_encoded_is_answered_all_the_same() {
    let server = server().handle(CREDIT_CONTROL, |incoming: Incoming<Ccr>| async move {
        let mut cca = granted(&incoming.request);
        cca.origin_host = "not a host".into();
        Ok(cca)
    });
    let server = server.start().await.unwrap();
    let mut peer = Raw::open(server.listening()[0]).await;
    assert_eq!(peer.refused(&frame(&ccr(1))).await.result_code, ResultCode::UNABLE_TO_COMPLY);
}

#[tokio::test]
async fn an_unknown_command_is_answered() {
    let (server, client) = pair().await;
    let mut peer = Raw::open(server.listening()[0]).await;
    let unknown = with_header(&frame(&ccr(1)), |header| header.command = 9_999_999);
    assert_eq!(peer.refused(&unknown).await.result_code, ResultCode::COMMAND_UNSUPPORTED);
    assert_served(&client).await;
}

#[tokio::test]
async fn an_application_that_is_not_served_is_answered() {
    let (server, _client) = pair().await;
    let mut peer = Raw::open(server.listening()[0]).await;
    let foreign = with_header(&frame(&ccr(1)), |header| header.application = 16_777_238);
    assert_eq!(peer.refused(&foreign).await.result_code, ResultCode::APPLICATION_UNSUPPORTED);
    let accounting = with_header(&frame(&ccr(1)), |header| (header.command, header.application) = (Acr::CODE, 3));
    assert_eq!(peer.refused(&accounting).await.result_code, ResultCode::APPLICATION_UNSUPPORTED);
}

#[tokio::test]
async fn a_command_without_handler_is_answered() {
    let server = server().start().await.unwrap();
    let mut peer = Raw::open(server.listening()[0]).await;
    assert_eq!(peer.refused(&frame(&ccr(1))).await.result_code, ResultCode::COMMAND_UNSUPPORTED);
}

#[tokio::test]
async fn a_missing_avp_is_named() {
    let (server, client) = pair().await;
    let mut peer = Raw::open(server.listening()[0]).await;
    let answer = peer.refused(&without::<ServiceContextId>(&frame(&ccr(1)))).await;
    assert_eq!(answer.result_code, ResultCode::MISSING_AVP);
    assert_failed::<ServiceContextId>(answer.failed_avp.as_ref());
    let told = answer.error_message.unwrap();
    assert!(told.starts_with("CCR.Service-Context-Id: missing"), "{told}");

    // Even without the AVP that tells whose session it is.
    let answer = peer.refused(&without::<SessionId>(&frame(&ccr(1)))).await;
    assert_eq!((answer.result_code, answer.session_id), (ResultCode::MISSING_AVP, None));
    assert_failed::<SessionId>(answer.failed_avp.as_ref());
    assert_served(&client).await;
}

#[tokio::test]
async fn a_value_that_cannot_be_is_named() {
    let (server, _client) = pair().await;
    let mut peer = Raw::open(server.listening()[0]).await;
    let mut wrong = frame(&ccr(1));
    let at = wrong.windows(8).position(|octets| octets == b"\0\0\x01\xa0\x40\0\0\x0c").expect("CC-Request-Type");
    wrong[at + 11] = 9;
    let answer = peer.refused(&wrong).await;
    assert_eq!(answer.result_code, ResultCode::INVALID_AVP_VALUE);
    let failed_avp = answer.failed_avp.unwrap();
    assert_failed::<CcRequestType>(Some(&failed_avp));
    assert_eq!(failed_avp.avps().next().unwrap().unwrap().data, [0, 0, 0, 9]);
}

#[tokio::test]
async fn an_avp_of_the_wrong_length_is_named() {
    let (server, _client) = pair().await;
    let mut peer = Raw::open(server.listening()[0]).await;
    let mut wrong = frame(&ccr(1));
    let at = wrong.windows(8).position(|octets| octets == b"\0\0\x01\x9f\x40\0\0\x0c").expect("CC-Request-Number");
    wrong[at + 7] = 10;
    let answer = peer.refused(&wrong).await;
    assert_eq!(answer.result_code, ResultCode::INVALID_AVP_LENGTH);
    assert_failed::<CcRequestNumber>(answer.failed_avp.as_ref());
}

#[tokio::test]
async fn an_avp_too_many_is_named() {
    let (server, _client) = pair().await;
    let mut peer = Raw::open(server.listening()[0]).await;
    let once = frame(&ccr(1));
    let again = b"\0\0\x01\x9f\x40\0\0\x0c\0\0\0\x01";
    let header = Header::read(&once).unwrap().to_bytes((once.len() + again.len()) as u32);
    let answer = peer.refused(&[&header[..], &once[20..], again].concat()).await;
    assert_eq!(answer.result_code, ResultCode::AVP_OCCURS_TOO_MANY_TIMES);
    assert_failed::<CcRequestNumber>(answer.failed_avp.as_ref());
}

#[tokio::test]
async fn wrong_header_bits_are_answered() {
    let (server, _client) = pair().await;
    let mut peer = Raw::open(server.listening()[0]).await;
    let wrong = with_header(&frame(&ccr(1)), |header| header.flags = header.flags.with(CommandFlags::ERROR));
    assert_eq!(peer.refused(&wrong).await.result_code, ResultCode::INVALID_HDR_BITS);
}

#[tokio::test]
async fn a_vendors_avp_with_the_m_flag_is_refused_where_it_is_not_known() {
    let (server, client) = pair().await;
    let mut ccr = ccr(1);
    ccr.add::<CustomMessage>("This is a test");

    let answer = soon(client.send(CREDIT_CONTROL, &ccr)).await.unwrap();
    assert_eq!(answer.result_code, ResultCode::AVP_UNSUPPORTED);
    let failed_avp = answer.failed_avp.first();
    assert_failed::<CustomMessage>(failed_avp);
    assert_eq!(failed_avp.unwrap().get::<CustomMessage>().unwrap().unwrap(), "This is a test");

    let mut peer = Raw::open(server.listening()[0]).await;
    let answer = peer.refused(&frame(&ccr)).await;
    assert_eq!(answer.result_code, ResultCode::AVP_UNSUPPORTED);
}

#[tokio::test]
async fn a_vendors_avp_arrives_where_it_is_known() {
    let server = server().dictionary(&DICTIONARY).handle(CREDIT_CONTROL, |incoming: Incoming<Ccr>| async move {
        let mut cca = granted(&incoming.request);
        let said = incoming.request.get::<CustomMessage>().map_err(|error| ErrorAnswer::from(&error))?;
        cca.add::<CustomMessage>(format!("{} you too", said.unwrap_or_default()));
        Ok(cca)
    });
    let server = server.start().await.unwrap();
    let client = Node::builder(client_of(&server)).dictionary(&DICTIONARY).start().await.unwrap();
    let mut ccr = ccr(1);
    ccr.add::<CustomMessage>("hello");
    let cca = soon(client.send(CREDIT_CONTROL, &ccr)).await.unwrap();
    assert_eq!(cca.get::<CustomMessage>().unwrap().unwrap(), "hello you too");
}

#[tokio::test]
async fn a_request_without_answer_times_out() {
    let server = server().handle(CREDIT_CONTROL, |_: Incoming<Ccr>| std::future::pending::<Result<Cca, ErrorAnswer>>());
    let server = server.start().await.unwrap();
    let mut config = client_of(&server);
    config.request_timeout = Duration::from_millis(150);
    let client = Node::builder(config).start().await.unwrap();
    let error = soon(client.send(CREDIT_CONTROL, &ccr(1))).await.unwrap_err();
    assert!(matches!(&error, SendError::Timeout { peer, .. } if *peer == "ocs.example.net"), "{error}");
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_COMPLY);
    assert_eq!(error.result_code().0, 5012);
    assert!(client.peers().len() == 1, "a late answer is no reason to lose the peer");
}

#[tokio::test]
async fn answers_that_nobody_waits_for_are_discarded() {
    let (listener, address) = raw::listener().await;
    let node = Node::builder(crate::support::client_at(address)).start().await.unwrap();
    let sending = tokio::spawn(async move { node.send(CREDIT_CONTROL, &ccr(1)).await });
    let (mut peer, _) = Raw::welcome(&listener).await;
    let request: Received<Ccr> = peer.message().await;
    let answer = granted(&request.body);
    for change in [0, 1, 2] {
        let mut header = request.header;
        match change {
            0 => header.hop_by_hop.0 ^= 1,
            1 => header.end_to_end.0 ^= 1,
            _ => header.command += 1,
        }
        header.flags = Cca::FLAGS;
        peer.send(&message::encode(header, &answer).unwrap()).await;
    }
    peer.reply(request.header, &answer).await;
    assert_eq!(soon(sending).await.unwrap().unwrap(), answer);
}

#[tokio::test]
async fn a_malformed_answer_is_an_error() {
    let (listener, address) = raw::listener().await;
    let node = Node::builder(crate::support::client_at(address)).start().await.unwrap();
    let sending = tokio::spawn(async move { node.send(CREDIT_CONTROL, &ccr(1)).await });
    let (mut peer, _) = Raw::welcome(&listener).await;
    let request: Received<Ccr> = peer.message().await;
    let header = Header { flags: Cca::FLAGS, ..request.header };
    let frame = message::encode(header, &granted(&request.body)).unwrap();
    peer.send(&without::<CcRequestNumber>(&frame)).await;
    let error = soon(sending).await.unwrap().unwrap_err();
    assert!(matches!(&error, SendError::Malformed { peer, .. } if *peer == "raw.example.net"), "{error}");
    assert!(error.to_string().contains("CCA.CC-Request-Number: missing"), "{error}");
}

#[tokio::test]
async fn a_server_may_send_requests_as_well() {
    let server = server().handle(CREDIT_CONTROL, grant).start().await.unwrap();
    // Not a client of Ro: such a one answers ASRs by itself.
    let mut config = Config::new("ctf.example.com", "example.com").peer(server.listening()[0]);
    config.local.applications = config.local.applications.with_auth(CREDIT_CONTROL);
    let client = Node::builder(config).handle(CREDIT_CONTROL, |incoming: Incoming<AbortSessionRequest>| {
        let session_id = incoming.request.session_id.clone();
        async move {
            Ok(AbortSessionAnswer::new(AbortSessionAnswerRequired {
                session_id,
                result_code: ResultCode::SUCCESS,
                origin_host: "ctf.example.com".into(),
                origin_realm: "example.com".into(),
            }))
        }
    });
    let _client = client.start().await.unwrap();
    until(|| server.peers().len() == 1).await;
    let asr = AbortSessionRequest::new(AbortSessionRequestRequired {
        session_id: "ctf.example.com;1;1".into(),
        origin_host: "ocs.example.net".into(),
        origin_realm: "example.net".into(),
        destination_realm: "example.com".into(),
        destination_host: "ctf.example.com".into(),
        auth_application_id: CREDIT_CONTROL,
    });
    let asa = soon(server.send(CREDIT_CONTROL, &asr)).await.unwrap();
    assert_eq!((asa.result_code, asa.session_id), (ResultCode::SUCCESS, asr.session_id));
}

#[tokio::test]
async fn more_requests_than_handlers_are_all_answered() {
    let mut config = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    config.local.applications = config.local.applications.with_auth(CREDIT_CONTROL);
    config.max_handlers = 2;
    let server = Node::builder(config).handle(CREDIT_CONTROL, |incoming: Incoming<Ccr>| async move {
        tokio::time::sleep(Duration::from_millis(1)).await;
        Ok(granted(&incoming.request))
    });
    let server = server.start().await.unwrap();
    let client = Node::builder(client_of(&server)).start().await.unwrap();
    let sending: Vec<_> = (0..50)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.send(CREDIT_CONTROL, &ccr(number)).await })
        })
        .collect();
    for sending in sending {
        soon(sending).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_encoded_is_not_sent() {
    let (_server, client) = pair().await;
    let mut wrong = ccr(1);
    wrong.origin_realm = "".into();
    let error = soon(client.send(CREDIT_CONTROL, &wrong)).await.unwrap_err();
    assert!(error.to_string().contains("CCR.Origin-Realm"), "{error}");
    assert_served(&client).await;
}

#[test]
fn the_frames_of_these_tests_are_sound() {
    let decoded = message::decode::<Ccr>(&frame(&ccr(1)), &Known::standard()).unwrap();
    assert_eq!(decoded.body, ccr(1));
}
