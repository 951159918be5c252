//! The OCF's side of Ro: one trait, a method per operation, each with a decoded and checked request.
//!
//! Between the trait and the network stands the [`Table`] of sessions: it knows repetitions, answers for sessions that do
//! not exist, and tells when a client has gone silent.

mod config;
mod session;
mod table;

pub use config::RoServerConfig;
pub use session::ServedSession;
pub use table::Expiry;

use super::CcrForm;
use crate::dispatch::{Held, Incoming};
use crate::node::NodeBuilder;
use crate::wait::{self, now};
use diametric_engine::peer::RemoteNode;
use diametric_engine::ro::server::Outcome;
use diametric_protocol::answer::{ErrorAnswer, RequestContext};
use diametric_protocol::base::{AbortSessionRequest, ErrorMessage, ResultCode};
use diametric_protocol::codec::Group;
use diametric_protocol::credit_control::{
    CcRequestType, CreditControlAnswer, CreditControlAnswerRequired, CreditControlRequest, ReAuthRequest,
    RequestedAction,
};
use diametric_protocol::message::{self, Form};
use session::Home;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use table::{Admitted, Client, Kept, Table, Verdict};

/// Application-Id of credit control.
pub(crate) const CREDIT_CONTROL: u32 = 4;

/// A CCR, as a server's handler gets it. `F` is the form of CCR that the server expects.
#[derive(Clone)]
pub struct RoRequest<F = CreditControlRequest> {
    /// The request.
    pub ccr: F,
    /// Its header, Session-Id and Proxy-Info.
    pub context: RequestContext,
    /// The peer it came from.
    pub peer: Arc<RemoteNode>,
    home: Arc<Home>,
}

impl<F: Form<CreditControlRequest>> RoRequest<F> {
    /// A CCA with everything that is taken from the request: Session-Id, CC-Request-Type, CC-Request-Number,
    /// Auth-Application-Id and Proxy-Info; and the own Origin-Host and Origin-Realm.
    pub fn answer(&self, result_code: ResultCode) -> CreditControlAnswer {
        let ccr = self.ccr.standard();
        let mut cca = CreditControlAnswer::new(CreditControlAnswerRequired {
            session_id: ccr.session_id.clone(),
            result_code,
            origin_host: self.home.local.origin_host.clone(),
            origin_realm: self.home.local.origin_realm.clone(),
            auth_application_id: CREDIT_CONTROL,
            cc_request_type: ccr.cc_request_type,
            cc_request_number: ccr.cc_request_number,
        });
        cca.proxy_info = self.context.proxy_info.iter().cloned().collect();
        cca
    }

    /// The session that the request belongs to, for what the server asks of its client later: [`ServedSession`].
    pub fn session(&self) -> ServedSession {
        let ccr = self.ccr.standard();
        ServedSession {
            id: (&*ccr.session_id).into(),
            client: Client { host: ccr.origin_host.clone(), realm: ccr.origin_realm.clone() },
            home: Arc::clone(&self.home),
        }
    }

    /// Whether the client has sent the request before (the T flag). What this node has processed already is never handed to a
    /// server again; the flag is a hint to look for what another node has processed.
    pub fn retransmitted(&self) -> bool {
        self.context.header.flags.is_retransmitted()
    }

    /// A RAR for this session, to be sent with [`Node::send`](crate::Node::send) and application 4 where
    /// [`ServedSession::reauthorize`] does not fit.
    pub fn reauth(&self) -> ReAuthRequest {
        self.session().rar()
    }

    /// An ASR for this session, to be sent as [`reauth`](Self::reauth) where [`ServedSession::abort`] does not fit.
    pub fn abort(&self) -> AbortSessionRequest {
        self.session().asr()
    }

    /// [`answer`](Self::answer) with DIAMETER_SUCCESS.
    pub fn success(&self) -> CreditControlAnswer {
        self.answer(ResultCode::SUCCESS)
    }
}

