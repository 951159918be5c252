//! What can go wrong between nodes.

use diametric_engine::peer::CloseReason;
use diametric_protocol::base::{AnswerMessage, OriginHost, ResultCode, SessionId};
use diametric_protocol::codec::{Avp, DecodeError, EncodeError, Group, decode_payload};
use diametric_protocol::value::DiameterIdentity;
use diametric_protocol::wire::RawMessage;
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
    Encode(EncodeError),
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
    /// The answer is malformed, or does not repeat what it must of its request, such as the Session-Id: it cannot be used.
    #[error("the answer of {peer}{} cannot be used: {error}", refusing(refusal.as_ref()))]
    Malformed {
        /// Origin-Host of the peer.
        peer: DiameterIdentity,
        /// What is wrong with it, and where.
        error: DecodeError,
        /// Its Result-Code, where that can be read and is no success. The request was refused then, whatever else is wrong
        /// with the refusal.
        refusal: Option<ResultCode>,
        /// Its Origin-Host, where that can be read: another than `peer`, if that is an agent.
        server: Option<DiameterIdentity>,
    },
    /// The node is shutting down.
    #[error("the node is shutting down")]
    ShutDown,
    /// A method of [`blocking`](crate::blocking) was called in async code, which must not wait. Nothing was sent.
    #[error("a blocking call in async code: use the async interface, or `spawn_blocking`")]
    InAsyncContext,
}

/// The text says it all: it is not the source as well, which would tell it twice.
impl From<EncodeError> for SendError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

fn text(answer: &AnswerMessage) -> String {
    answer.error_message.as_ref().map(|text| format!(": {text}")).unwrap_or_default()
}

fn refusing(refusal: Option<&ResultCode>) -> String {
    refusal.map(|code| format!(" with Result-Code {code}")).unwrap_or_default()
}

/// 2xxx.
pub(crate) fn is_success(result_code: ResultCode) -> bool {
    (2000..3000).contains(&result_code.0)
}

/// An AVP of a message that may be malformed otherwise.
fn read<A: Avp>(frame: &[u8]) -> Option<A::Value> {
    decode_payload::<A>(RawMessage::read(frame).ok()?.find(A::VENDOR, A::CODE)?.data).ok()
}

impl SendError {
    /// That the answer in `frame` is malformed, with what can be read of it all the same.
    pub(crate) fn malformed(peer: &DiameterIdentity, error: DecodeError, frame: &[u8]) -> Self {
        let refusal = read::<ResultCode>(frame).filter(|code| !is_success(*code));
        Self::Malformed { peer: peer.clone(), error, refusal, server: read::<OriginHost>(frame) }
    }

    /// That the answer in `frame` has the Session-Id of another session: what it says, it says of that one.
    pub(crate) fn foreign<A: Group>(peer: &DiameterIdentity, frame: &[u8]) -> Self {
        let error = DecodeError::invalid_value::<A, SessionId>("not that of the request: this answers another session");
        Self::Malformed { peer: peer.clone(), error, refusal: None, server: read::<OriginHost>(frame) }
    }

    /// That an answer does not repeat what it must of its request.
    pub(crate) fn mismatched(host: &DiameterIdentity, error: DecodeError, result_code: ResultCode) -> Self {
        let refusal = Some(result_code).filter(|code| !is_success(*code));
        Self::Malformed { peer: host.clone(), error, refusal, server: Some(host.clone()) }
    }

    /// The Result-Code that stands for this error: that of the peer where it can be read, 3002 where there is no
    /// route, and 5012 for what went wrong otherwise (a timeout above all).
    pub fn result_code(&self) -> ResultCode {
        match self {
            Self::Answered(answer) => answer.result_code,
            Self::Malformed { refusal: Some(result_code), .. } => *result_code,
            Self::NoRoute { .. } | Self::ConnectionLost { .. } => ResultCode::UNABLE_TO_DELIVER,
            _ => ResultCode::UNABLE_TO_COMPLY,
        }
    }
}
