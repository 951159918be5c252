//! Debits and refunds that cannot be delivered, and are sent again: RFC 8506 §6.5 and §8.15.

mod common;

use common::{CREDIT_CONTROL, Raw, granted, listener, skip, soon, until};
use diametric::answer::{ErrorAnswer, Origin, RequestContext};
use diametric::base::ResultCode;
use diametric::codec::{Group, Known};
use diametric::credit_control::{Ccr, DirectDebitingFailureHandling as Ddfh, RequestedAction};
use diametric::message::{self, Received};
use diametric::ro::{Ro, RoError, Service};
use diametric::{Config, Node, SendError};
use std::time::Duration;
use tokio::net::TcpListener;

const HOST: &str = "ocs.example.net";
const TX: Duration = Duration::from_secs(10);

/// A client, and a server by hand that comes and goes.
struct Scene {
    client: Node,
    listener: TcpListener,
    ocs: Raw,
}

/// A CCR as it arrived.
struct Arrived {
    ccr: Received<Ccr>,
    frame: Vec<u8>,
}

impl Arrived {
    #[track_caller]
    fn assert_repeats(&self, earlier: &Self, t_flag: bool) {
        assert_eq!(self.ccr.header.end_to_end, earlier.ccr.header.end_to_end);
        assert_eq!(self.ccr.header.flags.is_retransmitted(), t_flag);
        assert_eq!(self.ccr.body, earlier.ccr.body);
    }
}

impl Scene {
    async fn new() -> Self {
        Self::with(|_| ()).await
    }

    async fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let (listener, address) = listener().await;
        let mut config =
            Config::new("ctf.example.com", "example.com").named_peer(HOST, address).ro_client("example.net");
        config.ro.retry_interval = Duration::from_millis(50);
        (config.ro.tx, config.request_timeout, config.watchdog_interval) = (TX, TX * 3, TX * 60);
        configure(&mut config);
        let client = Node::builder(config).start().await.expect("a sound configuration");
        let ocs = Raw::welcome(&listener, HOST).await;
        until(|| client.peers().len() == 1).await;
        Self { client, listener, ocs }
    }

    fn ro(&self) -> Ro {
        self.client.ro().expect("it is configured")
    }

    fn service(&self) -> Service {
        self.ro().service("32274@3gpp.org")
    }

    async fn next(&mut self) -> Arrived {
        let frame = self.ocs.receive().await.expect("a CCR");
        let ccr = message::decode(&frame, &Known::standard()).expect("a CCR");
        Arrived { ccr, frame }
    }

    async fn grant(&mut self, arrived: &Arrived) {
        self.ocs.answer(arrived.ccr.header, &granted(&arrived.ccr.body, &HOST.into())).await;
    }

    async fn refuse(&mut self, arrived: &Arrived, code: u32) {
        let context = RequestContext::of(&arrived.frame).expect("a request");
        let origin = Origin { host: &HOST.into(), realm: &"example.net".into() };
        let error = ErrorAnswer::new(ResultCode(code), "as the test wants it");
        self.ocs.throw(&context.error(&origin, &error).expect("a sound message")).await;
    }

    async fn leave(&mut self) {
        self.ocs.close().await;
        until(|| self.client.peers().is_empty()).await;
    }

    async fn come_back(&mut self) {
        self.ocs = Raw::welcome(&self.listener, HOST).await;
        // A peer that was down is asked three times before it is trusted; with nobody else, it serves meanwhile.
        self.ocs.answer_dwr(HOST).await;
    }
}

fn cause(result: Result<diametric::credit_control::Cca, RoError>) -> RoError {
    match result {
        Err(RoError::Stored(cause)) => *cause,
        other => panic!("it should be kept: {other:?}"),
    }
}

#[tokio::test]
async fn a_debit_that_was_lost_is_sent_again_until_it_is_answered() {
    let mut scene = Scene::new().await;
    let debit = tokio::spawn(scene.service().debit(|ccr| ccr.user_name = Some("me".into())));
    let first = scene.next().await;
    assert_eq!(first.ccr.body.requested_action, Some(RequestedAction::DirectDebiting));
    scene.leave().await;
    let result = soon(debit).await.unwrap();
    let error = result.as_ref().unwrap_err();
    // The service may be delivered, since the request is not lost.
    assert!(error.grants_service());
    assert!(error.to_string().starts_with("the request is kept and will be sent again: the connection to"), "{error}");
    assert!(matches!(cause(result), RoError::Send(SendError::ConnectionLost { .. })));
    assert_eq!(scene.ro().undelivered(), 1);
    // Attempts go on while there is nobody.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(scene.ro().undelivered(), 1);

    scene.come_back().await;
    let second = scene.next().await;
    second.assert_repeats(&first, true);
    // It stays while the server has no time for it, and the answer that said so changes nothing of the first transmission.
    scene.refuse(&second, 3004).await;
    let third = scene.next().await;
    third.assert_repeats(&first, true);
    scene.grant(&third).await;
    soon(scene.ro().drain()).await;
    assert_eq!((scene.ro().undelivered(), scene.ro().dropped()), (0, 0));
    scene.ocs.assert_quiet().await;
}

