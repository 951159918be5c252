//! Sessions as plain data: what they look like in JSON and in a binary format.

mod common;

use common::{Raw, config, granted, listener, soon};
use diametric::Node;
use diametric::accounting::{Aca, AccountingAnswerRequired, Acr};
use diametric::base::ResultCode;
use diametric::credit_control::Ccr;
use diametric::peer::Applications;
use diametric::rf::RfSessionState;
use diametric::ro::{Opened, RoSessionState, imsi};
use serde_json::Value;

/// The state of a Ro session and of a Rf session that were just opened.
async fn states() -> (RoSessionState, RfSessionState) {
    let (listener, address) = listener().await;
    let mut config = config("ctf.example.com").peer(address).ro_client("example.net").rf_client("example.net");
    config.listen.clear();
    let client = Node::builder(config).start().await.unwrap();
    let accepted = Raw::accept(&listener);
    let mut server = accepted.await;
    let cer = server.message::<diametric::base::CapabilitiesExchangeRequest>().await;
    let mut node = common::node("ocs.example.net");
    node.applications = Applications::new().with_auth(4).with_acct(3);
    server.answer(cer.header, &node.cea(ResultCode::SUCCESS, &["127.0.0.1".parse().unwrap()])).await;

    let service = client.ro().unwrap().service("32251@3gpp.org").subscription(imsi("001010123456789"));
    let opening = tokio::spawn(service.initial(|_| ()));
    let ccr = server.message::<Ccr>().await;
    server.answer(ccr.header, &granted(&ccr.body, &"ocs.example.net".into())).await;
    let Opened::Granted { session, .. } = soon(opening).await.unwrap().unwrap() else { panic!("it was granted") };
    session.set_attribute("call", "17");
    let online = soon(session.detach()).await.unwrap();

    let starting = tokio::spawn(client.rf().unwrap().service("32260@3gpp.org").start(|_| ()));
    let acr = server.message::<Acr>().await;
    let aca = Aca::new(AccountingAnswerRequired {
        session_id: acr.body.session_id.clone(),
        result_code: ResultCode::SUCCESS,
        origin_host: "ocs.example.net".into(),
        origin_realm: "example.net".into(),
        accounting_record_type: acr.body.accounting_record_type,
        accounting_record_number: acr.body.accounting_record_number,
    });
    server.answer(acr.header, &aca).await;
    let session = soon(starting).await.unwrap().unwrap().session;
    (online, soon(session.detach()).await.unwrap())
}

#[tokio::test]
async fn states_are_compact_in_json_and_in_binary_formats() {
    let (online, offline) = states().await;
    let json = serde_json::to_value(&online).unwrap();
    let template = json["template"].as_str().expect("a string");
    assert!(template.starts_with("01") && template.bytes().all(|digit| digit.is_ascii_hexdigit()), "{template}");
    assert_eq!((&json["version"], &json["attributes"]["call"]), (&Value::from(1), &Value::from("17")));
    assert_eq!(serde_json::from_value::<RoSessionState>(json.clone()).unwrap(), online);
    let json = serde_json::to_value(&offline).unwrap();
    assert!(json["template"].is_string() && json["version"] == 1, "{json}");
    assert_eq!(serde_json::from_value::<RfSessionState>(json).unwrap(), offline);

    let octets = postcard::to_allocvec(&online).unwrap();
    // The encoded CCR is in it as it is.
    assert!(octets.len() < template.len(), "{} octets", octets.len());
    assert_eq!(postcard::from_bytes::<RoSessionState>(&octets).unwrap(), online);
    let octets = postcard::to_allocvec(&offline).unwrap();
    assert_eq!(postcard::from_bytes::<RfSessionState>(&octets).unwrap(), offline);
}

#[tokio::test]
async fn a_state_of_another_version_is_refused() {
    let (online, offline) = states().await;
    let expected = "in version 2, and this library reads version 1";
    let mut json = serde_json::to_value(&online).unwrap();
    json["version"] = 2.into();
    let error = serde_json::from_value::<RoSessionState>(json.clone()).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    json.as_object_mut().unwrap().remove("version");
    let error = serde_json::from_value::<RoSessionState>(json).unwrap_err().to_string();
    assert!(error.contains("missing field `version`"), "{error}");
    let mut json = serde_json::to_value(&offline).unwrap();
    json["version"] = 2.into();
    let error = serde_json::from_value::<RfSessionState>(json).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    // The version is the first thing that a binary format has to say.
    let mut octets = postcard::to_allocvec(&online).unwrap();
    octets[0] = 2;
    assert!(postcard::from_bytes::<RoSessionState>(&octets).is_err());
}
