//! Tells every exchange of the charging applications, from the messages as they pass.

use diametric::Frame;
use diametric::accounting::{AccountingRecordNumber, AccountingRecordType};
use diametric::base::ResultCode;
use diametric::codec::Avp;
use diametric::credit_control::{CcRequestNumber, CcRequestType, MultipleServicesCreditControl, RequestedAction};
use diametric::value::Enumeration;
use diametric::wire::{EndToEndId, HopByHopId, RawMessage};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Instant;

/// Application-Id and command code.
const CCR: (u32, u32) = (4, 272);
const RAR: (u32, u32) = (4, 258);
const ASR: (u32, u32) = (4, 274);
const ACR: (u32, u32) = (3, 271);
const SESSION_ID: u32 = 263;
const RESULT_CODE: u32 = 268;
const ERROR_MESSAGE: u32 = 281;

/// What an answer repeats of its request. Another answer is none.
type Exchange = (u32, HopByHopId, EndToEndId);

/// A request without an answer.
struct Asked {
    at: Instant,
    line: Map<String, Value>,
}

pub(crate) struct Journal {
    asked: Mutex<HashMap<Exchange, Asked>>,
    refused: AtomicBool,
    /// To the thread that writes: a reader that is slow must not hold up the connection.
    lines: Mutex<Option<mpsc::Sender<String>>>,
    writer: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        let (lines, received) = mpsc::channel();
        let writer = std::thread::spawn(move || write(&received));
        Self {
            asked: Mutex::default(),
            refused: AtomicBool::new(false),
            lines: Mutex::new(Some(lines)),
            writer: Mutex::new(Some(writer)),
        }
    }

    /// Takes note of a message.
    pub(crate) fn see(&self, frame: Frame<'_>) {
        let Ok(message) = RawMessage::read(frame.octets) else { return };
        let header = message.header;
        let command = (header.application, header.command);
        // What a client asks, and what a server does: the reverse is refused, and no exchange of the session.
        let asks = match command {
            CCR | ACR => true,
            RAR | ASR => false,
            _ => return,
        };
        if asks != (frame.sent == header.flags.is_request()) {
            return;
        }
        let exchange = (header.command, header.hop_by_hop, header.end_to_end);
        if header.flags.is_request() {
            let asked = Asked { at: Instant::now(), line: request(&message) };
            lock(&self.asked).insert(exchange, asked);
            return;
        }
        let Some(Asked { at, mut line }) = lock(&self.asked).remove(&exchange) else { return };
        let latency = at.elapsed().as_micros();
        let result_code = number(&message, RESULT_CODE);
        let success = !header.flags.is_error() && result_code.is_some_and(|code| is_success(ResultCode(code)));
        let service = service_refusal(&message);
        if asks && (!success || service.is_some()) {
            self.refused.store(true, Ordering::Relaxed);
        }
        line.insert("result_code".into(), result_code.into());
        if let Some(service) = service {
            line.insert("service_result_code".into(), service.into());
        }
        if let Some(text) = message.find(0, ERROR_MESSAGE) {
            line.insert("error_message".into(), String::from_utf8_lossy(text.data).into());
        }
        if let Some(session_id) = line.shift_remove("session_id") {
            line.insert("session_id".into(), session_id);
        }
        line.insert("latency_us".into(), u64::try_from(latency).unwrap_or(u64::MAX).into());
        if let Some(lines) = &*lock(&self.lines) {
            // Where they cannot be written, that is told at the end.
            let _ = lines.send(Value::Object(line).to_string());
        }
    }

    /// Waits until everything is written; whether all CCRs and ACRs were answered with success.
    ///
    /// # Errors
    /// If a line could not be written, unless its reader has gone.
    pub(crate) fn close(&self) -> io::Result<bool> {
        lock(&self.lines).take();
        if let Some(writer) = lock(&self.writer).take() {
            let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            written.or_else(|error| if error.kind() == io::ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })?;
        }
        Ok(!self.refused.load(Ordering::Relaxed))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write(lines: &mpsc::Receiver<String>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    while let Ok(line) = lines.recv() {
        writeln!(out, "{line}").and_then(|()| out.flush())?;
    }
    Ok(())
}

