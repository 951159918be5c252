//! An online charging server as its clients see it: repetitions, sessions that do not exist, silent clients.

mod common;

use common::{CREDIT_CONTROL, soon};
use diametric::answer::ErrorAnswer;
use diametric::base::{ProxyInfo, ProxyInfoRequired, ResultCode};
use diametric::credit_control::{
    CcRequestType, Cca, Ccr, CreditControlRequestRequired, GrantedServiceUnit, MultipleServicesCreditControl,
    RequestedAction,
};
use diametric::ro::{Expiry, Opened, Ro, RoError, RoRequest, RoServer, RoServerConfig, RoSession, ServedSession};
use diametric::wire::Header;
use diametric::{Config, Node, SendError};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};

/// What happens at a server.
#[derive(Debug, PartialEq)]
enum Told {
    Handled(CcRequestType, u32),
    Expired(String, Expiry),
}

/// A server that tells what it does. What it grants grows with every request, so that answers can be told apart.
#[derive(Clone)]
struct Ocs {
    tell: mpsc::UnboundedSender<(Told, ServedSession)>,
    /// How many requests may be answered.
    may_answer: Arc<Semaphore>,
    handled: Arc<AtomicU32>,
    validity_time: Option<u32>,
    result_code: Arc<AtomicU32>,
}

impl Ocs {
    async fn charge(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        let ccr = &request.ccr;
        let _ = self.tell.send((Told::Handled(ccr.cc_request_type, ccr.cc_request_number), request.session()));
        self.may_answer.acquire().await.expect("it is never closed").forget();
        let result_code = ResultCode(self.result_code.load(Ordering::Relaxed));
        assert_ne!(result_code.0, 0, "a handler that panics");
        let octets = u64::from(self.handled.fetch_add(1, Ordering::Relaxed));
        let mut service = MultipleServicesCreditControl::new().with_rating_group(7_u32);
        service.granted_service_unit = Some(GrantedServiceUnit::new().with_cc_total_octets(octets));
        service.validity_time = self.validity_time;
        let mut cca = request.answer(result_code);
        cca.multiple_services_credit_control.push(service);
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
    async fn expired(&self, session: ServedSession, cause: Expiry) {
        let _ = self.tell.send((Told::Expired(session.id().to_owned(), cause), session));
    }
}

/// A server and a client of it.
struct Scene {
    server: Node,
    client: Node,
    ocs: Ocs,
    told: mpsc::UnboundedReceiver<(Told, ServedSession)>,
}

impl Scene {
    async fn new(config: RoServerConfig) -> Self {
        Self::with(config, None).await
    }

    async fn with(config: RoServerConfig, validity_time: Option<u32>) -> Self {
        let (tell, told) = mpsc::unbounded_channel();
        let ocs = Ocs {
            tell,
            may_answer: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            handled: Arc::default(),
            validity_time,
            result_code: Arc::new(AtomicU32::new(2001)),
        };
        let listen = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
        let server = Node::builder(listen).ro_server_with(ocs.clone(), config).start().await.unwrap();
        let client = client_of(&server, "ctf.example.com").await;
        Self { server, client, ocs, told }
    }

    /// The server handles requests, but does not answer them until it may.
    fn silence(&self) {
        self.ocs.may_answer.forget_permits(Semaphore::MAX_PERMITS);
    }

    async fn send(&self, ccr: &Ccr) -> Result<Cca, SendError> {
        soon(self.client.send(CREDIT_CONTROL, ccr)).await
    }

    async fn granted(&self, ccr: &Ccr) -> u64 {
        let cca = self.send(ccr).await.unwrap();
        assert_eq!(cca.result_code, ResultCode::SUCCESS, "{cca:?}");
        octets(&cca)
    }

    /// The Result-Code of a CCA that refuses, without the E flag, and says of which request it is.
    async fn refusal(&self, ccr: &Ccr) -> ResultCode {
        let cca = self.send(ccr).await.unwrap();
        assert_eq!((&cca.session_id, cca.cc_request_type), (&ccr.session_id, ccr.cc_request_type));
        assert_eq!((cca.cc_request_number, cca.auth_application_id), (ccr.cc_request_number, CREDIT_CONTROL));
        assert_eq!(cca.origin_host.as_str(), "ocs.example.net");
        cca.result_code
    }

