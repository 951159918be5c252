//! A node that is shut down: while sessions are just ending, and beside peers that say nothing.

mod common;

use common::{LOOPBACK, Raw, address, granted, listener, soon, until};
use diametric::accounting::{Aca, AccountingAnswerRequired, AccountingRecordType, Acr};
use diametric::base::{CapabilitiesExchangeRequest, DisconnectPeerRequest, ResultCode, TerminationCause};
use diametric::credit_control::{CcRequestType, Ccr};
use diametric::message::Received;
use diametric::ro::Opened;
use diametric::{Config, Node};
use std::time::Duration;

const HOST: &str = "ocs.example.net";

async fn scene() -> (Node, Raw) {
    let (listener, address) = listener().await;
    let config = Config::new("ctf.example.com", "example.com").named_peer(HOST, address);
    let mut config = config.ro_client("example.net").rf_client("example.net");
    config.drain_timeout = Duration::from_secs(5);
    let client = Node::builder(config).start().await.expect("a sound configuration");
    let peer = Raw::welcome(&listener, HOST).await;
    until(|| client.peers().len() == 1).await;
    (client, peer)
}

async fn grant(peer: &mut Raw, kind: CcRequestType) -> Received<Ccr> {
    let ccr = peer.message::<Ccr>().await;
    assert_eq!(ccr.body.cc_request_type, kind);
    peer.answer(ccr.header, &granted(&ccr.body, &HOST.into())).await;
    ccr
}

async fn acknowledge(peer: &mut Raw, kind: AccountingRecordType) {
    let acr = peer.message::<Acr>().await;
    assert_eq!(acr.body.accounting_record_type, kind);
    let aca = Aca::new(AccountingAnswerRequired {
        session_id: acr.body.session_id,
        result_code: ResultCode::SUCCESS,
        origin_host: HOST.into(),
        origin_realm: "example.net".into(),
        accounting_record_type: kind,
        accounting_record_number: acr.body.accounting_record_number,
    });
    peer.answer(acr.header, &aca).await;
}

#[tokio::test]
async fn a_session_that_was_dropped_is_terminated_before_the_node_takes_leave() {
    let (client, mut peer) = scene().await;
    let opening = tokio::spawn(client.ro().unwrap().service("32251@3gpp.org").initial(|_| ()));
    grant(&mut peer, CcRequestType::InitialRequest).await;
    let Opened::Granted { session, .. } = soon(opening).await.unwrap().unwrap() else { panic!("it was granted") };
    drop(session);
    let gone = tokio::spawn(client.shutdown());
    let last = grant(&mut peer, CcRequestType::TerminationRequest).await;
    assert_eq!(last.body.termination_cause, Some(TerminationCause::SERVICE_NOT_PROVIDED));
    peer.message::<DisconnectPeerRequest>().await;
    peer.close().await;
    soon(gone).await.unwrap();
}

#[tokio::test]
async fn a_session_whose_answer_cannot_be_used_is_terminated_before_the_node_takes_leave() {
    let (client, mut peer) = scene().await;
    let opening = tokio::spawn({
        let service = client.ro().unwrap().service("32251@3gpp.org");
        async move {
            let error = service.initial(|_| ()).await.expect_err("an answer to another session");
            // As soon as it is told.
            client.shutdown().await;
            error
        }
    });
    let ccr = peer.message::<Ccr>().await;
    let mut foreign = granted(&ccr.body, &HOST.into());
    foreign.session_id = "ctf.example.com;0;0".into();
    peer.answer(ccr.header, &foreign).await;
    let last = grant(&mut peer, CcRequestType::TerminationRequest).await;
    assert_eq!(last.body.termination_cause, Some(TerminationCause::BAD_ANSWER));
    peer.message::<DisconnectPeerRequest>().await;
    peer.close().await;
    let error = soon(opening).await.unwrap();
    assert!(error.to_string().contains("Session-Id"), "{error}");
}

#[tokio::test]
async fn an_accounting_session_that_was_dropped_is_stopped_before_the_node_takes_leave() {
    let (client, mut peer) = scene().await;
    let starting = tokio::spawn(client.rf().unwrap().service("32260@3gpp.org").start(|_| ()));
    acknowledge(&mut peer, AccountingRecordType::StartRecord).await;
    drop(soon(starting).await.unwrap().unwrap());
    let gone = tokio::spawn(client.shutdown());
    acknowledge(&mut peer, AccountingRecordType::StopRecord).await;
    peer.message::<DisconnectPeerRequest>().await;
    peer.close().await;
    soon(gone).await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_held_does_not_hold_up_the_node() {
    let (client, mut peer) = scene().await;
    let opening = tokio::spawn(client.ro().unwrap().service("32251@3gpp.org").initial(|_| ()));
    grant(&mut peer, CcRequestType::InitialRequest).await;
    let Opened::Granted { session, .. } = soon(opening).await.unwrap().unwrap() else { panic!("it was granted") };
    let gone = tokio::spawn(client.shutdown());
    peer.message::<DisconnectPeerRequest>().await;
    peer.close().await;
    soon(gone).await.unwrap();
    drop(session);
}

#[tokio::test]
async fn a_peer_that_says_nothing_does_not_keep_the_node() {
    // Neither one that has connected,
    let server = Node::builder(Config::new(HOST, "example.net").listen(LOOPBACK).relay()).start().await.unwrap();
    let mut mute = Raw::connect(address(&server)).await;
    // which was accepted before this one:
    let mut peer = Raw::open(address(&server), "ctf.example.com").await;
    let gone = tokio::spawn(server.shutdown());
    peer.message::<DisconnectPeerRequest>().await;
    peer.close().await;
    mute.assert_closed().await;
    soon(gone).await.unwrap();
    // nor one that was connected to.
    let (listener, address) = listener().await;
    let client =
        Node::builder(Config::new("ctf.example.com", "example.com").peer(address).relay()).start().await.unwrap();
    let mut mute = Raw::accept(&listener).await;
    mute.message::<CapabilitiesExchangeRequest>().await;
    soon(client.shutdown()).await;
    mute.assert_closed().await;
}
