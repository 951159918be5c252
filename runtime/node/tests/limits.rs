//! What a node bears, and how it ends.

mod common;

use common::{
    CREDIT_CONTROL, Raw, address, answerer, ccr, client, config, granted, granting, result_code, server, skip, soon,
    until,
};
use diametric::answer::ErrorAnswer;
use diametric::base::{
    DeviceWatchdogRequest, DeviceWatchdogRequestRequired, DisconnectPeerAnswer, DisconnectPeerAnswerRequired,
    DisconnectPeerRequest, ReAuthRequestType, ResultCode,
};
use diametric::codec::Known;
use diametric::credit_control::{
    Cca, Ccr, Raa, ReAuthAnswer, ReAuthAnswerRequired, ReAuthRequest, ReAuthRequestRequired,
};
use diametric::message::{self, EndToEndId, Header, HopByHopId};
use diametric::{Config, Incoming, Node, NodeBuilder, SendError};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// A node whose handlers wait until they are let go on.
struct Gated {
    gate: Arc<Semaphore>,
    begun: Arc<AtomicUsize>,
    finished: Arc<AtomicUsize>,
}

impl Gated {
    fn new() -> Self {
        Self { gate: Arc::new(Semaphore::new(0)), begun: Arc::default(), finished: Arc::default() }
    }

    fn builder(&self, config: Config) -> NodeBuilder {
        let host = config.local.origin_host.clone();
        let (gate, begun, finished) = (Arc::clone(&self.gate), Arc::clone(&self.begun), Arc::clone(&self.finished));
        Node::builder(config).handle(CREDIT_CONTROL, move |incoming: Incoming<Ccr>| {
            let (gate, begun, finished) = (Arc::clone(&gate), Arc::clone(&begun), Arc::clone(&finished));
            let cca: Result<Cca, ErrorAnswer> = Ok(granted(&incoming.request, &host));
            async move {
                begun.fetch_add(1, Ordering::Relaxed);
                gate.acquire().await.unwrap().forget();
                finished.fetch_add(1, Ordering::Relaxed);
                cca
            }
        })
    }

    fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }

    fn finished(&self) -> usize {
        self.finished.load(Ordering::Relaxed)
    }
}

fn header(id: u32) -> Header {
    Header::of::<Ccr>(HopByHopId(id), EndToEndId(id))
}

fn frame(id: u32) -> Vec<u8> {
    message::encode(header(id), &ccr("example.net")).unwrap()
}

fn dwr() -> Vec<u8> {
    let (origin_host, origin_realm) = ("a.example.com".into(), "example.com".into());
    let dwr = DeviceWatchdogRequest::new(DeviceWatchdogRequestRequired { origin_host, origin_realm });
    message::encode(Header::of::<DeviceWatchdogRequest>(HopByHopId(6), EndToEndId(6)), &dwr).unwrap()
}

#[tokio::test]
async fn handlers_of_all_peers_are_bounded() {
    let (gated, mut config) = (Gated::new(), config("ocs.example.net"));
    config.max_handlers_total = 3;
    let ocs = gated.builder(config).start().await.unwrap();
    let mut peers = Vec::new();
    for host in ["a.example.com", "b.example.com"] {
        let mut peer = Raw::open(address(&ocs), host).await;
        peer.throw(&[frame(1), frame(2), frame(3)].concat()).await;
        peers.push(peer);
    }
    until(|| gated.begun() == 3).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(gated.begun(), 3);
    gated.gate.add_permits(6);
    for peer in &mut peers {
        for _ in 0..3 {
            peer.message::<Cca>().await;
        }
    }
    assert_eq!(gated.finished(), 6);
}

