//! Answers that cannot be used: malformed ones, and those that answer something else (RFC 6733 §7, RFC 8506 §8.2).

mod common;

use common::{CREDIT_CONTROL, Raw, ccr, granted, listener, soon, until};
use diametric::accounting::{Aca, AccountingAnswerRequired, Acr};
use diametric::base::{AnswerMessage, AnswerMessageRequired, ResultCode, TerminationCause};
use diametric::credit_control::{
    CcRequestType, Cca, Ccr, CreditControlFailureHandling as Ccfh, DirectDebitingFailureHandling as Ddfh,
};
use diametric::message::{self, Command, Header, Received};
use diametric::rf::{Delivered, RfError};
use diametric::ro::{Opened, RoError, RoSession, Service};
use diametric::wire::{CommandFlags, RawAvpBuf, RawMessage};
use diametric::{Config, Node, SendError};
use std::time::Duration;

const HOST: &str = "ocs.example.net";
const SESSION_ID: u32 = 263;
const RESULT_CODE: u32 = 268;
const CC_REQUEST_TYPE: u32 = 416;

/// A client of a server by hand.
struct Scene {
    client: Node,
    ocs: Raw,
}

impl Scene {
    async fn new() -> Self {
        Self::with(|config| config).await
    }

    async fn with(configure: impl FnOnce(Config) -> Config) -> Self {
        let (listener, address) = listener().await;
        let config = Config::new("ctf.example.com", "example.com").named_peer(HOST, address);
        let config = configure(config.ro_client("example.net").rf_client("example.net"));
        let client = Node::builder(config).start().await.expect("a sound configuration");
        Self { client, ocs: Raw::welcome(&listener, HOST).await }
    }

    fn service(&self) -> Service {
        self.client.ro().expect("it is configured").service("32251@3gpp.org")
    }

    async fn open(&mut self, service: Service) -> RoSession {
        let opening = tokio::spawn(service.initial(|_| ()));
        let initial = self.ocs.message::<Ccr>().await;
        self.ocs.answer(initial.header, &granted(&initial.body, &HOST.into())).await;
        match soon(opening).await.expect("it does not panic").expect("it is granted") {
            Opened::Granted { session, .. } => session,
            Opened::Uncontrolled { cause, .. } => panic!("{cause}"),
        }
    }

    /// Takes the TERMINATION that ends a session after a bad answer.
    async fn assert_ends(&mut self, session_id: &str, number: u32) {
        let last = self.ocs.message::<Ccr>().await;
        assert_eq!(last.body.session_id, *session_id);
        assert_eq!(last.body.cc_request_type, CcRequestType::TerminationRequest);
        assert_eq!(last.body.cc_request_number, number);
        assert_eq!(last.body.termination_cause, Some(TerminationCause::BAD_ANSWER));
        // Where it was, as far as that can be told.
        assert_eq!(last.body.destination_host.as_deref(), Some(HOST));
        self.ocs.answer(last.header, &granted(&last.body, &HOST.into())).await;
        self.ocs.assert_quiet().await;
    }
}

/// A CCA that grants, and what is wrong with it.
type Spoil = fn(Header, Cca) -> Vec<u8>;

fn encoded(header: Header, cca: &Cca) -> Vec<u8> {
    message::encode(Header { flags: Cca::FLAGS, ..header }, cca).expect("a sound message")
}

/// `frame` without an AVP.
fn without(frame: &[u8], code: u32) -> Vec<u8> {
    let message = RawMessage::read(frame).expect("a sound message");
    let mut left = frame[..20].to_vec();
    for avp in message.avps().map(|avp| avp.expect("a sound message")).filter(|avp| avp.code != code) {
        RawAvpBuf::from(avp).write(&mut left).expect("a short AVP");
    }
    framed(left)
}

/// With the length that it has.
fn framed(mut frame: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(frame.len()).expect("a short message").to_be_bytes();
    frame[1..4].copy_from_slice(&length[1..]);
    frame
}

const TYPELESS: Spoil = |header, cca| without(&encoded(header, &cca), CC_REQUEST_TYPE);
const FOREIGN: Spoil = |header, mut cca| {
    cca.session_id = "ctf.example.com;0;0".into();
    encoded(header, &cca)
};
const MISNUMBERED: Spoil = |header, mut cca| {
    cca.cc_request_number = 9;
    encoded(header, &cca)
};

