//! Connections: how they begin, are kept and end.

use crate::raw::{self, Raw, cea, cer};
use crate::support::{CREDIT_CONTROL, assert_served, ccr, client_at, client_of, header, pair, server, soon, until};
use diametric::base::{
    CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, DeviceWatchdogAnswer, DeviceWatchdogRequest,
    DeviceWatchdogRequestRequired, DisconnectCause, DisconnectPeerAnswer, DisconnectPeerAnswerRequired,
    DisconnectPeerRequest, DisconnectPeerRequestRequired, HostIpAddress, OriginHost, ProductName, ResultCode,
};
use diametric::codec::Avp;
use diametric::message::{self, Received};
use diametric::wire::{CommandFlags, RawAvpBuf, RawMessage};
use diametric::{Config, Node, SendError, StartError};
use std::net::Ipv4Addr;
use std::time::Duration;

#[tokio::test]
async fn as_initiator_it_says_who_it_is() {
    let (listener, address) = raw::listener().await;
    let mut config = client_at(address);
    config.local.origin_state_id = Some(77);
    config.local.firmware_revision = Some(12);
    let node = Node::builder(config).start().await.unwrap();
    let (_peer, Received { header, body: cer }) = Raw::welcome(&listener).await;
    assert_eq!((header.command, header.application), (257, 0));
    assert!(header.flags.is_request() && !header.flags.is_proxiable());
    assert_eq!((cer.origin_host.as_str(), cer.origin_realm.as_str()), ("ctf.example.com", "example.com"));
    assert_eq!(cer.host_ip_address[0], Ipv4Addr::LOCALHOST);
    assert_eq!(cer.auth_application_id, [CREDIT_CONTROL]);
    assert!(cer.acct_application_id.is_empty() && cer.inband_security_id.is_empty());
    assert_eq!((cer.origin_state_id, cer.firmware_revision), (Some(77), Some(12)));
    until(|| node.peers().len() == 1).await;
    assert_eq!(node.peers()[0].origin_host, "raw.example.net");
    assert!(node.peers()[0].applications.serves(CREDIT_CONTROL));
}

#[tokio::test]
async fn as_responder_it_says_who_it_is() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::connect(node.listening()[0]).await;
    peer.send(&message::encode(header::<CapabilitiesExchangeRequest>(5), &cer()).unwrap()).await;
    let Received { header: answer, body: cea } = peer.answer::<CapabilitiesExchangeAnswer>().await;
    let sent = header::<CapabilitiesExchangeRequest>(5);
    assert_eq!((answer.hop_by_hop, answer.end_to_end), (sent.hop_by_hop, sent.end_to_end));
    assert_eq!(cea.result_code, ResultCode::SUCCESS);
    assert_eq!((cea.origin_host.as_str(), cea.origin_realm.as_str()), ("ocs.example.net", "example.net"));
    assert_eq!(cea.host_ip_address[0], Ipv4Addr::LOCALHOST);
    assert_eq!(cea.auth_application_id, [CREDIT_CONTROL]);
    until(|| node.peers().len() == 1).await;
    assert_eq!(
        (node.peers()[0].origin_host.as_str(), node.peers()[0].product_name.as_str()),
        ("raw.example.com", "raw")
    );
}

#[tokio::test]
async fn without_a_common_application_a_peer_is_refused() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::connect(node.listening()[0]).await;
    let mut cer = cer();
    cer.auth_application_id = [16_777_216].into();
    peer.send(&message::encode(header::<CapabilitiesExchangeRequest>(1), &cer).unwrap()).await;
    let cea = peer.answer::<CapabilitiesExchangeAnswer>().await.body;
    assert_eq!(cea.result_code, ResultCode::NO_COMMON_APPLICATION);
    peer.assert_closed().await;
    assert!(node.peers().is_empty());
}

#[tokio::test]
async fn a_relay_has_every_application_in_common() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::connect(node.listening()[0]).await;
    let mut cer = cer();
    cer.auth_application_id = [0xffff_ffff].into();
    peer.send(&message::encode(header::<CapabilitiesExchangeRequest>(1), &cer).unwrap()).await;
    assert_eq!(peer.answer::<CapabilitiesExchangeAnswer>().await.body.result_code, ResultCode::SUCCESS);
}