impl<F: fmt::Debug> fmt::Debug for RoRequest<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoRequest").field("ccr", &self.ccr).field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// What an online charging server does with each operation of Ro.
///
/// A server says what it offers by implementing the methods; the others refuse with DIAMETER_UNABLE_TO_COMPLY. Handlers
/// run at the same time; one that panics has its request answered with DIAMETER_UNABLE_TO_COMPLY.
///
/// What is not here is the library's, by the rules of RFC 8506 and RFC 6733:
///
/// - A malformed CCR is answered with the Result-Code and Failed-AVP that RFC 6733 §7 asks for; so is an EVENT_REQUEST
///   without Requested-Action.
/// - A repetition, known by its Session-Id and CC-Request-Number, gets the answer of the first transmission: nothing is
///   debited twice.
/// - UPDATE and TERMINATION for a session that does not exist are answered DIAMETER_UNKNOWN_SESSION_ID.
/// - A session whose client has gone silent is over: [`expired`](Self::expired).
///
/// [`RoServerConfig`] has the times and limits of this.
///
/// To refuse within the credit-control grammar, return an answer with the Result-Code, as in
/// `Ok(request.answer(ResultCode::CREDIT_LIMIT_REACHED))`; an [`ErrorAnswer`] becomes such an answer as well, with its
/// Error-Message and Failed-AVP, unless it is a protocol error (3xxx): that is an answer-message with the E flag.
/// Either ends the session (RFC 8506 §7): to refuse one of several services, put the Result-Code into its
/// Multiple-Services-Credit-Control.
pub trait RoServer<F = CreditControlRequest>: Send + Sync + 'static
where
    F: CcrForm,
{
    /// INITIAL_REQUEST: authorize the session and reserve units (ECUR, SCUR).
    fn initial(&self, request: RoRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// UPDATE_REQUEST: debit what was used, reserve anew (SCUR). A client may send several without waiting for answers.
    fn update(&self, request: RoRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// TERMINATION_REQUEST: debit what was used, release the rest (ECUR, SCUR).
    fn terminate(&self, request: RoRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// EVENT_REQUEST with DIRECT_DEBITING (IEC).
    fn debit(&self, request: RoRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// EVENT_REQUEST with REFUND_ACCOUNT.
    fn refund(&self, request: RoRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// EVENT_REQUEST with CHECK_BALANCE.
    fn check_balance(&self, request: RoRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// EVENT_REQUEST with PRICE_ENQUIRY.
    fn price_enquiry(&self, request: RoRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// A session is over without its TERMINATION: release what is still reserved for it.
    ///
    /// Every session that was opened ends once: with a TERMINATION that was answered with success, or here. No request of
    /// it is being handled any more.
    fn expired(&self, session: ServedSession, cause: Expiry) -> impl Future<Output = ()> + Send {
        let _ = (session, cause);
        std::future::ready(())
    }
}

async fn refuse<F, A>(_: RoRequest<F>) -> Result<A, ErrorAnswer> {
    Err(ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "this server does not offer the operation"))
}

impl NodeBuilder {
    /// Advertises credit control and answers CCRs with `server`.
    #[must_use]
    pub fn ro_server<F, S>(self, server: S) -> Self
    where
        F: CcrForm,
        S: RoServer<F>,
    {
        self.ro_server_with(server, RoServerConfig::default())
    }

    /// [`ro_server`](Self::ro_server) with times and limits of one's own.
    #[must_use]
    pub fn ro_server_with<F, S>(mut self, server: S, config: RoServerConfig) -> Self
    where
        F: CcrForm,
        S: RoServer<F>,
    {
        let applications = &mut self.local().applications;
        *applications = std::mem::take(applications).with_auth(CREDIT_CONTROL);
        let home = Home { table: Table::new(config), local: self.local().clone(), node: Arc::clone(self.later()) };
        let desk = Arc::new(Desk {
            server,
            home: Arc::new(home),
            supervised: AtomicBool::new(false),
            form: PhantomData::<fn() -> F>,
        });
        self.handlers().insert::<F, _, _, _>(CREDIT_CONTROL, move |incoming: Incoming<F>| {
            let Incoming { request: ccr, context, peer } = incoming;
            let request = RoRequest { ccr, context, peer, home: Arc::clone(&desk.home) };
            Arc::clone(&desk).serve(request)
        });
        self
    }
}

/// An answer, and what is to be done when it is on its way.
type Served<A> = Result<(A, Option<Held>), ErrorAnswer>;

/// A server with its sessions.
struct Desk<F, S> {
    server: S,
    home: Arc<Home>,
    /// Whether there is a task that watches Tcc. It starts with the first request: a builder has no runtime yet.
    supervised: AtomicBool,
    form: PhantomData<fn() -> F>,
}

impl<F: CcrForm, S: RoServer<F>> Desk<F, S> {
    async fn serve(self: Arc<Self>, request: RoRequest<F>) -> Served<F::Answer> {
        if !self.supervised.swap(true, Ordering::Relaxed) {
            tokio::spawn(supervise(Arc::downgrade(&self), Arc::clone(&self.home)));
        }
        let answer = match self.home.table.admit(request.ccr.standard(), now()) {
            Verdict::Process => return self.process(request).await,
            Verdict::Await(answer) => match answer.await {
                Ok(kept) => again(&request, &kept),
                Err(_) => Err(unhandled()),
            },
            Verdict::Repeat(kept) => again(&request, &kept),
            // RFC 8506 §8.3: an EVENT_REQUEST must say what it wants.
            Verdict::Reject(ResultCode::MISSING_AVP) => Err(ErrorAnswer::missing::<RequestedAction>()),
            Verdict::Reject(result_code) => reject(&request, result_code),
            Verdict::Full => Err(ErrorAnswer::new(ResultCode::TOO_BUSY, "there is no room for another session")),
        };
        answer.map(|answer| (answer, None))
    }

    /// What was begun is finished, whatever becomes of the connection: a repetition on another one gets the answer.
    async fn process(&self, request: RoRequest<F>) -> Served<F::Answer> {
        let ccr = request.ccr.standard();
        let admitted = Admitted {
            session_id: (&*ccr.session_id).into(),
            request_type: ccr.cc_request_type,
            number: ccr.cc_request_number,
        };
        let mut pending = Pending { home: Arc::clone(&self.home), admitted, done: None };
        let context = request.context.clone();
        let answer = match self.handle(request).await {
            Ok(answer) => answer,
            Err(error) => {
                pending.done = Some((Outcome::new(error.result_code), Err(error.clone())));
                return Err(error);
            }
        };
        match context.answer(&answer) {
            Ok(frame) => pending.done = Some((outcome(answer.standard()), Ok(frame))),
            // Ends as a handler that failed.
            Err(error) => {
                tracing::error!(%error, "the answer to a CCR cannot be encoded");
                return Err(ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the answer could not be encoded"));
            }
        }
        // The session is open when the answer is on its way: no RAR overtakes it.
        Ok((answer, Some(Box::new(pending))))
    }

    async fn handle(&self, request: RoRequest<F>) -> Result<F::Answer, ErrorAnswer> {
        let (server, ccr) = (&self.server, request.ccr.standard());
        match (ccr.cc_request_type, ccr.requested_action) {
            (CcRequestType::InitialRequest, _) => server.initial(request).await,
            (CcRequestType::UpdateRequest, _) => server.update(request).await,
            (CcRequestType::TerminationRequest, _) => server.terminate(request).await,
            (CcRequestType::EventRequest, Some(RequestedAction::DirectDebiting)) => server.debit(request).await,
            (CcRequestType::EventRequest, Some(RequestedAction::RefundAccount)) => server.refund(request).await,
            (CcRequestType::EventRequest, Some(RequestedAction::CheckBalance)) => server.check_balance(request).await,
            (CcRequestType::EventRequest, Some(RequestedAction::PriceEnquiry)) => server.price_enquiry(request).await,
            // The table rejects it before.
            (CcRequestType::EventRequest, None) => Err(ErrorAnswer::missing::<RequestedAction>()),
        }
    }
}

impl<F, S> Drop for Desk<F, S> {
    fn drop(&mut self) {
        self.home.table.disturb();
    }
}

/// Tells the table what became of a request, when it is let go of; also if its handler panicked.
struct Pending {
    home: Arc<Home>,
    admitted: Admitted,
    done: Option<(Outcome, Result<Vec<u8>, ErrorAnswer>)>,
}

impl Drop for Pending {
    fn drop(&mut self) {
        let failed = self.done.is_none();
        let failure = || {
            let error = unhandled();
            (Outcome::new(error.result_code), Err(error))
        };
        let (outcome, kept) = self.done.take().unwrap_or_else(failure);
        self.home.table.processed(&self.admitted, outcome, kept, failed);
    }
}

fn unhandled() -> ErrorAnswer {
    ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the request could not be handled")
}

/// Watches Tcc for as long as there is a server.
async fn supervise<F: CcrForm, S: RoServer<F>>(desk: Weak<Desk<F, S>>, home: Arc<Home>) {
    loop {
        let (expired, due) = home.table.advance();
        let Some(desk) = desk.upgrade() else { return };
        for (id, client, cause) in expired {
            let (desk, session) = (Arc::clone(&desk), ServedSession { id, client, home: Arc::clone(&home) });
            tokio::spawn(async move { desk.server.expired(session, cause).await });
        }
        drop(desk);
        tokio::select! {
            () = home.table.changed() => {}
            () = wait::due(due) => {}
        }
    }
}

/// What the session's machine needs to know of an answer.
fn outcome(cca: &CreditControlAnswer) -> Outcome {
    let services = &cca.multiple_services_credit_control;
    let mut outcome = Outcome::new(cca.result_code);
    outcome.granted &=
        cca.granted_service_unit.is_some() || services.iter().any(|service| service.granted_service_unit.is_some());
    let validity = services.iter().filter_map(|service| service.validity_time).chain(cca.validity_time).max();
    outcome.validity_time = validity.map(|seconds| Duration::from_secs(seconds.into()));
    outcome
}

/// The answer to a repetition: what the first transmission got, with the Proxy-Info of this one.
fn again<F: CcrForm>(request: &RoRequest<F>, kept: &Kept) -> Result<F::Answer, ErrorAnswer> {
    let frame = kept.as_ref().as_ref().map_err(Clone::clone)?;
    // It was encoded here.
    let decoded = message::decode_again::<F::Answer>(frame).map_err(|error| ErrorAnswer::from(&error))?;
    let mut answer = decoded.body;
    if answer.standard().cc_request_type != request.ccr.standard().cc_request_type {
        // Not a repetition, but another request with its CC-Request-Number.
        return reject(request, ResultCode::UNABLE_TO_COMPLY);
    }
    answer.standard_mut().proxy_info = request.context.proxy_info.iter().cloned().collect();
    Ok(answer)
}

fn reject<F: CcrForm>(request: &RoRequest<F>, result_code: ResultCode) -> Result<F::Answer, ErrorAnswer> {
    let text = match result_code {
        ResultCode::UNKNOWN_SESSION_ID => "there is no such session",
        _ => "the request makes no sense where the session stands",
    };
    let mut cca = request.answer(result_code);
    cca.add::<ErrorMessage>(text);
    // A form of CCA that requires more than the standard one can only be refused by an answer-message.
    let answer = request.context.answer(&cca).ok().and_then(|frame| message::decode_again::<F::Answer>(&frame).ok());
    answer.map(|answer| answer.body).ok_or_else(|| ErrorAnswer::new(result_code, text))
}
