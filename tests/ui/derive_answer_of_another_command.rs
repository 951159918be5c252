//! The answer has another command code than the request.

use diametric::base::SessionId;
use diametric::codec::Extras;
use diametric::value::Utf8String;
use diametric_derive::Command;

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Acme-Ping", code = 8388700, application = 16777999, short = "AP", request, answer = AcmePingAnswer)]
pub struct AcmePingRequest {
    #[avp(SessionId)]
    pub session_id: Utf8String,
    #[avp(extras)]
    pub extras: Extras,
}

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Acme-Ping", code = 8388701, application = 16777999, short = "AP", answer)]
pub struct AcmePingAnswer {
    #[avp(SessionId)]
    pub session_id: Utf8String,
    #[avp(extras)]
    pub extras: Extras,
}

fn main() {}