#[tokio::test]
async fn a_cer_without_origin_host_is_refused() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::connect(node.listening()[0]).await;
    let frame = message::encode(header::<CapabilitiesExchangeRequest>(1), &cer()).unwrap();
    let frame = without::<OriginHost>(&frame);
    let answer = peer.refused(&frame).await;
    assert_eq!(answer.result_code, ResultCode::MISSING_AVP);
    crate::support::assert_failed::<OriginHost>(answer.failed_avp.as_ref());
    peer.assert_closed().await;
}

#[tokio::test]
async fn a_cer_in_the_nodes_own_name_is_refused() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::connect(node.listening()[0]).await;
    let mut cer = cer();
    cer.origin_host = "OCS.example.net".into();
    let answer = peer.refused(&message::encode(header::<CapabilitiesExchangeRequest>(1), &cer).unwrap()).await;
    assert_eq!(answer.result_code, ResultCode::UNKNOWN_PEER);
    peer.assert_closed().await;
}

#[tokio::test]
async fn whoever_says_nothing_is_hung_up_on() {
    let mut config = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    config.establish_timeout = Duration::from_millis(100);
    let node = Node::builder(config).start().await.unwrap();
    Raw::connect(node.listening()[0]).await.assert_closed().await;
}

#[tokio::test]
async fn anything_before_the_cer_ends_the_connection() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::connect(node.listening()[0]).await;
    peer.send(&dwr(1)).await;
    peer.assert_closed().await;
}

#[tokio::test]
async fn what_follows_the_cer_at_once_is_served() {
    let node = server().handle(CREDIT_CONTROL, crate::support::grant).start().await.unwrap();
    let mut peer = Raw::connect(node.listening()[0]).await;
    let mut octets = message::encode(header::<CapabilitiesExchangeRequest>(1), &cer()).unwrap();
    octets.extend(message::encode(header::<diametric::credit_control::Ccr>(2), &ccr(2)).unwrap());
    octets.extend(dwr(3));
    peer.send(&octets).await;
    peer.answer::<CapabilitiesExchangeAnswer>().await;
    let frames = [peer.receive().await.unwrap(), peer.receive().await.unwrap()];
    let mut commands = frames.map(|frame| RawMessage::read(&frame).unwrap().header.command);
    commands.sort_unstable();
    assert_eq!(commands, [272, 280]);
}

#[tokio::test]
async fn messages_may_come_octet_by_octet() {
    let node = server().handle(CREDIT_CONTROL, crate::support::grant).start().await.unwrap();
    let mut peer = Raw::open(node.listening()[0]).await;
    for octet in message::encode(header::<diametric::credit_control::Ccr>(2), &ccr(2)).unwrap() {
        peer.send(&[octet]).await;
        tokio::task::yield_now().await;
    }
    let cca: Received<diametric::credit_control::Cca> = peer.answer().await;
    assert_eq!(cca.body.cc_request_number, 2);
}

#[tokio::test]
async fn a_watchdog_request_is_answered() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::open(node.listening()[0]).await;
    for id in 10..13 {
        peer.send(&dwr(id)).await;
        let dwa: Received<DeviceWatchdogAnswer> = peer.answer().await;
        assert_eq!(dwa.header.hop_by_hop, header::<DeviceWatchdogRequest>(id).hop_by_hop);
        assert_eq!((dwa.body.result_code, dwa.body.origin_host.as_str()), (ResultCode::SUCCESS, "ocs.example.net"));
    }
}

#[tokio::test]
async fn a_disconnect_request_is_answered() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::open(node.listening()[0]).await;
    until(|| node.peers().len() == 1).await;
    let dpr = DisconnectPeerRequest::new(DisconnectPeerRequestRequired {
        origin_host: "raw.example.com".into(),
        origin_realm: "example.com".into(),
        disconnect_cause: DisconnectCause::REBOOTING,
    });
    peer.send(&message::encode(header::<DisconnectPeerRequest>(9), &dpr).unwrap()).await;
    let dpa: Received<DisconnectPeerAnswer> = peer.answer().await;
    assert_eq!(dpa.body.result_code, ResultCode::SUCCESS);
    drop(peer);
    until(|| node.peers().is_empty()).await;
}

