//! Two connections to one peer: which of them stays. Rows of RFC 6733 §5.6 that are about both have their id here.

mod common;

use common::{
    CREDIT_CONTROL, LOOPBACK, Raw, address, assert_nobody, ccr, ccr_to, client, config, granting, listener, server,
    soon, until,
};
use diametric::base::{CapabilitiesExchangeRequest, DeviceWatchdogRequest, ResultCode};
use diametric::credit_control::{Cca, Ccr};
use diametric::message::{EndToEndId, Header, HopByHopId};
use diametric::{Accept, Config, Frame, Node};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};

/// In the middle of the alphabet: it wins against `a` and loses against `z`.
const MIDDLE: &str = "m.example.net";

/// A node that listens and connects to `peer` at `address`; with its name if `named`.
async fn middle(peer: &str, address: SocketAddr, named: bool) -> Node {
    let config = config(MIDDLE);
    let config = if named { config.named_peer(peer, address) } else { config.peer(address) };
    granting(config).start().await.unwrap()
}

/// The node has sent its CER to `peer`, which has not answered it; and then a CER came from the peer.
async fn both_have_called(peer: &str) -> (Node, Raw, Header, Raw) {
    let (listener, at) = listener().await;
    let node = middle(peer, at, true).await;
    let mut called = Raw::accept(&listener).await;
    let cer = called.message::<CapabilitiesExchangeRequest>().await.header;
    let calling = Raw::introduce(address(&node), peer).await;
    (node, called, cer, calling)
}

/// A connection on which the node serves.
async fn assert_serves(raw: &mut Raw) {
    raw.send(Header::of::<Ccr>(HopByHopId(8), EndToEndId(8)), &ccr_to(MIDDLE)).await;
    assert_eq!(raw.message::<Cca>().await.body.result_code, ResultCode::SUCCESS);
}

/// PS08, PS12, PS17, PR01.
#[tokio::test]
async fn the_winner_closes_the_connection_that_it_opened() {
    let (node, mut called, _, mut calling) = both_have_called("a.example.net").await;
    assert_eq!(calling.cea().await, ResultCode::SUCCESS);
    called.assert_closed().await;
    assert_serves(&mut calling).await;
    assert_eq!(node.peers().len(), 1);
}

/// PS19, PR02, PR10.
#[tokio::test]
async fn the_loser_keeps_the_connection_that_it_opened() {
    let (node, mut called, cer, mut calling) = both_have_called("z.example.net").await;
    calling.assert_quiet().await;
    assert!(node.peers().is_empty());
    called.send_cea(cer, "z.example.net").await;
    assert_eq!(calling.cea().await, ResultCode::ELECTION_LOST);
    calling.assert_closed().await;
    assert_serves(&mut called).await;
    assert_eq!(node.peers().len(), 1);
}

/// PS18: the winner closes the connection that the loser opened without answering its CER.
#[tokio::test]
async fn the_loser_takes_the_other_connection_if_its_own_fails() {
    let (node, called, _, mut calling) = both_have_called("z.example.net").await;
    calling.assert_quiet().await;
    drop(called);
    assert_eq!(calling.cea().await, ResultCode::SUCCESS);
    assert_serves(&mut calling).await;
    assert_eq!(node.peers().len(), 1);
}

/// PS20.
#[tokio::test]
async fn the_loser_may_be_left_with_its_own_connection() {
    let (node, mut called, cer, calling) = both_have_called("z.example.net").await;
    drop(calling);
    called.assert_quiet().await;
    called.send_cea(cer, "z.example.net").await;
    until(|| node.peers().len() == 1).await;
    assert_serves(&mut called).await;
}

/// PS21: several may wait; one at most comes in.
#[tokio::test]
async fn of_several_that_wait_one_is_taken() {
    let (node, called, _, mut calling) = both_have_called("z.example.net").await;
    let mut another = Raw::introduce(address(&node), "z.example.net").await;
    calling.assert_quiet().await;
    another.assert_quiet().await;
    drop(called);
    assert_eq!(calling.cea().await, ResultCode::SUCCESS);
    // The one that is open now lives, and says so.
    calling.answer_dwr("z.example.net").await;
    assert_eq!(another.cea().await, ResultCode::UNABLE_TO_COMPLY);
    another.assert_closed().await;
    assert_eq!(node.peers().len(), 1);
}

