//! Online charging between a client and a server.

mod server_requests;

use crate::support::{CREDIT_CONTROL, assert_failed, client_at, client_of, granted, soon};
use diametric::answer::ErrorAnswer;
use diametric::base::{ResultCode, TerminationCause};
use diametric::codec::Group;
use diametric::credit_control::{
    CcRequestType, Cca, Ccr, CreditControlFailureHandling, GrantedServiceUnit, MultipleServicesCreditControl,
    MultipleServicesIndicator, RequestedAction, RequestedServiceUnit, UsedServiceUnit,
};
use diametric::message::Form;
use diametric::ro::{Opened, RoError, RoRequest, RoServer, RoSession, Service, imsi, msisdn};
use diametric::{Config, Node, SendError};
use diametric_tests::DICTIONARY;
use diametric_tests::acme::{CustomCreditControlRequest, CustomCreditControlRequestRequired, CustomMessage};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

/// Every CCR that a server got, in order.
type Seen = mpsc::UnboundedReceiver<Ccr>;

/// A server that shows what it gets, and answers when it may.
struct Ocs {
    seen: mpsc::UnboundedSender<Ccr>,
    may_answer: Arc<Semaphore>,
    result_code: Arc<AtomicU32>,
    failure_handling: Option<CreditControlFailureHandling>,
}

impl Ocs {
    async fn charge(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.seen.send(request.ccr.clone()).expect("the test looks on");
        self.may_answer.acquire().await.expect("it is never closed").forget();
        let mut cca = request.answer(ResultCode(self.result_code.load(Ordering::Relaxed)));
        cca.credit_control_failure_handling = self.failure_handling;
        for service in &request.ccr.multiple_services_credit_control {
            let mut answered = MultipleServicesCreditControl::new();
            answered.rating_group = service.rating_group;
            answered.result_code = Some(ResultCode::SUCCESS);
            if service.requested_service_unit.is_some() {
                answered.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_total_octets(1000_u64));
            }
            cca.multiple_services_credit_control.push(answered);
        }
        Ok(cca)
    }
}

impl RoServer for Ocs {
    async fn initial(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.charge(request).await
    }
    async fn update(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.charge(request).await
    }
    async fn terminate(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.charge(request).await
    }
    async fn debit(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.charge(request).await
    }
    async fn check_balance(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.charge(request).await
    }
}

/// A client and a server in conversation.
struct Scene {
    client: Node,
    server: Node,
    seen: Seen,
    may_answer: Arc<Semaphore>,
    result_code: Arc<AtomicU32>,
}

impl Scene {
    /// A server that answers at once, with this Result-Code.
    async fn new(result_code: ResultCode) -> Self {
        Self::with(result_code, None, Semaphore::MAX_PERMITS).await
    }

    /// A server that answers only when `may_answer` has a permit.
    async fn silent() -> Self {
        Self::with(ResultCode::SUCCESS, None, 0).await
    }

    async fn with(
        result_code: ResultCode,
        failure_handling: Option<CreditControlFailureHandling>,
        answers: usize,
    ) -> Self {
        let (sender, seen) = mpsc::unbounded_channel();
        let may_answer = Arc::new(Semaphore::new(answers));
        let result_code = Arc::new(AtomicU32::new(result_code.0));
        let ocs = Ocs {
            seen: sender,
            may_answer: Arc::clone(&may_answer),
            result_code: Arc::clone(&result_code),
            failure_handling,
        };
        let config = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
        let server = Node::builder(config).ro_server(ocs).start().await.unwrap();
        let client = Node::builder(client_of(&server)).start().await.unwrap();
        Self { client, server, seen, may_answer, result_code }
    }

    fn service(&self) -> Service {
        self.client.ro().unwrap().service("32251@3gpp.org").subscription(imsi("001010123456789"))
    }

    async fn open(&self) -> RoSession {
        match soon(self.service().initial(|_| ())).await.unwrap() {
            Opened::Granted { session, .. } => session,
            Opened::Uncontrolled { cause, .. } => panic!("{cause}"),
        }
    }

    async fn next(&mut self) -> Ccr {
        soon(self.seen.recv()).await.expect("the server lives")
    }

