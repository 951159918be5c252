//! What becomes of a CCR whose server fails: RFC 8506 §5.7, §6.5 and §8.4.

mod common;

use common::{Raw, granted, listener, skip, soon, until};
use diametric::answer::{ErrorAnswer, Origin, RequestContext};
use diametric::base::ResultCode;
use diametric::codec::Known;
use diametric::credit_control::{
    CcRequestType, CcSessionFailover, Ccr, CreditControlFailureHandling as Ccfh, DirectDebitingFailureHandling as Ddfh,
};
use diametric::message::{self, Header, Received};
use diametric::peer::Applications;
use diametric::peer::watchdog::Status;
use diametric::ro::{Opened, RoError, RoSession, Service};
use diametric::{Config, Node, SendError};
use std::time::Duration;
use tokio::net::TcpListener;

const ONE: &str = "ocs-1.example.net";
const TWO: &str = "ocs-2.example.net";
const MOVES: CcSessionFailover = CcSessionFailover::FAILOVER_SUPPORTED;
const STAYS: CcSessionFailover = CcSessionFailover::FAILOVER_NOT_SUPPORTED;

/// A server by hand.
struct Ocs {
    raw: Raw,
    host: &'static str,
}

/// A CCR as it arrived.
struct Arrived {
    ccr: Received<Ccr>,
    frame: Vec<u8>,
}

impl Arrived {
    fn t_flag(&self) -> bool {
        self.ccr.header.flags.is_retransmitted()
    }

    fn what(&self) -> (CcRequestType, u32) {
        (self.ccr.body.cc_request_type, self.ccr.body.cc_request_number)
    }

    fn destination_host(&self) -> Option<&str> {
        self.ccr.body.destination_host.as_deref()
    }

    /// That this is `earlier` once more: the same request, which may go anywhere.
    #[track_caller]
    fn assert_repeats(&self, earlier: &Self, t_flag: bool) {
        assert_eq!(self.ccr.header.end_to_end, earlier.ccr.header.end_to_end);
        assert_eq!(self.t_flag(), t_flag);
        assert_eq!(self.destination_host(), None);
        let mut expected = earlier.ccr.body.clone();
        expected.destination_host = None;
        assert_eq!(self.ccr.body, expected);
    }
}

impl Ocs {
    async fn next(&mut self) -> Arrived {
        let frame = self.raw.receive().await.expect("a CCR");
        let ccr = message::decode(&frame, &Known::standard()).expect("a CCR");
        Arrived { ccr, frame }
    }

    async fn grant(&mut self, ccr: &Arrived, failover: Option<CcSessionFailover>) {
        let mut cca = granted(&ccr.ccr.body, &self.host.into());
        cca.cc_session_failover = failover;
        self.raw.answer(ccr.ccr.header, &cca).await;
    }

    async fn refuse(&mut self, ccr: &Arrived, code: ResultCode) {
        let context = RequestContext::of(&ccr.frame).expect("a request");
        let origin = Origin { host: &self.host.into(), realm: &"example.net".into() };
        let refusal = context.error(&origin, &ErrorAnswer::new(code, "as the test wants it")).expect("a sound message");
        self.raw.throw(&refusal).await;
    }
}

const TX: Duration = Duration::from_secs(10);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Some tests skip half a minute, in which no watchdog is to bark.
fn patient(mut config: Config) -> Config {
    (config.ro.tx, config.request_timeout, config.watchdog_interval) = (TX, REQUEST_TIMEOUT, TX * 60);
    config
}

/// A client, and two servers of one realm of which the first is preferred.
struct Scene {
    client: Node,
    one: Ocs,
    two: Ocs,
}

fn config(one: &TcpListener, two: &TcpListener) -> Config {
    let address = |listener: &TcpListener| listener.local_addr().expect("its address");
    let mut config = Config::new("ctf.example.com", "example.com")
        .named_peer(ONE, address(one))
        .named_peer(TWO, address(two))
        .realm("example.net", [ONE, TWO])
        .ro_client("example.net");
    config.local.applications = Applications::new().with_auth(common::CREDIT_CONTROL);
    config
}

impl Scene {
    async fn new() -> Self {
        Self::with(|config| config).await
    }

