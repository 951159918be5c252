//! Where two things meet: both directions full, handlers that ask, peers that leave, streams of something else.

use crate::raw::{self, Raw};
use crate::support::{
    CREDIT_CONTROL, asr, assert_served, ccr, client_at, client_of, grant, granted, header, pair, server, soon, until,
};
use diametric::base::{
    AbortSessionRequest, DisconnectCause, DisconnectPeerAnswer, DisconnectPeerRequest, DisconnectPeerRequestRequired,
    ResultCode,
};
use diametric::credit_control::Ccr;
use diametric::message::{self, Received};
use diametric::{Config, Incoming, Node};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// If both ends stopped to read while much waits to be written, neither would drain the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn much_in_both_directions_gets_through() {
    let server = server().handle(CREDIT_CONTROL, |incoming: Incoming<Ccr>| async move {
        Ok(granted(&incoming.request).with_user_name("x".repeat(65_536)))
    });
    let server = server.start().await.unwrap();
    let client = Node::builder(client_of(&server)).start().await.unwrap();
    let sending: Vec<_> = (0..600)
        .map(|number| {
            let client = client.clone();
            let ccr = ccr(number).with_user_name("y".repeat(65_536));
            tokio::spawn(async move {
                // More than a node keeps waiting for its handlers is refused, not lost; how much that is depends on how the
                // two take turns.
                while let Err(error) = client.send(CREDIT_CONTROL, &ccr).await {
                    assert_eq!(error.result_code(), ResultCode::TOO_BUSY, "{error}");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            })
        })
        .collect();
    for sending in sending {
        soon(sending).await.unwrap();
    }
}

/// However many handlers run, answers are read: a handler may wait for one itself.
#[tokio::test]
async fn a_handler_may_ask_the_peer_something() {
    let cell: Arc<OnceLock<Node>> = Arc::default();
    let mut config = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    config.local.applications = config.local.applications.with_auth(CREDIT_CONTROL);
    config.max_handlers = 1;
    config.request_timeout = Duration::from_secs(3);
    let node = Arc::clone(&cell);
    let server = Node::builder(config).handle(CREDIT_CONTROL, move |incoming: Incoming<Ccr>| {
        let node = node.get().unwrap().clone();
        async move {
            node.send(CREDIT_CONTROL, &asr("x;1;1")).await.expect("the client answers");
            Ok(granted(&incoming.request))
        }
    });
    let server = server.start().await.unwrap();
    cell.set(server.clone()).ok();
    let client = Node::builder(client_of(&server)).start().await.unwrap();
    soon(client.send(CREDIT_CONTROL, &ccr(1))).await.unwrap();
}

/// From its DPR on, although its transport may be open for a while.
#[tokio::test]
async fn a_peer_that_takes_leave_gets_no_more_requests() {
    let (listener, address) = raw::listener().await;
    let other = server().handle(CREDIT_CONTROL, grant).start().await.unwrap();
    let client = Node::builder(client_at(address).peer(other.listening()[0])).start().await.unwrap();
    let (mut peer, _) = Raw::welcome(&listener).await;
    until(|| client.peers().len() == 2).await;
    let dpr = DisconnectPeerRequest::new(DisconnectPeerRequestRequired {
        origin_host: "raw.example.net".into(),
        origin_realm: "example.net".into(),
        disconnect_cause: DisconnectCause::REBOOTING,
    });
    peer.send(&message::encode(header::<DisconnectPeerRequest>(9), &dpr).unwrap()).await;
    let _: Received<DisconnectPeerAnswer> = peer.answer().await;
    for number in 0..10 {
        soon(client.send(CREDIT_CONTROL, &ccr(number))).await.unwrap();
    }
}

/// `GET ` would be the beginning of a message of 4.5 MB and version 71; 20 octets are enough to see what it is.
#[tokio::test]
async fn an_http_client_is_hung_up_on() {
    let (server, client) = pair().await;
    for mut stranger in [Raw::connect(server.listening()[0]).await, Raw::open(server.listening()[0]).await] {
        stranger.throw(b"GET / HTTP/1.1\r\nHost: ocs.example.net\r\n\r\n").await;
        let start = Instant::now();
        stranger.assert_closed().await;
        assert!(start.elapsed() < Duration::from_secs(2));
    }
    assert_served(&client).await;
}

/// Who connects while connections end is refused at once.
#[tokio::test]
async fn a_node_that_shuts_down_does_not_listen_any_more() {
    let server = server().start().await.unwrap();
    let address = server.listening()[0];
    let mut peer = Raw::open(address).await;
    let _down = tokio::spawn(server.shutdown());
    let _: Received<DisconnectPeerRequest> = peer.message().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

/// A client of Ro answers RAR and ASR by itself only where the application does not.
#[tokio::test]
async fn a_handler_of_the_application_is_not_replaced() {
    let server = server().handle(CREDIT_CONTROL, grant).start().await.unwrap();
    let client = Node::builder(client_of(&server)).handle(CREDIT_CONTROL, |_: Incoming<AbortSessionRequest>| async {
        Err(diametric::answer::ErrorAnswer::new(ResultCode::TOO_BUSY, "mine"))
    });
    let _client = client.start().await.unwrap();
    until(|| server.peers().len() == 1).await;
    let error = soon(server.send(CREDIT_CONTROL, &asr("x;1;1"))).await.unwrap_err();
    assert_eq!(error.result_code(), ResultCode::TOO_BUSY);
}