fn request(message: &RawMessage<'_>) -> Map<String, Value> {
    let mut line = Map::new();
    let mut tell = |name: &str, value: Value| _ = line.insert(name.into(), value);
    match (message.header.application, message.header.command) {
        CCR => {
            tell("command", "CCR".into());
            tell("type", label::<CcRequestType>(message).into());
            if let Some(action) = label::<RequestedAction>(message) {
                tell("requested_action", action.into());
            }
            tell("number", number(message, CcRequestNumber::CODE).into());
        }
        ACR => {
            tell("command", "ACR".into());
            tell("type", label::<AccountingRecordType>(message).into());
            tell("number", number(message, AccountingRecordNumber::CODE).into());
        }
        RAR => tell("command", "RAR".into()),
        _ => tell("command", "ASR".into()),
    }
    let session_id = message.find(0, SESSION_ID).map(|avp| String::from_utf8_lossy(avp.data).into_owned());
    tell("session_id", session_id.into());
    line
}

fn label<A: Avp + Enumeration<Raw = i32>>(message: &RawMessage<'_>) -> Option<&'static str> {
    A::from_raw(number(message, A::CODE)? as i32)?.label()
}

fn number(message: &RawMessage<'_>, code: u32) -> Option<u32> {
    message.find(0, code).and_then(|avp| avp.data.try_into().ok()).map(u32::from_be_bytes)
}

/// The Result-Code that refuses a service in Multiple-Services-Credit-Control, whatever the answer says of the session.
fn service_refusal(message: &RawMessage<'_>) -> Option<u32> {
    let services = message.select(|code| code == MultipleServicesCreditControl::CODE).filter(|avp| avp.vendor == 0);
    let members = services.flat_map(|service| service.members().filter_map(Result::ok));
    let codes = members.filter(|avp| (avp.vendor, avp.code) == (0, RESULT_CODE));
    let mut codes = codes.filter_map(|avp| Some(u32::from_be_bytes(avp.data.try_into().ok()?)));
    codes.find(|code| !is_success(ResultCode(*code)))
}

fn is_success(result_code: ResultCode) -> bool {
    (2000..3000).contains(&result_code.0)
}

#[cfg(test)]
mod tests {
    use super::Journal;
    use diametric::Frame;
    use diametric::base::{AnswerMessage, AnswerMessageRequired, ResultCode};
    use diametric::message::{self, EndToEndId, Header, HopByHopId};
    use diametric::wire::CommandFlags;

    const ASKED: (HopByHopId, EndToEndId) = (HopByHopId(1), EndToEndId(1));

    /// Whether all was well after a CCR, which this client has sent or not, and its refusal with these ids.
    fn after_refusal(sent: bool, ids: (HopByHopId, EndToEndId)) -> bool {
        let journal = Journal::new();
        let see = |sent, octets: &[u8]| {
            let address = ([127, 0, 0, 1], 3868).into();
            journal.see(Frame { sent, local: address, remote: address, octets });
        };
        let refusal = AnswerMessage::new(AnswerMessageRequired {
            origin_host: "a.example.com".into(),
            origin_realm: "example.com".into(),
            result_code: ResultCode::COMMAND_UNSUPPORTED,
        });
        let header =
            |flags, (hop_by_hop, end_to_end)| Header { flags, command: 272, application: 4, hop_by_hop, end_to_end };
        // What is in the request is no matter here.
        see(sent, &message::encode(header(CommandFlags::REQUEST, ASKED), &refusal).unwrap());
        see(!sent, &message::encode(header(CommandFlags::ERROR, ids), &refusal).unwrap());
        journal.close().expect("the lines are written")
    }

    #[test]
    fn only_its_own_requests_make_a_client_fail() {
        assert!(!after_refusal(true, ASKED));
        assert!(after_refusal(false, ASKED));
    }

    #[test]
    fn an_answer_to_another_request_is_none() {
        assert!(after_refusal(true, (HopByHopId(2), EndToEndId(1))));
        assert!(after_refusal(true, (HopByHopId(1), EndToEndId(2))));
    }
}
