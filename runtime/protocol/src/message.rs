//! Messages: a header, and a body of the command's type.

mod lenient;

pub use self::lenient::{Lenient, decode_lenient};

use crate::base::{AnswerMessage, ResultCode};
use crate::codec::{DecodeError, Decoder, EncodeError, Encoder, Group, Known};
use crate::wire::{CommandFlags, HEADER_LEN, HeaderError};
use bytes::Bytes;
use std::sync::atomic::{AtomicU32, Ordering};

pub use crate::wire::{EndToEndId, Header, HopByHopId};

/// A request or an answer: a [`Group`] with a command code.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    label = "neither a request nor an answer",
    note = "messages come from the `<command>`s of a dictionary (XML, in build.rs or by `dictionary!`) or from `#[derive(Command)]`"
)]
pub trait Command: Group {
    /// Command code.
    const CODE: u32;
    /// Application-Id. 0 for base commands, also for those that travel with a session's application id (RAR, ASR, STR),
    /// which is given when they are sent.
    const APPLICATION: u32;
    /// Request or answer.
    const REQUEST: bool;
    /// Whether the P flag is set.
    const PROXIABLE: bool;
    /// Full name, such as `Credit-Control-Request`; [`Group::NAME`] is the abbreviation.
    const COMMAND_NAME: &'static str;

    /// The flags of a first transmission.
    const FLAGS: CommandFlags = {
        let proxiable = if Self::PROXIABLE { CommandFlags::PROXIABLE } else { CommandFlags::NONE };
        if Self::REQUEST { proxiable.with(CommandFlags::REQUEST) } else { proxiable }
    };
}

impl Header {
    /// The header of a `C`, in the application of its grammar.
    pub const fn of<C: Command>(hop_by_hop: HopByHopId, end_to_end: EndToEndId) -> Self {
        Self { flags: C::FLAGS, command: C::CODE, application: C::APPLICATION, hop_by_hop, end_to_end }
    }
}

/// A request.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a request",
    note = "requests come from the `<request>` of a command in a dictionary; answers are sent by the handler of their request"
)]
pub trait Request: Command {
    /// What answers it.
    type Answer: Answer;
}

/// An answer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an answer",
    note = "answers come from the `<answer>` of a command in a dictionary"
)]
pub trait Answer: Command {
    /// The Result-Code, where the answer has one.
    fn result_code(&self) -> Option<ResultCode>;
}

/// A form of the standard command `S`: `S` itself, or a user's struct that holds `S` and members of its own.
///
/// Sessions build `S`, and ask the form for the rest; a vendor AVP that the form requires is a field of `Required`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a form of `{S}`",
    label = "expected `{S}`, or a struct around it",
    note = "own forms come from `<command like=\"…\">` in a dictionary, in the application of the command that they are like"
)]
pub trait Form<S: Command>: Command {
    /// What the form needs besides `S`.
    type Required;
    /// Puts both together.
    fn assemble(standard: S, required: Self::Required) -> Self;
    /// The standard part.
    fn standard(&self) -> &S;
    /// The standard part, to change it.
    fn standard_mut(&mut self) -> &mut S;
}

impl<S: Command> Form<S> for S {
    type Required = ();
    fn assemble(standard: S, (): ()) -> S {
        standard
    }
    fn standard(&self) -> &S {
        self
    }
    fn standard_mut(&mut self) -> &mut S {
        self
    }
}

/// Gives out end-to-end ids, from many tasks at once. A node has one of these.
#[derive(Debug)]
pub struct EndToEndIds(AtomicU32);

impl EndToEndIds {
    /// Ids from a node's start: the low 12 bits of the time in seconds, then 20 bits of `random`, so that a node that
    /// restarts does not repeat ids (RFC 6733 §3).
    pub fn new(seconds: u32, random: u32) -> Self {
        Self(AtomicU32::new(seconds << 20 | random & 0x000f_ffff))
    }

