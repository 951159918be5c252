//! A command declared in Rust: encoded, decoded, handled and sent.

use diametric::answer::ErrorAnswer;
use diametric::base::{ResultCode, SessionId};
use diametric::codec::{DictionaryTable, Extras, Known};
use diametric::message::{self, Answer, Command as _, EndToEndId, Header, HopByHopId};
use diametric::value::{List, Utf8String};
use diametric::{Incoming, Node, NodeBuilder, SendError};
use diametric_derive::{Avp, Command, dictionary_table};

#[derive(Avp)]
#[avp(name = "Custom-Note", code = 7101, vendor = 99999, flags = "M", type = UTF8String)]
pub enum CustomNote {}

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Acme-Ping", code = 8388700, application = 16777999, short = "AP", request, answer = AcmePingAnswer)]
pub struct AcmePingRequest {
    #[avp(SessionId)]
    pub session_id: Utf8String,
    #[avp(CustomNote)]
    pub notes: List<Utf8String>,
    #[avp(extras)]
    pub extras: Extras,
}

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Acme-Ping", code = 8388700, application = 16777999, short = "AP", answer)]
pub struct AcmePingAnswer {
    #[avp(SessionId)]
    pub session_id: Utf8String,
    #[avp(ResultCode)]
    pub result_code: ResultCode,
    #[avp(extras)]
    pub extras: Extras,
}

pub static DICTIONARY: DictionaryTable =
    dictionary_table!(name = "acme", avps = [CustomNote], commands = [AcmePingRequest, AcmePingAnswer]);

pub fn server(node: NodeBuilder) -> NodeBuilder {
    node.dictionary(&DICTIONARY).handle(AcmePingRequest::APPLICATION, ping)
}

async fn ping(incoming: Incoming<AcmePingRequest>) -> Result<AcmePingAnswer, ErrorAnswer> {
    let session_id = incoming.request.session_id;
    Ok(AcmePingAnswer { session_id, result_code: ResultCode::SUCCESS, extras: Extras::new() })
}

pub async fn client(node: Node, request: AcmePingRequest) -> Result<Option<ResultCode>, SendError> {
    let answer = node.send(AcmePingRequest::APPLICATION, &request).await?;
    Ok(answer.result_code())
}

fn main() {
    let notes = [Utf8String::from("hello")].into();
    let request = AcmePingRequest { session_id: "a.example;1;2".into(), notes, extras: Extras::new() };
    let (hop_by_hop, end_to_end) = (HopByHopId(1), EndToEndId(2));
    let (flags, command) = (AcmePingRequest::FLAGS, AcmePingRequest::CODE);
    let header = Header { flags, command, application: 16_777_999, hop_by_hop, end_to_end };
    let frame = message::encode(header, &request).unwrap();
    let known = Known::standard().with(&DICTIONARY);
    assert_eq!(message::decode::<AcmePingRequest>(&frame, &known).unwrap().body, request);
}