/// PS04, PS06, PS13, PS16, PR11: where no connection can be made, the peer's is taken, and nothing else is tried.
#[tokio::test]
async fn who_cannot_be_called_may_call() {
    let (gone, nowhere) = listener().await;
    drop(gone);
    // The second address belongs to no network: nothing answers there.
    for at in [nowhere, "192.0.2.1:3868".parse().unwrap()] {
        for peer in ["a.example.net", "z.example.net"] {
            let node = middle(peer, at, true).await;
            let mut calling = Raw::open(address(&node), peer).await;
            assert_serves(&mut calling).await;
        }
    }
}

/// PS01, PS05, PS14: the peer that has called is not called.
#[tokio::test]
async fn who_has_called_is_not_called() {
    let (_reserved, at) = reserved();
    let node = middle("a.example.net", at, true).await;
    let calling = Raw::open(address(&node), "a.example.net").await;
    let listener = TcpListener::bind(at).await.unwrap();
    // Whatever was under way when the peer called has ended by now.
    let _ = tokio::time::timeout(Duration::from_millis(500), listener.accept()).await;
    assert_nobody(&listener).await;
    assert_eq!(node.peers().len(), 1);
    // But as soon as it has gone.
    drop(calling);
    let mut called = Raw::welcome(&listener, "a.example.net").await;
    assert_serves_again(&mut called).await;
}

/// As [`assert_serves`], on a connection whose watchdog asks first.
async fn assert_serves_again(raw: &mut Raw) {
    raw.answer_dwr("a.example.net").await;
    assert_serves(raw).await;
}

/// PS15, PS27, PS35, PR18.
#[tokio::test]
async fn a_second_connection_of_a_living_peer_is_refused() {
    let node = server(MIDDLE).await;
    let mut first = Raw::open(address(&node), "a.example.net").await;
    let mut second = Raw::introduce(address(&node), "A.EXAMPLE.net").await;
    let mut third = Raw::introduce(address(&node), "a.example.net").await;
    second.assert_quiet().await;
    first.answer_dwr("a.example.net").await;
    for refused in [&mut second, &mut third] {
        assert_eq!(refused.cea().await, ResultCode::UNABLE_TO_COMPLY);
        refused.assert_closed().await;
    }
    assert_serves(&mut first).await;
    assert_eq!(node.peers().len(), 1);
}

#[tokio::test]
async fn a_second_connection_takes_the_place_of_one_that_ends() {
    let node = server(MIDDLE).await;
    let first = Raw::open(address(&node), "a.example.net").await;
    let mut second = Raw::introduce(address(&node), "a.example.net").await;
    second.assert_quiet().await;
    drop(first);
    assert_eq!(second.cea().await, ResultCode::SUCCESS);
    assert_serves(&mut second).await;
}

#[tokio::test]
async fn a_second_connection_takes_the_place_of_one_that_is_dead() {
    let mut config = config(MIDDLE);
    config.establish_timeout = Duration::from_millis(800);
    let node = granting(config).start().await.unwrap();
    let mut first = Raw::open(address(&node), "a.example.net").await;
    let mut second = Raw::introduce(address(&node), "a.example.net").await;
    // It is asked, and does not answer, whatever else it says.
    first.message::<DeviceWatchdogRequest>().await;
    first.send(Header::of::<Ccr>(HopByHopId(8), EndToEndId(8)), &ccr_to(MIDDLE)).await;
    assert_eq!(second.cea().await, ResultCode::SUCCESS);
    first.message::<Cca>().await;
    first.assert_closed().await;
    assert_serves(&mut second).await;
    assert_eq!(node.peers().len(), 1);
}

/// A node knows an address; whoever is there has called it already.
async fn called_under_another_name(peer: &str) -> (Node, TcpListener, Raw, Raw) {
    let (listener, at) = listener().await;
    let node = middle(peer, at, false).await;
    let mut called = Raw::accept(&listener).await;
    let cer = called.message::<CapabilitiesExchangeRequest>().await.header;
    // Whom it has called, it does not know: it takes this one.
    let calling = Raw::open(address(&node), peer).await;
    called.send_cea(cer, peer).await;
    (node, listener, called, calling)
}

#[tokio::test]
async fn a_peer_that_turns_out_to_be_connected_is_a_matter_of_the_election_too() {
    let (node, listener, mut called, mut calling) = called_under_another_name("a.example.net").await;
    called.assert_closed().await;
    assert_serves(&mut calling).await;
    assert_nobody(&listener).await;
    assert_eq!(node.peers().len(), 1);

    let (node, listener, mut called, mut calling) = called_under_another_name("z.example.net").await;
    calling.assert_closed().await;
    assert_serves(&mut called).await;
    assert_nobody(&listener).await;
    assert_eq!(node.peers().len(), 1);
}