    /// An id that was not given out before, for as long as the 32 bits last.
    pub fn next(&self) -> EndToEndId {
        EndToEndId(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A message as it was received.
#[derive(Clone, Debug, PartialEq)]
pub struct Received<C> {
    /// Its header.
    pub header: Header,
    /// Its body.
    pub body: C,
}

/// Decodes one message strictly.
///
/// # Errors
/// Everything that is wrong with it, in a form from which an answer can be made.
pub fn decode<C: Command>(frame: &[u8], known: &Known) -> Result<Received<C>, DecodeError> {
    decode_with(frame, Some(known), None)
}

/// Decodes a message that was judged before, such as one from a store: AVPs outside the grammar are kept unjudged.
///
/// # Errors
/// As [`decode`], but for AVPs that are not known.
pub fn decode_again<C: Command>(frame: &[u8]) -> Result<Received<C>, DecodeError> {
    decode_with(frame, None, None)
}

/// Decodes one message strictly; long values keep a reference to `frame` instead of a copy.
///
/// # Errors
/// As [`decode`].
pub fn decode_shared<C: Command>(frame: &Bytes, known: &Known) -> Result<Received<C>, DecodeError> {
    decode_with(frame, Some(known), Some(frame))
}

fn decode_with<C: Command>(
    frame: &[u8],
    known: Option<&Known>,
    buffer: Option<&Bytes>,
) -> Result<Received<C>, DecodeError> {
    let header = read_header_of::<C>(frame)?;
    let mut decoder = Decoder::new(known).sharing(buffer);
    // Filled where it is returned: a message is large, and moving it costs more than reading it.
    let mut result = Ok(Received { header, body: C::blank_group() });
    if let Ok(received) = &mut result {
        // A message is never nested, so the depth limit cannot be what fails here.
        let _ = decoder.group(&mut received.body, &frame[HEADER_LEN..]);
    }
    if let Some(error) = decoder.failed() {
        result = Err(error.in_message(C::NAME));
    }
    result
}

/// Decodes an answer with the E flag (RFC 6733 §7.2).
///
/// # Errors
/// As [`decode`].
pub fn decode_answer_message(frame: &[u8], known: &Known) -> Result<Received<AnswerMessage>, DecodeError> {
    let header = read_header(frame).map_err(|error| error.in_message(AnswerMessage::NAME))?;
    let mut decoder = Decoder::new(Some(known));
    let mut body = AnswerMessage::blank_group();
    let _ = decoder.group(&mut body, &frame[HEADER_LEN..]);
    match decoder.failed() {
        None => Ok(Received { header, body }),
        Some(error) => Err(error.in_message(AnswerMessage::NAME)),
    }
}

/// The header of a `C`; anything else is refused.
#[inline(always)]
fn read_header_of<C: Command>(frame: &[u8]) -> Result<Header, DecodeError> {
    let header = read_header(frame).map_err(|error| error.in_message(C::NAME))?;
    if header.command != C::CODE || header.flags.is_request() != C::REQUEST {
        let kind = if header.flags.is_request() { "request" } else { "answer" };
        let message = format!("the message is a {kind} with command code {}", header.command);
        return Err(DecodeError::whole(ResultCode::COMMAND_UNSUPPORTED, message).in_message(C::NAME));
    }
    check_bits::<C>(header).map_err(|error| error.in_message(C::NAME))?;
    Ok(header)
}

fn read_header(frame: &[u8]) -> Result<Header, DecodeError> {
    Header::read(frame).map_err(|error| {
        let result_code = match error {
            HeaderError::Version(_) => ResultCode::UNSUPPORTED_VERSION,
            _ => ResultCode::INVALID_MESSAGE_LENGTH,
        };
        DecodeError::whole(result_code, error.to_string())
    })
}

fn check_bits<C: Command>(header: Header) -> Result<(), DecodeError> {
    let fault = if C::REQUEST && header.flags.is_error() {
        "the E flag is set in a request"
    } else if !C::REQUEST && header.flags.is_error() {
        "the E flag is set: this is an answer-message, not the command's own answer"
    } else if !C::REQUEST && header.flags.is_retransmitted() {
        "the T flag is set in an answer"
    } else if !C::PROXIABLE && header.flags.is_proxiable() {
        "the P flag is set in a command that is never proxied"
    } else {
        return Ok(());
    };
    Err(DecodeError::whole(ResultCode::INVALID_HDR_BITS, fault.into()))
}

/// Encodes one message.
///
/// # Errors
/// If a value or a cardinality cannot be encoded; the error names its path.
pub fn encode<C: Group>(header: Header, body: &C) -> Result<Vec<u8>, EncodeError> {
    Encoder::message(header, body)
}