    async fn next(&mut self) -> Told {
        soon(self.told.recv()).await.expect("the server lives").0
    }

    async fn assert_quiet(&mut self) {
        let more = tokio::time::timeout(Duration::from_millis(100), self.told.recv()).await;
        assert!(more.is_err(), "{more:?}");
    }

    fn ro(&self) -> Ro {
        self.client.ro().unwrap()
    }

    async fn open(&mut self) -> (RoSession, ServedSession) {
        let opened = soon(self.ro().service("32251@3gpp.org").initial(|_| ())).await.unwrap();
        let Opened::Granted { session, .. } = opened else { panic!("{opened:?}") };
        let (told, served) = soon(self.told.recv()).await.unwrap();
        assert_eq!(told, Told::Handled(CcRequestType::InitialRequest, 0));
        (session, served)
    }
}

async fn client_of(server: &Node, name: &str) -> Node {
    let mut config = Config::new(name, "example.com").peer(server.listening()[0]).ro_client("example.net");
    config.drain_timeout = Duration::from_millis(50);
    Node::builder(config).start().await.unwrap()
}

/// The configuration that most tests have.
fn config() -> RoServerConfig {
    RoServerConfig::new()
}

fn ccr(session: &str, request_type: CcRequestType, number: u32) -> Ccr {
    let mut ccr = Ccr::new(CreditControlRequestRequired {
        session_id: format!("ctf.example.com;1;{session}").into(),
        origin_host: "ctf.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: CREDIT_CONTROL,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: request_type,
        cc_request_number: number,
    });
    ccr.requested_action = (request_type == CcRequestType::EventRequest).then_some(RequestedAction::DirectDebiting);
    ccr
}

fn initial(session: &str) -> Ccr {
    ccr(session, CcRequestType::InitialRequest, 0)
}

fn update(session: &str, number: u32) -> Ccr {
    ccr(session, CcRequestType::UpdateRequest, number)
}

fn termination(session: &str, number: u32) -> Ccr {
    ccr(session, CcRequestType::TerminationRequest, number)
}

fn octets(cca: &Cca) -> u64 {
    let service = &cca.multiple_services_credit_control[0];
    service.granted_service_unit.as_ref().and_then(|unit| unit.cc_total_octets).unwrap()
}

/// A server that implements nothing but what ECUR needs.
struct Small;

impl RoServer for Small {
    async fn initial(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(request.success())
    }
    async fn terminate(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(request.success())
    }
}

#[tokio::test]
async fn a_server_that_reserves_and_settles_is_right_in_all_else() {
    let listen = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    let server = Node::builder(listen).ro_server(Small).start().await.unwrap();
    let client = client_of(&server, "ctf.example.com").await;
    let send = async |ccr: &Ccr| soon(client.send(CREDIT_CONTROL, ccr)).await;

    assert_eq!(send(&initial("1")).await.unwrap().result_code, ResultCode::SUCCESS);
    assert_eq!(send(&initial("1")).await.unwrap().result_code, ResultCode::SUCCESS);
    assert_eq!(send(&termination("1", 1)).await.unwrap().result_code, ResultCode::SUCCESS);
    assert_eq!(send(&termination("1", 2)).await.unwrap().result_code, ResultCode::UNKNOWN_SESSION_ID);
    assert_eq!(send(&update("2", 1)).await.unwrap().result_code, ResultCode::UNKNOWN_SESSION_ID);
    let event = ccr("3", CcRequestType::EventRequest, 0);
    assert_eq!(send(&event).await.unwrap().result_code, ResultCode::UNABLE_TO_COMPLY);
    let mut event = ccr("4", CcRequestType::EventRequest, 0);
    event.requested_action = None;
    assert_eq!(send(&event).await.unwrap().result_code, ResultCode::MISSING_AVP);
    // What the server does not offer ends the session, as RFC 8506 has it.
    send(&initial("5")).await.unwrap();
    assert_eq!(send(&update("5", 1)).await.unwrap().result_code, ResultCode::UNABLE_TO_COMPLY);
    assert_eq!(send(&termination("5", 2)).await.unwrap().result_code, ResultCode::UNKNOWN_SESSION_ID);
}

#[tokio::test]
async fn a_repetition_gets_the_answer_of_the_first_transmission() {
    let mut scene = Scene::new(config()).await;
    let event = ccr("event", CcRequestType::EventRequest, 0);
    let requests = [initial("1"), update("1", 1), update("1", 2), termination("1", 3), event];
    for (octets, request) in (0..).zip(&requests) {
        assert_eq!(scene.granted(request).await, octets);
        assert_eq!(scene.next().await, Told::Handled(request.cc_request_type, request.cc_request_number));
    }
    // Also when the session is over.
    for (octets, request) in (0..).zip(&requests) {
        assert_eq!(scene.granted(request).await, octets);
    }
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_refusal_is_repeated_too() {
    let mut scene = Scene::new(config()).await;
    scene.ocs.result_code.store(4012, Ordering::Relaxed);
    for _ in 0..2 {
        assert_eq!(scene.refusal(&initial("1")).await, ResultCode::CREDIT_LIMIT_REACHED);
    }
    assert_eq!(scene.next().await, Told::Handled(CcRequestType::InitialRequest, 0));
    // It never was a session, so there is nothing to release.
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_repetition_waits_for_the_request_that_is_being_handled() {
    let mut scene = Scene::new(config()).await;
    scene.silence();
    let (request, client) = (initial("1"), scene.client.clone());
    let first = tokio::spawn(async move { client.send(CREDIT_CONTROL, &initial("1")).await });
    assert_eq!(scene.next().await, Told::Handled(CcRequestType::InitialRequest, 0));
    // The other one comes from elsewhere, as after a failover.
    let other = client_of(&scene.server, "ctf2.example.com").await;
    let second = tokio::spawn(async move { other.send(CREDIT_CONTROL, &request).await });
    scene.assert_quiet().await;
    scene.ocs.may_answer.add_permits(1);
    let (first, second) = (soon(first).await.unwrap().unwrap(), soon(second).await.unwrap().unwrap());
    assert_eq!((octets(&first), octets(&second)), (0, 0));
    scene.assert_quiet().await;
}

#[tokio::test]
async fn what_was_begun_is_finished_after_the_connection_is_gone() {
    let mut scene = Scene::new(config()).await;
    scene.silence();
    let client = client_of(&scene.server, "ctf2.example.com").await;
    let asking = {
        let client = client.clone();
        tokio::spawn(async move { client.send(CREDIT_CONTROL, &initial("1")).await })
    };
    scene.next().await;
    soon(client.shutdown()).await;
    asking.abort();
    scene.ocs.may_answer.add_permits(1);
    assert_eq!(scene.granted(&initial("1")).await, 0);
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_repetition_gets_its_own_proxy_info() {
    let scene = Scene::new(config()).await;
    let proxy = |state: &[u8]| {
        let required = ProxyInfoRequired { proxy_host: "dra.example.com".into(), proxy_state: state.into() };
        let mut ccr = initial("1");
        ccr.proxy_info.push(ProxyInfo::new(required));
        ccr
    };
    for state in [b"one".as_slice(), b"two"] {
        let cca = scene.send(&proxy(state)).await.unwrap();
        assert_eq!((octets(&cca), cca.proxy_info.len()), (0, 1));
        assert_eq!(&*cca.proxy_info[0].proxy_state, state);
    }
}

#[tokio::test]
async fn another_request_with_the_same_number_is_no_repetition() {
    let mut scene = Scene::new(config()).await;
    scene.granted(&initial("1")).await;
    scene.next().await;
    assert_eq!(scene.refusal(&update("1", 0)).await, ResultCode::UNABLE_TO_COMPLY);
    assert_eq!(scene.refusal(&ccr("1", CcRequestType::InitialRequest, 1)).await, ResultCode::UNABLE_TO_COMPLY);
    scene.assert_quiet().await;
    // The session goes on.
    assert_eq!(scene.granted(&update("1", 1)).await, 1);
}

#[tokio::test]
async fn updates_may_overlap() {
    let mut scene = Scene::new(config()).await;
    scene.granted(&initial("1")).await;
    scene.next().await;
    scene.silence();
    let updates: Vec<_> = [2, 1, 3]
        .map(|number| {
            let client = scene.client.clone();
            tokio::spawn(async move { client.send(CREDIT_CONTROL, &update("1", number)).await })
        })
        .into();
    for _ in 0..3 {
        assert!(matches!(scene.next().await, Told::Handled(CcRequestType::UpdateRequest, _)));
    }
    scene.ocs.may_answer.add_permits(3);
    for answer in updates {
        assert_eq!(soon(answer).await.unwrap().unwrap().result_code, ResultCode::SUCCESS);
    }
}

#[tokio::test]
async fn a_session_that_does_not_exist_is_not_handed_to_the_server() {
    let mut scene = Scene::new(config()).await;
    assert_eq!(scene.refusal(&update("1", 1)).await, ResultCode::UNKNOWN_SESSION_ID);
    assert_eq!(scene.refusal(&termination("1", 2)).await, ResultCode::UNKNOWN_SESSION_ID);
    scene.assert_quiet().await;
}

#[tokio::test]
async fn sessions_of_elsewhere_are_adopted_by_a_server_that_wants_them() {
    let mut scene = Scene::new(config().adopt_sessions(true)).await;
    assert_eq!(scene.granted(&update("1", 4)).await, 0);
    assert_eq!(scene.granted(&update("1", 4)).await, 0);
    assert_eq!(scene.granted(&termination("1", 5)).await, 1);
    assert_eq!(scene.next().await, Told::Handled(CcRequestType::UpdateRequest, 4));
    assert_eq!(scene.next().await, Told::Handled(CcRequestType::TerminationRequest, 5));
    assert_eq!(scene.granted(&termination("2", 1)).await, 2);
    assert_eq!(scene.next().await, Told::Handled(CcRequestType::TerminationRequest, 1));
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_client_that_goes_silent_loses_its_session() {
    let mut scene = Scene::new(config().supervision(Duration::from_millis(300))).await;
    let begun = Instant::now();
    scene.granted(&initial("1")).await;
    scene.granted(&initial("2")).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    // A request of a session starts its time anew.
    scene.granted(&update("2", 1)).await;
    let told = [scene.next().await, scene.next().await, scene.next().await, scene.next().await, scene.next().await];
    let [.., first, second] = told;
    assert_eq!(first, Told::Expired("ctf.example.com;1;1".into(), Expiry::Silence));
    assert_eq!(second, Told::Expired("ctf.example.com;1;2".into(), Expiry::Silence));
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
    assert_eq!(scene.refusal(&update("1", 1)).await, ResultCode::UNKNOWN_SESSION_ID);
    assert_eq!(scene.refusal(&termination("2", 2)).await, ResultCode::UNKNOWN_SESSION_ID);
    scene.assert_quiet().await;
}

#[tokio::test]
async fn validity_time_decides_how_long_a_client_may_be_silent() {
    let mut scene = Scene::with(config().supervision(Duration::from_millis(10)), Some(1)).await;
    let begun = Instant::now();
    scene.granted(&initial("1")).await;
    scene.next().await;
    assert_eq!(scene.next().await, Told::Expired("ctf.example.com;1;1".into(), Expiry::Silence));
    let elapsed = begun.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(4)).contains(&elapsed), "{elapsed:?}");
}

#[tokio::test]
async fn a_session_that_ended_well_does_not_expire() {
    let mut scene = Scene::new(config().supervision(Duration::from_millis(50))).await;
    scene.granted(&initial("1")).await;
    scene.granted(&termination("1", 1)).await;
    scene.next().await;
    scene.next().await;
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_refused_update_ends_the_session() {
    let mut scene = Scene::new(config()).await;
    scene.granted(&initial("1")).await;
    scene.ocs.result_code.store(4012, Ordering::Relaxed);
    assert_eq!(scene.refusal(&update("1", 1)).await, ResultCode::CREDIT_LIMIT_REACHED);
    scene.next().await;
    scene.next().await;
    assert_eq!(scene.next().await, Told::Expired("ctf.example.com;1;1".into(), Expiry::Failure));
    assert_eq!(scene.refusal(&termination("1", 2)).await, ResultCode::UNKNOWN_SESSION_ID);
}

#[tokio::test]
async fn a_handler_that_panics_is_answered_for() {
    let mut scene = Scene::new(config()).await;
    scene.ocs.result_code.store(0, Ordering::Relaxed);
    for _ in 0..2 {
        let answer = scene.send(&initial("1")).await.unwrap();
        assert_eq!(answer.result_code, ResultCode::UNABLE_TO_COMPLY);
    }
    assert_eq!(scene.next().await, Told::Handled(CcRequestType::InitialRequest, 0));
    // Nobody knows what it had reserved.
    assert_eq!(scene.next().await, Told::Expired("ctf.example.com;1;1".into(), Expiry::Failure));
    scene.ocs.result_code.store(2001, Ordering::Relaxed);
    scene.granted(&initial("2")).await;
}

#[tokio::test]
async fn beyond_its_limit_a_server_is_too_busy() {
    let mut scene = Scene::new(config().max_sessions(2)).await;
    scene.granted(&initial("1")).await;
    scene.granted(&initial("2")).await;
    for refused in [initial("3"), ccr("event", CcRequestType::EventRequest, 0)] {
        let SendError::Answered(answer) = scene.send(&refused).await.unwrap_err() else { panic!("the E flag is set") };
        assert_eq!(answer.result_code, ResultCode::TOO_BUSY);
    }
    // The sessions that are there go on; when one is over, it makes room.
    scene.granted(&update("1", 1)).await;
    scene.granted(&termination("1", 2)).await;
    scene.granted(&initial("3")).await;
    assert_eq!(scene.refusal(&termination("1", 2)).await, ResultCode::UNKNOWN_SESSION_ID);
    for _ in 0..5 {
        assert!(matches!(scene.next().await, Told::Handled(..)));
    }
    scene.assert_quiet().await;
}

#[tokio::test]
async fn answers_are_not_kept_for_ever() {
    let mut scene = Scene::new(config().keep_answers(Duration::from_millis(50))).await;
    let event = ccr("event", CcRequestType::EventRequest, 0);
    assert_eq!(scene.granted(&event).await, 0);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(scene.granted(&event).await, 1);
    scene.next().await;
    scene.next().await;
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_server_asks_for_re_authorization() {
    let mut scene = Scene::new(config()).await;
    let (session, served) = scene.open().await;
    assert_eq!((served.id(), served.client().as_str()), (session.id(), "ctf.example.com"));
    let raa = soon(served.reauthorize(|rar| rar.rating_group = Some(7))).await.unwrap();
    assert_eq!(raa.result_code, ResultCode::LIMITED_SUCCESS);
    assert_eq!(scene.next().await, Told::Handled(CcRequestType::UpdateRequest, 1));
    soon(session.terminate(|_| ())).await.unwrap();
    scene.next().await;
    let error = soon(served.reauthorize(|_| ())).await.unwrap_err();
    assert!(matches!(error, RoError::Ended), "{error}");
}

/// The requests that a client got and the messages it sent, of the credit-control application: by command, and whether it is
/// a request.
type Wire = Arc<Mutex<Vec<(u32, bool)>>>;

/// A client whose messages are noted.
async fn watched(server: &Node) -> (Node, Wire) {
    let wire = Wire::default();
    let noted = Arc::clone(&wire);
    let config = Config::new("ctf2.example.com", "example.com").peer(server.listening()[0]).ro_client("example.net");
    let node = Node::builder(config).observe(move |frame| {
        let header = Header::peek(frame.octets).unwrap();
        let request = header.flags.is_request();
        if header.application == CREDIT_CONTROL && (frame.sent || request) {
            noted.lock().unwrap().push((header.command, request));
        }
    });
    (node.start().await.unwrap(), wire)
}

/// RFC 8506 §5.5: first the RAA, then the CCR that it promises. Both come from different tasks.
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_a_rar_goes_out_before_the_update() {
    for handled in [false, true] {
        let mut scene = Scene::new(config()).await;
        let (client, wire) = watched(&scene.server).await;
        let ro = client.ro().unwrap();
        if handled {
            ro.on_reauth(|session, rar| async move {
                rar.answer(ResultCode::LIMITED_SUCCESS).await;
                session.update(|_| ()).await.unwrap();
            });
        }
        let opened = soon(ro.service("32251@3gpp.org").initial(|_| ())).await.unwrap();
        let Opened::Granted { session, .. } = opened else { panic!("{opened:?}") };
        let (_, served) = soon(scene.told.recv()).await.unwrap();
        for number in 1..=15 {
            wire.lock().unwrap().clear();
            soon(served.reauthorize(|_| ())).await.unwrap();
            assert_eq!(scene.next().await, Told::Handled(CcRequestType::UpdateRequest, number));
            assert_eq!(wire.lock().unwrap()[..], [(258, true), (258, false), (272, true)], "handled: {handled}");
            // The next RAR is for a session that has nothing out.
            while session.snapshot().await.unwrap().next_number != number + 1 {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_an_asr_goes_out_before_the_termination() {
    let mut scene = Scene::new(config()).await;
    let (client, wire) = watched(&scene.server).await;
    for _ in 0..15 {
        let opened = soon(client.ro().unwrap().service("32251@3gpp.org").initial(|_| ())).await.unwrap();
        let Opened::Granted { session: _session, .. } = opened else { panic!("{opened:?}") };
        let (_, served) = soon(scene.told.recv()).await.unwrap();
        wire.lock().unwrap().clear();
        soon(served.abort(|_| ())).await.unwrap();
        assert_eq!(scene.next().await, Told::Handled(CcRequestType::TerminationRequest, 1));
        assert_eq!(wire.lock().unwrap()[..], [(274, true), (274, false), (272, true)]);
    }
}

/// A server that wants to be asked again as soon as it can be.
struct Hasty(mpsc::UnboundedSender<ResultCode>);

impl RoServer for Hasty {
    async fn initial(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        let (session, asked) = (request.session(), self.0.clone());
        tokio::spawn(async move {
            loop {
                match session.reauthorize(|_| ()).await {
                    Ok(raa) => return asked.send(raa.result_code),
                    // The INITIAL is not answered yet.
                    Err(RoError::Ended) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        });
        Ok(request.success())
    }
    async fn update(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(request.success())
    }
    async fn terminate(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(request.success())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_rar_overtakes_the_answer_that_opens_its_session() {
    let (asked, mut answers) = mpsc::unbounded_channel();
    let listen = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    let server = Node::builder(listen).ro_server(Hasty(asked)).start().await.unwrap();
    let client = client_of(&server, "ctf.example.com").await;
    let mut sessions = Vec::new();
    for _ in 0..30 {
        let opened = soon(client.ro().unwrap().service("32251@3gpp.org").initial(|_| ())).await.unwrap();
        // A client that has no such session, or one whose INITIAL is out, would refuse.
        assert_eq!(soon(answers.recv()).await, Some(ResultCode::LIMITED_SUCCESS));
        sessions.push(opened);
    }
}

#[tokio::test]
async fn a_server_ends_a_session() {
    let mut scene = Scene::new(config()).await;
    let (_session, served) = scene.open().await;
    assert_eq!(soon(served.abort(|_| ())).await.unwrap().result_code, ResultCode::SUCCESS);
    assert_eq!(scene.next().await, Told::Handled(CcRequestType::TerminationRequest, 1));
    scene.assert_quiet().await;
}

#[tokio::test]
async fn a_session_that_its_client_does_not_know_is_released() {
    let mut scene = Scene::new(config()).await;
    // Not a session of the client's own, so that it denies it.
    scene.granted(&initial("1")).await;
    let (_, served) = soon(scene.told.recv()).await.unwrap();
    let raa = soon(served.reauthorize(|_| ())).await.unwrap();
    assert_eq!(raa.result_code, ResultCode::UNKNOWN_SESSION_ID);
    assert_eq!(scene.next().await, Told::Expired("ctf.example.com;1;1".into(), Expiry::Unknown));
    assert_eq!(scene.refusal(&update("1", 1)).await, ResultCode::UNKNOWN_SESSION_ID);
}

#[tokio::test]
async fn a_client_that_is_gone_is_an_error() {
    let mut scene = Scene::new(config()).await;
    let (_session, served) = scene.open().await;
    let client = scene.client.clone();
    soon(client.shutdown()).await;
    let error = soon(served.reauthorize(|_| ())).await.unwrap_err();
    assert!(matches!(error, RoError::Send(_)), "{error}");
    assert!(error.to_string().contains("ctf.example.com"), "{error}");
}