    /// Nothing else reaches the server.
    async fn assert_quiet(&mut self) {
        let more = tokio::time::timeout(Duration::from_millis(150), self.seen.recv()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

fn requesting(rating_group: u32) -> impl FnOnce(&mut Ccr) {
    move |ccr| {
        let service = MultipleServicesCreditControl::new().with_rating_group(rating_group);
        ccr.multiple_services_credit_control.push(service.with_requested_service_unit(RequestedServiceUnit::new()));
    }
}

fn using(rating_group: u32, octets: u64) -> impl FnOnce(&mut Ccr) {
    move |ccr| {
        let service = MultipleServicesCreditControl::new().with_rating_group(rating_group);
        let used = UsedServiceUnit::new().with_cc_total_octets(octets);
        ccr.multiple_services_credit_control.push(service.with_used_service_unit(used));
    }
}

#[tokio::test]
async fn an_event_is_debited() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let ro = scene.client.ro().unwrap();
    let service = ro.service("32274@3gpp.org").subscription(msisdn("15550123456"));
    let cca = soon(service.debit(|ccr| ccr.service_identifier = Some(17))).await.unwrap();
    assert_eq!((cca.result_code, cca.cc_request_type), (ResultCode::SUCCESS, CcRequestType::EventRequest));
    let ccr = scene.next().await;
    assert_eq!((ccr.cc_request_type, ccr.cc_request_number), (CcRequestType::EventRequest, 0));
    assert_eq!(ccr.requested_action, Some(RequestedAction::DirectDebiting));
    assert_eq!((ccr.service_context_id.as_str(), ccr.service_identifier), ("32274@3gpp.org", Some(17)));
    assert_eq!((ccr.origin_host.as_str(), ccr.origin_realm.as_str()), ("ctf.example.com", "example.com"));
    assert_eq!((ccr.destination_realm.as_str(), ccr.auth_application_id), ("example.net", CREDIT_CONTROL));
    assert_eq!(ccr.subscription_id, [msisdn("15550123456")]);
    assert!(ccr.session_id.starts_with("ctf.example.com;"), "{}", ccr.session_id);
    assert!(ccr.event_timestamp.is_some());
    assert_eq!(cca.session_id, ccr.session_id);
}

#[tokio::test]
async fn what_the_library_writes_is_not_the_applications() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let meddling = scene.service().debit(|ccr| {
        ccr.session_id = "mine;1;1".into();
        ccr.origin_host = "somebody.else".into();
        ccr.cc_request_type = CcRequestType::InitialRequest;
        ccr.cc_request_number = 9;
        ccr.requested_action = Some(RequestedAction::PriceEnquiry);
    });
    soon(meddling).await.unwrap();
    let ccr = scene.next().await;
    assert_eq!((ccr.cc_request_type, ccr.cc_request_number), (CcRequestType::EventRequest, 0));
    assert_eq!(
        (ccr.origin_host.as_str(), ccr.requested_action),
        ("ctf.example.com", Some(RequestedAction::DirectDebiting))
    );
    assert_ne!(ccr.session_id, "mine;1;1");
}

#[tokio::test]
async fn a_balance_is_checked() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    soon(scene.service().check_balance(|_| ())).await.unwrap();
    assert_eq!(scene.next().await.requested_action, Some(RequestedAction::CheckBalance));
}

#[tokio::test]
async fn what_the_server_does_not_offer_is_refused() {
    let scene = Scene::new(ResultCode::SUCCESS).await;
    let error = soon(scene.service().price_enquiry(|_| ())).await.unwrap_err();
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_COMPLY);
    assert!(error.to_string().contains("does not offer"), "{error}");
}

#[tokio::test]
async fn units_are_reserved_used_and_settled() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let opened = soon(scene.service().initial(requesting(7))).await.unwrap();
    let Opened::Granted { session, answer } = opened else { panic!("{opened:?}") };
    let granted = answer.multiple_services_credit_control[0].granted_service_unit.as_ref().unwrap();
    assert_eq!(granted.cc_total_octets, Some(1000));
    soon(session.update(using(7, 900))).await.unwrap();
    let id = session.id().to_owned();
    let last = soon(session.terminate(|ccr| {
        using(7, 50)(ccr);
        ccr.termination_cause = Some(TerminationCause::LINK_BROKEN);
    }));
    assert_eq!(last.await.unwrap().cc_request_number, 2);

    let [initial, update, termination] = [scene.next().await, scene.next().await, scene.next().await];
    for (number, ccr) in (0..).zip([&initial, &update, &termination]) {
        assert_eq!((ccr.session_id.as_str(), ccr.cc_request_number), (id.as_str(), number));
        assert_eq!(ccr.subscription_id, [imsi("001010123456789")]);
        assert_eq!(ccr.requested_action, None);
    }
    assert_eq!(initial.cc_request_type, CcRequestType::InitialRequest);
    assert_eq!(initial.multiple_services_indicator, Some(MultipleServicesIndicator::MULTIPLE_SERVICES_SUPPORTED));
    assert_eq!(initial.destination_host, None);
    assert_eq!(update.cc_request_type, CcRequestType::UpdateRequest);
    // The session stays with the server that answered.
    assert_eq!(update.destination_host.as_deref(), Some("ocs.example.net"));
    assert_eq!(termination.cc_request_type, CcRequestType::TerminationRequest);
    assert_eq!(termination.termination_cause, Some(TerminationCause::LINK_BROKEN));
    scene.assert_quiet().await;
}

