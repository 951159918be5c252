//! Sessions and events, as long as the server answers.

use crate::{EventRecord, InterimRecord, SERVICE, Scene, StartRecord, StopRecord, next, serve, soon, until};
use diametric::accounting::AccountingRealtimeRequired as Realtime;
use diametric::base::ResultCode;
use diametric::rf::{Delivered, RfError, RfServerConfig, RfSession, RfSessionState};
use diametric::ts32299::ServiceInformation;
use diametric::{Config, Node, SendError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

async fn started(scene: &mut Scene) -> RfSession {
    let started = soon(scene.rf().service(SERVICE).start(|_| ())).await.unwrap();
    assert_eq!(scene.next().await.what(), (StartRecord, 0));
    started.session
}

#[tokio::test]
async fn a_session() {
    let mut scene = Scene::new().await;
    let service = scene.rf().service(SERVICE).with(|acr| acr.user_name = Some("alice@example.com".into()));
    let service = service.interim_interval(Duration::from_secs(600));
    let started = soon(service.start(|acr| {
        acr.service_information = Some(ServiceInformation::new().into());
        // What is the library's is written by the library.
        acr.accounting_record_number = 77;
        acr.session_id = "mine".into();
    }))
    .await
    .unwrap();
    let aca = started.delivered.answer().expect("the server has START");
    assert_eq!((aca.result_code, aca.accounting_record_type), (ResultCode::SUCCESS, StartRecord));
    let session = started.session;
    assert_eq!(aca.session_id.as_str(), session.id());

    let start = scene.next().await;
    assert_eq!((start.what(), start.retransmitted), ((StartRecord, 0), false));
    let acr = &start.acr;
    assert_eq!(acr.session_id.as_str(), session.id());
    assert!(acr.session_id.starts_with("ctf.example.com;"));
    assert_eq!((acr.origin_host.as_str(), acr.origin_realm.as_str()), ("ctf.example.com", "example.com"));
    assert_eq!((acr.destination_realm.as_str(), &acr.destination_host), ("example.net", &None));
    assert_eq!((acr.acct_application_id, acr.service_context_id.as_deref()), (Some(3), Some(SERVICE)));
    assert_eq!(acr.acct_interim_interval, Some(600));
    assert!(acr.event_timestamp.is_some() && acr.service_information.is_some());
    assert_eq!(start.user(), "alice@example.com");
    let left = session.interim_deadline().expect("an interval was proposed") - Instant::now();
    assert!(left > Duration::from_secs(530) && left <= Duration::from_secs(600), "{left:?}");

    for number in 1..=2 {
        soon(session.interim(|_| ())).await.unwrap();
        let interim = scene.next().await;
        assert_eq!((interim.what(), interim.user()), ((InterimRecord, number), "alice@example.com"));
        // The proposal belongs to START, and Service-Information to its record; the server is the one that answered.
        assert_eq!((interim.acr.acct_interim_interval, &interim.acr.service_information), (None, &None));
        assert_eq!(interim.acr.destination_host.as_deref(), Some("cdf.example.net"));
    }
    let handle = session.handle();
    let stopped = soon(session.stop(|acr| acr.user_name = Some("alice at last".into()))).await.unwrap();
    assert_eq!(stopped.answer().map(|aca| aca.accounting_record_number), Some(3));
    let stop = scene.next().await;
    assert_eq!((stop.what(), stop.user()), ((StopRecord, 3), "alice at last"));
    assert_eq!(stop.acr.session_id, start.acr.session_id);

    // Nothing follows the end.
    assert!(matches!(soon(handle.interim(|_| ())).await, Err(RfError::Ended)));
    assert!(matches!(soon(handle.snapshot()).await, Err(RfError::Ended)));
    assert_eq!(soon(handle.must_stop()).await, None);
    assert_eq!(handle.interim_deadline(), None);
    scene.assert_quiet().await;
}

#[tokio::test]
async fn an_event() {
    let mut scene = Scene::new().await;
    let event = scene.rf().service("32274@3gpp.org").event(|acr| acr.user_name = Some("bob".into()));
    // Nothing is sent before somebody wants to know.
    scene.assert_quiet().await;
    let delivered = soon(event).await.unwrap();
    assert_eq!(delivered.answer().map(|aca| aca.accounting_record_type), Some(EventRecord));
    let record = scene.next().await;
    assert_eq!((record.what(), record.user()), ((EventRecord, 0), "bob"));
    assert_eq!(record.acr.acct_interim_interval, None);
}

#[tokio::test]
async fn interim_records_at_the_interval_of_the_server() {
    let mut scene = Scene::with(|cdf| cdf.interim_interval = Some(1), |config| config).await;
    let service = scene.rf().service(SERVICE).interim_interval(Duration::from_secs(3600));
    let session = soon(service.start(|_| ())).await.unwrap().session;
    assert_eq!(scene.next().await.what(), (StartRecord, 0));
    let started = Instant::now();
    let used = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&used);
    session.on_interim(move |acr| {
        let used = counter.fetch_add(1, Ordering::Relaxed);
        acr.user_name = Some(format!("fresh {used}").into());
    });
    for number in 1..=3 {
        let interim = scene.next().await;
        assert_eq!(interim.what(), (InterimRecord, number));
        assert_eq!(interim.user(), format!("fresh {}", number - 1));
        let after = started.elapsed().as_secs_f64();
        assert!(after > 0.8 * f64::from(number) && after < 1.5 * f64::from(number), "{number} after {after} s");
    }
    // A panic in the hook costs a record, not the session.
    session.on_interim(|_| panic!("as the test wants it"));
    tokio::time::sleep(Duration::from_millis(1200)).await;
    soon(session.stop(|_| ())).await.unwrap();
    assert_eq!(scene.next().await.what(), (StopRecord, 4));
}

