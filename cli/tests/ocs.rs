//! `diametric ocs` as clients see it.

mod charging;

use charging::{Server, client, text};
use diametric::base::{DisconnectPeerRequest, ResultCode};
use diametric::credit_control::{
    CcRequestType, Cca, Ccr, CheckBalanceResult, CreditControlRequestRequired, MultipleServicesCreditControl,
    RequestedAction, RequestedServiceUnit,
};
use diametric::message::Command;
use diametric::ro::{Opened, Service, imsi};
use diametric::wire::Header;
use diametric::{Config, Node, SendError};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CREDIT_CONTROL: u32 = 4;

async fn node(server: &Server, host: &str) -> Node {
    let config = Config::new(host, "example.com").peer(server.address).ro_client("example.net");
    Node::builder(config).start().await.unwrap()
}

async fn service(server: &Server) -> Service {
    let node = node(server, "ctf.example.com").await;
    node.ro().unwrap().service("32251@3gpp.org").subscription(imsi("001010123456789"))
}

fn asking(rating_group: u32, units: RequestedServiceUnit) -> MultipleServicesCreditControl {
    let service = MultipleServicesCreditControl::new().with_rating_group(rating_group);
    service.with_requested_service_unit(units)
}

/// A CCR in the layout of RFC 8506, without Multiple-Services-Credit-Control, and with as little as there may be.
fn bare(request_type: CcRequestType, number: u32) -> Ccr {
    Ccr::new(CreditControlRequestRequired {
        session_id: "stranger.example.com;1;1".into(),
        origin_host: "ctf.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        auth_application_id: CREDIT_CONTROL,
        service_context_id: "anything@example.com".into(),
        cc_request_type: request_type,
        cc_request_number: number,
    })
}

#[tokio::test]
async fn each_service_is_granted_what_it_asks_for() {
    let server = Server::start("ocs", &["--validity-time", "30"]);
    let opened = service(&server).await.initial(|ccr| {
        let services = &mut ccr.multiple_services_credit_control;
        let mut first = asking(7, RequestedServiceUnit::new().with_cc_total_octets(5000_u64));
        first.service_identifier.push(70_u32);
        services.push(first);
        services.push(asking(8, RequestedServiceUnit::new().with_cc_time(60_u32)));
        services.push(asking(9, RequestedServiceUnit::new()));
        services.push(MultipleServicesCreditControl::new().with_rating_group(10_u32));
    });
    let Opened::Granted { session, answer } = opened.await.unwrap() else { panic!("it is granted") };
    let services: Vec<_> = answer
        .multiple_services_credit_control
        .iter()
        .map(|service| {
            assert_eq!(service.result_code, Some(ResultCode::SUCCESS));
            let granted = service.granted_service_unit.as_ref();
            let octets = granted.and_then(|units| units.cc_total_octets);
            (service.rating_group, octets, granted.and_then(|units| units.cc_time), service.validity_time)
        })
        .collect();
    assert_eq!(
        services,
        [
            (Some(7), Some(5000), None, Some(30)),
            (Some(8), None, Some(60), Some(30)),
            (Some(9), Some(1_048_576), None, Some(30)),
            // Nothing was asked for.
            (Some(10), None, None, None),
        ]
    );
    assert_eq!(&*answer.multiple_services_credit_control[0].service_identifier, [70]);
    let last =
        session.terminate(|ccr| ccr.multiple_services_credit_control.push(asking(7, RequestedServiceUnit::new())));
    let last = last.await.unwrap();
    assert_eq!(last.multiple_services_credit_control[0].granted_service_unit, None);
}

#[tokio::test]
async fn the_options_decide_what_is_granted() {
    let server = Server::start("ocs", &["--grant-octets", "777", "--grant-seconds", "33"]);
    let opened = service(&server).await.initial(|ccr| {
        let services = &mut ccr.multiple_services_credit_control;
        services.push(asking(7, RequestedServiceUnit::new().with_cc_total_octets(5000_u64)));
        services.push(asking(8, RequestedServiceUnit::new().with_cc_time(60_u32)));
        services.push(asking(9, RequestedServiceUnit::new()));
    });
    let Opened::Granted { answer, .. } = opened.await.unwrap() else { panic!("it is granted") };
    let services = answer.multiple_services_credit_control.iter();
    let units = services.map(|service| service.granted_service_unit.clone().unwrap());
    let units: Vec<_> = units.map(|units| (units.cc_total_octets, units.cc_time)).collect();
    assert_eq!(units, [(Some(777), None), (None, Some(33)), (Some(777), Some(33))]);
}

