//! Which peer gets a request, and which next.

mod common;

use common::{
    CREDIT_CONTROL, Raw, address, answerer, ccr, ccr_to, client, config, granted, granting, listener, refusal, server,
    skip, soon, until,
};
use diametric::accounting::{Aca, AccountingAnswerRequired, Acr};
use diametric::answer::ErrorAnswer;
use diametric::base::{CapabilitiesExchangeRequest, DisconnectCause, ResultCode};
use diametric::credit_control::{Cca, Ccr};
use diametric::message::{EndToEndId, Header, HopByHopId};
use diametric::peer::Applications;
use diametric::peer::watchdog::Status;
use diametric::rf::Delivered;
use diametric::{Config, Incoming, Node, SendError};
use std::collections::BTreeSet;
use std::time::Duration;

/// Longer than Twinit with its jitter.
const TW: Duration = Duration::from_secs(33);

async fn started(config: Config) -> Node {
    Node::builder(config).start().await.unwrap()
}

#[tokio::test]
async fn destination_host_decides_first() {
    let (first, second) = (server("ocs-1.example.net").await, server("ocs-2.example.net").await);
    let config = client().peer(address(&first)).peer(address(&second)).realm("example.net", ["ocs-1.example.net"]);
    let client = started(config).await;
    until(|| client.peers().len() == 2).await;
    for _ in 0..3 {
        assert_eq!(answerer(&client, &ccr_to("ocs-2.example.net")).await, "ocs-2.example.net");
        assert_eq!(answerer(&client, &ccr_to("OCS-1.example.net")).await, "ocs-1.example.net");
    }
}

#[tokio::test]
async fn the_peers_of_a_configured_realm_are_taken_in_order() {
    let (first, second) = (server("ocs-1.example.net").await, server("ocs-2.example.net").await);
    let config = client()
        .named_peer("ocs-2.example.net", address(&second))
        .named_peer("ocs-1.example.net", address(&first))
        // The realm of the peers themselves is another.
        .realm("charging.example", ["ocs-1.example.net", "ocs-2.example.net"]);
    let client = started(config).await;
    until(|| client.peers().len() == 2).await;
    for _ in 0..3 {
        assert_eq!(answerer(&client, &ccr("charging.example")).await, "ocs-1.example.net");
    }
    soon(first.shutdown()).await;
    until(|| client.peers().len() == 1).await;
    assert_eq!(answerer(&client, &ccr("charging.example")).await, "ocs-2.example.net");
    soon(second.shutdown()).await;
    until(|| client.peers().is_empty()).await;
    let told = refusal(&client, &ccr("charging.example")).await;
    for host in ["ocs-1.example.net (127.0.0.1:", "ocs-2.example.net (127.0.0.1:"] {
        assert!(told.contains(host), "{told}");
    }
}

#[tokio::test]
async fn peers_of_the_realm_take_turns() {
    let (first, second) = (server("ocs-1.example.net").await, server("ocs-2.example.net").await);
    let other = server("ocs.example.org").await;
    let client = started(client().peer(address(&first)).peer(address(&second)).peer(address(&other))).await;
    until(|| client.peers().len() == 3).await;
    let mut served = BTreeSet::new();
    for _ in 0..4 {
        served.insert(answerer(&client, &ccr("example.net")).await);
    }
    assert_eq!(served.into_iter().collect::<Vec<_>>(), ["ocs-1.example.net", "ocs-2.example.net"]);
    assert_eq!(answerer(&client, &ccr("example.org")).await, "ocs.example.org");
}

#[tokio::test]
async fn a_relay_takes_what_nobody_else_does() {
    let ocs = server("ocs.example.net").await;
    let mut relaying = config("relay.example.org").relay();
    relaying.local.applications = Applications::new().with_auth(0xffff_ffff);
    let relay = granting(relaying).start().await.unwrap();
    let client = started(client().peer(address(&relay)).peer(address(&ocs))).await;
    until(|| client.peers().len() == 2).await;
    for _ in 0..3 {
        assert_eq!(answerer(&client, &ccr("example.net")).await, "ocs.example.net");
        assert_eq!(answerer(&client, &ccr("elsewhere.example")).await, "relay.example.org");
    }
    soon(ocs.shutdown()).await;
    until(|| client.peers().len() == 1).await;
    assert_eq!(answerer(&client, &ccr("example.net")).await, "relay.example.org");
}