#[tokio::test]
async fn a_refused_record_ends_the_session() {
    let mut scene = Scene::new().await;
    scene.cdf.answer_with(5012);
    // START: there is no session.
    let refused = soon(scene.rf().service(SERVICE).start(|_| ())).await.unwrap_err();
    let RfError::Refused(aca) = &refused else { panic!("{refused:?}") };
    assert_eq!((aca.result_code, refused.result_code()), (ResultCode::UNABLE_TO_COMPLY, ResultCode::UNABLE_TO_COMPLY));
    scene.next().await;
    // INTERIM: it is over, without a STOP.
    scene.cdf.answer_with(2001);
    let session = started(&mut scene).await;
    scene.cdf.answer_with(5012);
    let must_stop = tokio::spawn(session.must_stop());
    assert!(matches!(soon(session.interim(|_| ())).await, Err(RfError::Refused(_))));
    let end = soon(must_stop).await.unwrap().expect("the service must stop");
    assert_eq!(end.result_code, ResultCode::UNABLE_TO_COMPLY);
    assert!(end.reason.contains("cdf.example.net"), "{}", end.reason);
    scene.next().await;
    assert!(matches!(soon(session.stop(|_| ())).await, Err(RfError::Ended)));
    // STOP and EVENT: nobody has the record.
    scene.cdf.answer_with(2001);
    let session = started(&mut scene).await;
    scene.cdf.answer_with(5012);
    assert!(matches!(soon(session.stop(|_| ())).await, Err(RfError::Refused(_))));
    assert!(matches!(soon(scene.rf().service(SERVICE).event(|_| ())).await, Err(RfError::Refused(_))));
    assert_eq!(scene.rf().undelivered(), 0);
}

#[tokio::test]
async fn a_service_that_goes_on_although_records_are_refused() {
    let mut scene = Scene::new().await;
    scene.cdf.answer_with(5012);
    let service = scene.rf().service(SERVICE).realtime_required(Realtime::GRANT_AND_LOSE);
    let started = soon(service.start(|_| ())).await.unwrap();
    assert!(matches!(started.delivered, Delivered::Lost(RfError::Refused(_))));
    assert!(matches!(soon(started.session.interim(|_| ())).await, Ok(Delivered::Lost(_))));
    scene.cdf.answer_with(2001);
    assert!(soon(started.session.stop(|_| ())).await.unwrap().answer().is_some());
    for record in [(StartRecord, 0), (InterimRecord, 1), (StopRecord, 2)] {
        assert_eq!(scene.next().await.what(), record);
    }
}

#[tokio::test]
async fn an_answer_that_is_overdue() {
    let scene = Scene::new().await;
    scene.cdf.silence();
    let service = || scene.rf().service(SERVICE).timeout(Duration::from_millis(100));
    // Where the service needs a live server, it does not begin.
    let strict = soon(service().realtime_required(Realtime::DELIVER_AND_GRANT).start(|_| ())).await.unwrap_err();
    assert_eq!(strict.result_code(), ResultCode::UNABLE_TO_COMPLY);
    assert!(matches!(strict, RfError::Send(SendError::Timeout { .. })), "{strict:?}");
    assert_eq!(scene.rf().undelivered(), 0);
    // Otherwise its records are kept.
    let started = soon(service().start(|_| ())).await.unwrap();
    let Delivered::Stored(cause) = &started.delivered else { panic!("{:?}", started.delivered) };
    assert_eq!(cause.result_code(), ResultCode::UNABLE_TO_COMPLY);
    let Ok(Delivered::Stored(cause)) = soon(service().event(|_| ())).await else { panic!("it should be kept") };
    assert_eq!(cause.result_code(), ResultCode::UNABLE_TO_COMPLY);
    assert_eq!(scene.rf().undelivered(), 2);
}