#[tokio::test]
async fn updates_made_at_once_go_one_after_the_other() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let session = scene.open().await;
    scene.next().await;
    let (one, two, three) = soon(async {
        tokio::join!(session.update(using(1, 1)), session.update(using(2, 2)), session.update(using(3, 3)))
    })
    .await;
    assert_eq!([one, two, three].map(|cca| cca.unwrap().cc_request_number), [1, 2, 3]);
    for number in 1..=3 {
        let ccr = scene.next().await;
        assert_eq!(ccr.cc_request_number, number);
        assert_eq!(ccr.multiple_services_credit_control[0].rating_group, Some(number));
    }
}

#[tokio::test]
async fn a_denial_holds_the_answer() {
    let scene = Scene::new(ResultCode::CREDIT_LIMIT_REACHED).await;
    let error = soon(scene.service().initial(requesting(7))).await.unwrap_err();
    assert_eq!((error.result_code(), error.result_code().0), (ResultCode::CREDIT_LIMIT_REACHED, 4012));
    assert!(!error.grants_service());
    let RoError::Denied(cca) = error else { panic!("{error}") };
    assert_eq!(
        (cca.result_code, cca.cc_request_type),
        (ResultCode::CREDIT_LIMIT_REACHED, CcRequestType::InitialRequest)
    );

    let error = soon(scene.service().debit(|_| ())).await.unwrap_err();
    assert!(matches!(&error, RoError::Denied(cca) if cca.cc_request_type == CcRequestType::EventRequest), "{error}");
}

#[tokio::test]
async fn a_denied_update_ends_the_session() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let session = scene.open().await;
    scene.next().await;
    scene.result_code.store(ResultCode::CREDIT_LIMIT_REACHED.0, Ordering::Relaxed);
    let error = soon(session.update(using(7, 1))).await.unwrap_err();
    assert!(matches!(&error, RoError::Denied(cca) if cca.cc_request_number == 1), "{error}");
    scene.next().await;
    let error = soon(session.update(using(7, 1))).await.unwrap_err();
    assert!(matches!(error, RoError::Ended), "{error}");
}

#[tokio::test]
async fn credit_control_that_is_not_needed_leaves_the_service_uncontrolled() {
    let scene = Scene::new(ResultCode::CREDIT_CONTROL_NOT_APPLICABLE).await;
    let opened = soon(scene.service().initial(requesting(7))).await.unwrap();
    let Opened::Uncontrolled { session, cause } = opened else { panic!("{opened:?}") };
    assert_eq!(cause.result_code(), ResultCode::CREDIT_CONTROL_NOT_APPLICABLE);
    let error = soon(session.update(using(7, 1))).await.unwrap_err();
    assert!(matches!(error, RoError::Ended), "{error}");
}

#[tokio::test]
async fn without_an_answer_in_time_the_service_is_refused() {
    let scene = Scene::silent().await;
    let tx = Duration::from_millis(100);
    let error = soon(scene.service().tx(tx).initial(requesting(7))).await.unwrap_err();
    assert!(matches!(error, RoError::NoAnswer(after) if after == tx), "{error}");
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_COMPLY);
    assert!(!error.grants_service());
}

#[tokio::test]
async fn with_continue_the_service_goes_on_and_a_late_answer_opens_the_session() {
    let mut scene = Scene::silent().await;
    let service =
        scene.service().tx(Duration::from_millis(100)).failure_handling(CreditControlFailureHandling::CONTINUE);
    let opened = soon(service.initial(requesting(7))).await.unwrap();
    let Opened::Uncontrolled { session, cause } = opened else { panic!("{opened:?}") };
    assert!(matches!(cause, RoError::NoAnswer(_)), "{cause}");
    assert_eq!(scene.next().await.cc_request_type, CcRequestType::InitialRequest);

    scene.may_answer.add_permits(1000);
    let cca = soon(session.update(using(7, 12))).await.unwrap();
    assert_eq!((cca.result_code, cca.cc_request_number), (ResultCode::SUCCESS, 1));
    let update = scene.next().await;
    assert_eq!((update.cc_request_type, update.session_id.as_str()), (CcRequestType::UpdateRequest, session.id()));
    soon(session.terminate(|_| ())).await.unwrap();
    assert_eq!(scene.next().await.cc_request_type, CcRequestType::TerminationRequest);
}

