//! Frames: without a dictionary, by their header, and of a command that the input chooses.

use diametric_dissect::{Avps, Dissector, MAX_DEPTH, Value};
use diametric_protocol::DICTIONARY;
use diametric_protocol::answer::{self, ErrorAnswer, Origin, RequestContext};
use diametric_protocol::codec::{CommandInfo, DecodeError, Known};
use diametric_protocol::message;
use diametric_protocol::value::{DiameterIdentity, RawGroup};
use diametric_protocol::wire::{
    AvpReader, CommandFlags, EndToEndId, HEADER_LEN, Header, HopByHopId, MAX_MESSAGE_LEN, RawMessage, frame_length,
};
use std::sync::LazyLock;

static KNOWN: LazyLock<Known> = LazyLock::new(Known::standard);
static DISSECTOR: LazyLock<Dissector> = LazyLock::new(Dissector::standard);

/// Framing loses nothing: what is framed is written as it was read. Taken apart by a dictionary, each AVP stands where it is
/// said to.
pub fn raw(data: &[u8]) {
    if let Ok(Some(length)) = frame_length(data) {
        assert!((HEADER_LEN..=MAX_MESSAGE_LEN).contains(&length) && length.is_multiple_of(4));
    }
    let mut avps = AvpReader::new(data);
    let rest = avps.by_ref().find_map(Result::err).map_or(0, |fault| fault.rest.len());
    assert!(avps.offset() == data.len() && rest <= data.len());
    let group = RawGroup::from_octets(data);
    assert!(!format!("{group:?}").is_empty());
    let Ok(message) = RawMessage::read(data) else { return };
    let mut written = Vec::new();
    let framed = message.avps().all(|avp| avp.is_ok());
    assert_eq!(message.write(&mut written).is_ok(), framed);
    assert!(!framed || written == data);
    let dissected = DISSECTOR.message(message);
    check_avps(dissected.avps(), data, 0);
    assert!(!dissected.to_string().is_empty());
    let last = dissected.avps().map_while(Result::ok).last();
    assert!(last.is_none_or(|avp| dissected.path_at(avp.offset()).is_some()));
}

fn check_avps(avps: Avps<'_>, frame: &[u8], depth: usize) {
    for avp in avps {
        let avp = match avp {
            Ok(avp) => avp,
            Err(unframed) => return assert!(frame[unframed.offset..].len() >= unframed.data.len()),
        };
        assert!(frame[avp.offset()..][..avp.length()].ends_with(avp.data()));
        assert!(avp.depth() == depth && depth <= MAX_DEPTH);
        assert_eq!(matches!(avp.value(), Ok(Value::Unknown(_))), avp.definition().is_none());
        if let Ok(Value::Group(members)) = avp.value() {
            check_avps(members, frame, depth + 1);
        }
    }
}

/// A frame, as a node takes it: judged by its header and its grammar, answered if it is a request.
pub fn decode(data: &[u8]) {
    let Some(context) = RequestContext::of(data) else { return };
    let header = context.header;
    if header.flags.is_error() && !header.flags.is_request() {
        return drop(message::decode_answer_message(data, &KNOWN).map_err(|error| check_error(&error, &context)));
    }
    match answer::classify(header, &KNOWN) {
        Ok(command) => drop((command.decode)(data, &KNOWN).map_err(|error| check_error(&error, &context))),
        Err(error) => check_answer(&error, &context),
    }
}

/// What is decoded is encoded, and decoded again it is the same. The first octet chooses the command, the others are
/// its AVPs.
pub fn round_trip(data: &[u8]) {
    let Some((&choice, body)) = data.split_first() else { return };
    let count = DICTIONARY.commands.len() + 1;
    let command = DICTIONARY.commands.get(usize::from(choice) % count);
    let frame = frame(command, body);
    let header = Header::peek(&frame).expect("a header was written");
    let Some((shown, written)) = decoded(command, &frame, header) else { return };
    let (shown_again, written_again) = decoded(command, &written, header).expect("what was encoded decodes");
    assert_eq!(shown_again, shown);
    assert_eq!(written_again, written);
}

/// The input of [`round_trip`] for a frame.
pub fn selected(frame: &[u8]) -> Option<Vec<u8>> {
    let header = Header::peek(frame)?;
    let found = DICTIONARY.commands.iter().position(|command| {
        (command.code, command.request) == (header.command, header.flags.is_request())
            && command.application == header.application
    });
    let choice = if header.flags.is_error() { DICTIONARY.commands.len() } else { found? };
    Some([&[u8::try_from(choice).ok()?], &frame[HEADER_LEN..]].concat())
}

fn frame(command: Option<&CommandInfo>, body: &[u8]) -> Vec<u8> {
    let length = (HEADER_LEN + body.len()).next_multiple_of(4);
    let header = Header {
        flags: match command {
            Some(command) if command.request => CommandFlags::REQUEST,
            Some(_) => CommandFlags::NONE,
            None => CommandFlags::ERROR,
        },
        command: command.map_or(272, |command| command.code),
        application: command.map_or(4, |command| command.application),
        hop_by_hop: HopByHopId(1),
        end_to_end: EndToEndId(2),
    };
    let mut frame = header.to_bytes(length as u32).to_vec();
    frame.extend(body);
    frame.resize(length, 0);
    frame
}

/// What it looks like, and how it is written again.
fn decoded(command: Option<&CommandInfo>, frame: &[u8], header: Header) -> Option<(String, Vec<u8>)> {
    let (shown, written) = match command {
        Some(command) => {
            let message = (command.decode)(frame, &KNOWN).ok()?;
            (format!("{message:?}"), message.encode(header))
        }
        None => {
            let message = message::decode_answer_message(frame, &KNOWN).ok()?.body;
            (format!("{message:?}"), message::encode(header, &message))
        }
    };
    Some((shown, written.expect("what was decoded can be encoded")))
}

/// An error tells a Result-Code, Failed-AVPs that are framed, and what is wrong.
fn check_error(error: &DecodeError, context: &RequestContext) {
    assert!(!error.failures().is_empty() && !error.to_string().is_empty());
    for failure in error.failures() {
        let failed = failure.failed_avp.concat();
        assert!(AvpReader::new(&failed).all(|avp| avp.is_ok()), "{error}: {failed:02x?}");
        assert!(failed.len().is_multiple_of(4), "{error}: {failed:02x?}");
        assert!(matches!(failure.result_code.0, 3000..6000), "{error}");
        assert!(!failure.message.is_empty());
    }
    check_answer(&ErrorAnswer::from(error), context);
}

/// The answer can be sent, unless it is too long, and is one.
fn check_answer(error: &ErrorAnswer, context: &RequestContext) {
    let (host, realm) = (DiameterIdentity::from("a.example.net"), DiameterIdentity::from("example.net"));
    let Ok(frame) = context.error(&Origin { host: &host, realm: &realm }, error) else { return };
    let answer = match message::decode_answer_message(&frame, &KNOWN) {
        Ok(answer) => answer,
        // It is repeated as it came, whatever is in it (RFC 6733 §6.2).
        Err(error) => return assert_eq!(error.first().path[0].name, Some("Proxy-Info"), "{error}"),
    };
    assert_eq!(answer.body.result_code, error.result_code);
    assert_eq!(answer.body.session_id, context.session_id);
}
