//! Online charging.
//!
//! - [`Ro`], from [`Node::ro`], is the client (CTF): it opens sessions that reserve units (ECUR and SCUR) and sends
//!   one-time events (IEC).
//! - [`Service`] is one service to one user, as both kinds of charging need it: Service-Context-Id, Subscription-Id, and
//!   whatever else every request repeats.
//! - [`RoSession`] is an open session.
//! - [`RoServer`] is the server (OCF): one trait, a method per operation.

mod delivery;
mod event;
mod facts;
mod reauth;
mod server;
mod service;
mod session;
mod state;
mod stored;
mod task;

pub use reauth::{Abort, Reauthorization};
pub use server::{Expiry, RoRequest, RoServer, RoServerConfig, ServedSession};
pub use service::{CcrForm, Service, imsi, msisdn};
pub use session::{Opened, RoSession, SessionHandle};
pub use state::RoSessionState;

pub(crate) use reauth::{Later, RoSessions, install};
pub(crate) use server::CREDIT_CONTROL;
pub(crate) use stored::StoredEvent;

use crate::error::SendError;
use crate::node::{Node, Shared};
use diametric_protocol::base::{ErrorMessage, ResultCode};
use diametric_protocol::codec::Group;
use diametric_protocol::credit_control::CreditControlAnswer;
use diametric_protocol::value::Utf8String;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The client of online charging. Cheap to clone, used from many tasks.
#[derive(Clone)]
pub struct Ro {
    shared: Arc<Shared>,
}

impl Ro {
    /// Charging for a service, named by its Service-Context-Id such as `32251@3gpp.org` (TS 32.251, packet switched).
    pub fn service(&self, service_context_id: impl Into<Utf8String>) -> Service {
        Service::new(Arc::clone(&self.shared), service_context_id.into())
    }

    /// How many debits and refunds wait to be sent again, because they could not be delivered ([`RoError::Stored`]).
    pub fn undelivered(&self) -> usize {
        self.shared.ro_store().len()
    }

    /// How many of them were given up since the node started, because a server refused them when they were sent again.
    pub fn dropped(&self) -> u64 {
        self.shared.ro_store().dropped()
    }

    /// Sends the debits and refunds that wait, without waiting for their time, and returns when none waits any more: what a
    /// program does before it ends, with a limit of its own.
    pub async fn drain(&self) {
        self.shared.ro_store().drained().await;
    }
}

impl Node {
    /// The client of online charging.
    ///
    /// # Errors
    /// If the configuration does not say where Ro requests go: [`Config::ro_client`](crate::Config::ro_client).
    pub fn ro(&self) -> Result<Ro, RoError> {
        match self.shared().config.ro.ocs_realm {
            Some(_) => Ok(Ro { shared: Arc::clone(self.shared()) }),
            None => Err(RoError::NotConfigured),
        }
    }
}

/// What a charging request comes to. Nothing is sent before it is polled; once it was, dropping it only means not to
/// hear the answer.
pub type RoFuture<T> = Pin<Box<dyn Future<Output = Result<T, RoError>> + Send>>;

/// Why online charging did not give what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RoError {
    /// The configuration names no OCF.
    #[error("the configuration does not say where Ro requests go: set the realm of the OCF (`ro_client`)")]
    NotConfigured,
    /// The server refused: the service must not be delivered, or must stop.
    #[error("{} refused with Result-Code {}{}", .0.origin_host, .0.result_code, said(.0))]
    Denied(Box<CreditControlAnswer>),
    /// Tx expired: the service must not be delivered, or must stop.
    #[error("no answer within Tx ({0:?})")]
    NoAnswer(Duration),
    /// The request has no answer, or was not sent: the service must not be delivered, or must stop. That Tx expired while no
    /// peer was connected yet is [`SendError::NoRoute`].
    #[error(transparent)]
    Send(#[from] SendError),
    /// The service may be delivered without credit control, as the failure handling has it (Credit-Control-Failure-Handling
    /// or Direct-Debiting-Failure-Handling CONTINUE), or because the server needs none (4011).
    #[error("the service goes on without credit control: {0}")]
    Uncontrolled(Box<RoError>),
    /// A debit or refund could not be delivered, for this reason, and is kept to be sent again, with the T flag where the
    /// server may have got it (RFC 8506 §6.5). A debited service may be delivered (§8.15).
    ///
    /// It is kept in memory, together with at most [`RoConfig::buffer`](crate::RoConfig::buffer) others: it is lost when the
    /// process ends. What comes of it is not told; if a server refuses it at last, it counts as
    /// [dropped](Ro::dropped).
    #[error("the request is kept and will be sent again: {0}")]
    Stored(Box<RoError>),
    /// The state of a session cannot be resumed.
    #[error("the state of the session cannot be used: {0}")]
    State(String),
    /// The session is over: no request of it can be sent any more.
    #[error("the credit-control session is over")]
    Ended,
}

/// Error-Message, which has no place of its own in a CCA.
fn said(answer: &CreditControlAnswer) -> String {
    match answer.get::<ErrorMessage>() {
        Ok(Some(message)) => format!(": {message}"),
        _ => String::new(),
    }
}

impl RoError {
    /// The Result-Code that stands for this error: that of the answer, or 5012 for what went wrong on this side.
    pub fn result_code(&self) -> ResultCode {
        match self {
            Self::Denied(answer) => answer.result_code,
            Self::Send(error) => error.result_code(),
            Self::Uncontrolled(cause) | Self::Stored(cause) => cause.result_code(),
            Self::NotConfigured | Self::NoAnswer(_) | Self::State(_) | Self::Ended => ResultCode::UNABLE_TO_COMPLY,
        }
    }

    /// Whether the service may be delivered all the same.
    pub fn grants_service(&self) -> bool {
        matches!(self, Self::Uncontrolled(_) | Self::Stored(_))
    }

    fn uncontrolled_if(self, granted: bool) -> Self {
        if granted { Self::Uncontrolled(Box::new(self)) } else { self }
    }
}
