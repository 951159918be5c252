//! A charging data function as its clients see it.

use crate::{
    ACCOUNTING, Cdf, EventRecord, InterimRecord, Scene, StartRecord, StopRecord, Told, acr, client_of, next, serve,
    soon, until,
};
use diametric::accounting::{Aca, AccountingRecordType, Acr};
use diametric::answer::ErrorAnswer;
use diametric::base::{ProxyInfo, ProxyInfoRequired, ResultCode};
use diametric::rf::{Continuity, RfRequest, RfServer, RfServerConfig};
use diametric::{Config, Node, SendError};
use std::time::Duration;

async fn send(node: &Node, acr: &Acr) -> Result<Aca, SendError> {
    soon(node.send(ACCOUNTING, acr)).await
}

#[tokio::test]
async fn an_answer_repeats_what_it_has_to() {
    let scene = Scene::new().await;
    let mut record = acr("1", StartRecord, 0);
    record.accounting_sub_session_id = Some(4);
    let proxy = ProxyInfo::new(ProxyInfoRequired { proxy_host: "dra.example.net".into(), proxy_state: [7].into() });
    record.proxy_info.push(proxy.clone());
    for _ in 0..2 {
        // The second is a repetition.
        let aca = send(&scene.client, &record).await.unwrap();
        assert_eq!((aca.result_code, aca.session_id), (ResultCode::SUCCESS, record.session_id.clone()));
        assert_eq!((aca.accounting_record_type, aca.accounting_record_number), (StartRecord, 0));
        assert_eq!((aca.acct_application_id, aca.accounting_sub_session_id), (Some(3), Some(4)));
        assert_eq!((aca.origin_host.as_str(), aca.origin_realm.as_str()), ("cdf.example.net", "example.net"));
        assert_eq!(&aca.proxy_info[..], std::slice::from_ref(&proxy));
    }
}

#[tokio::test]
async fn a_repeated_record_is_handled_once() {
    let mut scene = Scene::new().await;
    // While it is being handled.
    scene.cdf.silence();
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let client = scene.client.clone();
        waiting.push(tokio::spawn(async move { send(&client, &acr("1", EventRecord, 0)).await }));
    }
    assert_eq!(scene.next().await.what(), (EventRecord, 0));
    scene.assert_quiet().await;
    scene.cdf.may_answer.add_permits(1);
    for answer in waiting {
        assert_eq!(soon(answer).await.unwrap().unwrap().result_code, ResultCode::SUCCESS);
    }
    // And after.
    assert_eq!(send(&scene.client, &acr("1", EventRecord, 0)).await.unwrap().result_code, ResultCode::SUCCESS);
    scene.assert_quiet().await;
    // Another number, another session.
    scene.cdf.may_answer.add_permits(2);
    for record in [acr("1", EventRecord, 1), acr("2", EventRecord, 0)] {
        send(&scene.client, &record).await.unwrap();
        assert_eq!(scene.next().await.acr, record);
    }
}

#[tokio::test]
async fn a_refused_record_is_handled_again() {
    let mut scene = Scene::new().await;
    let event = acr("1", EventRecord, 0);
    for (code, answered) in [(4002, 4002), (5012, 5012), (3004, 3004), (0, 5012)] {
        scene.cdf.answer_with(code);
        let result_code = match send(&scene.client, &event).await {
            Ok(aca) => aca.result_code,
            // 3xxx, and the answer for a handler that panicked.
            Err(SendError::Answered(answer)) => answer.result_code,
            Err(error) => panic!("{error}"),
        };
        assert_eq!(result_code, ResultCode(answered));
        scene.next().await;
    }
    scene.cdf.answer_with(2001);
    assert_eq!(send(&scene.client, &event).await.unwrap().result_code, ResultCode::SUCCESS);
    scene.next().await;
}

