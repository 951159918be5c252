//! Nodes and messages that the tests have in common.

use diametric::answer::ErrorAnswer;
use diametric::base::{AbortSessionRequest, AbortSessionRequestRequired, ResultCode};
use diametric::codec::Avp;
use diametric::credit_control::{CcRequestType, Cca, Ccr, CreditControlAnswerRequired, CreditControlRequestRequired};
use diametric::message::{Command, EndToEndId, Header, HopByHopId};
use diametric::value::RawGroup;
use diametric::{Config, Incoming, Node, NodeBuilder};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// Application-Id of credit control.
pub(crate) const CREDIT_CONTROL: u32 = 4;

/// What `future` comes to, which must not take long.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(20), future).await.expect("this should not take so long")
}

/// Waits until `condition` holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    soon(async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A server on a port of its own, to which a builder adds handlers.
pub(crate) fn server() -> NodeBuilder {
    let mut config = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    config.local.applications = config.local.applications.with_auth(CREDIT_CONTROL);
    Node::builder(config)
}

/// What tells a client where the server is.
pub(crate) fn client_of(server: &Node) -> Config {
    client_at(server.listening()[0])
}

/// A client of whatever listens on `address`.
pub(crate) fn client_at(address: SocketAddr) -> Config {
    Config::new("ctf.example.com", "example.com").peer(address).ro_client("example.net")
}

/// A server whose every CCR is granted, and a client of it.
pub(crate) async fn pair() -> (Node, Node) {
    let server = server().handle(CREDIT_CONTROL, grant).start().await.unwrap();
    let client = Node::builder(client_of(&server)).start().await.unwrap();
    (server, client)
}

/// Answers a CCR with success.
pub(crate) async fn grant(incoming: Incoming<Ccr>) -> Result<Cca, ErrorAnswer> {
    Ok(granted(&incoming.request))
}

/// The CCA that grants `ccr`.
pub(crate) fn granted(ccr: &Ccr) -> Cca {
    Cca::new(CreditControlAnswerRequired {
        session_id: ccr.session_id.clone(),
        result_code: ResultCode::SUCCESS,
        origin_host: "ocs.example.net".into(),
        origin_realm: "example.net".into(),
        auth_application_id: ccr.auth_application_id,
        cc_request_type: ccr.cc_request_type,
        cc_request_number: ccr.cc_request_number,
    })
}

/// A CCR for the server; `number` makes it one of its own.
pub(crate) fn ccr(number: u32) -> Ccr {
    Ccr::new(CreditControlRequestRequired {
        session_id: format!("ctf.example.com;1;{number}").into(),
        origin_host: "ctf.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: CREDIT_CONTROL,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::UpdateRequest,
        cc_request_number: number,
    })
}

/// An ASR of the server for the client.
pub(crate) fn asr(session_id: &str) -> AbortSessionRequest {
    AbortSessionRequest::new(AbortSessionRequestRequired {
        session_id: session_id.into(),
        origin_host: "ocs.example.net".into(),
        origin_realm: "example.net".into(),
        destination_realm: "example.com".into(),
        destination_host: "ctf.example.com".into(),
        auth_application_id: CREDIT_CONTROL,
    })
}

/// The header of a `C` with ids made of `id`.
pub(crate) fn header<C: Command>(id: u32) -> Header {
    Header {
        flags: C::FLAGS,
        command: C::CODE,
        application: C::APPLICATION,
        hop_by_hop: HopByHopId(id),
        end_to_end: EndToEndId(!id),
    }
}

/// A node still grants what is asked of it.
pub(crate) async fn assert_served(client: &Node) {
    let cca = soon(client.send(CREDIT_CONTROL, &ccr(7))).await.unwrap();
    assert_eq!((cca.result_code, cca.cc_request_number), (ResultCode::SUCCESS, 7));
}

/// Failed-AVP consists of one AVP, an `A`.
#[track_caller]
pub(crate) fn assert_failed<A: Avp>(failed_avp: Option<&RawGroup>) {
    let failed: Vec<_> = failed_avp.expect("there is a Failed-AVP").avps().map(|avp| avp.unwrap()).collect();
    let identities: Vec<_> = failed.iter().map(|avp| (avp.vendor, avp.code)).collect();
    assert_eq!(identities, [(A::VENDOR, A::CODE)]);
}
