//! What a server asks of a session: RAR and ASR.

use super::{Scene, using};
use crate::support::{CREDIT_CONTROL, asr, soon, until};
use diametric::base::{ReAuthRequestType, ResultCode, TerminationCause};
use diametric::credit_control::{CcRequestType, Rar, ReAuthRequestRequired};
use diametric::ro::{RoError, RoSession, imsi};
use tokio::sync::mpsc;

/// What a server asks of the client, in the name of a session.
fn rar(session: &RoSession) -> Rar {
    Rar::new(ReAuthRequestRequired {
        session_id: session.id().into(),
        origin_host: "ocs.example.net".into(),
        origin_realm: "example.net".into(),
        destination_realm: "example.com".into(),
        destination_host: "ctf.example.com".into(),
        auth_application_id: CREDIT_CONTROL,
        re_auth_request_type: ReAuthRequestType::AUTHORIZE_ONLY,
    })
}

#[tokio::test]
async fn a_reauthorization_is_answered_and_followed_by_an_update() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let session = scene.open().await;
    scene.next().await;
    let raa = soon(scene.server.send(CREDIT_CONTROL, &rar(&session))).await.unwrap();
    assert_eq!((raa.result_code, raa.session_id.as_str()), (ResultCode::LIMITED_SUCCESS, session.id()));
    let update = scene.next().await;
    assert_eq!((update.cc_request_type, update.cc_request_number), (CcRequestType::UpdateRequest, 1));
    assert_eq!(update.subscription_id, [imsi("001010123456789")]);
    soon(session.terminate(|_| ())).await.unwrap();
}

#[tokio::test]
async fn a_handler_of_reauthorizations_answers_and_may_await_its_update() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    scene.client.ro().unwrap().on_reauth(|session, rar| async move {
        assert_eq!(rar.request.rating_group, Some(9));
        rar.answer(ResultCode::LIMITED_SUCCESS).await;
        session.update(using(9, 33)).await.expect("the server grants it");
        session.set_attribute("reauthorized", "yes");
    });
    let session = scene.open().await;
    scene.next().await;
    let rar = rar(&session).with_rating_group(9_u32);
    let raa = soon(scene.server.send(CREDIT_CONTROL, &rar)).await.unwrap();
    assert_eq!(raa.result_code, ResultCode::LIMITED_SUCCESS);
    let update = scene.next().await;
    assert_eq!(update.multiple_services_credit_control[0].used_service_unit[0].cc_total_octets, Some(33));
    until(|| session.attribute("reauthorized").is_some()).await;
    // The handler's update was the only one.
    soon(session.terminate(|_| ())).await.unwrap();
    assert_eq!(scene.next().await.cc_request_number, 2);
}

#[tokio::test]
async fn a_reauthorization_of_no_session_is_refused() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let session = scene.open().await;
    let rar = rar(&session);
    soon(session.terminate(|_| ())).await.unwrap();
    scene.next().await;
    scene.next().await;
    let raa = soon(scene.server.send(CREDIT_CONTROL, &rar)).await.unwrap();
    assert_eq!(raa.result_code, ResultCode::UNKNOWN_SESSION_ID);
    scene.assert_quiet().await;
}

impl Scene {
    async fn abort(&self, session: &RoSession) -> ResultCode {
        let asa = soon(self.server.send(CREDIT_CONTROL, &asr(session.id()))).await.unwrap();
        assert_eq!(asa.session_id, session.id());
        asa.result_code
    }
}

/// What the CCR TERMINATION of an aborted session reports, and what `session` comes to then.
async fn assert_aborted(scene: &mut Scene, session: &RoSession, reported: Option<u64>) {
    let last = scene.next().await;
    assert_eq!(last.cc_request_type, CcRequestType::TerminationRequest);
    assert_eq!(last.termination_cause, Some(TerminationCause::ADMINISTRATIVE));
    let used = last.multiple_services_credit_control.first().map(|service| &service.used_service_unit[0]);
    assert_eq!(used.and_then(|used| used.cc_total_octets), reported);
    let error = soon(session.update(using(7, 1))).await.unwrap_err();
    assert!(matches!(error, RoError::Ended), "{error}");
    scene.assert_quiet().await;
}

