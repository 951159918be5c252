//! Neither a request nor an answer.

use diametric::base::SessionId;
use diametric::codec::Extras;
use diametric::value::Utf8String;
use diametric_derive::Command;

#[derive(Clone, Debug, PartialEq, Command)]
#[command(name = "Acme-Ping", code = 8388700, application = 16777999, short = "AP", proxiable = false)]
pub struct AcmePing {
    #[avp(SessionId)]
    pub session_id: Utf8String,
    #[avp(extras)]
    pub extras: Extras,
}

fn main() {}
