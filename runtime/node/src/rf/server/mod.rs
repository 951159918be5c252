//! The CDF's side of Rf: one trait, a method per operation on charging data records (CDR), each with a decoded and checked
//! request.
//!
//! Between the trait and the network stands the [`Table`]: it knows repeated records, and tells when a client has gone silent.

mod config;
mod table;

pub use config::RfServerConfig;
pub use diametric_engine::rf::server::Continuity;

use super::ACCOUNTING;
use super::service::AcrForm;
use crate::dispatch::Incoming;
use crate::node::NodeBuilder;
use crate::wait;
use diametric_engine::peer::{LocalNode, RemoteNode};
use diametric_engine::rf::server::{CdrOperation, RecordKey};
use diametric_protocol::accounting::{AccountingAnswer, AccountingAnswerRequired, AccountingRequest};
use diametric_protocol::answer::{ErrorAnswer, RequestContext};
use diametric_protocol::base::ResultCode;
use diametric_protocol::message::{self, Form};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use table::{Table, Verdict};
use tokio::sync::oneshot;

/// An ACR, as a server's handler gets it. `F` is the form of ACR that the server expects.
#[derive(Clone)]
pub struct RfRequest<F = AccountingRequest> {
    /// The request.
    pub acr: F,
    /// Its header, Session-Id and Proxy-Info.
    pub context: RequestContext,
    /// The peer it came from.
    pub peer: Arc<RemoteNode>,
    /// How the record fits to what the server knows of the session. In a stateless server every record is in order.
    pub continuity: Continuity,
    local: Arc<LocalNode>,
}

impl<F: Form<AccountingRequest>> RfRequest<F> {
    /// An ACA with everything that is taken from the request: Session-Id, Accounting-Record-Type, Accounting-Record-Number,
    /// Accounting-Sub-Session-Id and Proxy-Info; and the own Origin-Host and Origin-Realm.
    pub fn answer(&self, result_code: ResultCode) -> AccountingAnswer {
        let acr = self.acr.standard();
        let mut aca = AccountingAnswer::new(AccountingAnswerRequired {
            session_id: acr.session_id.clone(),
            result_code,
            origin_host: self.local.origin_host.clone(),
            origin_realm: self.local.origin_realm.clone(),
            accounting_record_type: acr.accounting_record_type,
            accounting_record_number: acr.accounting_record_number,
        });
        aca.acct_application_id = Some(ACCOUNTING);
        aca.accounting_sub_session_id = acr.accounting_sub_session_id;
        aca.proxy_info = self.context.proxy_info.iter().cloned().collect();
        aca
    }

    /// [`answer`](Self::answer) with DIAMETER_SUCCESS.
    pub fn success(&self) -> AccountingAnswer {
        self.answer(ResultCode::SUCCESS)
    }

    /// Whether the client has sent the record before, or may have (the T flag). What this node has processed, and
    /// remembers, is never handed to a server again; the flag is a hint to look for what another node has processed, or this
    /// one long ago.
    pub fn retransmitted(&self) -> bool {
        self.context.header.flags.is_retransmitted()
    }
}

impl<F: fmt::Debug> fmt::Debug for RfRequest<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RfRequest")
            .field("acr", &self.acr)
            .field("peer", &self.peer)
            .field("continuity", &self.continuity)
            .finish_non_exhaustive()
    }
}

/// A session that was silent for longer than it may.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SilentSession {
    /// Session-Id.
    pub id: Arc<str>,
    /// Accounting-Sub-Session-Id.
    pub sub_session_id: Option<u64>,
}