#[tokio::test]
async fn what_finds_no_server_is_kept() {
    let mut scene = Scene::new().await;
    scene.leave().await;
    let debit = soon(scene.service().debit(|_| ())).await;
    assert!(matches!(cause(debit), RoError::Send(SendError::NoRoute { .. })));
    let refund = soon(scene.service().refund(|_| ())).await;
    assert!(matches!(cause(refund), RoError::Send(SendError::NoRoute { .. })));
    assert_eq!(scene.ro().undelivered(), 2);
    scene.come_back().await;
    for action in [RequestedAction::DirectDebiting, RequestedAction::RefundAccount] {
        let ccr = scene.next().await;
        assert_eq!(ccr.ccr.body.requested_action, Some(action));
        // The table has it set here, too (RFC 8506 §7).
        assert!(ccr.ccr.header.flags.is_retransmitted());
        scene.grant(&ccr).await;
    }
    soon(scene.ro().drain()).await;
}

#[tokio::test]
async fn a_refund_that_is_refused_for_the_time_being_is_sent_again_as_it_was() {
    let mut scene = Scene::new().await;
    let refund = tokio::spawn(scene.service().refund(|_| ()));
    let first = scene.next().await;
    scene.refuse(&first, 3004).await;
    assert_eq!(cause(soon(refund).await.unwrap()).result_code(), ResultCode::TOO_BUSY);
    // An error answer was received for it: no T flag (RFC 6733 §3).
    let second = scene.next().await;
    second.assert_repeats(&first, false);
    scene.grant(&second).await;
    soon(scene.ro().drain()).await;
}

#[tokio::test]
async fn a_refund_without_an_answer_is_kept_when_tx_expires() {
    let mut scene = Scene::new().await;
    let refund = tokio::spawn(scene.service().refund(|_| ()));
    let first = scene.next().await;
    skip(TX).await;
    assert!(matches!(cause(soon(refund).await.unwrap()), RoError::NoAnswer(_)));
    // A late answer settles nothing: what it answers is out of the machine's hands.
    scene.grant(&first).await;
    let second = scene.next().await;
    second.assert_repeats(&first, true);
    scene.grant(&second).await;
    soon(scene.ro().drain()).await;
}

#[tokio::test]
async fn a_debit_whose_service_runs_already_is_kept_when_its_server_goes() {
    let mut scene = Scene::new().await;
    let debit = tokio::spawn(scene.service().debit(|_| ()));
    let first = scene.next().await;
    skip(TX).await;
    let error = soon(debit).await.unwrap().unwrap_err();
    assert!(matches!(&error, RoError::Uncontrolled(_)), "{error}");
    assert_eq!(scene.ro().undelivered(), 0);
    scene.leave().await;
    until(|| scene.ro().undelivered() == 1).await;
    scene.come_back().await;
    let second = scene.next().await;
    second.assert_repeats(&first, true);
    scene.grant(&second).await;
    soon(scene.ro().drain()).await;
}

#[tokio::test]
async fn what_is_refused_at_last_is_dropped() {
    let mut scene = Scene::new().await;
    let refund = tokio::spawn(scene.service().refund(|_| ()));
    let first = scene.next().await;
    scene.refuse(&first, 3004).await;
    assert!(matches!(soon(refund).await.unwrap(), Err(RoError::Stored(_))));
    let second = scene.next().await;
    scene.refuse(&second, 5030).await;
    soon(scene.ro().drain()).await;
    assert_eq!((scene.ro().undelivered(), scene.ro().dropped()), (0, 1));
}

#[tokio::test]
async fn what_there_is_no_room_for_is_told_as_it_is() {
    for buffer in [0, 1] {
        let mut scene = Scene::with(|config| config.ro.buffer = buffer).await;
        scene.leave().await;
        for number in 0..3 {
            let debit = soon(scene.service().debit(|_| ())).await;
            match number < buffer {
                true => assert!(matches!(debit, Err(RoError::Stored(_))), "{debit:?}"),
                false => {
                    let error = debit.unwrap_err();
                    assert!(matches!(&error, RoError::Send(SendError::NoRoute { .. })), "{error}");
                    assert!(!error.grants_service());
                }
            }
        }
        assert_eq!(scene.ro().undelivered(), buffer);
    }
}

#[tokio::test]
async fn what_the_failure_handling_gives_up_is_not_kept() {
    let mut scene = Scene::new().await;
    scene.leave().await;
    let service = scene.service().direct_debiting_failure_handling(Ddfh::CONTINUE);
    let error = soon(service.debit(|_| ())).await.unwrap_err();
    assert!(matches!(&error, RoError::Uncontrolled(_)), "{error}");
    let error = soon(scene.service().check_balance(|_| ())).await.unwrap_err();
    assert!(matches!(&error, RoError::Send(_)), "{error}");
    let error = soon(scene.service().price_enquiry(|_| ())).await.unwrap_err();
    assert!(matches!(&error, RoError::Send(_)), "{error}");
    // What can never be sent is not kept either.
    let wrong = |ccr: &mut Ccr| _ = ccr.add::<diametric::base::OriginHost>("ctf.example.com");
    let error = soon(scene.service().debit(wrong)).await.unwrap_err();
    assert!(matches!(&error, RoError::Send(SendError::Encode(_))), "{error}");
    assert_eq!(scene.ro().undelivered(), 0);
}

#[test]
fn blocking_code_has_the_same() {
    let mut config = Config::new("ctf.example.com", "example.com").ro_client("example.net");
    config.local.applications = config.local.applications.with_auth(CREDIT_CONTROL);
    let node = diametric::blocking::Node::start(config).unwrap();
    let ro = node.ro().unwrap();
    let error = ro.service("32274@3gpp.org").refund(|_| ()).unwrap_err();
    assert!(matches!(error, RoError::Stored(_)), "{error}");
    assert_eq!((ro.undelivered(), ro.dropped()), (1, 0));
    assert_eq!(ro.drain(Duration::from_millis(50)).unwrap(), 1);
}
