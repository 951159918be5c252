//! An own form of CCR: built, used like the standard one, and sent in a session.

use diametric::credit_control::{CcRequestType, Ccr, CreditControlRequestRequired};
use diametric::ro::{Opened, RoError, Service};
use diametric_tests::acme::{CustomCreditControlRequest, CustomCreditControlRequestRequired};

pub async fn session(service: Service) -> Result<(), RoError> {
    let say = |text: &str| CustomCreditControlRequestRequired { custom_message: text.into() };
    let opened = service.initial_as::<CustomCreditControlRequest>(say("hello"), |ccr| ccr.user_name = None);
    let (Opened::Granted { session, .. } | Opened::Uncontrolled { session, .. }) = opened.await?;
    session.update_as(say("still here"), |ccr| ccr.custom_message = "or not".into()).await?;
    session.terminate_as(say("goodbye"), |_| ()).await?;
    Ok(())
}

fn main() {
    let standard = Ccr::new(CreditControlRequestRequired {
        session_id: "gw.example.com;1;1".into(),
        origin_host: "gw.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: 4,
        service_context_id: "32251@3gpp.org".into(),
        cc_request_type: CcRequestType::InitialRequest,
        cc_request_number: 0,
    });
    let required = CustomCreditControlRequestRequired { custom_message: "hello".into() };
    let mut form = CustomCreditControlRequest::new(standard, required);
    form.user_name = Some("somebody".into());
    assert_eq!((form.custom_message.as_str(), form.cc_request_number), ("hello", 0));
}