/// What a charging data function does with each kind of record.
///
/// A server says what it offers by implementing the methods; the others refuse with DIAMETER_UNABLE_TO_COMPLY. Handlers run
/// at the same time; one that panics has its record answered with DIAMETER_UNABLE_TO_COMPLY, and
/// the record may come again. **An answer with success is a promise**: the client forgets the record. Where there is no room
/// to keep it, answer `Ok(request.answer(ResultCode::OUT_OF_SPACE))`: the client keeps it and comes again.
///
/// What is not here is the library's, by the rules of RFC 6733:
///
/// - A malformed ACR is answered with the Result-Code and Failed-AVP that §7 asks for.
/// - A repeated record, known by its Session-Id and Accounting-Record-Number, with or without T flag, is answered with
///   success and handed to no handler (§9.4); see [`repeated`](Self::repeated).
/// - Records are taken at any time and in any order (§8.2). A stateful server is told how they fit
///   ([`RfRequest::continuity`]), and when a session has gone silent ([`silent`](Self::silent)).
///
/// [`RfServerConfig`] has the times and limits of this.
pub trait RfServer<F = AccountingRequest>: Send + Sync + 'static
where
    F: AcrForm,
{
    /// START_RECORD: open a CDR. Acct-Interim-Interval in the answer says how often the client has to report.
    fn open(&self, request: RfRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// INTERIM_RECORD: update the CDR.
    fn update(&self, request: RfRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// STOP_RECORD: update the CDR and close it. Without Accounting-Sub-Session-Id it ends all sub-sessions.
    fn close(&self, request: RfRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// EVENT_RECORD: write a CDR, whole.
    fn event(&self, request: RfRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        refuse(request)
    }

    /// A session of a stateful server has been silent for longer than it may: close its CDR.
    fn silent(&self, session: SilentSession) -> impl Future<Output = ()> + Send {
        let _ = session;
        std::future::ready(())
    }

    /// The answer to a record that was processed before: [`RfRequest::success`]. To be implemented where the form of ACA
    /// requires more than the standard one.
    fn repeated(&self, request: RfRequest<F>) -> impl Future<Output = Result<F::Answer, ErrorAnswer>> + Send {
        std::future::ready(standard(&request, request.success()))
    }
}

async fn refuse<F, A>(_: RfRequest<F>) -> Result<A, ErrorAnswer> {
    Err(ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "this server does not offer the operation"))
}

/// An answer that has nothing but what the standard has.
fn standard<F: AcrForm>(request: &RfRequest<F>, aca: AccountingAnswer) -> Result<F::Answer, ErrorAnswer> {
    let frame = request.context.answer(&aca).ok();
    let answer = frame.and_then(|frame| message::decode_again::<F::Answer>(&frame).ok());
    // A form that requires more can only be had as an answer-message, and that is an error.
    let missing = || ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the answer has no standard form");
    answer.map(|answer| answer.body).ok_or_else(missing)
}

impl NodeBuilder {
    /// Advertises accounting and answers ACRs with `server`, a stateless CDF.
    #[must_use]
    pub fn rf_server<F, S>(self, server: S) -> Self
    where
        F: AcrForm,
        S: RfServer<F>,
    {
        self.rf_server_with(server, RfServerConfig::default())
    }

    /// [`rf_server`](Self::rf_server) with times and limits of one's own.
    #[must_use]
    pub fn rf_server_with<F, S>(mut self, server: S, config: RfServerConfig) -> Self
    where
        F: AcrForm,
        S: RfServer<F>,
    {
        let applications = &mut self.local().applications;
        *applications = std::mem::take(applications).with_acct(ACCOUNTING);
        let local = Arc::new(self.local().clone());
        let desk = Arc::new(Desk {
            server,
            table: Arc::new(Table::new(&config)),
            supervises: config.supervision.is_some(),
            supervised: AtomicBool::new(false),
            form: PhantomData::<fn() -> F>,
        });
        self.handle::<F, _, _>(ACCOUNTING, move |incoming: Incoming<F>| {
            let Incoming { request: acr, context, peer } = incoming;
            let local = Arc::clone(&local);
            let request = RfRequest { acr, context, peer, continuity: Continuity::InOrder, local };
            Arc::clone(&desk).serve(request)
        })
    }
}

/// A server with what it knows of its records.
struct Desk<F, S> {
    server: S,
    table: Arc<Table>,
    supervises: bool,
    /// Whether there is a task that watches Ts. It starts with the first record: a builder has no runtime yet.
    supervised: AtomicBool,
    form: PhantomData<fn() -> F>,
}

impl<F: AcrForm, S: RfServer<F>> Desk<F, S> {
    async fn serve(self: Arc<Self>, mut request: RfRequest<F>) -> Result<F::Answer, ErrorAnswer> {
        if self.supervises && !self.supervised.swap(true, Ordering::Relaxed) {
            tokio::spawn(supervise(Arc::downgrade(&self), Arc::clone(&self.table)));
        }
        let unanswered = || ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the record could not be handled");
        match self.table.admit(request.acr.standard()) {
            Verdict::Process(key, operation, continuity) => {
                request.continuity = continuity;
                let (reply, answer) = oneshot::channel();
                // In a task of its own: what was begun is finished, whatever becomes of the connection.
                tokio::spawn(self.process(key, operation, request, reply));
                answer.await.unwrap_or_else(|_| Err(unanswered()))
            }
            Verdict::Await(result_code) => match result_code.await {
                Ok(ResultCode(2000..=2999)) => self.server.repeated(request).await,
                Ok(result_code) => refusal(&request, result_code, "the same record was just refused"),
                Err(_) => Err(unanswered()),
            },
            Verdict::Repeat => self.server.repeated(request).await,
            Verdict::Reject(result_code) => refusal(&request, result_code, "there are too many sessions"),
        }
    }

    async fn process(
        self: Arc<Self>,
        key: RecordKey,
        operation: CdrOperation,
        request: RfRequest<F>,
        reply: oneshot::Sender<Result<F::Answer, ErrorAnswer>>,
    ) {
        let proposed = request.acr.standard().acct_interim_interval;
        let mut pending = Pending { table: &self.table, key: Some(key) };
        let context = request.context.clone();
        let answer = match operation {
            CdrOperation::Open => self.server.open(request).await,
            CdrOperation::Update => self.server.update(request).await,
            CdrOperation::Close => self.server.close(request).await,
            CdrOperation::Event => self.server.event(request).await,
        };
        // What cannot be encoded will not be heard: the record has to come again.
        let answer = answer.and_then(|aca| match context.answer(&aca) {
            Ok(_) => Ok(aca),
            Err(error) => {
                tracing::error!(%error, "the answer to an ACR cannot be encoded");
                Err(ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "the answer could not be encoded"))
            }
        });
        let (result_code, interval) = match &answer {
            Ok(aca) => {
                let aca = aca.standard();
                (aca.result_code, aca.acct_interim_interval.or(proposed))
            }
            Err(error) => (error.result_code, None),
        };
        pending.done(result_code, interval.map(|seconds| Duration::from_secs(seconds.into())));
        // The connection may be gone; the record that comes again gets its answer.
        let _ = reply.send(answer);
    }
}

impl<F, S> Drop for Desk<F, S> {
    fn drop(&mut self) {
        self.table.disturb();
    }
}

/// Tells the table what became of a record, also if its handler panicked.
struct Pending<'a> {
    table: &'a Table,
    key: Option<RecordKey>,
}