#[tokio::test]
async fn a_host_that_is_no_peer_is_reached_by_its_realm() {
    // The agent is a proxy: it serves the application, and is no relay.
    let agent = Node::builder(config("agent.example.net"))
        .handle(CREDIT_CONTROL, |incoming: Incoming<Ccr>| async move {
            Ok(granted(&incoming.request, &"agent.example.net".into())) as Result<Cca, ErrorAnswer>
        })
        .start()
        .await
        .unwrap();
    let client = started(client().peer(address(&agent))).await;
    // This one does not forward, which shows that it was asked.
    let told = refusal(&client, &ccr_to("ocs-7.example.net")).await;
    assert!(told.contains("agent.example.net answered with Result-Code 3002"), "{told}");
}

#[tokio::test]
async fn a_peer_that_is_down_is_not_looked_for_among_its_neighbours() {
    let neighbour = server("ocs-2.example.net").await;
    let (gone, nobody) = listener().await;
    drop(gone);
    let config = client()
        .named_peer("ocs-1.example.net", nobody)
        .peer(address(&neighbour))
        .realm("example.net", ["ocs-1.example.net", "ocs-2.example.net"]);
    let client = started(config).await;
    until(|| client.peers().len() == 1).await;
    assert_eq!(answerer(&client, &ccr("example.net")).await, "ocs-2.example.net");
    let told = refusal(&client, &ccr_to("ocs-1.example.net")).await;
    assert!(told.contains("no route to ocs-1.example.net for application 4"), "{told}");
}

#[tokio::test]
async fn an_error_tells_why_nobody_could_take_the_request() {
    let mut accounting = config("cdf.example.net");
    accounting.local.applications = Applications::new().with_acct(3);
    let cdf = started(accounting).await;
    let ocs = server("ocs.example.org").await;
    let (gone, nobody) = listener().await;
    drop(gone);
    let mut config = client()
        .peer(address(&cdf))
        .peer(address(&ocs))
        .named_peer("down.example.net", nobody)
        .named_peer("nowhere.example.net", ("no-such-host.invalid", 3868))
        .known_peer("absent.example.net");
    config.local.applications = Applications::new().with_auth(CREDIT_CONTROL).with_acct(3);
    let client = started(config).await;
    until(|| client.peers().len() == 2).await;
    let error = soon(client.send(CREDIT_CONTROL, &ccr("example.net"))).await.unwrap_err();
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_DELIVER);
    let told = error.to_string();
    for part in [
        "no route to example.net for application 4: ".to_owned(),
        "cdf.example.net of realm example.net serves application 3, not 4".to_owned(),
        "ocs.example.org of realm example.org is neither of that realm nor a relay".to_owned(),
        format!("down.example.net ({nobody}): cannot connect: "),
        "nowhere.example.net (no-such-host.invalid:3868): cannot connect: ".to_owned(),
        "absent.example.net: has not connected to this node".to_owned(),
    ] {
        assert!(told.contains(&part), "{told}");
    }
}

#[tokio::test]
async fn a_peer_that_leaves_the_cer_unanswered_is_named() {
    let (listener, address) = listener().await;
    let mut config = client().peer(address).ro_client("example.net").rf_client("example.net");
    config.ro.tx = Duration::from_millis(100);
    config.rf.buffer = 0;
    let client = started(config).await;
    let mut silent = Raw::accept(&listener).await;
    let cer = silent.message::<CapabilitiesExchangeRequest>().await;
    let service = client.ro().unwrap().service("32251@3gpp.org");
    let told = |error: String| {
        let cause =
            format!("no peer connected within 100ms: {address}: accepted the connection, but has not answered the CER");
        assert!(error.contains(&cause), "{error}");
    };
    told(soon(service.clone().initial(|_| ())).await.unwrap_err().to_string());
    told(soon(service.price_enquiry(|_| ())).await.unwrap_err().to_string());
    let record = client.rf().unwrap().service("32274@3gpp.org").timeout(Duration::from_millis(100)).event(|_| ());
    match soon(record).await {
        Ok(Delivered::Lost(error)) | Err(error) => told(error.to_string()),
        other => panic!("{other:?}"),
    }
    // What was told not to be sent is not sent when the peer comes round.
    silent.send_cea(cer.header, "ocs.example.net").await;
    let next = ccr("example.net");
    let _waiting = sending(&client, next.clone());
    assert_eq!(silent.message::<Ccr>().await.body, next);
}

