//! A peer that does nothing by itself: what it sends and receives are octets.

use crate::support::{CREDIT_CONTROL, header, soon};
use diametric::base::{
    AnswerMessage, CapabilitiesExchangeAnswer, CapabilitiesExchangeAnswerRequired, CapabilitiesExchangeRequest,
    CapabilitiesExchangeRequestRequired, ResultCode,
};
use diametric::codec::Known;
use diametric::message::{self, Answer, Command, Header, Received};
use diametric::value::{Address, List};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One end of a connection.
pub(crate) struct Raw {
    stream: TcpStream,
}

impl Raw {
    /// Connects, and says nothing yet.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { stream: soon(TcpStream::connect(address)).await.unwrap() }
    }

    /// Connects and exchanges capabilities.
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let mut raw = Self::connect(address).await;
        raw.send(&message::encode(header::<CapabilitiesExchangeRequest>(1), &cer()).unwrap()).await;
        let cea: Received<CapabilitiesExchangeAnswer> = raw.answer().await;
        assert_eq!(cea.body.result_code, ResultCode::SUCCESS);
        raw
    }

    /// Takes a node's connection, without a word.
    pub(crate) async fn accept(listener: &TcpListener) -> Self {
        Self { stream: soon(listener.accept()).await.unwrap().0 }
    }

    /// Takes a node's connection and exchanges capabilities. The node's CER is returned as well.
    pub(crate) async fn welcome(listener: &TcpListener) -> (Self, Received<CapabilitiesExchangeRequest>) {
        let mut raw = Self::accept(listener).await;
        let cer: Received<CapabilitiesExchangeRequest> = raw.message().await;
        raw.reply(cer.header, &cea()).await;
        (raw, cer)
    }

    pub(crate) async fn send(&mut self, octets: &[u8]) {
        soon(self.stream.write_all(octets)).await.unwrap();
    }

    /// As [`send`](Self::send), to a node that may close the connection meanwhile.
    pub(crate) async fn throw(&mut self, octets: &[u8]) {
        let _ = soon(self.stream.write_all(octets)).await;
    }

    /// The next frame, or none if the node closed the connection.
    pub(crate) async fn receive(&mut self) -> Option<Vec<u8>> {
        let mut frame = vec![0; 4];
        soon(self.stream.read_exact(&mut frame)).await.ok()?;
        let length = u32::from_be_bytes([0, frame[1], frame[2], frame[3]]) as usize;
        frame.resize(length, 0);
        soon(self.stream.read_exact(&mut frame[4..])).await.ok()?;
        Some(frame)
    }

    /// The next frame, which must be a `C`.
    pub(crate) async fn message<C: Command>(&mut self) -> Received<C> {
        let frame = self.receive().await.expect("the connection should not be closed yet");
        message::decode(&frame, &Known::standard()).unwrap()
    }

    /// The next frame, which must be an `A` as the command has it.
    pub(crate) async fn answer<A: Answer>(&mut self) -> Received<A> {
        self.message().await
    }

    /// Sends a request and waits for the answer that refuses it: with the E flag if it is a protocol error.
    pub(crate) async fn refused(&mut self, frame: &[u8]) -> AnswerMessage {
        let sent = Header::peek(frame).unwrap();
        self.send(frame).await;
        let frame = self.receive().await.expect("the connection should not be closed yet");
        let answer = message::decode_answer_message(&frame, &Known::standard()).unwrap();
        assert!(!answer.header.flags.is_request(), "{:?}", answer.header);
        if answer.body.result_code.0 / 1000 == 3 {
            assert!(answer.header.flags.is_error(), "{:?}", answer.header);
        }
        let Header { command, application, hop_by_hop, end_to_end, .. } = answer.header;
        assert_eq!(
            (command, application, hop_by_hop, end_to_end),
            (sent.command, sent.application, sent.hop_by_hop, sent.end_to_end)
        );
        assert_eq!(answer.header.flags.is_proxiable(), sent.flags.is_proxiable());
        answer.body
    }

    /// Answers the request with this header.
    pub(crate) async fn reply<A: Answer>(&mut self, request: Header, answer: &A) {
        let header = Header { flags: A::FLAGS, ..request };
        self.send(&message::encode(header, answer).unwrap()).await;
    }

    /// Nothing follows: the node closed the connection.
    pub(crate) async fn assert_closed(&mut self) {
        let mut rest = Vec::new();
        // A reset closes as well.
        let _ = soon(self.stream.read_to_end(&mut rest)).await;
        assert_eq!(rest, b"", "the connection should be closed");
    }
}

/// A listener on a port of its own.
pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The CER of a client of credit control.
pub(crate) fn cer() -> CapabilitiesExchangeRequest {
    let mut cer = CapabilitiesExchangeRequest::new(CapabilitiesExchangeRequestRequired {
        origin_host: "raw.example.com".into(),
        origin_realm: "example.com".into(),
        host_ip_address: localhost(),
        vendor_id: 0,
        product_name: "raw".into(),
    });
    cer.auth_application_id.push(CREDIT_CONTROL);
    cer
}

/// The CEA of a server of credit control.
pub(crate) fn cea() -> CapabilitiesExchangeAnswer {
    let mut cea = CapabilitiesExchangeAnswer::new(CapabilitiesExchangeAnswerRequired {
        result_code: ResultCode::SUCCESS,
        origin_host: "raw.example.net".into(),
        origin_realm: "example.net".into(),
        host_ip_address: localhost(),
        vendor_id: 0,
        product_name: "raw".into(),
    });
    cea.auth_application_id.push(CREDIT_CONTROL);
    cea
}

fn localhost() -> List<Address> {
    Ipv4Addr::LOCALHOST.into()
}