#[tokio::test]
async fn a_record_may_wait_for_its_answer_for_ever() {
    let scene = Scene::new().await;
    let event = scene.rf().service(SERVICE).timeout(Duration::MAX).event(|_| ());
    assert!(soon(event).await.unwrap().answer().is_some());
}

#[tokio::test]
async fn a_record_that_is_sent_again_is_the_same_record() {
    let mut scene = Scene::new().await;
    scene.cdf.silence();
    let service = scene.rf().service(SERVICE).timeout(Duration::from_millis(100)).resends(2);
    let event = tokio::spawn(service.event(|_| ()));
    let record = scene.next().await;
    assert!(!record.retransmitted);
    tokio::time::sleep(Duration::from_millis(150)).await;
    scene.cdf.may_answer.add_permits(10);
    assert!(soon(event).await.unwrap().unwrap().answer().is_some());
    // The server knows it again: the handler is called once.
    scene.assert_quiet().await;
    let sent = scene.sent.lock().unwrap().clone();
    assert!(sent.len() >= 2, "{sent:?}");
    assert!(!sent[0].0 && sent[1..].iter().all(|(t_flag, _)| *t_flag), "{sent:?}");
    // The same end-to-end id.
    assert!(sent.iter().all(|(_, id)| *id == sent[0].1), "{sent:?}");
}

#[tokio::test]
async fn a_newer_interim_takes_the_place_of_one_that_waits() {
    let mut scene = Scene::new().await;
    let session = started(&mut scene).await;
    scene.cdf.silence();
    let say = |text: &'static str| session.interim(move |acr| acr.user_name = Some(text.into()));
    let first = tokio::spawn(say("first"));
    assert_eq!(scene.next().await.user(), "first");
    let second = tokio::spawn(say("second"));
    tokio::time::sleep(Duration::from_millis(20)).await;
    let third = tokio::spawn(say("third"));
    assert!(matches!(soon(second).await.unwrap(), Ok(Delivered::Superseded)));
    let stop = tokio::spawn(session.stop(|_| ()));
    scene.cdf.may_answer.add_permits(10);
    for delivered in [first, third, stop] {
        assert!(soon(delivered).await.unwrap().unwrap().answer().is_some());
    }
    let interim = scene.next().await;
    assert_eq!((interim.what(), interim.user()), ((InterimRecord, 2), "third"));
    assert_eq!(scene.next().await.what(), (StopRecord, 3));
}