#[tokio::test]
async fn a_peer_is_found_by_name() {
    let ocs = server("ocs.example.net").await;
    let client = started(client().peer(("localhost", address(&ocs).port()))).await;
    assert_eq!(answerer(&client, &ccr("example.net")).await, "ocs.example.net");
}

#[tokio::test]
async fn a_request_whose_peer_is_lost_goes_to_another() {
    let ((listener, first), second) = (listener().await, server("ocs-2.example.net").await);
    let config = client()
        .named_peer("ocs-1.example.net", first)
        .named_peer("ocs-2.example.net", address(&second))
        .realm("example.net", ["ocs-1.example.net", "ocs-2.example.net"]);
    let client = started(config).await;
    let mut raw = Raw::welcome(&listener, "ocs-1.example.net").await;
    until(|| client.peers().len() == 2).await;
    let request = ccr("example.net");
    let (answer, ()) = tokio::join!(client.send(CREDIT_CONTROL, &request), async {
        let lost = raw.message::<Ccr>().await;
        assert!(!lost.header.flags.is_retransmitted());
        drop(raw);
    });
    assert_eq!(answer.unwrap().origin_host, "ocs-2.example.net");
}

/// A client of two raw peers, of which the first is preferred.
async fn two_raw() -> (Node, Raw, Raw) {
    let ((to_first, first), (to_second, second)) = (listener().await, listener().await);
    let config = client()
        .named_peer("ocs-1.example.net", first)
        .named_peer("ocs-2.example.net", second)
        .realm("example.net", ["ocs-1.example.net", "ocs-2.example.net"]);
    let client = started(config).await;
    let first = Raw::welcome(&to_first, "ocs-1.example.net").await;
    let second = Raw::welcome(&to_second, "ocs-2.example.net").await;
    until(|| client.peers().len() == 2).await;
    (client, first, second)
}

fn sending(client: &Node, ccr: Ccr) -> tokio::task::JoinHandle<Result<Cca, SendError>> {
    let client = client.clone();
    tokio::spawn(async move { client.send(CREDIT_CONTROL, &ccr).await })
}

