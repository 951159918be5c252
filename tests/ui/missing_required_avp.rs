//! A CCR without Service-Context-Id.

use diametric::credit_control::{CcRequestType, Ccr, CreditControlRequestRequired};

fn main() {
    let _ = Ccr::new(CreditControlRequestRequired {
        session_id: "gw.example.com;1;1".into(),
        origin_host: "gw.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: 4,
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    });
}