#[tokio::test]
async fn what_is_dropped_is_finished() {
    let mut scene = Scene::new().await;
    // A session that nobody stops is stopped.
    let service = scene.rf().service(SERVICE).with(|acr| acr.user_name = Some("alice".into()));
    let session = soon(service.start(|_| ())).await.unwrap().session;
    scene.next().await;
    drop(session);
    let stop = scene.next().await;
    assert_eq!((stop.what(), stop.user()), ((StopRecord, 1), "alice"));
    // So is one whose START nobody waits for.
    scene.cdf.silence();
    let mut start = scene.rf().service(SERVICE).start(|_| ());
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut start).await.is_err());
    drop(start);
    let start = scene.next().await;
    scene.cdf.may_answer.add_permits(10);
    let stop = scene.next().await;
    assert_eq!((stop.what(), &stop.acr.session_id), ((StopRecord, 1), &start.acr.session_id));
    // A record is delivered whether its future lives or not.
    let session = started(&mut scene).await;
    scene.cdf.silence();
    let mut interim = session.interim(|_| ());
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut interim).await.is_err());
    drop(interim);
    scene.cdf.may_answer.add_permits(10);
    assert_eq!(scene.next().await.what(), (InterimRecord, 1));
    soon(session.stop(|_| ())).await.unwrap();
    assert_eq!(scene.next().await.what(), (StopRecord, 2));
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_session_goes_on_elsewhere() {
    let mut scene = Scene::with(|cdf| cdf.interim_interval = Some(3600), |config| config).await;
    let service = scene.rf().service(SERVICE).with(|acr| acr.user_name = Some("alice".into()));
    let session = soon(service.timeout(Duration::from_secs(3)).start(|_| ())).await.unwrap().session;
    session.set_attribute("call", "7");
    soon(session.interim(|_| ())).await.unwrap();
    let id = session.id().to_owned();
    // It waits for what is out.
    scene.cdf.silence();
    let interim = tokio::spawn(session.interim(|_| ()));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let snapshot = session.snapshot();
    scene.cdf.may_answer.add_permits(10);
    let snapshot: RfSessionState = soon(snapshot).await.unwrap();
    assert!(soon(interim).await.unwrap().unwrap().answer().is_some());
    assert_eq!((snapshot.session_id.as_str(), snapshot.next_number), (id.as_str(), 3));
    assert_eq!(snapshot.server.as_deref(), Some("cdf.example.net"));
    // The other one takes leave, without STOP.
    let detached = soon(session.detach()).await.unwrap();
    assert_eq!((detached.next_number, &detached.attributes), (snapshot.next_number, &snapshot.attributes));
    for _ in 0..3 {
        scene.next().await;
    }
    scene.assert_quiet().await;

    let (other, _) = crate::client_of(&scene.server, |mut config: Config| {
        config.local.origin_host = "ctf2.example.com".into();
        config
    })
    .await;
    let session = other.rf().unwrap().resume(&detached).unwrap();
    assert_eq!((session.id(), session.attribute("call").as_deref()), (id.as_str(), Some("7")));
    let left = session.interim_deadline().expect("the interval goes on") - Instant::now();
    assert!(left > Duration::from_secs(3000) && left <= Duration::from_secs(3600), "{left:?}");
    soon(session.interim(|_| ())).await.unwrap();
    let interim = scene.next().await;
    assert_eq!((interim.what(), interim.user()), ((InterimRecord, 3), "alice"));
    assert_eq!((interim.acr.session_id.as_str(), interim.acr.origin_host.as_str()), (id.as_str(), "ctf2.example.com"));
    soon(session.stop(|_| ())).await.unwrap();
    assert_eq!(scene.next().await.what(), (StopRecord, 4));
}

#[tokio::test]
async fn a_session_stays_with_its_server_until_that_is_gone() {
    let (cdf, mut told) = crate::Cdf::new();
    let any = ([127, 0, 0, 1], 0).into();
    let a = serve(cdf.clone(), "a.example.net", RfServerConfig::new(), any).await;
    let b = serve(cdf.clone(), "b.example.net", RfServerConfig::new(), any).await;
    let (client, _) = crate::client_of(&a, |config| config.peer(b.listening()[0])).await;
    until(|| client.peers().len() == 2).await;
    let session = soon(client.rf().unwrap().service(SERVICE).start(|_| ())).await.unwrap().session;
    let first = next(&mut told).await.server;
    for _ in 0..4 {
        soon(session.interim(|_| ())).await.unwrap();
        assert_eq!(next(&mut told).await.server, first);
    }
    // One that takes the record and goes away without an answer: the other gets it, with T.
    cdf.silence();
    let interim = tokio::spawn(session.interim(|_| ()));
    let lost = next(&mut told).await;
    let (gone, other) = if first == "a.example.net" { (a, b) } else { (b, a) };
    drop(gone);
    let again = next(&mut told).await;
    assert_eq!((again.what(), again.retransmitted), (lost.what(), true));
    assert_ne!(again.server, first);
    cdf.may_answer.add_permits(100);
    assert!(soon(interim).await.unwrap().unwrap().answer().is_some());
    // One that is gone before: the record was never sent to it, so there is no T.
    let spare = serve(cdf.clone(), "c.example.net", RfServerConfig::new(), any).await;
    let (client, _) = crate::client_of(&spare, |mut config| {
        config.local.origin_host = "ctf2.example.com".into();
        config.peer(other.listening()[0])
    })
    .await;
    until(|| client.peers().len() == 2).await;
    let state = soon(session.detach()).await.unwrap();
    let session = client.rf().unwrap().resume(&state).unwrap();
    soon(other.shutdown()).await;
    until(|| client.peers().len() == 1).await;
    assert!(soon(session.stop(|_| ())).await.unwrap().answer().is_some());
    let stop = next(&mut told).await;
    assert_eq!((stop.what().0, stop.server.as_str(), stop.retransmitted), (StopRecord, "c.example.net", false));
}