impl Pending<'_> {
    fn done(&mut self, result_code: ResultCode, interim_interval: Option<Duration>) {
        if let Some(key) = self.key.take() {
            self.table.processed(key, result_code, interim_interval);
        }
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.done(ResultCode::UNABLE_TO_COMPLY, None);
    }
}

/// Watches Ts for as long as there is a server.
async fn supervise<F: AcrForm, S: RfServer<F>>(desk: Weak<Desk<F, S>>, table: Arc<Table>) {
    loop {
        let (silent, due) = table.advance();
        let Some(desk) = desk.upgrade() else { return };
        for (id, sub_session_id) in silent {
            let (desk, session) = (Arc::clone(&desk), SilentSession { id, sub_session_id });
            tokio::spawn(async move { desk.server.silent(session).await });
        }
        drop(desk);
        tokio::select! {
            () = table.changed() => {}
            () = wait::due(due) => {}
        }
    }
}

fn refusal<F: AcrForm>(request: &RfRequest<F>, result_code: ResultCode, text: &str) -> Result<F::Answer, ErrorAnswer> {
    let error = || ErrorAnswer::new(result_code, text);
    // Protocol errors are for answer-messages only (RFC 6733 §7.1.3).
    if (3000..4000).contains(&result_code.0) {
        return Err(error());
    }
    let mut aca = request.answer(result_code);
    aca.error_message = Some(text.into());
    standard(request, aca).map_err(|_| error())
}