#[tokio::test]
async fn a_node_that_shuts_down_takes_leave() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::open(node.listening()[0]).await;
    let down = tokio::spawn(node.shutdown());
    let dpr: Received<DisconnectPeerRequest> = peer.message().await;
    assert_eq!(dpr.body.disconnect_cause, DisconnectCause::REBOOTING);
    let dpa = DisconnectPeerAnswer::new(DisconnectPeerAnswerRequired {
        result_code: ResultCode::SUCCESS,
        origin_host: "raw.example.com".into(),
        origin_realm: "example.com".into(),
    });
    peer.reply(dpr.header, &dpa).await;
    peer.assert_closed().await;
    soon(down).await.unwrap();
}

#[tokio::test]
async fn two_nodes_take_leave_of_each_other() {
    let (server, client) = pair().await;
    assert_served(&client).await;
    soon(client.shutdown()).await;
    until(|| server.peers().is_empty()).await;
    soon(server.shutdown()).await;
}

#[tokio::test]
async fn a_lost_peer_is_found_again() {
    let (listener, address) = raw::listener().await;
    let node = Node::builder(client_at(address)).start().await.unwrap();
    let (first, _) = Raw::welcome(&listener).await;
    until(|| node.peers().len() == 1).await;
    drop(first);
    let (_second, _) = Raw::welcome(&listener).await;
    until(|| node.peers().len() == 1).await;
}

#[tokio::test]
async fn requests_on_a_connection_that_ends_are_told() {
    let (listener, address) = raw::listener().await;
    let node = Node::builder(client_at(address)).start().await.unwrap();
    let sending = tokio::spawn({
        let node = node.clone();
        async move { node.send(CREDIT_CONTROL, &ccr(1)).await }
    });
    let (mut peer, _) = Raw::welcome(&listener).await;
    peer.receive().await.expect("the CCR arrives");
    drop(peer);
    let error = soon(sending).await.unwrap().unwrap_err();
    assert!(matches!(&error, SendError::ConnectionLost { peer, .. } if *peer == "raw.example.net"), "{error}");
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_DELIVER);
}

#[tokio::test]
async fn the_cause_of_a_refused_cer_is_told() {
    let (listener, address) = raw::listener().await;
    let node = Node::builder(client_at(address)).start().await.unwrap();
    let mut peer = Raw::accept(&listener).await;
    let cer: Received<CapabilitiesExchangeRequest> = peer.message().await;
    let mut cea = cea();
    cea.result_code = ResultCode::UNKNOWN_PEER;
    cea.error_message = Some("never heard of you".into());
    peer.reply(cer.header, &cea).await;
    peer.assert_closed().await;
    let error = soon(node.send(CREDIT_CONTROL, &ccr(1))).await.unwrap_err();
    let told = error.to_string();
    assert!(matches!(error, SendError::NoRoute { .. }), "{told}");
    assert!(told.contains("3010") && told.contains("never heard of you"), "{told}");
}

#[tokio::test]
async fn a_peer_of_another_name_than_expected_is_not_used() {
    let server = server().start().await.unwrap();
    let config = Config::new("ctf.example.com", "example.com")
        .named_peer("ocs-1.example.net", server.listening()[0])
        .ro_client("example.net");
    let client = Node::builder(config).start().await.unwrap();
    let told = soon(client.send(CREDIT_CONTROL, &ccr(1))).await.unwrap_err().to_string();
    assert!(told.contains("ocs-1.example.net") && told.contains("ocs.example.net"), "{told}");
}

#[tokio::test]
async fn an_unreachable_peer_is_named_with_the_cause() {
    let (listener, address) = raw::listener().await;
    drop(listener);
    let node = Node::builder(client_at(address)).start().await.unwrap();
    let error = soon(node.send(CREDIT_CONTROL, &ccr(1))).await.unwrap_err();
    let told = error.to_string();
    assert!(matches!(&error, SendError::NoRoute { destination, application: 4, .. } if *destination == "example.net"));
    assert!(told.contains(&address.to_string()) && told.contains("refused"), "{told}");
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_DELIVER);
}