#[tokio::test]
async fn units_may_be_at_command_level() {
    let server = Server::start("ocs", &["--validity-time", "30"]);
    let node = node(&server, "ctf.example.com").await;
    let mut initial = bare(CcRequestType::InitialRequest, 0);
    initial.requested_service_unit = Some(RequestedServiceUnit::new().with_cc_total_octets(5000_u64));
    let cca: Cca = node.send(CREDIT_CONTROL, &initial).await.unwrap();
    assert_eq!(cca.result_code, ResultCode::SUCCESS);
    assert_eq!(cca.granted_service_unit.and_then(|units| units.cc_total_octets), Some(5000));
    assert_eq!((cca.validity_time, cca.multiple_services_credit_control.len()), (Some(30), 0));
    // A client that asks for nothing gets nothing, and is not refused.
    let cca: Cca = node.send(CREDIT_CONTROL, &bare(CcRequestType::UpdateRequest, 1)).await.unwrap();
    assert_eq!((cca.result_code, cca.granted_service_unit), (ResultCode::SUCCESS, None));
    let cca: Cca = node.send(CREDIT_CONTROL, &bare(CcRequestType::TerminationRequest, 2)).await.unwrap();
    assert_eq!(cca.result_code, ResultCode::SUCCESS);
    let cca: Cca = node.send(CREDIT_CONTROL, &bare(CcRequestType::UpdateRequest, 3)).await.unwrap();
    assert_eq!(cca.result_code, ResultCode::UNKNOWN_SESSION_ID);
}

#[tokio::test]
async fn events_are_answered_by_what_they_ask() {
    let server = Server::start("ocs", &[]);
    let service = service(&server).await;
    let one = RequestedServiceUnit::new().with_cc_service_specific_units(3_u64);
    for cca in [
        service.clone().debit(|ccr| ccr.requested_service_unit = Some(one.clone())).await.unwrap(),
        service.clone().refund(|ccr| ccr.requested_service_unit = Some(one)).await.unwrap(),
    ] {
        assert_eq!(cca.granted_service_unit.and_then(|units| units.cc_service_specific_units), Some(3));
    }
    let cca = service.clone().debit(|_| ()).await.unwrap();
    assert_eq!(cca.granted_service_unit.and_then(|units| units.cc_service_specific_units), Some(1));
    let cca = service.clone().check_balance(|_| ()).await.unwrap();
    assert_eq!(cca.check_balance_result, Some(CheckBalanceResult::ENOUGH_CREDIT));
    assert_eq!(cca.granted_service_unit, None);
    let cca = service.price_enquiry(|_| ()).await.unwrap();
    let price = cca.cost_information.unwrap();
    assert_eq!((price.unit_value.value_digits, price.unit_value.exponent, price.currency_code), (10, Some(-2), 978));
}

#[tokio::test]
async fn an_event_must_say_what_it_wants() {
    let server = Server::start("ocs", &[]);
    let node = node(&server, "ctf.example.com").await;
    let mut event = bare(CcRequestType::EventRequest, 0);
    assert_eq!(node.send(CREDIT_CONTROL, &event).await.unwrap().result_code, ResultCode::MISSING_AVP);
    event.requested_action = Some(RequestedAction::DirectDebiting);
    assert_eq!(node.send(CREDIT_CONTROL, &event).await.unwrap().result_code, ResultCode::SUCCESS);
}

#[tokio::test]
async fn every_answer_carries_the_result_code() {
    let server = Server::start("ocs", &["--result-code", "4010"]);
    let node = node(&server, "ctf.example.com").await;
    let mut event = bare(CcRequestType::EventRequest, 0);
    event.requested_action = Some(RequestedAction::DirectDebiting);
    let cca = node.send(CREDIT_CONTROL, &event).await.unwrap();
    assert_eq!((cca.result_code, cca.granted_service_unit), (ResultCode::END_USER_SERVICE_DENIED, None));

    // A protocol error has the E flag.
    let server = Server::start("ocs", &["--result-code", "3004"]);
    let node = self::node(&server, "ctf.example.com").await;
    let error = node.send(CREDIT_CONTROL, &event).await.unwrap_err();
    assert!(matches!(error, SendError::Answered(_)), "{error}");
    assert_eq!(error.to_string(), "ocs.example.net answered with Result-Code 3004 (DIAMETER_TOO_BUSY)");
}