#[tokio::test]
async fn requests_beyond_the_queue_are_told_to_go_elsewhere() {
    let (gated, mut config) = (Gated::new(), config("ocs.example.net"));
    config.max_handlers = 1;
    let ocs = gated.builder(config).start().await.unwrap();
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    // One is handled, 256 wait.
    for id in 0..260 {
        peer.throw(&frame(id)).await;
    }
    for _ in 0..3 {
        let frame = peer.receive().await.unwrap();
        assert_eq!(result_code(&frame), ResultCode::TOO_BUSY);
        assert!(Header::peek(&frame).unwrap().hop_by_hop.0 >= 257);
    }
    gated.gate.add_permits(300);
    for _ in 0..257 {
        peer.message::<Cca>().await;
    }
    peer.assert_quiet().await;
}

#[tokio::test]
async fn answers_come_through_while_all_handlers_are_busy() {
    let (gated, mut config) = (Gated::new(), config("ocs.example.net"));
    config.max_handlers = 1;
    let ocs = gated.builder(config).start().await.unwrap();
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    for id in 0..100 {
        peer.throw(&frame(id)).await;
    }
    until(|| gated.begun() == 1).await;
    let rar = ReAuthRequest::new(ReAuthRequestRequired {
        session_id: "a.example.com;1;1".into(),
        origin_host: "ocs.example.net".into(),
        origin_realm: "example.net".into(),
        destination_realm: "example.com".into(),
        destination_host: "a.example.com".into(),
        auth_application_id: CREDIT_CONTROL,
        re_auth_request_type: ReAuthRequestType::AUTHORIZE_ONLY,
    });
    let asking = tokio::spawn(async move { ocs.send(CREDIT_CONTROL, &rar).await });
    let asked = peer.message::<ReAuthRequest>().await;
    let raa: Raa = ReAuthAnswer::new(ReAuthAnswerRequired {
        session_id: asked.body.session_id,
        result_code: ResultCode::SUCCESS,
        origin_host: "a.example.com".into(),
        origin_realm: "example.com".into(),
    });
    peer.answer(asked.header, &raa).await;
    assert_eq!(soon(asking).await.unwrap().unwrap().result_code, ResultCode::SUCCESS);
}

#[tokio::test]
async fn who_does_not_read_is_not_written_to_without_end() {
    let ocs = server("ocs.example.net").await;
    let good = Node::builder(client().peer(address(&ocs))).start().await.unwrap();
    let mut deaf = Raw::open(address(&ocs), "a.example.com").await;
    let flood = dwr().repeat(1000);
    let mut sent = 0_usize;
    // At some time the node reads no more, and then nor does its system.
    let stalled = soon(async {
        use tokio::io::AsyncWriteExt;
        while let Ok(written) = tokio::time::timeout(Duration::from_millis(500), deaf.stream.write(&flood)).await {
            sent += written.unwrap();
            assert!(sent < 1 << 30, "it is read for ever");
        }
    });
    stalled.await;
    assert_eq!(answerer(&good, &ccr("example.net")).await, "ocs.example.net");
    // It hears nothing from that peer either, and lets it go.
    for _ in 0..3 {
        skip(Duration::from_secs(33)).await;
    }
    until(|| ocs.peers().iter().all(|peer| peer.origin_host != "a.example.com")).await;
}

