//! Offline charging.
//!
//! - [`Rf`], from [`Node::rf`], is the client (CTF): it reports services, as sessions or as one-time events.
//! - [`Service`] is one kind of service to one user, as every record of it repeats it.
//! - [`RfSession`] is a session that was started: INTERIM records, by hand or at the interval that the server wants, and
//!   STOP.
//! - [`Delivered`] says what became of a record: the server has it, or it is kept to be sent later.
//! - [`RfServer`] is the server (CDF): one trait, a method per operation on charging data records.
//!
//! ```no_run
//! # use diametric::{Config, Node};
//! # use diametric::ts32299::ServiceInformation;
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::new("as.example.com", "example.com").peer(("cdf.example.net", 3868)).rf_client("example.net");
//! let node = Node::builder(config).start().await?;
//! let rf = node.rf()?;
//!
//! // A session, with the AVPs that all its records repeat and those of each.
//! let service = rf.service("32260@3gpp.org").with(|acr| acr.user_name = Some("alice@example.com".into()));
//! let started = service.start(|acr| acr.service_information = Some(ServiceInformation::new().into())).await?;
//! let session = started.session;
//! session.on_interim(|acr| acr.service_information = Some(ServiceInformation::new().into()));
//! session.stop(|acr| acr.service_information = Some(ServiceInformation::new().into())).await?;
//!
//! // A one-time event.
//! rf.service("32274@3gpp.org").event(|acr| acr.service_information = Some(ServiceInformation::new().into())).await?;
//! # Ok(())
//! # }
//! ```

mod delivery;
mod event;
mod server;
mod service;
mod session;
mod state;
mod task;
mod undelivered;

pub use server::{Continuity, RfRequest, RfServer, RfServerConfig, SilentSession};
pub use service::{AcrForm, Service};
pub use session::{RfEnd, RfSession, SessionHandle, Started};
pub use state::RfSessionState;

pub(crate) use undelivered::Undelivered;

use crate::dispatch::{Handlers, Incoming};
use crate::error::SendError;
use crate::node::{Node, Shared};
use diametric_protocol::accounting::AccountingAnswer;
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::base::{AbortSessionAnswer, AbortSessionRequest, ResultCode};
use diametric_protocol::value::Utf8String;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Application-Id of accounting.
const ACCOUNTING: u32 = 3;

/// The client of offline charging. Cheap to clone, used from many tasks.
#[derive(Clone)]
pub struct Rf {
    shared: Arc<Shared>,
}

impl Rf {
    /// Charging for a service, named by its Service-Context-Id such as `32260@3gpp.org` (TS 32.260, IMS).
    pub fn service(&self, service_context_id: impl Into<Utf8String>) -> Service {
        Service::new(Arc::clone(&self.shared), service_context_id.into())
    }

    /// How many records wait to be sent again, because they could not be delivered ([`Delivered::Stored`]).
    pub fn undelivered(&self) -> usize {
        self.shared.rf_store().len()
    }

    /// How many records were dropped since the node started: because there were more than
    /// [`RfConfig::buffer`](crate::RfConfig::buffer) of them, or because a server refused them when they were sent again.
    pub fn dropped(&self) -> u64 {
        self.shared.rf_store().dropped()
    }

    /// Sends the records that wait, without waiting for their time, and returns when none waits any more: what a program
    /// does before it ends, with a limit of its own.
    pub async fn drain(&self) {
        self.shared.rf_store().drained().await;
    }
}

impl Node {
    /// The client of offline charging.
    ///
    /// # Errors
    /// If the configuration does not say where Rf records go: [`Config::rf_client`](crate::Config::rf_client).
    pub fn rf(&self) -> Result<Rf, RfError> {
        match self.shared().config.rf.cdf_realm {
            Some(_) => Ok(Rf { shared: Arc::clone(self.shared()) }),
            None => Err(RfError::NotConfigured),
        }
    }
}