#[tokio::test]
async fn the_servers_failure_handling_beats_the_clients() {
    let continues = Some(CreditControlFailureHandling::CONTINUE);
    let mut scene = Scene::with(ResultCode::SUCCESS, continues, 1).await;
    let opened = soon(scene.service().tx(Duration::from_millis(100)).initial(requesting(7))).await.unwrap();
    let Opened::Granted { session, answer } = opened else { panic!("{opened:?}") };
    assert_eq!(answer.credit_control_failure_handling, continues);
    scene.next().await;
    // The server falls silent now.
    let error = soon(session.update(using(7, 1))).await.unwrap_err();
    assert!(matches!(&error, RoError::Uncontrolled(cause) if matches!(**cause, RoError::NoAnswer(_))), "{error}");
    assert!(error.grants_service());
}

#[tokio::test]
async fn without_an_answer_a_debit_is_granted_and_an_enquiry_is_not() {
    let scene = Scene::silent().await;
    let service = scene.service().tx(Duration::from_millis(100));
    // The server may have debited, so the user gets what was perhaps paid for (RFC 8506 §6.5).
    let error = soon(service.clone().debit(|_| ())).await.unwrap_err();
    assert!(matches!(&error, RoError::Uncontrolled(cause) if matches!(**cause, RoError::NoAnswer(_))), "{error}");
    assert!(error.grants_service());
    let error = soon(service.check_balance(|_| ())).await.unwrap_err();
    assert!(matches!(error, RoError::NoAnswer(_)) && !error.grants_service(), "{error}");
}

#[tokio::test]
async fn an_initial_request_that_nobody_waits_for_is_terminated() {
    let mut scene = Scene::silent().await;
    let opening = tokio::spawn(scene.service().initial(requesting(7)));
    let initial = scene.next().await;
    opening.abort();
    assert!(opening.await.unwrap_err().is_cancelled());
    scene.assert_quiet().await;

    scene.may_answer.add_permits(1000);
    let termination = scene.next().await;
    assert_eq!(termination.cc_request_type, CcRequestType::TerminationRequest);
    assert_eq!((&termination.session_id, termination.cc_request_number), (&initial.session_id, 1));
    assert_eq!(termination.subscription_id, initial.subscription_id);
    assert!(termination.termination_cause.is_some());
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_future_that_was_never_polled_sends_nothing() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let mut called = false;
    drop(scene.service().initial(|_| called = true));
    assert!(called, "closures run when the method is called");
    drop(scene.service().debit(|_| ()));
    scene.assert_quiet().await;
}

#[tokio::test]
async fn an_update_that_nobody_waits_for_does_no_harm() {
    let mut scene = Scene::with(ResultCode::SUCCESS, None, 1).await;
    let session = scene.open().await;
    scene.next().await;
    let update = tokio::spawn(session.update(using(7, 1)));
    assert_eq!(scene.next().await.cc_request_number, 1);
    update.abort();
    scene.may_answer.add_permits(1000);
    let cca = soon(session.update(using(7, 2))).await.unwrap();
    assert_eq!(cca.cc_request_number, 2);
    soon(session.terminate(|_| ())).await.unwrap();
}

#[tokio::test]
async fn a_session_that_is_dropped_is_terminated() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let session = scene.open().await;
    let id = session.id().to_owned();
    scene.next().await;
    drop(session);
    let termination = scene.next().await;
    assert_eq!(termination.cc_request_type, CcRequestType::TerminationRequest);
    assert_eq!((termination.session_id.as_str(), termination.cc_request_number), (id.as_str(), 1));
    scene.assert_quiet().await;
}

#[tokio::test]
async fn an_unreachable_server_is_an_error_that_says_so() {
    let (listener, address) = crate::raw::listener().await;
    drop(listener);
    let client = Node::builder(client_at(address)).start().await.unwrap();
    let error = soon(client.ro().unwrap().service("32251@3gpp.org").initial(requesting(7))).await.unwrap_err();
    assert!(matches!(error, RoError::Send(SendError::NoRoute { .. })), "{error}");
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_DELIVER);
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn without_a_realm_to_send_to_there_is_no_ro() {
    let node = Node::builder(Config::new("ctf.example.com", "example.com")).start().await.unwrap();
    let Err(error) = node.ro() else { panic!("no realm is configured") };
    assert!(matches!(error, RoError::NotConfigured) && error.to_string().contains("ro_client"), "{error}");
}