#[tokio::test]
async fn two_nodes_that_flood_each_other_get_through() {
    const EACH: u32 = 3000;
    let (mut one, mut other) = (config("a.example.net"), config("b.example.net"));
    for config in [&mut one, &mut other] {
        config.max_handlers = 4;
        config.request_timeout = Duration::from_secs(60);
    }
    let slow = |config: Config| {
        let host = config.local.origin_host.clone();
        Node::builder(config).handle(CREDIT_CONTROL, move |incoming: Incoming<Ccr>| {
            let cca: Result<Cca, ErrorAnswer> = Ok(granted(&incoming.request, &host));
            async move {
                tokio::task::yield_now().await;
                cca
            }
        })
    };
    let one = slow(one).start().await.unwrap();
    let other = slow(other.peer(address(&one))).start().await.unwrap();
    until(|| one.peers().len() == 1 && other.peers().len() == 1).await;
    let mut sending = tokio::task::JoinSet::new();
    let mut request = ccr("example.net");
    request.service_information = None;
    request.user_name = Some("x".repeat(3000).into());
    for node in [&one, &other] {
        for _ in 0..EACH {
            let (node, request) = (node.clone(), request.clone());
            sending.spawn(async move { node.send(CREDIT_CONTROL, &request).await });
        }
    }
    let (mut granted, mut refused) = (0, 0);
    while let Some(sent) = soon(sending.join_next()).await {
        match sent.unwrap() {
            Ok(_) => granted += 1,
            Err(SendError::Answered(answer)) if answer.result_code == ResultCode::TOO_BUSY => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(granted + refused, 2 * EACH);
    assert!(granted > 0);
    assert_eq!((one.peers().len(), other.peers().len()), (1, 1), "the connection has borne it");
}

#[tokio::test]
async fn connections_are_counted() {
    let mut config = config("ocs.example.net");
    config.max_connections = 2;
    let ocs = granting(config).start().await.unwrap();
    let first = Raw::open(address(&ocs), "a.example.com").await;
    let mut silent = Raw::connect(address(&ocs)).await;
    silent.assert_quiet().await;
    Raw::connect(address(&ocs)).await.assert_closed().await;
    drop(first);
    until(|| ocs.peers().is_empty()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    Raw::open(address(&ocs), "b.example.com").await;
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let mut config = config("ocs.example.net");
    config.max_message_size = 100_000;
    let ocs = granting(config).start().await.unwrap();
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    let mut long = ccr("example.net");
    long.user_name = Some("x".repeat(99_000).into());
    peer.send(header(1), &long).await;
    peer.message::<Cca>().await;
    // The length tells: nobody waits for the rest.
    let start = header(2).to_bytes(100_004);
    peer.throw(&start).await;
    let refusal = message::decode_answer_message(&peer.receive().await.unwrap(), &Known::standard()).unwrap();
    assert_eq!(refusal.body.result_code, ResultCode::INVALID_MESSAGE_LENGTH);
    assert!(refusal.body.error_message.unwrap().contains("100000"));
    peer.assert_closed().await;
}

#[tokio::test]
async fn a_first_message_is_short() {
    let ocs = server("ocs.example.net").await;
    let mut stranger = Raw::connect(address(&ocs)).await;
    let cer = Header::of::<diametric::base::Cer>(HopByHopId(1), EndToEndId(1));
    stranger.throw(&cer.to_bytes(65_540)).await;
    assert_eq!(result_code(&stranger.receive().await.unwrap()), ResultCode::INVALID_MESSAGE_LENGTH);
    stranger.assert_closed().await;
}

#[tokio::test]
async fn a_message_that_is_begun_is_finished_or_given_up() {
    let mut config = config("ocs.example.net");
    config.establish_timeout = Duration::from_millis(200);
    let ocs = granting(config).start().await.unwrap();
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    let whole = frame(1);
    // Slow is allowed.
    for part in whole.chunks(whole.len() / 4 + 1) {
        peer.throw(part).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    peer.message::<Cca>().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    peer.throw(&whole[..50]).await;
    peer.assert_closed().await;
}

#[tokio::test]
async fn a_handler_that_was_begun_is_finished() {
    let gated = Gated::new();
    let ocs = gated.builder(config("ocs.example.net")).start().await.unwrap();
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    peer.throw(&frame(1)).await;
    until(|| gated.begun() == 1).await;
    drop(peer);
    until(|| ocs.peers().is_empty()).await;
    gated.gate.add_permits(1);
    until(|| gated.finished() == 1).await;
}

#[tokio::test]
async fn a_node_that_shuts_down_finishes_what_is_under_way() {
    let gated = Gated::new();
    let ocs = gated.builder(config("ocs.example.net")).start().await.unwrap();
    let client = Node::builder(client().peer(address(&ocs))).start().await.unwrap();
    until(|| ocs.peers().len() == 1).await;
    let sending = {
        let client = client.clone();
        tokio::spawn(async move { client.send(CREDIT_CONTROL, &ccr("example.net")).await })
    };
    until(|| gated.begun() == 1).await;
    // Both at once: the one waits for its answer, the other for its handler.
    let (going, at) = (client.clone(), address(&ocs));
    let down = tokio::spawn(async move { tokio::join!(going.shutdown(), ocs.shutdown()) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!down.is_finished());
    let error = soon(client.send(CREDIT_CONTROL, &ccr("example.net"))).await.unwrap_err();
    assert!(matches!(error, SendError::ShutDown), "{error}");
    // Nobody new is let in meanwhile.
    assert!(soon(tokio::net::TcpStream::connect(at)).await.is_err());
    gated.gate.add_permits(1);
    assert_eq!(soon(sending).await.unwrap().unwrap().result_code, ResultCode::SUCCESS);
    soon(down).await.unwrap();
}

#[tokio::test]
async fn answers_go_out_before_the_node_takes_its_leave() {
    let gated = Gated::new();
    let ocs = gated.builder(config("ocs.example.net")).start().await.unwrap();
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    peer.throw(&frame(1)).await;
    until(|| gated.begun() == 1).await;
    let down = tokio::spawn(ocs.shutdown());
    peer.assert_quiet().await;
    gated.gate.add_permits(1);
    peer.message::<Cca>().await;
    let dpr = peer.message::<DisconnectPeerRequest>().await;
    let (origin_host, origin_realm) = ("a.example.com".into(), "example.com".into());
    let required = DisconnectPeerAnswerRequired { result_code: ResultCode::SUCCESS, origin_host, origin_realm };
    peer.answer(dpr.header, &DisconnectPeerAnswer::new(required)).await;
    peer.assert_closed().await;
    soon(down).await.unwrap();
}

/// How long a node takes to shut down.
async fn time_of(shutdown: impl Future<Output = ()>) -> Duration {
    let started = Instant::now();
    soon(shutdown).await;
    started.elapsed()
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_ever() {
    let gated = Gated::new();
    let mut config = config("ocs.example.net");
    config.drain_timeout = Duration::from_millis(200);
    config.close_timeout = Duration::from_millis(200);
    let ocs = gated.builder(config).start().await.unwrap();
    // Its handler never ends, and the peer answers no DPR.
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    peer.throw(&frame(1)).await;
    until(|| gated.begun() == 1).await;
    let took = time_of(ocs.shutdown()).await;
    assert!((Duration::from_millis(400)..Duration::from_secs(3)).contains(&took), "{took:?}");
    peer.message::<DisconnectPeerRequest>().await;
    peer.assert_closed().await;
}

#[tokio::test]
async fn a_node_with_nothing_to_do_is_down_at_once() {
    let ocs = server("ocs.example.net").await;
    let client = Node::builder(client().peer(address(&ocs)).peer(("192.0.2.1", 3868))).start().await.unwrap();
    answerer(&client, &ccr("example.net")).await;
    assert!(time_of(client.shutdown()).await < Duration::from_secs(2));
    assert!(time_of(ocs.shutdown()).await < Duration::from_secs(2));
}

#[tokio::test]
async fn a_node_that_nobody_holds_is_gone() {
    let ocs = server("ocs.example.net").await;
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    let at = address(&ocs);
    drop(ocs);
    peer.message::<DisconnectPeerRequest>().await;
    soon(async {
        while tokio::net::TcpStream::connect(at).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_observer_that_panics_costs_its_connection_only() {
    let panics = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&panics);
    let ocs = granting(config("ocs.example.net")).observe(move |frame| {
        if !frame.sent && frame.octets[12..16] == [0, 0, 0, 99] {
            counted.fetch_add(1, Ordering::Relaxed);
            panic!("on purpose");
        }
    });
    let ocs = ocs.start().await.unwrap();
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    peer.throw(&frame(99)).await;
    peer.assert_closed().await;
    assert_eq!(panics.load(Ordering::Relaxed), 1);
    let mut peer = Raw::open(address(&ocs), "a.example.com").await;
    peer.throw(&frame(1)).await;
    peer.message::<Cca>().await;
}