#[tokio::test]
async fn a_suspect_peer_gives_its_requests_to_another() {
    let (client, mut first, mut second) = two_raw().await;
    let waiting = sending(&client, ccr("example.net"));
    let original = first.message::<Ccr>().await;
    // Both are asked, and only the second answers.
    skip(TW).await;
    second.answer_dwr("ocs-2.example.net").await;
    skip(TW).await;
    second.answer_dwr("ocs-2.example.net").await;
    until(|| client.peer_status("ocs-1.example.net") == Some(Status::Suspect)).await;
    let again = second.message::<Ccr>().await;
    assert!(again.header.flags.is_retransmitted() && !original.header.flags.is_retransmitted());
    assert_eq!(again.header.end_to_end, original.header.end_to_end);
    assert_eq!(again.body, original.body);
    second.answer(again.header, &granted(&again.body, &"ocs-2.example.net".into())).await;
    assert_eq!(soon(waiting).await.unwrap().unwrap().origin_host, "ocs-2.example.net");
    // New requests go to the other as well, although the first is the first of the realm.
    let next = sending(&client, ccr("example.net"));
    let new = second.message::<Ccr>().await;
    assert!(!new.header.flags.is_retransmitted());
    second.answer(new.header, &granted(&new.body, &"ocs-2.example.net".into())).await;
    soon(next).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_suspect_peer_gives_its_accounting_records_to_another() {
    let ((to_first, first), (to_second, second)) = (listener().await, listener().await);
    let config = client()
        .named_peer("cdf-1.example.net", first)
        .named_peer("cdf-2.example.net", second)
        .realm("example.net", ["cdf-1.example.net", "cdf-2.example.net"])
        .rf_client("example.net");
    let client = started(config).await;
    let mut first = Raw::welcome(&to_first, "cdf-1.example.net").await;
    let mut second = Raw::welcome(&to_second, "cdf-2.example.net").await;
    until(|| client.peers().len() == 2).await;
    let event = tokio::spawn(client.rf().unwrap().service("32274@3gpp.org").event(|_| ()));
    let original = first.message::<Acr>().await;
    for _ in 0..2 {
        skip(TW).await;
        second.answer_dwr("cdf-2.example.net").await;
    }
    let again = second.message::<Acr>().await;
    assert!(again.header.flags.is_retransmitted() && !original.header.flags.is_retransmitted());
    assert_eq!(again.header.end_to_end, original.header.end_to_end);
    assert_eq!(again.body, original.body);
    let aca = Aca::new(AccountingAnswerRequired {
        session_id: again.body.session_id,
        result_code: ResultCode::SUCCESS,
        origin_host: "cdf-2.example.net".into(),
        origin_realm: "example.net".into(),
        accounting_record_type: again.body.accounting_record_type,
        accounting_record_number: again.body.accounting_record_number,
    });
    second.answer(again.header, &aca).await;
    assert!(matches!(soon(event).await.unwrap().unwrap(), Delivered::Acknowledged(_)));
}

#[tokio::test]
async fn a_suspect_peer_is_better_than_none() {
    let (listener, address) = listener().await;
    let client = started(client().named_peer("ocs.example.net", address)).await;
    let mut ocs = Raw::welcome(&listener, "ocs.example.net").await;
    until(|| client.peers().len() == 1).await;
    skip(TW).await;
    ocs.message::<diametric::base::DeviceWatchdogRequest>().await;
    skip(TW).await;
    until(|| client.peer_status("ocs.example.net") == Some(Status::Suspect)).await;
    let waiting = sending(&client, ccr("example.net"));
    let request = ocs.message::<Ccr>().await;
    ocs.answer(request.header, &granted(&request.body, &"ocs.example.net".into())).await;
    soon(waiting).await.unwrap().unwrap();
    // What it said shows that it lives.
    until(|| client.peer_status("ocs.example.net") == Some(Status::Okay)).await;
}

#[tokio::test]
async fn a_peer_that_is_too_busy_is_passed_over() {
    let (client, mut first, mut second) = two_raw().await;
    let waiting = sending(&client, ccr("example.net"));
    let original = first.message::<Ccr>().await;
    first.throw(&too_busy(original.header)).await;
    let again = second.message::<Ccr>().await;
    assert!(!again.header.flags.is_retransmitted(), "an error was received: no T flag");
    assert_eq!(again.header.end_to_end, original.header.end_to_end);
    // Both are: that is the answer then.
    second.throw(&too_busy(again.header)).await;
    let error = soon(waiting).await.unwrap().unwrap_err();
    assert!(matches!(&error, SendError::Answered(answer) if answer.result_code == ResultCode::TOO_BUSY), "{error}");
}

fn too_busy(request: Header) -> Vec<u8> {
    use diametric::base::{AnswerMessage, AnswerMessageRequired};
    let answer = AnswerMessage::new(AnswerMessageRequired {
        origin_host: "ocs.example.net".into(),
        origin_realm: "example.net".into(),
        result_code: ResultCode::TOO_BUSY,
    });
    let flags = diametric::wire::CommandFlags::ERROR.with(diametric::wire::CommandFlags::PROXIABLE);
    diametric::message::encode(Header { flags, ..request }, &answer).unwrap()
}

#[tokio::test]
async fn a_peer_that_came_back_is_a_last_resort_until_it_has_proved_itself() {
    let ((listener, first), second) = (listener().await, server("ocs-2.example.net").await);
    let config = client()
        .named_peer("ocs-1.example.net", first)
        .named_peer("ocs-2.example.net", address(&second))
        .realm("example.net", ["ocs-1.example.net", "ocs-2.example.net"]);
    let client = started(config).await;
    drop(Raw::welcome(&listener, "ocs-1.example.net").await);
    let mut back = Raw::welcome(&listener, "ocs-1.example.net").await;
    until(|| client.peer_status("ocs-1.example.net") == Some(Status::Reopen)).await;
    assert_eq!(answerer(&client, &ccr("example.net")).await, "ocs-2.example.net");

    // With nobody else, it serves.
    soon(second.shutdown()).await;
    until(|| client.peers().len() == 1).await;
    back.answer_dwr("ocs-1.example.net").await;
    let waiting = sending(&client, ccr("example.net"));
    let request = back.message::<Ccr>().await;
    back.answer(request.header, &granted(&request.body, &"ocs-1.example.net".into())).await;
    assert_eq!(soon(waiting).await.unwrap().unwrap().origin_host, "ocs-1.example.net");

    // Three answers are the proof.
    for _ in 0..2 {
        assert_eq!(client.peer_status("ocs-1.example.net"), Some(Status::Reopen));
        skip(TW).await;
        back.answer_dwr("ocs-1.example.net").await;
    }
    until(|| client.peer_status("ocs-1.example.net") == Some(Status::Okay)).await;
}

#[tokio::test]
async fn a_peer_that_is_not_configured_begins_anew_each_time() {
    let ocs = server("ocs.example.net").await;
    for _ in 0..2 {
        let _peer = Raw::open(address(&ocs), "ctf.example.com").await;
        until(|| ocs.peer_status("ctf.example.com") == Some(Status::Okay)).await;
    }
}

#[tokio::test]
async fn a_configured_peer_that_connects_is_watched_over_its_connections() {
    let ocs = granting(config("ocs.example.net").known_peer("ctf.example.com")).start().await.unwrap();
    drop(Raw::open(address(&ocs), "ctf.example.com").await);
    until(|| ocs.peers().is_empty()).await;
    let mut back = Raw::open(address(&ocs), "ctf.example.com").await;
    until(|| ocs.peer_status("ctf.example.com") == Some(Status::Reopen)).await;
    back.answer_dwr("ctf.example.com").await;
    // Its requests are served all the same.
    back.send(Header::of::<Ccr>(HopByHopId(5), EndToEndId(5)), &ccr("example.net")).await;
    assert_eq!(back.message::<Cca>().await.body.result_code, ResultCode::SUCCESS);
}

#[tokio::test]
async fn what_is_for_another_node_is_refused() {
    let ocs = server("ocs.example.net").await;
    let mut peer = Raw::open(address(&ocs), "ctf.example.com").await;
    let header = Header::of::<Ccr>(HopByHopId(5), EndToEndId(5));
    for (host, expected) in [("ocs-2.example.net", 3002), ("OCS.example.net", 2001)] {
        peer.send(header, &ccr_to(host)).await;
        let frame = peer.receive().await.unwrap();
        let code = match diametric::message::decode::<Cca>(&frame, &diametric::codec::Known::standard()) {
            Ok(cca) => cca.body.result_code,
            Err(_) => common::result_code(&frame),
        };
        assert_eq!(code, ResultCode(expected), "{host}");
    }
    let mut looped = ccr("example.net");
    looped.route_record = ["dra.example.org".into(), "OCS.example.net".into()].into_iter().collect();
    peer.send(header, &looped).await;
    assert_eq!(common::result_code(&peer.receive().await.unwrap()), ResultCode::LOOP_DETECTED);
}

#[tokio::test]
async fn a_peer_that_wants_to_be_left_alone_is() {
    for (cause, comes_back) in [
        (DisconnectCause::BUSY, false),
        (DisconnectCause::DO_NOT_WANT_TO_TALK_TO_YOU, false),
        (DisconnectCause::REBOOTING, true),
    ] {
        let (listener, address) = listener().await;
        let client = started(client().named_peer("ocs.example.net", address)).await;
        let mut ocs = Raw::welcome(&listener, "ocs.example.net").await;
        until(|| client.peers().len() == 1).await;
        ocs.dpr("ocs.example.net", cause).await;
        ocs.message::<diametric::base::DisconnectPeerAnswer>().await;
        until(|| client.peers().is_empty()).await;
        drop(ocs);
        if comes_back {
            Raw::welcome(&listener, "ocs.example.net").await;
            continue;
        }
        common::assert_nobody(&listener).await;
        let told = refusal(&client, &ccr("example.net")).await;
        assert!(told.contains("the peer disconnected"), "{told}");
        // Not for ever.
        skip(Duration::from_secs(301)).await;
        Raw::welcome(&listener, "ocs.example.net").await;
    }
}