#[tokio::test]
async fn an_avp_that_the_server_must_know_and_does_not_is_named() {
    let scene = Scene::new(ResultCode::SUCCESS).await;
    let error = soon(scene.service().debit(|ccr| _ = ccr.add::<CustomMessage>("hello"))).await.unwrap_err();
    assert_eq!(error.result_code(), ResultCode::AVP_UNSUPPORTED);
    let RoError::Denied(answer) = error else { panic!("{error}") };
    assert_failed::<CustomMessage>(answer.failed_avp.first());
}

#[tokio::test]
async fn an_event_request_must_say_what_it_wants() {
    let scene = Scene::new(ResultCode::SUCCESS).await;
    let mut ccr = crate::support::ccr(0);
    ccr.cc_request_type = CcRequestType::EventRequest;
    let answer = soon(scene.client.send(CREDIT_CONTROL, &ccr)).await.unwrap();
    assert_eq!(answer.result_code, ResultCode::MISSING_AVP);
    assert_failed::<RequestedAction>(answer.failed_avp.first());
}

/// A server that expects an own form of CCR and repeats what it says.
struct Custom;

impl RoServer<CustomCreditControlRequest> for Custom {
    async fn initial(&self, request: RoRequest<CustomCreditControlRequest>) -> Result<Cca, ErrorAnswer> {
        let mut cca = granted(request.ccr.standard());
        cca.add::<CustomMessage>(request.ccr.custom_message.clone());
        Ok(cca)
    }
    async fn terminate(&self, request: RoRequest<CustomCreditControlRequest>) -> Result<Cca, ErrorAnswer> {
        self.initial(request).await
    }
}

#[tokio::test]
async fn an_own_form_goes_through_a_session() {
    let config = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    let server = Node::builder(config).dictionary(&DICTIONARY).ro_server(Custom).start().await.unwrap();
    let client = Node::builder(client_of(&server)).dictionary(&DICTIONARY).start().await.unwrap();
    let say = |text: &str| CustomCreditControlRequestRequired { custom_message: text.into() };
    let service = client.ro().unwrap().service("32251@3gpp.org");
    let opening =
        service.initial_as::<CustomCreditControlRequest>(say("hello"), |ccr| ccr.user_name = Some("me".into()));
    let opened = soon(opening).await.unwrap();
    let Opened::Granted { session, answer } = opened else { panic!("{opened:?}") };
    assert_eq!(answer.get::<CustomMessage>().unwrap().unwrap(), "hello");
    let cca = soon(session.terminate_as(say("goodbye"), |_| ())).await.unwrap();
    assert_eq!(cca.get::<CustomMessage>().unwrap().unwrap(), "goodbye");
}

#[tokio::test]
async fn a_request_in_the_standard_form_is_refused_where_an_own_form_is_expected() {
    let config = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    let server = Node::builder(config).dictionary(&DICTIONARY).ro_server(Custom).start().await.unwrap();
    let client = Node::builder(client_of(&server)).dictionary(&DICTIONARY).start().await.unwrap();
    let error = soon(client.ro().unwrap().service("32251@3gpp.org").initial(|_| ())).await.unwrap_err();
    assert_eq!(error.result_code(), ResultCode::MISSING_AVP);
    let RoError::Denied(answer) = error else { panic!("{error}") };
    assert_failed::<CustomMessage>(answer.failed_avp.first());
}

#[tokio::test]
async fn a_session_is_taken_up_by_another_node() {
    let mut scene = Scene::new(ResultCode::SUCCESS).await;
    let session = scene.open().await;
    session.set_attribute("call", "17");
    soon(session.update(using(7, 1))).await.unwrap();
    let id = session.id().to_owned();
    let state = soon(session.detach()).await.unwrap();
    assert_eq!((state.session_id.as_str(), state.next_number), (id.as_str(), 2));
    scene.next().await;
    scene.next().await;
    scene.assert_quiet().await;

    let mut config = client_of(&scene.server);
    config.local.origin_host = "ctf-2.example.com".into();
    let other = Node::builder(config).start().await.unwrap();
    let session = other.ro().unwrap().resume(&state).unwrap();
    assert_eq!((session.id(), session.attribute("call").as_deref()), (id.as_str(), Some("17")));
    soon(session.terminate(using(7, 2))).await.unwrap();
    let termination = scene.next().await;
    assert_eq!((termination.session_id.as_str(), termination.cc_request_number), (id.as_str(), 2));
    assert_eq!(termination.origin_host, "ctf-2.example.com");
    assert_eq!(termination.subscription_id, [imsi("001010123456789")]);
    assert_eq!(termination.destination_host.as_deref(), Some("ocs.example.net"));
}