/// What is wrong, where, and in an answer that says nothing else of note.
const BAD: [(&str, Spoil); 9] = [
    ("CCA.Auth-Application-Id: 9, where that of the request is 4", |header, mut cca| {
        cca.auth_application_id = 9;
        encoded(header, &cca)
    }),
    ("Result-Code: success, although the E flag is set", |header, cca| {
        let mut frame = encoded(header, &cca);
        frame[4] |= CommandFlags::ERROR.0;
        frame
    }),
    ("CCA: in application 5, where the request is in 4", |header, cca| {
        encoded(Header { application: 5, ..header }, &cca)
    }),
    ("CCA.CC-Request-Type: missing", TYPELESS),
    ("CCA.Result-Code: missing", |header, cca| without(&encoded(header, &cca), RESULT_CODE)),
    ("CCA.Session-Id: missing", |header, cca| without(&encoded(header, &cca), SESSION_ID)),
    ("CCA.Session-Id: not that of the request", FOREIGN),
    ("CCA.CC-Request-Number: 9, where that of the request is", MISNUMBERED),
    ("AVP 9999: ", |header, cca| {
        let mut frame = encoded(header, &cca);
        frame.extend_from_slice(&[0, 0, 0x27, 0x0f, 0x40, 0, 0, 12, 1, 2, 3, 4]);
        framed(frame)
    }),
];

#[tokio::test]
async fn a_session_whose_update_has_a_bad_answer_is_ended_and_its_service_left_to_the_failure_handling() {
    for (what, spoil) in BAD {
        for (handling, granted_service) in [(Ccfh::TERMINATE, false), (Ccfh::CONTINUE, true)] {
            let mut scene = Scene::new().await;
            let session = scene.open(scene.service().failure_handling(handling)).await;
            let update = tokio::spawn(session.update(|_| ()));
            let ccr = scene.ocs.message::<Ccr>().await;
            scene.ocs.throw(&spoil(ccr.header, granted(&ccr.body, &HOST.into()))).await;
            let error = soon(update).await.unwrap().unwrap_err();
            let told = error.to_string();
            assert!(told.contains(&format!("the answer of {HOST} cannot be used: ")), "{told}");
            assert!(told.contains(what), "{told}");
            assert_eq!(error.grants_service(), granted_service, "{told}");
            assert_eq!(error.result_code(), ResultCode::UNABLE_TO_COMPLY, "{told}");
            scene.assert_ends(session.id(), 2).await;
            // Nothing of it follows.
            assert!(matches!(soon(session.update(|_| ())).await, Err(RoError::Ended)));
            assert!(matches!(soon(session.terminate(|_| ())).await, Err(RoError::Ended)));
            scene.ocs.assert_quiet().await;
        }
    }
}

#[tokio::test]
async fn a_session_whose_first_answer_is_bad_is_ended_as_well() {
    for (what, spoil) in BAD {
        let mut scene = Scene::new().await;
        let opening = tokio::spawn(scene.service().initial(|_| ()));
        let ccr = scene.ocs.message::<Ccr>().await;
        scene.ocs.throw(&spoil(ccr.header, granted(&ccr.body, &HOST.into()))).await;
        let error = soon(opening).await.unwrap().unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        scene.assert_ends(&ccr.body.session_id, 1).await;
    }
    let mut scene = Scene::new().await;
    let opening = tokio::spawn(scene.service().failure_handling(Ccfh::CONTINUE).initial(|_| ()));
    let ccr = scene.ocs.message::<Ccr>().await;
    scene.ocs.throw(&TYPELESS(ccr.header, granted(&ccr.body, &HOST.into()))).await;
    let Opened::Uncontrolled { session, cause } = soon(opening).await.unwrap().unwrap() else { panic!("no grant") };
    assert!(matches!(cause, RoError::Send(SendError::Malformed { .. })), "{cause}");
    scene.assert_ends(session.id(), 1).await;
}