#[tokio::test]
async fn a_record_without_an_answer_goes_to_another_server() {
    let (cdf, mut told) = crate::Cdf::new();
    let any = ([127, 0, 0, 1], 0).into();
    let a = serve(cdf.clone(), "a.example.net", RfServerConfig::new(), any).await;
    let b = serve(cdf.clone(), "b.example.net", RfServerConfig::new(), any).await;
    let (client, sent) = crate::client_of(&a, |config| {
        config.peer(b.listening()[0]).realm("example.net", ["a.example.net", "b.example.net"])
    })
    .await;
    until(|| client.peers().len() == 2).await;
    let service = client.rf().unwrap().service(SERVICE).timeout(Duration::from_millis(200)).resends(2);
    cdf.silence();
    let event = tokio::spawn(service.event(|_| ()));
    let arrived = [next(&mut told).await, next(&mut told).await];
    let went: Vec<_> = arrived.iter().map(|record| (record.server.as_str(), record.retransmitted)).collect();
    assert_eq!(went, [("a.example.net", false), ("b.example.net", true)]);
    // Where all were tried, the first is as good as any; it knows the record again, and does not handle it twice.
    until(|| sent.lock().unwrap().len() >= 3).await;
    cdf.may_answer.add_permits(100);
    assert!(soon(event).await.unwrap().unwrap().answer().is_some());
}

#[tokio::test]
async fn a_record_that_its_server_cannot_deliver_goes_to_another_server() {
    let ((one, mut at_one), (two, mut at_two)) = (crate::Cdf::new(), crate::Cdf::new());
    let any = ([127, 0, 0, 1], 0).into();
    let a = serve(one.clone(), "a.example.net", RfServerConfig::new(), any).await;
    let b = serve(two, "b.example.net", RfServerConfig::new(), any).await;
    let (client, _) = crate::client_of(&a, |config| {
        config.peer(b.listening()[0]).realm("example.net", ["a.example.net", "b.example.net"])
    })
    .await;
    until(|| client.peers().len() == 2).await;
    let session = soon(client.rf().unwrap().service(SERVICE).start(|_| ())).await.unwrap().session;
    assert_eq!(next(&mut at_one).await.what(), (StartRecord, 0));
    one.answer_with(3002);
    assert!(soon(session.interim(|_| ())).await.unwrap().answer().is_some());
    assert_eq!(next(&mut at_one).await.what(), (InterimRecord, 1));
    let again = next(&mut at_two).await;
    assert_eq!((again.what(), &again.acr.destination_host, again.retransmitted), ((InterimRecord, 1), &None, false));
    // Which is the session's from then on.
    soon(session.stop(|_| ())).await.unwrap();
    assert_eq!(next(&mut at_two).await.acr.destination_host.as_deref(), Some("b.example.net"));
}

#[tokio::test]
async fn a_relay_that_cannot_reach_a_server_is_asked_for_another() {
    let mut scene = Scene::with(|relay| relay.relays_for = Some("gone.example.net"), |config| config).await;
    let session = started(&mut scene).await;
    // What names a server that it does not know is refused before its handler sees it: 3002.
    assert!(soon(session.interim(|_| ())).await.unwrap().answer().is_some());
    let interim = scene.next().await;
    assert_eq!((interim.what(), &interim.acr.destination_host), ((InterimRecord, 1), &None));
    let sent = scene.sent.lock().unwrap().clone();
    assert!(sent.len() == 3 && sent[1] == sent[2], "{sent:?}");
}

#[tokio::test]
async fn records_that_cannot_be_encoded() {
    let mut scene = Scene::new().await;
    let far = || "x".repeat(20_000_000);
    let service = || scene.rf().service(SERVICE);
    let failed = soon(service().start(|acr| acr.user_name = Some(far().into()))).await.unwrap_err();
    assert!(matches!(failed, RfError::Send(SendError::Encode(_))), "{failed:?}");
    let failed = soon(service().event(|acr| acr.user_name = Some(far().into()))).await.unwrap_err();
    assert!(matches!(failed, RfError::Send(SendError::Encode(_))), "{failed:?}");
    let session = started(&mut scene).await;
    let failed = soon(session.interim(|acr| acr.user_name = Some(far().into()))).await.unwrap_err();
    assert!(matches!(failed, RfError::Send(SendError::Encode(_))), "{failed:?}");
    // The session goes on, and no number is lost.
    soon(session.interim(|_| ())).await.unwrap();
    assert_eq!(scene.next().await.what(), (InterimRecord, 1));
}

#[tokio::test]
async fn a_node_without_a_server() {
    let node = Node::builder(Config::new("ctf.example.com", "example.com")).start().await.unwrap();
    assert!(matches!(node.rf(), Err(RfError::NotConfigured)));
}