/// Has an Rf client answer ASR, where the application does not do so itself: what is accounted for is not authorized here,
/// so there is no session that could be aborted (RFC 6733 §8.1).
pub(crate) fn install(handlers: &mut Handlers) {
    if !handlers.contains::<AbortSessionRequest>(ACCOUNTING) {
        handlers.insert(ACCOUNTING, |_: Incoming<AbortSessionRequest>| async {
            let error = ErrorAnswer::new(ResultCode::UNKNOWN_SESSION_ID, "accounting sessions cannot be aborted");
            Err::<AbortSessionAnswer, _>(error)
        });
    }
}

/// What a record comes to. Nothing is sent before it is polled; once it was, dropping it only means not to hear what became
/// of the record.
pub type RfFuture<T> = Pin<Box<dyn Future<Output = Result<T, RfError>> + Send>>;

/// What became of a record. The service may go on in any case: where it must not, there is an [`RfError`] instead.
#[derive(Debug)]
pub enum Delivered<A = AccountingAnswer> {
    /// The server has it.
    Acknowledged(Box<A>),
    /// It could not be delivered, for this reason, and is kept to be sent later.
    ///
    /// It is kept in memory, together with at most [`RfConfig::buffer`](crate::RfConfig::buffer) others: it is lost when the
    /// process ends, or when there are too many newer ones. Of the INTERIM records of a session only the newest is kept
    /// (RFC 6733 §9.5).
    Stored(RfError),
    /// It is lost, for this reason, and Accounting-Realtime-Required is GRANT_AND_LOSE.
    Lost(RfError),
    /// A newer INTERIM of the session took its place while it waited for an earlier record to be answered (RFC 6733 §9.5).
    Superseded,
}

impl<A> Delivered<A> {
    /// The answer, if the server has the record.
    pub fn answer(&self) -> Option<&A> {
        match self {
            Self::Acknowledged(answer) => Some(answer),
            Self::Stored(_) | Self::Lost(_) | Self::Superseded => None,
        }
    }
}

/// Why offline charging did not do what was asked for.
///
/// From [`start`](Service::start) and [`interim`](SessionHandle::interim): the service must not be delivered, or must
/// stop. From [`stop`](RfSession::stop) and [`event`](Service::event): nobody has the record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RfError {
    /// The configuration names no CDF.
    #[error("the configuration does not say where Rf records go: set the realm of the CDF (`rf_client`)")]
    NotConfigured,
    /// The server answered the record with a failure.
    #[error("{} answered with Result-Code {}{}", .0.origin_host, .0.result_code, said(.0))]
    Refused(Box<AccountingAnswer>),
    /// There was no answer in time.
    #[error("no answer within {0:?}")]
    NoAnswer(Duration),
    /// The record has no answer of its own kind.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The state of a session cannot be resumed.
    #[error("the state of the session cannot be used: {0}")]
    State(String),
    /// The session is over: no record of it can be sent any more.
    #[error("the accounting session is over")]
    Ended,
}

/// An error as the log may have it. Error-Message stays out of it: a server may have written there who the user is.
pub(crate) struct Logged<'a>(&'a RfError);

impl fmt::Display for Logged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, result_code) = match self.0 {
            RfError::Refused(answer) => (&answer.origin_host, answer.result_code),
            RfError::Send(SendError::Answered(answer)) => (&answer.origin_host, answer.result_code),
            error => return error.fmt(f),
        };
        write!(f, "{host} answered with Result-Code {result_code}")
    }
}

/// Error-Message.
fn said(answer: &AccountingAnswer) -> String {
    answer.error_message.as_ref().map_or_else(String::new, |message| format!(": {message}"))
}

impl RfError {
    /// The Result-Code that stands for this error: that of the answer, or 5012 for what went wrong on this side, a timeout
    /// above all.
    pub fn result_code(&self) -> ResultCode {
        match self {
            Self::Refused(answer) => answer.result_code,
            Self::Send(error) => error.result_code(),
            Self::NotConfigured | Self::NoAnswer(_) | Self::State(_) | Self::Ended => ResultCode::UNABLE_TO_COMPLY,
        }
    }
}
