//! Answers made from the request (RFC 6733 §6.2 and §7).

use crate::base::{AnswerMessage, AnswerMessageRequired, ProxyInfo, ResultCode, SessionId};
use crate::codec::{Avp, AvpValue, CommandInfo, DecodeError, EncodeError, Known, decode_payload};
use crate::message::{self, Answer};
use crate::value::{DiameterIdentity, RawGroup, Utf8String};
use crate::wire::{CommandFlags, HEADER_LEN, Header, RawAvp, RawAvpBuf, RawMessage};

/// Where the flags are in a header.
const FLAGS_OFFSET: usize = 4;
/// The most that Message Length can say.
const MAX_LENGTH: u32 = 0x00ff_ffff;

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
        Self::of_seen(frame, |_| false, |_| {})
    }

    /// [`of`](Self::of), and on the way shows `see` the AVPs at the top level of the message whose codes are `wanted`.
    #[inline]
    pub fn of_seen<'a>(frame: &'a [u8], wanted: impl Fn(u32) -> bool, mut see: impl FnMut(RawAvp<'a>)) -> Option<Self> {
        let header = Header::peek(frame)?;
        let mut context = Self { header, session_id: None, proxy_info: Vec::new() };
        let Ok(message) = RawMessage::read(frame) else { return Some(context) };
        let own = |code| matches!(code, SessionId::CODE | ProxyInfo::CODE);
        for avp in message.select(|code| own(code) || wanted(code)) {
            if wanted(avp.code) {
                see(avp);
            }
            match avp.code {
                SessionId::CODE if avp.vendor == 0 && context.session_id.is_none() => {
                    context.session_id = decode_payload::<SessionId>(avp.data).ok();
                }
                ProxyInfo::CODE if avp.vendor == 0 => context.proxy_info.extend(decode_payload::<ProxyInfo>(avp.data)),
                _ => {}
            }
        }
        Some(context)
    }

    /// The header of an answer: R and T clear, P copied.
    pub fn answer_header(&self) -> Header {
        Header { flags: CommandFlags(self.header.flags.0 & CommandFlags::PROXIABLE.0), ..self.header }
    }

    /// Encodes an answer of the command's own grammar, as [`encode`].
    ///
    /// # Errors
    /// As [`message::encode`].
    pub fn answer<A: Answer>(&self, answer: &A) -> Result<Vec<u8>, EncodeError> {
        encode(self.answer_header(), answer)
    }

    /// Encodes the refusal of `request`: in the grammar of `A`, with the E flag clear, if everything that it requires is
    /// known here or can be taken from the request; otherwise, and for protocol errors (3xxx) always, as
    /// [`error`](Self::error). RFC 6733 §7.1: the E flag belongs to protocol errors; others should do without it.
    ///
    /// # Errors
    /// As [`message::encode`].
    pub fn refuse<A: Answer>(
        &self,
        from: &Origin<'_>,
        error: &ErrorAnswer,
        request: &[u8],
    ) -> Result<Vec<u8>, EncodeError> {
        let frame = self.error(from, error)?;
        let own = if error.result_code.0 / 1000 == 3 { None } else { in_own_grammar::<A>(&frame, request) };
        Ok(own.unwrap_or(frame))
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

/// Encodes an answer of the command's own grammar, with the header of [`RequestContext::answer_header`]. If its Result-Code
/// is that of a protocol error (3xxx), it gets the E flag, as RFC 6733 §7.1.3 demands; whatever it holds is allowed in an
/// answer-message as well.
///
/// # Errors
/// As [`message::encode`].
pub fn encode<A: Answer>(mut header: Header, answer: &A) -> Result<Vec<u8>, EncodeError> {
    let undeclared = || answer.get::<ResultCode>().ok().flatten();
    if answer.result_code().or_else(undeclared).is_some_and(|code| code.0 / 1000 == 3) {
        header.flags = header.flags.with(CommandFlags::ERROR);
    }
    message::encode(header, answer)
}

/// Makes an `A` of an answer-message, with what `A` requires besides and `request` has.
fn in_own_grammar<A: Answer>(answer_message: &[u8], request: &[u8]) -> Option<Vec<u8>> {
    let mut frame = answer_message.to_vec();
    let flags = frame.get_mut(FLAGS_OFFSET)?;
    *flags &= !CommandFlags::ERROR.0;
    let Err(error) = message::decode_again::<A>(&frame) else { return Some(frame) };
    for failure in error.failures() {
        // A decoder tells first what is wrong with the AVPs that are there, and then, once each, what is missing.
        let ([missing], ResultCode::MISSING_AVP) = (failure.path.as_slice(), failure.result_code) else { return None };
        copy(request, missing.vendor, missing.code, &mut frame)?;
    }
    let length = u32::try_from(frame.len()).ok().filter(|length| *length <= MAX_LENGTH)?;
    frame[1..4].copy_from_slice(&length.to_be_bytes()[1..]);
    message::decode_again::<A>(&frame).is_ok().then_some(frame)
}

/// Appends the first such AVP of `request`, as it was received.
fn copy(request: &[u8], vendor: u32, code: u32, out: &mut Vec<u8>) -> Option<()> {
    let message = RawMessage::read(request).ok()?;
    let mut avps = message.avps();
    loop {
        let start = avps.offset();
        let avp = avps.next()?.ok()?;
        if avp.code == code && avp.vendor == vendor {
            out.extend_from_slice(&request[HEADER_LEN..][start..avps.offset()]);
            // The padding of the last AVP in a message may be missing.
            out.resize(out.len().next_multiple_of(4), 0);
            return Some(());
        }
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
        RawAvpBuf { code: A::CODE, vendor: A::VENDOR, flags: A::FLAGS, data }.append(&mut example);
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