#[tokio::test]
async fn the_application_s_own_termination_is_the_one_that_goes_out_after_a_bad_answer() {
    let mut scene = Scene::new().await;
    let session = scene.open(scene.service()).await;
    let update = tokio::spawn(session.update(|_| ()));
    let waiting = tokio::spawn(session.update(|_| ()));
    let ccr = scene.ocs.message::<Ccr>().await;
    let last = tokio::spawn(session.terminate(|ccr| ccr.user_name = Some("what was used".into())));
    // Both are in line when the answer comes.
    tokio::time::sleep(Duration::from_millis(20)).await;
    scene.ocs.throw(&TYPELESS(ccr.header, granted(&ccr.body, &HOST.into()))).await;
    soon(update).await.unwrap().unwrap_err();
    let ccr = scene.ocs.message::<Ccr>().await;
    assert_eq!(ccr.body.cc_request_type, CcRequestType::TerminationRequest);
    assert_eq!(ccr.body.termination_cause, Some(TerminationCause::BAD_ANSWER));
    assert_eq!(ccr.body.user_name.as_deref(), Some("what was used"));
    scene.ocs.answer(ccr.header, &granted(&ccr.body, &HOST.into())).await;
    soon(last).await.unwrap().unwrap();
    assert!(matches!(soon(waiting).await.unwrap(), Err(RoError::Ended)));
}

#[tokio::test]
async fn a_termination_whose_answer_is_bad_is_not_repeated() {
    let mut scene = Scene::new().await;
    let session = scene.open(scene.service()).await;
    let last = tokio::spawn(session.terminate(|_| ()));
    let ccr = scene.ocs.message::<Ccr>().await;
    scene.ocs.throw(&FOREIGN(ccr.header, granted(&ccr.body, &HOST.into()))).await;
    let error = soon(last).await.unwrap().unwrap_err();
    assert!(matches!(error, RoError::Send(SendError::Malformed { .. })), "{error}");
    scene.ocs.assert_quiet().await;
}

#[tokio::test]
async fn a_refusal_counts_whatever_else_is_wrong_with_it() {
    let spoils: [Spoil; 2] = [TYPELESS, MISNUMBERED];
    for spoil in spoils {
        let mut scene = Scene::new().await;
        // Which denies the service whatever the failure handling.
        let session = scene.open(scene.service().failure_handling(Ccfh::CONTINUE)).await;
        let update = tokio::spawn(session.update(|_| ()));
        let ccr = scene.ocs.message::<Ccr>().await;
        let mut cca = granted(&ccr.body, &HOST.into());
        cca.result_code = ResultCode::END_USER_SERVICE_DENIED;
        scene.ocs.throw(&spoil(ccr.header, cca)).await;
        let error = soon(update).await.unwrap().unwrap_err();
        assert_eq!((error.result_code(), error.grants_service()), (ResultCode::END_USER_SERVICE_DENIED, false));
        let told =
            "the answer of ocs.example.net with Result-Code 4010 (DIAMETER_END_USER_SERVICE_DENIED) cannot be used";
        assert!(error.to_string().contains(told), "{error}");
        // The server has ended the session.
        scene.ocs.assert_quiet().await;
    }
}

#[tokio::test]
async fn what_another_session_is_refused_concerns_this_one_not() {
    let mut scene = Scene::new().await;
    let session = scene.open(scene.service().failure_handling(Ccfh::CONTINUE)).await;
    let update = tokio::spawn(session.update(|_| ()));
    let ccr = scene.ocs.message::<Ccr>().await;
    let mut refusal = AnswerMessage::new(AnswerMessageRequired {
        origin_host: HOST.into(),
        origin_realm: "example.net".into(),
        result_code: ResultCode::USER_UNKNOWN,
    });
    refusal.session_id = Some("ctf.example.com;0;0".into());
    let flags = CommandFlags::ERROR.with(CommandFlags::PROXIABLE);
    scene.ocs.throw(&message::encode(Header { flags, ..ccr.header }, &refusal).unwrap()).await;
    let error = soon(update).await.unwrap().unwrap_err();
    assert_eq!((error.result_code(), error.grants_service()), (ResultCode::UNABLE_TO_COMPLY, true), "{error}");
    assert!(error.to_string().contains("Session-Id: not that of the request"), "{error}");
    scene.assert_ends(session.id(), 2).await;
}

#[tokio::test]
async fn a_debit_with_a_bad_answer_has_failed() {
    for (what, spoil) in BAD {
        for (handling, granted_service) in [(Ddfh::TERMINATE_OR_BUFFER, false), (Ddfh::CONTINUE, true)] {
            let mut scene = Scene::new().await;
            let service = scene.service().direct_debiting_failure_handling(handling);
            let debit = tokio::spawn(service.debit(|_| ()));
            let ccr = scene.ocs.message::<Ccr>().await;
            scene.ocs.throw(&spoil(ccr.header, granted(&ccr.body, &HOST.into()))).await;
            let error = soon(debit).await.unwrap().unwrap_err();
            assert!(error.to_string().contains(what), "{error}");
            assert_eq!(error.grants_service(), granted_service, "{error}");
            scene.ocs.assert_quiet().await;
        }
    }
}