#[tokio::test]
async fn a_record_outlives_its_connection() {
    let mut scene = Scene::new().await;
    scene.cdf.silence();
    let client = scene.client.clone();
    let event = tokio::spawn(async move { client.send(ACCOUNTING, &acr("1", EventRecord, 0)).await });
    assert_eq!(scene.next().await.what(), (EventRecord, 0));
    // The client is gone; its handler is not.
    event.abort();
    let server = scene.server.clone();
    drop(std::mem::replace(&mut scene.client, client_of(&server, |config| config).await.0));
    scene.cdf.may_answer.add_permits(1);
    until(|| scene.cdf.may_answer.available_permits() == 0).await;
    // So the record is known.
    assert_eq!(send(&scene.client, &acr("1", EventRecord, 0)).await.unwrap().result_code, ResultCode::SUCCESS);
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_stateless_server_takes_anything_in_any_order() {
    let mut scene = Scene::new().await;
    for (record_type, number) in [(StopRecord, 3), (InterimRecord, 1), (StartRecord, 0), (InterimRecord, 2)] {
        let aca = send(&scene.client, &acr("1", record_type, number)).await.unwrap();
        assert_eq!(aca.result_code, ResultCode::SUCCESS);
        let record = scene.next().await;
        assert_eq!((record.what(), record.continuity), ((record_type, number), Continuity::InOrder));
    }
}

#[tokio::test]
async fn a_stateful_server_knows_its_sessions() {
    let (cdf, mut told) = Cdf::new();
    let config = RfServerConfig::new().supervision(Duration::from_millis(300)).max_sessions(2);
    let server = serve(cdf, "cdf.example.net", config, ([127, 0, 0, 1], 0).into()).await;
    let (client, _) = client_of(&server, |config| config).await;
    let steps: [(&str, AccountingRecordType, u32, Continuity); 5] = [
        ("1", StartRecord, 0, Continuity::InOrder),
        ("1", StopRecord, 1, Continuity::InOrder),
        ("1", InterimRecord, 2, Continuity::AfterStop),
        ("2", InterimRecord, 1, Continuity::StartMissing),
        ("2", StartRecord, 0, Continuity::StartLate),
    ];
    for (session, record_type, number, continuity) in steps {
        send(&client, &acr(session, record_type, number)).await.unwrap();
        assert_eq!(next(&mut told).await.continuity, continuity, "{session} {number}");
    }
    // Session 3 reports often and promises so; session 2 goes silent.
    let mut start = acr("3", StartRecord, 0);
    start.acct_interim_interval = Some(60);
    send(&client, &start).await.unwrap();
    next(&mut told).await;
    assert_eq!(send(&client, &acr("4", StartRecord, 0)).await.unwrap().result_code, ResultCode::OUT_OF_SPACE);
    let Told::Silent(session) = soon(told.recv()).await.unwrap() else { panic!("a session is silent") };
    assert_eq!((&*session.id, session.sub_session_id), ("ctf.example.com;1;2", None));
    // There is room again.
    assert_eq!(send(&client, &acr("4", StartRecord, 0)).await.unwrap().result_code, ResultCode::SUCCESS);
    next(&mut told).await;
    let Told::Silent(session) = soon(told.recv()).await.unwrap() else { panic!("a session is silent") };
    assert_eq!(&*session.id, "ctf.example.com;1;4");
}

/// A server that implements nothing but what events need.
struct Events;

impl RfServer for Events {
    async fn event(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        Ok(request.success())
    }
}

#[tokio::test]
async fn what_a_server_does_not_offer_is_refused() {
    let listen = Config::new("cdf.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    let server = Node::builder(listen).rf_server(Events).start().await.unwrap();
    let (client, _) = client_of(&server, |config| config).await;
    assert_eq!(send(&client, &acr("1", EventRecord, 0)).await.unwrap().result_code, ResultCode::SUCCESS);
    for record_type in [StartRecord, InterimRecord, StopRecord] {
        let refused = send(&client, &acr("2", record_type, 0)).await.unwrap();
        assert_eq!(refused.result_code, ResultCode::UNABLE_TO_COMPLY);
    }
    // It advertises accounting.
    let peers = client.peers();
    assert_eq!(peers[0].applications.acct().collect::<Vec<_>>(), [3]);
}