#[tokio::test]
async fn a_refusal_says_who_is_at_an_address() {
    let (listener, at) = listener().await;
    let node = middle("", at, false).await;
    let _calling = Raw::open(address(&node), "a.example.net").await;
    let mut called = Raw::accept(&listener).await;
    let cer = called.message::<CapabilitiesExchangeRequest>().await.header;
    let refusal = common::node("a.example.net").cea(ResultCode::UNABLE_TO_COMPLY, &[LOOPBACK.ip()]);
    called.answer(cer, &refusal).await;
    called.assert_closed().await;
    assert_nobody(&listener).await;
}

/// PR05, PR06.
#[tokio::test]
async fn only_listed_peers_may_come_in_if_it_is_said_so() {
    let node = granting(config(MIDDLE).accept(Accept::Listed).known_peer("a.example.net")).start().await.unwrap();
    let mut known = Raw::open(address(&node), "A.example.net").await;
    assert_serves(&mut known).await;
    let mut unknown = Raw::introduce(address(&node), "b.example.net").await;
    let frame = unknown.receive().await.unwrap();
    assert_eq!(common::result_code(&frame), ResultCode::UNKNOWN_PEER);
    assert!(Header::peek(&frame).unwrap().flags.is_error());
    unknown.assert_closed().await;
    assert_eq!(node.peers().len(), 1);
}

/// An address for a node that starts soon. As long as the socket is there nobody else is given the port; the node can listen
/// on it, since the socket does not.
fn reserved() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// How many CERs were sent.
type Calls = Arc<AtomicUsize>;

/// Two nodes that are told to connect to each other.
async fn two_nodes(named: bool, first_host: &str, second_host: &str) -> (Node, Node, Calls) {
    let ((_first, at_first), (_second, at_second)) = (reserved(), reserved());
    let calls = Calls::default();
    let config = |host: &str, own, peer: &str, address| {
        let mut config = Config::new(host, "example.net").listen(own);
        config.local.applications = client().local.applications;
        let config = if named { config.named_peer(peer, address) } else { config.peer(address) };
        let calls = Arc::clone(&calls);
        let is_cer = |frame: Frame<'_>| {
            let header = Header::peek(frame.octets);
            frame.sent && header.is_some_and(|header| header.command == 257 && header.flags.is_request())
        };
        let count = move |frame: Frame<'_>| _ = calls.fetch_add(is_cer(frame).into(), Ordering::Relaxed);
        granting(config).observe(count).start()
    };
    let (first, second) = tokio::join!(
        config(first_host, at_first, second_host, at_second),
        config(second_host, at_second, first_host, at_first),
    );
    (first.unwrap(), second.unwrap(), calls)
}

/// They talk in both directions, and go on doing so.
async fn assert_settled(first: &Node, second: &Node, calls: &Calls) {
    until(|| first.peers().len() == 1 && second.peers().len() == 1).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let called = calls.load(Ordering::Relaxed);
    for _ in 0..50 {
        assert_eq!((first.peers().len(), second.peers().len()), (1, 1));
        let (to_second, to_first) = (ccr("example.net"), ccr("example.net"));
        let (there, back) =
            tokio::join!(first.send(CREDIT_CONTROL, &to_second), second.send(CREDIT_CONTROL, &to_first));
        there.unwrap();
        back.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(calls.load(Ordering::Relaxed), called, "nobody tries to connect any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_that_call_each_other_end_with_one_connection() {
    let mut pairs = tokio::task::JoinSet::new();
    for index in 0..24 {
        pairs.spawn(async move {
            let hosts =
                if index % 2 == 0 { ("a.example.net", "b.example.net") } else { ("y.example.net", "x.example.net") };
            let (first, second, calls) = two_nodes(index % 4 < 2, hosts.0, hosts.1).await;
            assert_settled(&first, &second, &calls).await;
            tokio::join!(first.shutdown(), second.shutdown());
        });
    }
    while let Some(pair) = soon(pairs.join_next()).await {
        pair.unwrap();
    }
}

#[tokio::test]
async fn two_nodes_of_one_name_do_not_talk() {
    let first = server(MIDDLE).await;
    let second = granting(config(MIDDLE).peer(address(&first))).start().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(first.peers().is_empty() && second.peers().is_empty());
    let told = common::refusal(&second, &ccr("example.org")).await;
    assert!(told.contains("3010"), "{told}");
}
