//! The OCF's side of Ro: one trait, a method per operation, each with a decoded and checked request.

use crate::dispatch::Incoming;
use crate::node::NodeBuilder;
use diametric_protocol::answer::{ErrorAnswer, RequestContext};
use diametric_protocol::base::{AbortSessionRequest, AbortSessionRequestRequired, ReAuthRequestType, ResultCode};
use diametric_protocol::credit_control::{
    CcRequestType, CreditControlAnswer, CreditControlAnswerRequired, CreditControlRequest, ReAuthRequest,
    ReAuthRequestRequired, RequestedAction,
};
use diametric_protocol::message::{Form, Request};
use diametric_protocol::peer::{LocalNode, RemoteNode};
use std::future::Future;
use std::sync::Arc;

/// Application-Id of credit control.
pub(crate) const CREDIT_CONTROL: u32 = 4;

/// A CCR, as a server's handler gets it. `F` is the form of CCR that the server expects.
#[derive(Clone, Debug)]
pub struct RoRequest<F = CreditControlRequest> {
    /// The request.
    pub ccr: F,
    /// Its header, Session-Id and Proxy-Info.
    pub context: RequestContext,
    /// The peer it came from.
    pub peer: Arc<RemoteNode>,
    local: Arc<LocalNode>,
}

impl<F: Form<CreditControlRequest>> RoRequest<F> {
    /// A CCA with everything that is taken from the request: Session-Id, CC-Request-Type, CC-Request-Number,
    /// Auth-Application-Id and Proxy-Info; and the own Origin-Host and Origin-Realm.
    pub fn answer(&self, result_code: ResultCode) -> CreditControlAnswer {
        let ccr = self.ccr.standard();
        let mut cca = CreditControlAnswer::new(CreditControlAnswerRequired {
            session_id: ccr.session_id.clone(),
            result_code,
            origin_host: self.local.origin_host.clone(),
            origin_realm: self.local.origin_realm.clone(),
            auth_application_id: CREDIT_CONTROL,
            cc_request_type: ccr.cc_request_type,
            cc_request_number: ccr.cc_request_number,
        });
        cca.proxy_info = self.context.proxy_info.iter().cloned().collect();
        cca
    }

    /// A RAR that asks the client of this session to re-authorize all its services (RFC 8506 §5.5). Name one of them by
    /// its Rating-Group or Service-Identifier if it is about less, and send it with
    /// [`Node::send`](crate::Node::send), application 4.
    pub fn reauth(&self) -> ReAuthRequest {
        let ccr = self.ccr.standard();
        ReAuthRequest::new(ReAuthRequestRequired {
            session_id: ccr.session_id.clone(),
            origin_host: self.local.origin_host.clone(),
            origin_realm: self.local.origin_realm.clone(),
            destination_realm: ccr.origin_realm.clone(),
            destination_host: ccr.origin_host.clone(),
            auth_application_id: CREDIT_CONTROL,
            re_auth_request_type: ReAuthRequestType::AUTHORIZE_ONLY,
        })
    }

    /// An ASR that ends this session, to be sent as [`reauth`](Self::reauth).
    pub fn abort(&self) -> AbortSessionRequest {
        let ccr = self.ccr.standard();
        AbortSessionRequest::new(AbortSessionRequestRequired {
            session_id: ccr.session_id.clone(),
            origin_host: self.local.origin_host.clone(),
            origin_realm: self.local.origin_realm.clone(),
            destination_realm: ccr.origin_realm.clone(),
            destination_host: ccr.origin_host.clone(),
            auth_application_id: CREDIT_CONTROL,
        })
    }

    /// [`answer`](Self::answer) with DIAMETER_SUCCESS.
    pub fn success(&self) -> CreditControlAnswer {
        self.answer(ResultCode::SUCCESS)
    }
}

/// What an online charging server does with each operation of Ro.
///
/// A server says what it offers by implementing the methods; the others refuse with DIAMETER_UNABLE_TO_COMPLY. Handlers
/// run at the same time, each in a task of its own; one that panics has its request answered with
/// DIAMETER_UNABLE_TO_COMPLY. A malformed CCR never gets here: it was answered with the Result-Code and Failed-AVP that
/// RFC 6733 §7 asks for.
///
/// To refuse within the credit-control grammar, return an answer with the Result-Code, as in
/// `Ok(request.answer(ResultCode::CREDIT_LIMIT_REACHED))`; an [`ErrorAnswer`] becomes an answer-message with the E flag.
pub trait RoServer<F = CreditControlRequest>: Send + Sync + 'static
where
    F: Form<CreditControlRequest> + Request,
{
    /// INITIAL_REQUEST: authorize the session and reserve units (ECUR, SCUR).
    fn initial(&self, request: RoRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// UPDATE_REQUEST: debit what was used, reserve anew (SCUR).
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
}

async fn refuse<F, A>(_: RoRequest<F>) -> Result<A, ErrorAnswer> {
    Err(ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "this server does not offer the operation"))
}

impl NodeBuilder {
    /// Advertises credit control and answers CCRs with `server`.
    #[must_use]
    pub fn ro_server<F, S>(mut self, server: S) -> Self
    where
        F: Form<CreditControlRequest> + Request,
        S: RoServer<F>,
    {
        let applications = &mut self.local().applications;
        *applications = std::mem::take(applications).with_auth(CREDIT_CONTROL);
        let server = Arc::new(server);
        let local = Arc::new(self.local().clone());
        self.handle::<F, _, _>(CREDIT_CONTROL, move |incoming: Incoming<F>| {
            let server = Arc::clone(&server);
            let Incoming { request: ccr, context, peer } = incoming;
            let request = RoRequest { ccr, context, peer, local: Arc::clone(&local) };
            async move { serve(&*server, request).await }
        })
    }
}

async fn serve<F, S>(server: &S, request: RoRequest<F>) -> Result<F::Answer, ErrorAnswer>
where
    F: Form<CreditControlRequest> + Request,
    S: RoServer<F>,
{
    let ccr = request.ccr.standard();
    match (ccr.cc_request_type, ccr.requested_action) {
        (CcRequestType::InitialRequest, _) => server.initial(request).await,
        (CcRequestType::UpdateRequest, _) => server.update(request).await,
        (CcRequestType::TerminationRequest, _) => server.terminate(request).await,
        (CcRequestType::EventRequest, Some(RequestedAction::DirectDebiting)) => server.debit(request).await,
        (CcRequestType::EventRequest, Some(RequestedAction::RefundAccount)) => server.refund(request).await,
        (CcRequestType::EventRequest, Some(RequestedAction::CheckBalance)) => server.check_balance(request).await,
        (CcRequestType::EventRequest, Some(RequestedAction::PriceEnquiry)) => server.price_enquiry(request).await,
        // RFC 8506 §8.3: an EVENT_REQUEST must say what it wants.
        (CcRequestType::EventRequest, None) => Err(ErrorAnswer::missing::<RequestedAction>()),
    }
}