#[tokio::test]
async fn an_aborted_session_is_terminated_with_what_was_used() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let (ended, mut told) = mpsc::unbounded_channel();
    scene.client.ro().unwrap().on_abort(move |session, asr| {
        let ended = ended.clone();
        async move {
            assert_eq!(asr.request.session_id, session.id());
            _ = ended.send(asr.terminate(using(7, 44)).await);
        }
    });
    let session = scene.open().await;
    scene.next().await;
    assert_eq!(scene.abort(&session).await, ResultCode::SUCCESS);
    assert_aborted(&mut scene, &session, Some(44)).await;
    let cca = soon(told.recv()).await.unwrap().unwrap();
    assert_eq!((cca.cc_request_type, cca.cc_request_number), (CcRequestType::TerminationRequest, 1));
}

#[tokio::test]
async fn an_abort_during_an_update_waits_for_its_answer() {
    let mut scene = Scene::with(ResultCode::SUCCESS, None, 1).await;
    scene.client.ro().unwrap().on_abort(|_, asr| async move { _ = asr.terminate(using(7, 44)).await });
    let session = scene.open().await;
    scene.next().await;
    let update = tokio::spawn(session.update(using(7, 1)));
    assert_eq!(scene.next().await.cc_request_type, CcRequestType::UpdateRequest);
    assert_eq!(scene.abort(&session).await, ResultCode::SUCCESS);
    scene.assert_quiet().await;
    scene.may_answer.add_permits(10);
    soon(update).await.unwrap().unwrap();
    assert_aborted(&mut scene, &session, Some(44)).await;
}

#[tokio::test]
async fn an_abort_that_nobody_handles_is_complied_with() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let session = scene.open().await;
    scene.next().await;
    assert_eq!(scene.abort(&session).await, ResultCode::SUCCESS);
    assert_aborted(&mut scene, &session, None).await;

    // So are those whose handler does nothing, forgets what it began, or panics.
    let ro = scene.client.ro().unwrap();
    let install: [&dyn Fn(); 3] = [
        &|| ro.on_abort(|_, asr| async move { drop(asr) }),
        &|| ro.on_abort(|_, asr| async move { drop(asr.terminate(using(7, 44))) }),
        &|| ro.on_abort(|_, _| async { panic!("a handler that panics") }),
    ];
    for install in install {
        install();
        let session = scene.open().await;
        scene.next().await;
        assert_eq!(scene.abort(&session).await, ResultCode::SUCCESS);
        assert_aborted(&mut scene, &session, None).await;
    }
}

#[tokio::test]
async fn an_abort_that_is_refused_changes_nothing() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    scene.client.ro().unwrap().on_abort(|_, asr| async move { asr.refuse() });
    let session = scene.open().await;
    scene.next().await;
    assert_eq!(scene.abort(&session).await, ResultCode::UNABLE_TO_COMPLY);
    scene.assert_quiet().await;
    soon(session.update(using(7, 1))).await.unwrap();
}

#[tokio::test]
async fn a_session_that_ends_is_aborted_without_a_second_termination() {
    let mut scene = Scene::with(ResultCode::SUCCESS, None, 1).await;
    let (ended, mut told) = mpsc::unbounded_channel();
    scene.client.ro().unwrap().on_abort(move |_, asr| {
        let ended = ended.clone();
        async move { _ = ended.send(asr.terminate(using(7, 44)).await) }
    });
    let session = scene.open().await;
    scene.next().await;
    let asr = asr(session.id());
    let last = tokio::spawn(session.terminate(using(7, 2)));
    let ccr = scene.next().await;
    assert_eq!(ccr.multiple_services_credit_control[0].used_service_unit[0].cc_total_octets, Some(2));
    let asa = soon(scene.server.send(CREDIT_CONTROL, &asr)).await.unwrap();
    assert_eq!(asa.result_code, ResultCode::SUCCESS);
    let error = soon(told.recv()).await.unwrap().unwrap_err();
    assert!(matches!(error, RoError::Ended), "{error}");
    scene.may_answer.add_permits(10);
    soon(last).await.unwrap().unwrap();
    scene.assert_quiet().await;
}
