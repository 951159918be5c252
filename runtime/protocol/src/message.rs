//! Messages: a header, and a body of the command's type.

mod lenient;

pub use self::lenient::{Lenient, decode_lenient};

use crate::base::{AnswerMessage, ResultCode};
use crate::codec::{DecodeError, Decoder, EncodeError, Encoder, Group, Known};
use crate::wire::{CommandFlags, HEADER_LEN, HeaderError};
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
    decode_with(frame, Some(known))
}

/// Decodes a message that was judged before, such as one from a store: AVPs outside the grammar are kept unjudged.
///
/// # Errors
/// As [`decode`], but for AVPs that are not known.
pub fn decode_again<C: Command>(frame: &[u8]) -> Result<Received<C>, DecodeError> {
    decode_with(frame, None)
}

/// [`decode`] into a body that stays where it is: `body` is [`Group::blank_group`], and of no use if this fails. A message is
/// large, and what returns it by value often copies it.
#[doc(hidden)]
#[inline(never)]
pub fn fill<C: Command>(body: &mut C, frame: &[u8], known: &Known) -> Result<(), DecodeError> {
    read_header_of::<C>(frame)?;
    fill_body(body, frame, Some(known))
}

fn decode_with<C: Command>(frame: &[u8], known: Option<&Known>) -> Result<Received<C>, DecodeError> {
    decode_body(read_header_of::<C>(frame)?, frame, known)
}

// Functions of their own with one way out each: a message is large, and inlined it would be made in one place and moved to
// another before it is filled.
#[inline(never)]
fn decode_body<C: Command>(header: Header, frame: &[u8], known: Option<&Known>) -> Result<Received<C>, DecodeError> {
    let mut result = blank::<C>(header);
    if let Ok(received) = &mut result
        && let Err(error) = fill_body(&mut received.body, frame, known)
    {
        result = Err(error);
    }
    result
}

#[inline(always)]
fn fill_body<C: Command>(body: &mut C, frame: &[u8], known: Option<&Known>) -> Result<(), DecodeError> {
    let mut decoder = Decoder::new(known, frame.len());
    decoder.group(body, &frame[HEADER_LEN..]).map_err(|_| decoder.failed().in_message(C::NAME))
}

#[inline(never)]
fn blank<C: Command>(header: Header) -> Result<Received<C>, DecodeError> {
    Ok(Received { header, body: C::blank_group() })
}

/// Decodes an answer with the E flag (RFC 6733 §7.2).
///
/// # Errors
/// As [`decode`].
pub fn decode_answer_message(frame: &[u8], known: &Known) -> Result<Received<AnswerMessage>, DecodeError> {
    let header = Header::read(frame).map_err(|error| unreadable(error).in_message(AnswerMessage::NAME))?;
    let mut decoder = Decoder::new(Some(known), frame.len());
    let mut body = AnswerMessage::blank_group();
    match decoder.group(&mut body, &frame[HEADER_LEN..]) {
        Ok(()) => Ok(Received { header, body }),
        Err(_) => Err(decoder.failed().in_message(AnswerMessage::NAME)),
    }
}

/// The header of a `C`; anything else is refused.
#[inline(always)]
fn read_header_of<C: Command>(frame: &[u8]) -> Result<Header, DecodeError> {
    let read = Header::read(frame);
    match read {
        Ok(header) if is_header_of::<C>(header) => Ok(header),
        _ => Err(refused_header(read, C::CODE, C::REQUEST).in_message(C::NAME)),
    }
}

/// Whether this is a header that a `C` may have.
#[inline]
const fn is_header_of<C: Command>(header: Header) -> bool {
    let clear = if C::REQUEST { CommandFlags::ERROR } else { CommandFlags::ERROR.with(CommandFlags::RETRANSMITTED) };
    let clear = if C::PROXIABLE { clear } else { clear.with(CommandFlags::PROXIABLE) };
    let flags = header.flags;
    header.command == C::CODE && flags.is_request() == C::REQUEST && flags.0 & clear.0 == 0
}

/// What is wrong with a header that is not one of the command with this code.
#[cold]
fn refused_header(read: Result<Header, HeaderError>, code: u32, request: bool) -> DecodeError {
    let header = match read {
        Ok(header) => header,
        Err(error) => return unreadable(error),
    };
    if header.command != code || header.flags.is_request() != request {
        let kind = if header.flags.is_request() { "request" } else { "answer" };
        let message = format!("the message is a {kind} with command code {}", header.command);
        return DecodeError::whole(ResultCode::COMMAND_UNSUPPORTED, message);
    }
    let fault = if request && header.flags.is_error() {
        "the E flag is set in a request"
    } else if header.flags.is_error() {
        "the E flag is set: this is an answer-message, not the command's own answer"
    } else if !request && header.flags.is_retransmitted() {
        "the T flag is set in an answer"
    } else {
        "the P flag is set in a command that is never proxied"
    };
    DecodeError::whole(ResultCode::INVALID_HDR_BITS, fault.into())
}

fn unreadable(error: HeaderError) -> DecodeError {
    let result_code = match error {
        HeaderError::Version(_) => ResultCode::UNSUPPORTED_VERSION,
        _ => ResultCode::INVALID_MESSAGE_LENGTH,
    };
    DecodeError::whole(result_code, error.to_string())
}

/// Encodes one message.
///
/// # Errors
/// If a value or a cardinality cannot be encoded; the error names its path.
pub fn encode<C: Group>(header: Header, body: &C) -> Result<Vec<u8>, EncodeError> {
    Encoder::message(header, body)
}