#[tokio::test]
async fn no_route_to_a_realm_says_who_is_connected() {
    let (_server, client) = pair().await;
    assert_served(&client).await;
    let mut ccr = ccr(1);
    ccr.destination_realm = "elsewhere.example".into();
    let told = soon(client.send(CREDIT_CONTROL, &ccr)).await.unwrap_err().to_string();
    assert!(told.contains("elsewhere.example") && told.contains("ocs.example.net of realm example.net"), "{told}");
}

#[tokio::test]
async fn a_port_in_use_is_told_at_start() {
    let node = server().start().await.unwrap();
    let config = Config::new("b.example.net", "example.net").listen(node.listening()[0]);
    let Err(error) = Node::builder(config).start().await else { panic!("the port is taken") };
    assert!(matches!(&error, StartError::Listen { address, .. } if *address == node.listening()[0]), "{error}");
}

#[tokio::test]
async fn several_clients_are_served() {
    let (server, first) = pair().await;
    let mut config = client_of(&server);
    config.local.origin_host = "ctf-2.example.com".into();
    let second = Node::builder(config).start().await.unwrap();
    for client in [&first, &second, &first] {
        assert_served(client).await;
    }
    assert_eq!(server.peers().len(), 2);
}

fn dwr(id: u32) -> Vec<u8> {
    let dwr = DeviceWatchdogRequest::new(DeviceWatchdogRequestRequired {
        origin_host: "raw.example.com".into(),
        origin_realm: "example.com".into(),
    });
    message::encode(header::<DeviceWatchdogRequest>(id), &dwr).unwrap()
}

/// `frame` without its `A`s.
pub(crate) fn without<A: Avp>(frame: &[u8]) -> Vec<u8> {
    let message = RawMessage::read(frame).unwrap();
    let mut body = Vec::new();
    for avp in message.avps().map(|avp| avp.unwrap()).filter(|avp| (avp.vendor, avp.code) != (A::VENDOR, A::CODE)) {
        RawAvpBuf::from(avp).write(&mut body).unwrap();
    }
    [&message.header.to_bytes(20 + body.len() as u32)[..], &body].concat()
}

/// What a node makes of a CEA from which something is missing.
async fn answered(incomplete: impl FnOnce(&[u8]) -> Vec<u8>) -> (Node, Raw) {
    let (listener, address) = raw::listener().await;
    let node = Node::builder(client_at(address)).start().await.unwrap();
    let mut peer = Raw::accept(&listener).await;
    let cer: Received<CapabilitiesExchangeRequest> = peer.message().await;
    let answer = message::Header { flags: CommandFlags::NONE, ..cer.header };
    peer.send(&incomplete(&message::encode(answer, &cea()).unwrap())).await;
    (node, peer)
}

#[tokio::test]
async fn a_cea_without_what_a_connection_does_not_need_is_good_enough() {
    let (node, _peer) = answered(|frame| without::<ProductName>(&without::<HostIpAddress>(frame))).await;
    until(|| node.peers().len() == 1).await;
    assert_eq!(node.peers()[0].origin_host, "raw.example.net");
}

#[tokio::test]
async fn a_cea_that_does_not_say_who_answers_is_not_accepted() {
    let (node, mut peer) = answered(without::<OriginHost>).await;
    peer.assert_closed().await;
    let told = soon(node.send(CREDIT_CONTROL, &ccr(1))).await.unwrap_err().to_string();
    assert!(told.contains("CEA") && told.contains("Origin-Host"), "{told}");
}

#[tokio::test]
async fn a_cer_without_what_a_connection_does_not_need_is_good_enough() {
    let node = server().start().await.unwrap();
    let mut peer = Raw::connect(node.listening()[0]).await;
    let header = header::<CapabilitiesExchangeRequest>(1);
    let header = message::Header { flags: header.flags.with(CommandFlags::PROXIABLE), ..header };
    let frame = message::encode(header, &cer()).unwrap();
    peer.send(&without::<ProductName>(&without::<HostIpAddress>(&frame))).await;
    let frame = peer.receive().await.unwrap();
    assert_eq!(RawMessage::read(&frame).unwrap().find(0, 268).unwrap().data, 2001_u32.to_be_bytes());
    until(|| node.peers().len() == 1).await;
}