#[tokio::test]
async fn any_request_is_answered_with_its_own_session_id() {
    let mut scene = Scene::new().await;
    let client = scene.client.clone();
    let sending = tokio::spawn(async move { client.send(CREDIT_CONTROL, &ccr("example.net")).await });
    let request = scene.ocs.message::<Ccr>().await;
    scene.ocs.throw(&FOREIGN(request.header, granted(&request.body, &HOST.into()))).await;
    let error = soon(sending).await.unwrap().unwrap_err();
    assert!(
        matches!(&error, SendError::Malformed { peer, server: Some(server), .. } if *peer == HOST && *server == HOST)
    );
    assert!(error.to_string().contains("CCA.Session-Id: not that of the request"), "{error}");
}

#[tokio::test]
async fn sessions_with_bad_answers_leave_nothing_behind() {
    let mut scene = Scene::new().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let mut before = usize::MAX;
    for round in 0..30 {
        let session = scene.open(scene.service()).await;
        let update = tokio::spawn(session.update(|_| ()));
        let ccr = scene.ocs.message::<Ccr>().await;
        let (_, spoil) = BAD[round % BAD.len()];
        scene.ocs.throw(&spoil(ccr.header, granted(&ccr.body, &HOST.into()))).await;
        soon(update).await.unwrap().unwrap_err();
        let last = scene.ocs.message::<Ccr>().await;
        scene.ocs.answer(last.header, &granted(&last.body, &HOST.into())).await;
        // Its task ends, although the application holds on to the session.
        until(|| tasks() <= before).await;
        before = tasks();
        drop(session);
    }
}

fn acknowledged(acr: &Received<Acr>) -> Aca {
    Aca::new(AccountingAnswerRequired {
        session_id: acr.body.session_id.clone(),
        result_code: ResultCode::SUCCESS,
        origin_host: HOST.into(),
        origin_realm: "example.net".into(),
        accounting_record_type: acr.body.accounting_record_type,
        accounting_record_number: acr.body.accounting_record_number,
    })
}

#[tokio::test]
async fn a_record_is_kept_until_an_answer_of_its_own_acknowledges_it() {
    let mut scene = Scene::with(|mut config| {
        config.rf.retry_interval = Duration::from_millis(50);
        config
    })
    .await;
    let rf = scene.client.rf().unwrap();
    let event = tokio::spawn(rf.service("32274@3gpp.org").event(|_| ()));
    let first = scene.ocs.message::<Acr>().await;
    let mut other = acknowledged(&first);
    other.session_id = "ctf.example.com;0;0".into();
    scene.ocs.answer(first.header, &other).await;
    let Delivered::Stored(error) = soon(event).await.unwrap().unwrap() else { panic!("nobody has it") };
    assert!(error.to_string().contains("ACA.Session-Id: not that of the request"), "{error}");
    let again = scene.ocs.message::<Acr>().await;
    assert_eq!((again.header.end_to_end, again.header.flags.is_retransmitted()), (first.header.end_to_end, true));
    let mut other = acknowledged(&again);
    other.accounting_record_number = 7;
    scene.ocs.answer(again.header, &other).await;
    let again = scene.ocs.message::<Acr>().await;
    scene.ocs.answer(again.header, &acknowledged(&again)).await;
    soon(rf.drain()).await;
    assert_eq!(rf.dropped(), 0);
}

#[tokio::test]
async fn a_record_that_is_refused_is_so_whatever_else_is_wrong_with_the_refusal() {
    let mut scene = Scene::new().await;
    let rf = scene.client.rf().unwrap();
    let event = tokio::spawn(rf.service("32274@3gpp.org").event(|_| ()));
    let acr = scene.ocs.message::<Acr>().await;
    let mut refusal = acknowledged(&acr);
    refusal.result_code = ResultCode::UNABLE_TO_COMPLY;
    let frame = message::encode(Header { flags: Aca::FLAGS, ..acr.header }, &refusal).unwrap();
    scene.ocs.throw(&without(&frame, SESSION_ID)).await;
    let error = soon(event).await.unwrap().unwrap_err();
    assert!(matches!(&error, RfError::Send(SendError::Malformed { .. })), "{error}");
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_COMPLY, "{error}");
    assert_eq!(rf.undelivered(), 0);
}