    async fn with(configure: impl FnOnce(Config) -> Config) -> Self {
        let ((one, _), (two, _)) = (listener().await, listener().await);
        let client = Node::builder(configure(config(&one, &two))).start().await.expect("a sound configuration");
        let (one, two) = (Raw::welcome(&one, ONE).await, Raw::welcome(&two, TWO).await);
        until(|| client.peers().len() == 2).await;
        Self { client, one: Ocs { raw: one, host: ONE }, two: Ocs { raw: two, host: TWO } }
    }

    fn service(&self) -> Service {
        self.client.ro().expect("it is configured").service("32251@3gpp.org")
    }

    /// A session with the first server, which says whether it may move.
    async fn open(&mut self, service: Service, failover: Option<CcSessionFailover>) -> RoSession {
        let opening = tokio::spawn(service.initial(|_| ()));
        let initial = self.one.next().await;
        self.one.grant(&initial, failover).await;
        match soon(opening).await.expect("it does not panic").expect("it is granted") {
            Opened::Granted { session, .. } => session,
            Opened::Uncontrolled { cause, .. } => panic!("{cause}"),
        }
    }

    /// The session is with the second server now.
    async fn assert_moved(&mut self, session: RoSession) {
        let update = tokio::spawn(session.update(|_| ()));
        let ccr = self.two.next().await;
        assert_eq!((ccr.destination_host(), ccr.t_flag()), (Some(TWO), false));
        self.two.grant(&ccr, None).await;
        soon(update).await.expect("it does not panic").expect("it is granted");
        let last = tokio::spawn(session.terminate(|_| ()));
        let ccr = self.two.next().await;
        assert_eq!((ccr.what().0, ccr.destination_host()), (CcRequestType::TerminationRequest, Some(TWO)));
        self.two.grant(&ccr, None).await;
        soon(last).await.expect("it does not panic").expect("it is granted");
    }
}

