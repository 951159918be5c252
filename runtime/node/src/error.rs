//! What can go wrong between nodes.

use diametric_protocol::base::{AnswerMessage, ResultCode};
use diametric_protocol::codec::{DecodeError, EncodeError};
use diametric_protocol::peer::CloseReason;
use diametric_protocol::value::DiameterIdentity;
use std::net::SocketAddr;
use std::time::Duration;

/// A node that cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A listener cannot be opened.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        cause: std::io::Error,
    },
    /// The configuration cannot be right.
    #[error("{0}")]
    Config(String),
    /// A node for blocking code cannot have a runtime.
    #[error("cannot start a runtime: {0}")]
    Runtime(std::io::Error),
    /// A node for blocking code was to be started in async code.
    #[error("a blocking call in async code: use the async interface, or `spawn_blocking`")]
    InAsyncContext,
}

/// A request that has no answer of its own kind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The request cannot be encoded.
    #[error("the request cannot be encoded: {0}")]
    Encode(#[from] EncodeError),
    /// No connected peer can take the request.
    #[error("no route to {destination} for application {application}: {cause}")]
    NoRoute {
        /// Destination-Host, or else Destination-Realm.
        destination: DiameterIdentity,
        /// Application-Id.
        application: u32,
        /// What was tried, and how each attempt failed.
        cause: String,
    },
    /// The connection ended before the answer came.
    #[error("the connection to {peer} ended before the answer came: {reason}")]
    ConnectionLost {
        /// Origin-Host of the peer.
        peer: DiameterIdentity,
        /// Why it ended.
        reason: CloseReason,
    },
    /// No answer came in time.
    #[error("no answer from {peer} within {after:?}")]
    Timeout {
        /// Origin-Host of the peer.
        peer: DiameterIdentity,
        /// How long was waited.
        after: Duration,
    },
    /// The answer has the E flag.
    #[error("{} answered with Result-Code {}{}", .0.origin_host, .0.result_code, text(.0))]
    Answered(Box<AnswerMessage>),
    /// The answer is malformed.
    #[error("the answer of {peer} is malformed: {error}")]
    Malformed {
        /// Origin-Host of the peer.
        peer: DiameterIdentity,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The node is shutting down.
    #[error("the node is shutting down")]
    ShutDown,
    /// A method of [`blocking`](crate::blocking) was called in async code, which must not wait. Nothing was sent.
    #[error("a blocking call in async code: use the async interface, or `spawn_blocking`")]
    InAsyncContext,
}

fn text(answer: &AnswerMessage) -> String {
    answer.error_message.as_ref().map(|text| format!(": {text}")).unwrap_or_default()
}

impl SendError {
    /// The Result-Code that stands for this error: that of the peer, 3002 where there is no route, and 5012 for what
    /// went wrong on this side (a timeout above all).
    pub fn result_code(&self) -> ResultCode {
        match self {
            Self::Answered(answer) => answer.result_code,
            Self::NoRoute { .. } | Self::ConnectionLost { .. } => ResultCode::UNABLE_TO_DELIVER,
            _ => ResultCode::UNABLE_TO_COMPLY,
        }
    }
}
