//! Answers made from the request (RFC 6733 §6.2 and §7).

use crate::base::{AnswerMessage, AnswerMessageRequired, ProxyInfo, ResultCode, SessionId};
use crate::codec::{Avp, AvpValue, CommandInfo, DecodeError, EncodeError, Known};
use crate::message::{self, Answer};
use crate::value::{DiameterIdentity, RawGroup, Utf8String};
use crate::wire::{CommandFlags, Header, RawAvpBuf, RawMessage};

/// What an answer repeats of its request, besides the header: taken before the request is decoded, so that even a
/// malformed one gets its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestContext {
    /// The request's header.
    pub header: Header,
    /// Its Session-Id.
    pub session_id: Option<Utf8String>,
    /// Its Proxy-Info AVPs, in order.
    pub proxy_info: Vec<ProxyInfo>,
}

impl RequestContext {
    /// Reads what can be read of `frame`; `None` if not even the header is there.
    pub fn of(frame: &[u8]) -> Option<Self> {
        let header = Header::peek(frame)?;
        let mut context = Self { header, session_id: None, proxy_info: Vec::new() };
        if let Ok(message) = RawMessage::read(frame) {
            context.session_id = message
                .find(SessionId::VENDOR, SessionId::CODE)
                .and_then(|avp| std::str::from_utf8(avp.data).ok().map(Utf8String::from));
            context.proxy_info = message
                .avps()
                .filter_map(Result::ok)
                .filter(|avp| avp.code == ProxyInfo::CODE && avp.vendor == ProxyInfo::VENDOR)
                .filter_map(|avp| crate::codec::decode_payload::<ProxyInfo>(avp.data).ok())
                .collect();
        }
        Some(context)
    }

    /// The header of an answer: R and T clear, P copied.
    pub fn answer_header(&self) -> Header {
        Header { flags: CommandFlags(self.header.flags.0 & CommandFlags::PROXIABLE.0), ..self.header }
    }

    /// Encodes an answer of the command's own grammar.
    ///
    /// # Errors
    /// As [`message::encode`].
    pub fn answer<A: Answer>(&self, answer: &A) -> Result<Vec<u8>, EncodeError> {
        message::encode(self.answer_header(), answer)
    }

    /// Encodes an error answer in the answer-message grammar, with the E flag.
    ///
    /// # Errors
    /// As [`message::encode`].
    pub fn error(&self, from: &Origin<'_>, error: &ErrorAnswer) -> Result<Vec<u8>, EncodeError> {
        let mut answer = AnswerMessage::new(AnswerMessageRequired {
            origin_host: from.host.clone(),
            origin_realm: from.realm.clone(),
            result_code: error.result_code,
        });
        answer.session_id = self.session_id.clone();
        answer.error_message = error.message.as_deref().map(Utf8String::from);
        answer.failed_avp = error.failed_avp.clone();
        answer.proxy_info = self.proxy_info.iter().cloned().collect();
        let mut header = self.answer_header();
        header.flags = header.flags.with(CommandFlags::ERROR);
        message::encode(header, &answer)
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// Origin-Host.
    pub host: &'a DiameterIdentity,
    /// Origin-Realm.
    pub realm: &'a DiameterIdentity,
}

/// What an error answer says.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorAnswer {
    /// Result-Code.
    pub result_code: ResultCode,
    /// Error-Message, for people.
    pub message: Option<String>,
    /// Failed-AVP.
    pub failed_avp: Option<RawGroup>,
}

impl ErrorAnswer {
    /// An error with a text.
    pub fn new(result_code: ResultCode, message: impl Into<String>) -> Self {
        Self { result_code, message: Some(message.into()), failed_avp: None }
    }

    /// DIAMETER_MISSING_AVP for `A`, with an example of it in Failed-AVP (RFC 6733 §7.1.5).
    pub fn missing<A: Avp>() -> Self {
        let mut example = Vec::new();
        let data = vec![0; A::Value::MIN_PAYLOAD].into();
        RawAvpBuf { code: A::CODE, vendor: A::VENDOR, flags: A::FLAGS, data }.write(&mut example);
        Self {
            result_code: ResultCode::MISSING_AVP,
            message: Some(format!("{} is missing", A::NAME)),
            failed_avp: Some(RawGroup::from(example.as_slice())),
        }
    }
}

/// The first failure, as RFC 6733 §7 asks.
impl From<&DecodeError> for ErrorAnswer {
    fn from(error: &DecodeError) -> Self {
        let first = error.first();
        let failed_avp = (!first.failed_avp.is_empty()).then(|| RawGroup::from(first.failed_avp.concat().as_slice()));
        Self { result_code: first.result_code, message: Some(error.to_string()), failed_avp }
    }
}

/// Finds the definition of the message in `frame`, or what to answer where there is none: 3001 for an unknown command,
/// 3007 for a known one in an application that does not have it.
///
/// # Errors
/// As said.
pub fn classify(header: Header, known: &Known) -> Result<&'static CommandInfo, ErrorAnswer> {
    known.command(header.application, header.command, header.flags.is_request()).ok_or_else(|| {
        if known.has_command_code(header.command) {
            let message = format!("command {} is not supported in application {}", header.command, header.application);
            ErrorAnswer::new(ResultCode::APPLICATION_UNSUPPORTED, message)
        } else {
            ErrorAnswer::new(ResultCode::COMMAND_UNSUPPORTED, format!("command code {} is not known", header.command))
        }
    })
}
