//! Records that cannot be delivered at once.

use crate::{EventRecord, InterimRecord, SERVICE, Scene, StartRecord, StopRecord, soon, until};
use diametric::accounting::AccountingRealtimeRequired as Realtime;
use diametric::base::ResultCode;
use diametric::rf::{Delivered, RfError};
use diametric::{Config, SendError};
use std::time::Duration;

#[tokio::test]
async fn records_wait_for_their_server_to_come_back() {
    let mut scene = Scene::new().await;
    let session = soon(scene.rf().service(SERVICE).start(|_| ())).await.unwrap().session;
    assert_eq!(scene.next().await.what(), (StartRecord, 0));
    // The server takes an INTERIM and goes away without an answer.
    scene.cdf.silence();
    let interim = tokio::spawn(session.interim(|acr| acr.user_name = Some("unanswered".into())));
    assert_eq!(scene.next().await.what(), (InterimRecord, 1));
    let stopped = scene.stop_server().await;
    let delivered = soon(interim).await.unwrap().unwrap();
    assert!(matches!(delivered, Delivered::Stored(RfError::Send(_))), "{delivered:?}");
    // Nothing can be sent to nobody.
    let event = stopped.rf().service(SERVICE).event(|acr| acr.user_name = Some("event".into()));
    let Ok(Delivered::Stored(cause)) = soon(event).await else { panic!("it should be kept") };
    assert!(matches!(cause, RfError::Send(SendError::NoRoute { .. })), "{cause:?}");
    assert_eq!(cause.result_code(), ResultCode::UNABLE_TO_DELIVER);
    let stop = soon(session.stop(|acr| acr.user_name = Some("stop".into()))).await;
    assert!(matches!(stop, Ok(Delivered::Stored(_))), "{stop:?}");
    assert_eq!(stopped.rf().undelivered(), 3);
    // Attempts go on.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(stopped.rf().undelivered(), 3);

    stopped.cdf.may_answer.add_permits(100);
    let mut scene = stopped.start_server().await;
    soon(scene.rf().drain()).await;
    // Oldest first; T for what may have arrived before, and for nothing else (RFC 6733 §3).
    for (what, user, retransmitted) in
        [((InterimRecord, 1), "unanswered", true), ((EventRecord, 0), "event", false), ((StopRecord, 2), "stop", false)]
    {
        let record = scene.next().await;
        assert_eq!((record.what(), record.user(), record.retransmitted), (what, user, retransmitted));
    }
    assert_eq!((scene.rf().undelivered(), scene.rf().dropped()), (0, 0));
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_service_that_needs_its_server() {
    let scene = Scene::new().await;
    let service = scene.rf().service(SERVICE).realtime_required(Realtime::DELIVER_AND_GRANT);
    let session = soon(service.clone().start(|_| ())).await.unwrap().session;
    let must_stop = tokio::spawn(session.must_stop());
    let stopped = scene.stop_server().await;
    assert!(matches!(soon(session.interim(|_| ())).await, Err(RfError::Send(_))));
    let end = soon(must_stop).await.unwrap().expect("the service must stop");
    assert_eq!(end.result_code, ResultCode::UNABLE_TO_DELIVER);
    assert!(soon(service.start(|_| ())).await.is_err());
    assert_eq!(stopped.rf().undelivered(), 0);
}

#[tokio::test]
async fn of_a_session_one_interim_is_kept() {
    let mut scene = Scene::new().await;
    let session = soon(scene.rf().service(SERVICE).start(|_| ())).await.unwrap().session;
    scene.next().await;
    let stopped = scene.stop_server().await;
    for number in 1..=5 {
        let text = format!("{number}");
        let kept = soon(session.interim(|acr| acr.user_name = Some(text.into()))).await;
        assert!(matches!(kept, Ok(Delivered::Stored(_))));
        assert_eq!(stopped.rf().undelivered(), 1);
    }
    let mut scene = stopped.start_server().await;
    let interim = scene.next().await;
    assert_eq!((interim.what(), interim.user()), ((InterimRecord, 5), "5"));
    soon(scene.rf().drain()).await;
    soon(session.stop(|_| ())).await.unwrap();
    assert_eq!(scene.next().await.what(), (StopRecord, 6));
}

#[tokio::test]
async fn the_oldest_records_make_room() {
    let scene = Scene::with(
        |_| (),
        |mut config| {
            config.rf.buffer = 2;
            config
        },
    )
    .await;
    let stopped = scene.stop_server().await;
    for number in 0..5 {
        let text = format!("{number}");
        let kept = soon(stopped.rf().service(SERVICE).event(|acr| acr.user_name = Some(text.into()))).await;
        assert!(matches!(kept, Ok(Delivered::Stored(_))));
    }
    assert_eq!((stopped.rf().undelivered(), stopped.rf().dropped()), (2, 3));
    let mut scene = stopped.start_server().await;
    assert_eq!(scene.next().await.user(), "3");
    assert_eq!(scene.next().await.user(), "4");
    scene.assert_quiet().await;
}

#[tokio::test]
async fn without_a_buffer_records_are_lost_and_say_so() {
    let scene = Scene::with(
        |_| (),
        |mut config| {
            config.rf.buffer = 0;
            config
        },
    )
    .await;
    let service = |scene: &diametric::rf::Rf| scene.service(SERVICE);
    let loses = service(&scene.rf()).realtime_required(Realtime::GRANT_AND_LOSE);
    let session = soon(loses.start(|_| ())).await.unwrap().session;
    let stopped = scene.stop_server().await;
    assert!(matches!(soon(session.interim(|_| ())).await, Ok(Delivered::Lost(_))));
    assert!(matches!(soon(session.stop(|_| ())).await, Err(RfError::Send(_))));
    assert!(matches!(soon(service(&stopped.rf()).event(|_| ())).await, Err(RfError::Send(_))));
    // Where records must be stored and cannot be, the service does not begin.
    assert!(matches!(soon(service(&stopped.rf()).start(|_| ())).await, Err(RfError::Send(_))));
    assert_eq!(stopped.rf().undelivered(), 0);
}

#[tokio::test]
async fn a_server_without_space_gets_the_record_later() {
    let mut scene = Scene::new().await;
    scene.cdf.answer_with(4002);
    let kept = soon(scene.rf().service(SERVICE).event(|_| ())).await;
    let Ok(Delivered::Stored(RfError::Refused(aca))) = kept else { panic!("{kept:?}") };
    assert_eq!(aca.result_code, ResultCode::OUT_OF_SPACE);
    assert_eq!(scene.next().await.what(), (EventRecord, 0));
    // It is tried again, and refused again.
    assert_eq!(scene.next().await.what(), (EventRecord, 0));
    assert_eq!(scene.rf().undelivered(), 1);
    scene.cdf.answer_with(2001);
    soon(scene.rf().drain()).await;
    // An error answer was received for it: no T flag (RFC 6733 §3).
    assert!(scene.sent.lock().unwrap().iter().all(|(t_flag, _)| !t_flag));
    assert_eq!(scene.rf().dropped(), 0);
}

#[tokio::test]
async fn a_record_that_its_server_cannot_deliver_is_not_sent_there_again_before_its_time() {
    let seldom = |mut config: Config| {
        config.rf.retry_interval = Duration::from_secs(3600);
        config
    };
    let mut scene = Scene::with(|_| (), seldom).await;
    let session = soon(scene.rf().service(SERVICE).start(|_| ())).await.unwrap().session;
    assert_eq!(scene.next().await.what(), (StartRecord, 0));
    scene.cdf.answer_with(3002);
    let kept = soon(session.interim(|_| ())).await;
    let Ok(Delivered::Stored(RfError::Send(SendError::Answered(answer)))) = kept else { panic!("{kept:?}") };
    assert_eq!(answer.result_code, ResultCode::UNABLE_TO_DELIVER);
    assert_eq!(scene.next().await.what(), (InterimRecord, 1));
    scene.assert_quiet().await;
    assert_eq!(scene.sent.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_record_that_is_not_wanted_is_dropped() {
    let mut scene = Scene::new().await;
    scene.cdf.answer_with(3004);
    let kept = soon(scene.rf().service(SERVICE).event(|_| ())).await;
    assert!(matches!(kept, Ok(Delivered::Stored(RfError::Send(SendError::Answered(_))))), "{kept:?}");
    scene.next().await;
    scene.cdf.answer_with(5004);
    soon(scene.rf().drain()).await;
    assert_eq!((scene.rf().undelivered(), scene.rf().dropped()), (0, 1));
}

#[tokio::test]
async fn one_record_that_fails_does_not_hold_up_the_others() {
    let mut scene = Scene::with(
        |_| (),
        |mut config| {
            config.rf.retry_interval = Duration::from_millis(300);
            config
        },
    )
    .await;
    let stopped_events = async |scene: &Scene, text: &str| {
        let event = scene.rf().service(SERVICE).timeout(Duration::from_millis(100)).event(|acr| {
            acr.user_name = Some(text.into());
        });
        assert!(matches!(soon(event).await, Ok(Delivered::Stored(_))));
    };
    scene.cdf.silence();
    stopped_events(&scene, "a").await;
    stopped_events(&scene, "b").await;
    assert_eq!(scene.rf().undelivered(), 2);
    let mut users: Vec<String> = Vec::new();
    for _ in 0..2 {
        users.push(scene.next().await.user().to_owned());
    }
    assert_eq!(users, ["a", "b"]);
    // One answer, for the handler of `a`, which took it at last; so it is known when it comes again.
    scene.cdf.may_answer.add_permits(1);
    until(|| scene.rf().undelivered() <= 1).await;
    scene.cdf.may_answer.add_permits(1);
    soon(scene.rf().drain()).await;
    scene.assert_quiet().await;
}
