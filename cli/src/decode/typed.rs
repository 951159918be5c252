//! The typed layer as a second opinion: strict decoding, and encoding again.

use super::walk::Findings;
use diametric_protocol::codec::{DecodeError, Known};
use diametric_protocol::message;
use diametric_protocol::wire::{Header, RawMessage};

/// What is asked of the typed layer.
pub(crate) struct Typed {
    /// Present if anything is asked.
    known: Option<Known>,
    strict: bool,
    reencode: bool,
}

impl Typed {
    /// `strict` asks for the errors of strict decoding, `reencode` for the message written again.
    pub(crate) fn new(strict: bool, reencode: bool) -> Self {
        Self { known: (strict || reencode).then(Known::standard), strict, reencode }
    }

    /// What it finds in one message.
    pub(crate) fn examine(&self, raw: &RawMessage<'_>, frame: &[u8]) -> Findings {
        let mut findings = Findings::default();
        let Some(known) = &self.known else { return findings };
        if self.reencode {
            let mut out = Vec::with_capacity(frame.len());
            // What is not framed cannot be written; the AVPs show where.
            findings.reencoded = raw.write(&mut out).is_ok().then_some(out);
        }
        match decode_and_encode(raw.header, frame, known) {
            Some(Ok(octets)) if self.reencode => findings.typed_reencoded = octets,
            Some(Err(error)) if self.strict => findings.error = Some(error),
            _ => {}
        }
        findings
    }
}

/// Decodes a message into its type, if it has one, and encodes it with the header it came with.
fn decode_and_encode(header: Header, frame: &[u8], known: &Known) -> Option<Result<Option<Vec<u8>>, DecodeError>> {
    if header.flags.is_error() && !header.flags.is_request() {
        let answer = message::decode_answer_message(frame, known);
        return Some(answer.map(|answer| message::encode(header, &answer.body).ok()));
    }
    let info = known.command(header.application, header.command, header.flags.is_request())?;
    Some((info.decode)(frame, known).map(|body| body.encode(header).ok()))
}
