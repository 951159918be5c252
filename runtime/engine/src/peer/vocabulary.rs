//! The words in which a connection and its driver talk.

use super::watchdog::Status;
use super::{LocalNode, RemoteNode};
use bytes::Bytes;
use diametric_protocol::base::{DisconnectCause, ResultCode};
use diametric_protocol::codec::Known;
use diametric_protocol::message::EndToEndIds;
use diametric_protocol::value::DiameterIdentity;
use diametric_protocol::wire::{Header, HopByHopId};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Who opened the transport connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// This node: it sends the CER.
    Initiator,
    /// The peer: this node waits for its CER.
    Responder,
}

/// What a connection needs to know of its node.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// What the node says of itself.
    pub local: Arc<LocalNode>,
    /// What the node understands.
    pub known: Arc<Known>,
    /// The addresses of this end, for Host-IP-Address.
    pub addresses: Vec<IpAddr>,
    /// The Origin-Host that must answer; any where `None`.
    pub expected: Option<DiameterIdentity>,
    /// How long CER and CEA may take, and then how long the verdict on the peer.
    pub establish_timeout: Duration,
    /// How long the peer may take to answer a DPR and close.
    pub close_timeout: Duration,
    /// Twinit of the watchdog.
    pub watchdog_interval: Duration,
    /// Hop-by-hop id of the first request.
    pub first_hop_by_hop: HopByHopId,
    /// The node's end-to-end ids, for the requests of the connection itself (CER, DWR, DPR).
    pub end_to_end: Arc<EndToEndIds>,
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// This node asked for it with DPR, and the peer agreed or took too long.
    #[error("this node disconnected")]
    Local,
    /// The peer sent a DPR.
    #[error("the peer disconnected: {0}")]
    Remote(DisconnectCause),
    /// The transport ended.
    #[error("the transport ended: {0}")]
    Transport(String),
    /// CER and CEA did not complete in time.
    #[error("connected, but no {0} within {1:?}")]
    EstablishTimeout(&'static str, Duration),
    /// The peer refused the CER.
    #[error("{} answered the CER with Result-Code {result_code}{}", named(peer), text(message))]
    Refused {
        /// Its Origin-Host, if it says it.
        peer: Option<DiameterIdentity>,
        /// Result-Code of the CEA.
        result_code: ResultCode,
        /// Error-Message of the CEA.
        message: Option<String>,
    },
    /// This node refused the peer.
    #[error("this node refused the peer: {0}")]
    Rejected(String),
    /// The peer is connected by another connection, which stays.
    #[error("{0} is connected already")]
    Duplicate(DiameterIdentity),
    /// The peer does not answer the watchdog.
    #[error("the peer does not answer the watchdog")]
    Watchdog,
    /// The peer broke the protocol, so that the connection cannot go on.
    #[error("protocol error: {0}")]
    Protocol(String),
}

fn named(peer: &Option<DiameterIdentity>) -> &str {
    peer.as_ref().map_or("the peer", DiameterIdentity::as_str)
}

fn text(message: &Option<String>) -> String {
    message.as_ref().map(|message| format!(": {message}")).unwrap_or_default()
}

/// What a connection tells its driver.
#[derive(Clone, Debug)]
pub enum Event {
    /// The peer said who it is, in a CER or in the CEA that accepts this node's. The connection waits for
    /// [`admit`](super::Connection::admit) or [`refuse`](super::Connection::refuse), and takes no frames meanwhile.
    Introduced(Arc<RemoteNode>),
    /// Capabilities were exchanged: requests may go out.
    Open(Arc<RemoteNode>),
    /// The peer sent a request, for the driver to answer.
    Request(Header, Bytes),
    /// The answer to a request.
    Answer(HopByHopId, Bytes),
    /// No answer came in time; one that comes later is discarded.
    TimedOut(HopByHopId),
    /// The watchdog's opinion of the peer changed. New requests should go to a peer that is
    /// [`Okay`](Status::Okay); those that are out should be given to another when it is [`Suspect`](Status::Suspect).
    Watchdog(Status),
    /// The peer answered a [`probe`](super::Connection::probe).
    Alive,
    /// One side sent a DPR: no new requests. Answers are still taken and sent.
    Closing,
    /// The connection is over. The driver sends what is left to transmit and closes the transport.
    Closed {
        /// Why.
        reason: CloseReason,
        /// Requests that will not be answered.
        unanswered: Vec<HopByHopId>,
    },
}

/// The connection is not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the connection is not open")]
pub struct NotOpen;