#[tokio::test]
async fn a_session_that_may_move_goes_on_with_another_server_after_3002_and_3004() {
    for code in [ResultCode::UNABLE_TO_DELIVER, ResultCode::TOO_BUSY] {
        let mut scene = Scene::new().await;
        let session = scene.open(scene.service(), Some(MOVES)).await;
        let update = tokio::spawn(session.update(|ccr| ccr.user_name = Some("me".into())));
        let first = scene.one.next().await;
        assert_eq!((first.what(), first.destination_host()), ((CcRequestType::UpdateRequest, 1), Some(ONE)));
        scene.one.refuse(&first, code).await;
        let second = scene.two.next().await;
        // The first server did nothing, and says so.
        second.assert_repeats(&first, false);
        scene.two.grant(&second, None).await;
        let cca = soon(update).await.unwrap().unwrap();
        assert_eq!(cca.origin_host, TWO);
        scene.assert_moved(session).await;
        scene.one.raw.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_session_that_may_move_goes_on_with_another_server_when_its_own_dies() {
    let mut scene = Scene::new().await;
    let session = scene.open(scene.service(), Some(MOVES)).await;
    let update = tokio::spawn(session.update(|_| ()));
    let first = scene.one.next().await;
    scene.one.raw.close().await;
    let second = scene.two.next().await;
    // It may have been charged.
    second.assert_repeats(&first, true);
    scene.two.grant(&second, None).await;
    assert_eq!(soon(update).await.unwrap().unwrap().origin_host, TWO);
}

#[tokio::test]
async fn a_session_that_may_move_goes_on_with_another_server_when_its_own_is_gone() {
    let mut scene = Scene::new().await;
    let session = scene.open(scene.service(), Some(MOVES)).await;
    scene.one.raw.close().await;
    until(|| scene.client.peers().len() == 1).await;
    let last = tokio::spawn(session.terminate(|_| ()));
    let ccr = scene.two.next().await;
    assert_eq!(ccr.what(), (CcRequestType::TerminationRequest, 1));
    // The first server has never seen it.
    assert_eq!((ccr.destination_host(), ccr.t_flag()), (None, false));
    scene.two.grant(&ccr, None).await;
    assert_eq!(soon(last).await.unwrap().unwrap().origin_host, TWO);
}

#[tokio::test]
async fn a_session_that_may_move_goes_on_with_another_server_when_its_own_is_silent() {
    for handling in [Ccfh::CONTINUE, Ccfh::RETRY_AND_TERMINATE] {
        let mut scene = Scene::with(patient).await;
        let session = scene.open(scene.service().failure_handling(handling), Some(MOVES)).await;
        let update = tokio::spawn(session.update(|_| ()));
        let first = scene.one.next().await;
        skip(TX).await;
        // At Tx the service goes on; the request is still out.
        let error = soon(update).await.unwrap().unwrap_err();
        assert!(matches!(&error, RoError::Uncontrolled(cause) if matches!(**cause, RoError::NoAnswer(_))), "{error}");
        scene.two.raw.assert_quiet().await;
        skip(REQUEST_TIMEOUT - TX).await;
        let second = scene.two.next().await;
        second.assert_repeats(&first, true);
        // An answer that comes too late is nobody's any more.
        scene.one.grant(&first, None).await;
        scene.two.grant(&second, None).await;
        scene.assert_moved(session).await;
    }
}

const TW: Duration = Duration::from_secs(33);

/// The watchdog finds the first server suspect, not the second.
async fn doubt(scene: &mut Scene) {
    for _ in 0..2 {
        skip(TW).await;
        scene.two.raw.answer_dwr(TWO).await;
    }
    until(|| scene.client.peer_status(ONE) == Some(Status::Suspect)).await;
}

/// Tx and the request timeout are not to end before the watchdog has doubts.
fn very_patient(mut config: Config) -> Config {
    (config.ro.tx, config.request_timeout) = (TW * 10, TW * 20);
    config
}

#[tokio::test]
async fn a_session_that_may_move_does_not_wait_for_a_server_that_the_watchdog_doubts() {
    for handling in [Ccfh::TERMINATE, Ccfh::CONTINUE, Ccfh::RETRY_AND_TERMINATE] {
        let mut scene = Scene::with(very_patient).await;
        let session = scene.open(scene.service().failure_handling(handling), Some(MOVES)).await;
        let update = tokio::spawn(session.update(|_| ()));
        let first = scene.one.next().await;
        doubt(&mut scene).await;
        let second = scene.two.next().await;
        second.assert_repeats(&first, true);
        // What the first says now is nobody's any more.
        scene.one.refuse(&first, ResultCode::USER_UNKNOWN).await;
        scene.two.grant(&second, None).await;
        assert_eq!(soon(update).await.unwrap().unwrap().origin_host, TWO);
        scene.assert_moved(session).await;
    }
}

#[tokio::test]
async fn an_event_does_not_wait_for_a_server_that_the_watchdog_doubts() {
    let mut scene = Scene::with(very_patient).await;
    let debit = tokio::spawn(scene.service().debit(|_| ()));
    let first = scene.one.next().await;
    doubt(&mut scene).await;
    let second = scene.two.next().await;
    second.assert_repeats(&first, true);
    scene.two.grant(&second, None).await;
    assert_eq!(soon(debit).await.unwrap().unwrap().origin_host, TWO);
}

#[tokio::test]
async fn what_may_not_move_waits_for_a_server_that_the_watchdog_doubts() {
    for (failover, alternates) in [(None, 1), (Some(STAYS), 1), (Some(MOVES), 0)] {
        let mut scene = Scene::with(very_patient).await;
        let session = scene.open(scene.service().alternates(alternates), failover).await;
        let update = tokio::spawn(session.update(|_| ()));
        let first = scene.one.next().await;
        doubt(&mut scene).await;
        scene.two.raw.assert_quiet().await;
        // It lives after all.
        scene.one.raw.answer_dwr(ONE).await;
        scene.one.grant(&first, None).await;
        assert_eq!(soon(update).await.unwrap().unwrap().origin_host, ONE);
    }
}

#[tokio::test]
async fn a_session_that_may_not_move_stays_with_its_server() {
    for failover in [None, Some(STAYS)] {
        let mut scene = Scene::new().await;
        let session = scene.open(scene.service(), failover).await;
        let update = tokio::spawn(session.update(|_| ()));
        let ccr = scene.one.next().await;
        scene.one.refuse(&ccr, ResultCode::TOO_BUSY).await;
        let error = soon(update).await.unwrap().unwrap_err();
        assert_eq!((error.result_code(), error.grants_service()), (ResultCode::TOO_BUSY, false), "{error}");
        let told = "ocs-1.example.net answered with Result-Code 3004 (DIAMETER_TOO_BUSY): as the test wants it";
        assert_eq!(error.to_string(), told);
        let error = soon(session.update(|_| ())).await.unwrap_err();
        assert!(matches!(error, RoError::Ended), "{error}");
        scene.two.raw.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_session_that_may_not_move_waits_for_its_silent_server_and_no_other() {
    for (handling, granted) in [(Ccfh::RETRY_AND_TERMINATE, false), (Ccfh::CONTINUE, true)] {
        let mut scene = Scene::with(patient).await;
        let session = scene.open(scene.service().failure_handling(handling), Some(STAYS)).await;
        let last = tokio::spawn(session.terminate(|_| ()));
        scene.one.next().await;
        skip(REQUEST_TIMEOUT).await;
        let error = soon(last).await.unwrap().unwrap_err();
        assert!(matches!(error, RoError::Send(SendError::Timeout { .. })), "{error}");

        let session = scene.open(scene.service().failure_handling(handling), Some(STAYS)).await;
        let update = tokio::spawn(session.update(|_| ()));
        scene.one.next().await;
        scene.one.raw.close().await;
        let error = soon(update).await.unwrap().unwrap_err();
        assert_eq!(error.grants_service(), granted, "{error}");
        scene.two.raw.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_debit_that_another_server_refuses_is_settled_whatever_the_failure_handling() {
    for handling in [Ddfh::TERMINATE_OR_BUFFER, Ddfh::CONTINUE] {
        let mut scene = Scene::new().await;
        let debit = tokio::spawn(scene.service().direct_debiting_failure_handling(handling).debit(|_| ()));
        let ccr = scene.one.next().await;
        scene.one.refuse(&ccr, ResultCode::TOO_BUSY).await;
        let ccr = scene.two.next().await;
        scene.two.refuse(&ccr, ResultCode::USER_UNKNOWN).await;
        let error = soon(debit).await.unwrap().unwrap_err();
        assert_eq!((error.result_code(), error.grants_service()), (ResultCode::USER_UNKNOWN, false), "{error}");
        scene.one.raw.assert_quiet().await;
        scene.two.raw.assert_quiet().await;
    }
}

#[tokio::test]
async fn what_no_server_takes_is_up_to_the_failure_handling() {
    for (handling, granted) in [(Ccfh::TERMINATE, false), (Ccfh::RETRY_AND_TERMINATE, false), (Ccfh::CONTINUE, true)] {
        let mut scene = Scene::new().await;
        let session = scene.open(scene.service().failure_handling(handling), Some(MOVES)).await;
        let update = tokio::spawn(session.update(|_| ()));
        let ccr = scene.one.next().await;
        scene.one.refuse(&ccr, ResultCode::TOO_BUSY).await;
        let ccr = scene.two.next().await;
        scene.two.refuse(&ccr, ResultCode::UNABLE_TO_DELIVER).await;
        let error = soon(update).await.unwrap().unwrap_err();
        assert_eq!((error.result_code(), error.grants_service()), (ResultCode::UNABLE_TO_DELIVER, granted), "{error}");
        scene.one.raw.assert_quiet().await;
    }
}

#[tokio::test]
async fn where_there_is_no_other_server_the_error_is_that_of_the_first() {
    let (one, address) = listener().await;
    let mut config = Config::new("ctf.example.com", "example.com").named_peer(ONE, address).ro_client("example.net");
    config.ro.alternates = 3;
    let client = Node::builder(config).start().await.unwrap();
    let mut one = Ocs { raw: Raw::welcome(&one, ONE).await, host: ONE };
    let service = client.ro().unwrap().service("32251@3gpp.org").session_failover(MOVES);

    let opening = tokio::spawn(service.clone().initial(|_| ()));
    let ccr = one.next().await;
    one.refuse(&ccr, ResultCode::TOO_BUSY).await;
    let error = soon(opening).await.unwrap().unwrap_err();
    assert_eq!(error.result_code(), ResultCode::TOO_BUSY, "{error}");

    let debit = tokio::spawn(service.clone().debit(|_| ()));
    let ccr = one.next().await;
    one.refuse(&ccr, ResultCode::UNABLE_TO_DELIVER).await;
    let error = soon(debit).await.unwrap().unwrap_err();
    assert!(error.to_string().contains(ONE), "{error}");
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_DELIVER, "{error}");

    let debit = tokio::spawn(service.debit(|_| ()));
    one.next().await;
    one.raw.close().await;
    let error = soon(debit).await.unwrap().unwrap_err();
    let RoError::Stored(cause) = error else { panic!("it is kept: {error}") };
    assert!(matches!(*cause, RoError::Send(SendError::ConnectionLost { .. })), "{cause}");
}

#[tokio::test]
async fn the_first_request_of_a_session_moves_if_the_client_is_told_that_it_may() {
    let mut scene = Scene::with(|mut config| {
        config.ro.session_failover = MOVES;
        config
    })
    .await;
    let opening = tokio::spawn(scene.service().initial(|_| ()));
    let first = scene.one.next().await;
    scene.one.refuse(&first, ResultCode::TOO_BUSY).await;
    let second = scene.two.next().await;
    second.assert_repeats(&first, false);
    scene.two.grant(&second, None).await;
    let Opened::Granted { session, .. } = soon(opening).await.unwrap().unwrap() else { panic!("it was granted") };
    scene.assert_moved(session).await;

    // And by default it does not.
    let opening = tokio::spawn(scene.service().session_failover(STAYS).initial(|_| ()));
    let ccr = scene.one.next().await;
    scene.one.refuse(&ccr, ResultCode::TOO_BUSY).await;
    assert_eq!(soon(opening).await.unwrap().unwrap_err().result_code(), ResultCode::TOO_BUSY);
    scene.two.raw.assert_quiet().await;
}

#[tokio::test]
async fn an_answer_with_the_e_flag_may_say_that_the_session_may_move() {
    let mut scene = Scene::new().await;
    let opening = tokio::spawn(scene.service().initial(|_| ()));
    let first = scene.one.next().await;
    let mut cca = granted(&first.ccr.body, &ONE.into());
    (cca.result_code, cca.cc_session_failover) = (ResultCode::TOO_BUSY, Some(MOVES));
    let refusal = RequestContext::of(&first.frame).unwrap().answer(&cca).unwrap();
    assert!(Header::peek(&refusal).unwrap().flags.is_error());
    scene.one.raw.throw(&refusal).await;
    let second = scene.two.next().await;
    second.assert_repeats(&first, false);
    scene.two.grant(&second, None).await;
    let Opened::Granted { session, .. } = soon(opening).await.unwrap().unwrap() else { panic!("it was granted") };
    scene.assert_moved(session).await;
}

#[tokio::test]
async fn a_new_session_goes_to_the_second_server_when_the_first_is_down() {
    let mut scene = Scene::new().await;
    scene.one.raw.close().await;
    until(|| scene.client.peers().len() == 1).await;
    let opening = tokio::spawn(scene.service().initial(|_| ()));
    let ccr = scene.two.next().await;
    assert_eq!((ccr.what(), ccr.t_flag()), ((CcRequestType::InitialRequest, 0), false));
    scene.two.grant(&ccr, None).await;
    let Opened::Granted { session, .. } = soon(opening).await.unwrap().unwrap() else { panic!("it was granted") };
    scene.assert_moved(session).await;
}

#[tokio::test]
async fn an_event_may_go_to_another_server_whatever_is_said_of_sessions() {
    for code in [ResultCode::UNABLE_TO_DELIVER, ResultCode::TOO_BUSY] {
        let mut scene = Scene::new().await;
        let debit = tokio::spawn(scene.service().debit(|_| ()));
        let first = scene.one.next().await;
        scene.one.refuse(&first, code).await;
        let second = scene.two.next().await;
        second.assert_repeats(&first, false);
        scene.two.grant(&second, None).await;
        assert_eq!(soon(debit).await.unwrap().unwrap().origin_host, TWO);
    }
}

#[tokio::test]
async fn an_event_goes_to_another_server_when_its_own_dies() {
    let mut scene = Scene::new().await;
    let enquiry = tokio::spawn(scene.service().check_balance(|_| ()));
    let first = scene.one.next().await;
    scene.one.raw.close().await;
    let second = scene.two.next().await;
    second.assert_repeats(&first, true);
    scene.two.grant(&second, None).await;
    assert_eq!(soon(enquiry).await.unwrap().unwrap().origin_host, TWO);
}

#[tokio::test]
async fn a_debit_goes_to_another_server_when_its_own_is_silent() {
    let mut scene = Scene::with(patient).await;
    let debit = tokio::spawn(scene.service().debit(|_| ()));
    let first = scene.one.next().await;
    skip(TX).await;
    // At Tx the service is granted; that is what whoever waits is told.
    assert!(soon(debit).await.unwrap().unwrap_err().grants_service());
    skip(REQUEST_TIMEOUT - TX).await;
    let second = scene.two.next().await;
    second.assert_repeats(&first, true);
    scene.two.grant(&second, None).await;
    scene.one.raw.assert_quiet().await;
    scene.two.raw.assert_quiet().await;
}

#[tokio::test]
async fn nothing_moves_where_one_server_is_named_or_no_others_are_to_be_tried() {
    for named in [true, false] {
        let mut scene = Scene::with(|mut config| {
            config.ro.session_failover = MOVES;
            if named {
                return config.ocs_host(ONE);
            }
            config.ro.alternates = 0;
            config
        })
        .await;
        let opening = tokio::spawn(scene.service().initial(|_| ()));
        let ccr = scene.one.next().await;
        assert_eq!(ccr.destination_host(), named.then_some(ONE));
        scene.one.refuse(&ccr, ResultCode::TOO_BUSY).await;
        assert_eq!(soon(opening).await.unwrap().unwrap_err().result_code(), ResultCode::TOO_BUSY);
        let debit = tokio::spawn(scene.service().debit(|_| ()));
        let ccr = scene.one.next().await;
        scene.one.refuse(&ccr, ResultCode::TOO_BUSY).await;
        assert_eq!(soon(debit).await.unwrap().unwrap_err().result_code(), ResultCode::TOO_BUSY);
        scene.two.raw.assert_quiet().await;
    }
}

#[tokio::test]
async fn a_relay_may_know_another_server_than_the_one_that_failed() {
    let (relay, address) = listener().await;
    let config = Config::new("ctf.example.com", "example.com").named_peer("dra.example.org", address);
    let client = Node::builder(config.realm("example.net", ["dra.example.org"]).ro_client("example.net"));
    let client = client.start().await.unwrap();
    let mut relay = Ocs { raw: Raw::welcome(&relay, "dra.example.org").await, host: ONE };
    let opening = tokio::spawn(client.ro().unwrap().service("32251@3gpp.org").initial(|_| ()));
    let ccr = relay.next().await;
    relay.grant(&ccr, Some(MOVES)).await;
    let Opened::Granted { session, .. } = soon(opening).await.unwrap().unwrap() else { panic!("it was granted") };

    let update = tokio::spawn(session.update(|_| ()));
    let first = relay.next().await;
    assert_eq!(first.destination_host(), Some(ONE));
    relay.refuse(&first, ResultCode::UNABLE_TO_DELIVER).await;
    let second = relay.next().await;
    second.assert_repeats(&first, false);
    relay.host = TWO;
    relay.grant(&second, None).await;
    assert_eq!(soon(update).await.unwrap().unwrap().origin_host, TWO);
    let last = tokio::spawn(session.terminate(|_| ()));
    let ccr = relay.next().await;
    assert_eq!(ccr.destination_host(), Some(TWO));
    relay.grant(&ccr, None).await;
    soon(last).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_termination_without_an_answer_is_a_timeout() {
    let mut scene = Scene::with(patient).await;
    let session = scene.open(scene.service(), None).await;
    let last = tokio::spawn(session.terminate(|_| ()));
    scene.one.next().await;
    skip(REQUEST_TIMEOUT).await;
    let error = soon(last).await.unwrap().unwrap_err();
    assert!(matches!(error, RoError::Send(SendError::Timeout { .. })), "{error}");
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_COMPLY);
}

#[tokio::test]
async fn tx_that_ends_with_the_request_timeout_ends_first() {
    let mut scene = Scene::with(patient).await;
    let session = scene.open(scene.service().tx(REQUEST_TIMEOUT), None).await;
    let update = tokio::spawn(session.update(|_| ()));
    scene.one.next().await;
    skip(REQUEST_TIMEOUT).await;
    let error = soon(update).await.unwrap().unwrap_err();
    assert!(matches!(error, RoError::NoAnswer(_)), "{error}");
}