#[test]
fn peers_that_are_not_listed_are_refused() {
    let server = Server::start("ocs", &["--peer", "one.example.com", "--peer", "two.example.com"]);
    for (host, status) in [("one.example.com", 0), ("two.example.com", 0), ("three.example.com", 2)] {
        let output = client("ro", server.address, &["--mode", "iec", "--origin-host", host]);
        assert_eq!(output.status.code(), Some(status), "{host}: {}", text(&output.stderr));
        if status != 0 {
            assert!(text(&output.stderr).contains("3010"), "{}", text(&output.stderr));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_peers_are_served() {
    let server = Server::start("ocs", &[]);
    let mut nodes = Vec::new();
    for number in 0..300 {
        nodes.push(node(&server, &format!("ctf{number}.example.com")).await);
    }
    let charging = nodes.iter().map(|node| {
        let service = node.ro().unwrap().service("32251@3gpp.org");
        tokio::spawn(async move {
            let Opened::Granted { session, .. } = service.initial(|_| ()).await.unwrap() else {
                panic!("it is granted")
            };
            session.update(|_| ()).await.unwrap();
            session.terminate(|_| ()).await.unwrap()
        })
    });
    for charged in charging.collect::<Vec<_>>() {
        assert_eq!(charged.await.unwrap().result_code, ResultCode::SUCCESS);
    }
    let (status, ..) = server.stop("TERM");
    assert_eq!(status.code(), Some(0));
}

#[tokio::test]
async fn signals_stop_it_after_leave_is_taken() {
    for signal in ["TERM", "INT"] {
        let server = Server::start("ocs", &[]);
        let received: Arc<Mutex<Vec<u32>>> = Arc::default();
        let seen = Arc::clone(&received);
        let config = Config::new("ctf.example.com", "example.com").peer(server.address).ro_client("example.net");
        let node = Node::builder(config).observe(move |frame| {
            let header = Header::peek(frame.octets).unwrap();
            if !frame.sent && header.flags.is_request() {
                seen.lock().unwrap().push(header.command);
            }
        });
        let node = node.start().await.unwrap();
        node.ro().unwrap().service("32251@3gpp.org").debit(|_| ()).await.unwrap();
        let stopped = tokio::task::spawn_blocking(move || server.stop(signal));
        let (status, printed, told) = tokio::time::timeout(Duration::from_secs(20), stopped).await.unwrap().unwrap();
        assert_eq!((status.code(), printed.as_str(), told.as_str()), (Some(0), "", ""), "{signal}");
        assert_eq!(*received.lock().unwrap(), [DisconnectPeerRequest::CODE], "{signal}");
    }
}

#[tokio::test]
async fn a_re_authorization_that_a_client_refuses_is_told() {
    let server = Server::start("ocs", &["--reauth-after-ms", "50"]);
    let node = node(&server, "ctf.example.com").await;
    let ro = node.ro().unwrap();
    let (answered, mut refused) = tokio::sync::mpsc::unbounded_channel();
    ro.on_reauth(move |session, rar| {
        let answered = answered.clone();
        async move {
            rar.answer(ResultCode::UNABLE_TO_COMPLY).await;
            answered.send(session.id().to_owned()).unwrap();
        }
    });
    let Opened::Granted { session, .. } = ro.service("32251@3gpp.org").initial(|_| ()).await.unwrap() else {
        panic!("it is granted")
    };
    let id = tokio::time::timeout(Duration::from_secs(20), refused.recv()).await.unwrap().unwrap();
    // Its answer comes after the RAA has been read.
    session.terminate(|_| ()).await.unwrap();
    node.shutdown().await;
    let (_, _, told) = server.stop("TERM");
    let code = ResultCode::UNABLE_TO_COMPLY;
    assert_eq!(told, format!("RAR for {id}: ctf.example.com answered with Result-Code {code}\n"));
}

#[tokio::test]
async fn what_it_tells_and_nobody_reads_holds_it_up_neither_at_work_nor_at_its_end() {
    let server = Server::start("ocs", &["--reauth-after-ms", "50"]);
    let node = node(&server, "ctf.example.com").await;
    let ro = node.ro().unwrap();
    let (refused, mut refusals) = tokio::sync::mpsc::unbounded_channel();
    ro.on_reauth(move |_, rar| {
        // Without an answer of its own, it is refused.
        drop(rar);
        refused.send(()).unwrap();
        std::future::ready(())
    });
    let mut sessions = Vec::new();
    for _ in 0..2000 {
        sessions.push(ro.service("32251@3gpp.org").initial(|_| ()).await.unwrap());
    }
    // Their lines are more than a pipe holds, and than may wait for it.
    for _ in 0..1900 {
        tokio::time::timeout(Duration::from_secs(20), refusals.recv()).await.unwrap().unwrap();
    }
    drop(sessions);
    node.shutdown().await;
    assert_eq!(server.client("ro", &["--mode", "ecur"]).status.code(), Some(0));
    let (status, _, told) = server.stop("TERM");
    assert_eq!(status.code(), Some(0));
    assert!(told.starts_with("RAR for ctf.example.com;"), "{told}");
}

#[test]
fn without_peers_it_stops_at_once() {
    let server = Server::start("ocs", &[]);
    let (status, printed, told) = server.stop("TERM");
    assert_eq!((status.code(), printed.as_str(), told.as_str()), (Some(0), "", ""));
}

#[test]
fn an_address_that_is_taken_is_named() {
    let server = Server::start("ocs", &[]);
    let address = server.address.to_string();
    let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
        .args(["ocs", "--listen", &address])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(1)));
    assert!(text(&output.stderr).contains(&address), "{}", text(&output.stderr));
}

#[test]
fn what_is_written_about_it_is_complete() {
    for command in ["ocs", "ro", "cdf", "rf", "demo"] {
        let output = std::process::Command::new(assert_cmd::cargo::cargo_bin!("diametric"))
            .args([command, "--help"])
            .output()
            .unwrap();
        let help = text(&output.stdout);
        assert!(help.contains("EXAMPLES:") && help.contains("EXIT STATUS:"), "{help}");
    }
}
