//! `diametric ro` as it is used: against `diametric ocs`, and against servers that do not behave.

mod charging;

use charging::{Server, client, client_to, lines, nowhere, said, text};
use diametric::answer::ErrorAnswer;
use diametric::base::{ResultCode, TerminationCause};
use diametric::credit_control::{
    Cca, Ccr, GrantedServiceUnit, MultipleServicesCreditControl, MultipleServicesIndicator, RequestedAction,
};
use diametric::ro::{RoRequest, RoServer, ServedSession};
use diametric::ts32299::ReportingReason;
use diametric::{Config, Node};
use serde_json::Value;
use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener};
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[test]
fn a_session_with_updates() {
    let server = Server::start("ocs", &[]);
    let lines = lines(&server.client("ro", &["--mode", "scur", "--updates", "2"]), 0);
    let said: Vec<_> = lines.iter().map(said).collect();
    let expected = [
        ("CCR", "INITIAL_REQUEST", Some(0), 2001),
        ("CCR", "UPDATE_REQUEST", Some(1), 2001),
        ("CCR", "UPDATE_REQUEST", Some(2), 2001),
        ("CCR", "TERMINATION_REQUEST", Some(3), 2001),
    ];
    assert_eq!(said, expected);
    let sessions: HashSet<_> = lines.iter().map(|line| line["session_id"].as_str()).collect();
    assert_eq!(sessions.len(), 1);
    let keys: Vec<_> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["command", "type", "number", "result_code", "session_id", "latency_us"]);
}

#[cfg(unix)]
#[test]
fn an_interrupted_client_ends_its_sessions() {
    let server = Server::start("ocs", &[]);
    for signal in ["INT", "TERM"] {
        let output =
            charging::interrupted(signal, "ro", server.address, &["--mode", "ecur", "--answer-reauth-for", "60"]);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(text(&output.stderr).starts_with("error: interrupted: "), "{output:?}");
        let lines: Vec<Value> =
            text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        let expected = [("CCR", "INITIAL_REQUEST", Some(0), 2001), ("CCR", "TERMINATION_REQUEST", Some(1), 2001)];
        assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), expected);
    }
}

#[cfg(unix)]
#[test]
fn a_client_whose_lines_nobody_reads_can_be_stopped() {
    let server = Server::start("ocs", &[]);
    let mut child =
        charging::unread("ro", server.address, &["--mode", "iec", "--calls", "2000", "--concurrency", "50"]);
    // More than a pipe holds has been told by the time that the calls are over.
    assert!(charging::is_running_after(&mut child, Duration::from_secs(3)));
    charging::stops(&mut child, "TERM");
}

#[test]
fn a_reservation_for_an_event() {
    let server = Server::start("ocs", &[]);
    let lines = lines(&server.client("ro", &["--mode", "ecur"]), 0);
    let expected = [("CCR", "INITIAL_REQUEST", Some(0), 2001), ("CCR", "TERMINATION_REQUEST", Some(1), 2001)];
    assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), expected);
}

#[test]
fn events_of_every_kind() {
    let server = Server::start("ocs", &[]);
    for (action, requested) in [
        ("debit", "DIRECT_DEBITING"),
        ("refund", "REFUND_ACCOUNT"),
        ("check-balance", "CHECK_BALANCE"),
        ("price-enquiry", "PRICE_ENQUIRY"),
    ] {
        let lines = lines(&server.client("ro", &["--mode", "iec", "--action", action]), 0);
        assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), [("CCR", "EVENT_REQUEST", Some(0), 2001)]);
        assert_eq!(lines[0]["requested_action"], requested);
    }
}

#[test]
fn many_sessions_at_the_same_time() {
    let server = Server::start("ocs", &[]);
    let lines = lines(&server.client("ro", &["--mode", "scur", "--calls", "100", "--concurrency", "10"]), 0);
    assert_eq!(lines.len(), 300);
    let sessions: HashSet<_> = lines.iter().map(|line| line["session_id"].as_str()).collect();
    assert_eq!(sessions.len(), 100);
}

#[test]
fn a_refusal_is_told_and_is_the_exit_status() {
    let server = Server::start("ocs", &["--result-code", "4012"]);
    for (mode, kind) in [("scur", "INITIAL_REQUEST"), ("ecur", "INITIAL_REQUEST"), ("iec", "EVENT_REQUEST")] {
        let lines = lines(&server.client("ro", &["--mode", mode, "--calls", "2"]), 1);
        let expected = ("CCR", kind, Some(0), 4012);
        assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), [expected, expected]);
    }
}

#[test]
fn success_with_another_code_is_success() {
    let server = Server::start("ocs", &["--result-code", "2002"]);
    let lines = lines(&server.client("ro", &["--mode", "ecur"]), 0);
    assert!(lines.iter().all(|line| line["result_code"] == 2002), "{lines:?}");
}

#[test]
fn an_error_answer_is_told_too() {
    let server = Server::start("ocs", &["--result-code", "5031"]);
    let lines = lines(&server.client("ro", &["--mode", "iec"]), 1);
    assert_eq!(lines[0]["result_code"], 5031);
}

#[test]
fn a_request_for_re_authorization_is_answered() {
    let server = Server::start("ocs", &["--reauth-after-ms", "200"]);
    let arguments = ["--mode", "scur", "--updates", "1", "--answer-reauth-for", "1.5"];
    let lines = lines(&server.client("ro", &arguments), 0);
    let mut said: Vec<_> = lines.iter().map(said).collect();
    assert_eq!(said.pop(), Some(("CCR", "TERMINATION_REQUEST", Some(3), 2001)));
    assert_eq!(said[..2], [("CCR", "INITIAL_REQUEST", Some(0), 2001), ("CCR", "UPDATE_REQUEST", Some(1), 2001)]);
    assert_eq!(said.len(), 4, "{lines:?}");
    assert!(said.contains(&("RAR", "", None, 2002)), "{lines:?}");
    assert!(said.contains(&("CCR", "UPDATE_REQUEST", Some(2), 2001)), "{lines:?}");
    let (_, printed, told) = server.stop("TERM");
    assert_eq!((printed.as_str(), told.as_str()), ("", ""));
}

#[test]
fn a_peer_that_cannot_be_reached_is_named() {
    let peer = nowhere();
    let output = client("ro", peer, &["--mode", "scur"]);
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)));
    let told = text(&output.stderr);
    assert!(told.contains(&peer.to_string()) && told.contains("refused"), "{told}");
}

#[test]
fn a_realm_without_a_server_is_named() {
    let server = Server::start("ocs", &["--origin-host", "ocs.example.org", "--origin-realm", "example.org"]);
    let output = server.client("ro", &["--mode", "scur"]);
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)));
    let told = text(&output.stderr);
    assert!(told.contains("example.net") && told.contains("ocs.example.org"), "{told}");
}

#[test]
fn a_server_that_says_nothing_is_a_timeout() {
    // It takes the connection, and no more.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = listener.local_addr().unwrap();
    let output = client("ro", peer, &["--mode", "scur", "--timeout", "0.5"]);
    assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)));
    let told = text(&output.stderr);
    assert!(told.contains(&format!("500ms: {peer}: accepted the connection, but has not answered the CER")), "{told}");
}

#[test]
fn what_is_not_understood_is_no_charging() {
    for arguments in [
        ["--mode", "scurr", "--calls", "1"],
        ["--mode", "scur", "--concurrency", "0"],
        ["--mode", "scur", "--timeout", "soon"],
    ] {
        let output = client("ro", nowhere(), &arguments);
        assert_eq!((text(&output.stdout), output.status.code()), ("", Some(2)), "{arguments:?}");
        assert!(text(&output.stderr).contains("--help"), "{arguments:?}");
    }
}

/// A server in this process: it keeps what it got, grants a little more each time, and may be silent.
#[derive(Clone, Default)]
struct Ocs {
    seen: Arc<Mutex<Vec<Ccr>>>,
    silent_from: Option<u32>,
    refuse_from: Option<u32>,
    /// The request that is answered as if it were another session's.
    foreign: Option<u32>,
    reauthorize: bool,
    abort: bool,
    /// An UPDATE is answered when the client has answered an ASR.
    abort_first: bool,
    /// What refuses the service, in answers that are success.
    service_result_code: Option<ResultCode>,
}

impl Ocs {
    async fn charge(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        let number = request.ccr.cc_request_number;
        self.seen.lock().unwrap().push(request.ccr.clone());
        if self.silent_from.is_some_and(|from| number >= from) {
            std::future::pending::<()>().await;
        }
        if self.refuse_from.is_some_and(|from| number >= from) {
            return Err(ErrorAnswer::new(ResultCode::UNABLE_TO_COMPLY, "no more"));
        }
        let mut cca = request.success();
        if self.foreign == Some(number) {
            cca.session_id = "ctf.example.com;0;0".into();
        }
        for asked in &request.ccr.multiple_services_credit_control {
            let mut service = MultipleServicesCreditControl::new();
            service.rating_group = asked.rating_group;
            service.result_code = self.service_result_code;
            let units = GrantedServiceUnit::new().with_cc_total_octets(1000 + u64::from(number));
            service.granted_service_unit = Some(units.with_cc_time(60_u32));
            cca.multiple_services_credit_control.push(service);
        }
        Ok(cca)
    }

    /// Runs the client against the server.
    fn run(self, arguments: &[&str]) -> (Output, Vec<Ccr>) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let seen = Arc::clone(&self.seen);
        let address = runtime.block_on(async {
            let listen = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
            let node = Node::builder(listen).ro_server(self).start().await.unwrap();
            let address: SocketAddr = node.listening()[0];
            tokio::spawn(async move {
                let _node = node;
                std::future::pending::<()>().await
            });
            address
        });
        let output = client("ro", address, arguments);
        runtime.shutdown_timeout(Duration::from_millis(100));
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        (output, seen)
    }
}

impl RoServer for Ocs {
    async fn initial(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        let session: ServedSession = request.session();
        let (reauthorize, abort) = (self.reauthorize, self.abort);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if reauthorize {
                session.reauthorize(|_| ()).await.unwrap();
            }
            if abort {
                session.abort(|_| ()).await.unwrap();
            }
        });
        self.charge(request).await
    }
    async fn update(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        if self.abort_first {
            request.session().abort(|_| ()).await.unwrap();
        }
        self.charge(request).await
    }
    async fn terminate(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.charge(request).await
    }
    async fn debit(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        self.charge(request).await
    }
}

fn used(ccr: &Ccr) -> Vec<(Option<u64>, Option<u32>)> {
    let services = ccr.multiple_services_credit_control.iter();
    services.flat_map(|service| &service.used_service_unit).map(|used| (used.cc_total_octets, used.cc_time)).collect()
}

#[test]
fn what_was_granted_is_reported_as_used() {
    let arguments = ["--mode", "scur", "--updates", "2", "--octets", "5000", "--rating-group", "7"];
    let (output, seen) = Ocs::default().run(&arguments);
    assert_eq!(lines(&output, 0).len(), 4);
    assert_eq!(
        seen.iter().map(used).collect::<Vec<_>>(),
        [vec![], vec![(Some(1000), Some(60))], vec![(Some(1001), Some(60))], vec![(Some(1002), Some(60))],]
    );
    let [initial, .., termination] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(initial.multiple_services_indicator, Some(MultipleServicesIndicator::MULTIPLE_SERVICES_SUPPORTED));
    for ccr in &seen {
        let [service] = &ccr.multiple_services_credit_control[..] else { panic!("{ccr:?}") };
        assert_eq!(service.rating_group, Some(7));
        let wanted = service.requested_service_unit.as_ref().map(|unit| unit.cc_total_octets);
        // Nothing is wanted any more at the end.
        assert_eq!(wanted, (ccr.cc_request_number < 3).then_some(Some(5000)));
    }
    let last = &termination.multiple_services_credit_control[0];
    assert_eq!(last.reporting_reason, [ReportingReason::FINAL]);
}

#[test]
fn a_re_authorization_reports_what_was_used() {
    let ocs = Ocs { reauthorize: true, ..Ocs::default() };
    let (output, seen) = ocs.run(&["--mode", "scur", "--updates", "0", "--answer-reauth-for", "1"]);
    assert_eq!(lines(&output, 0).len(), 4);
    let [_, update, termination] = &seen[..] else { panic!("{seen:?}") };
    let service = &update.multiple_services_credit_control[0];
    assert_eq!(service.reporting_reason, [ReportingReason::FORCED_REAUTHORISATION]);
    assert_eq!(used(update), [(Some(1000), Some(60))]);
    // What was reported once is not reported again.
    assert_eq!(used(termination), [(Some(1001), Some(60))]);
}

#[test]
fn a_session_that_is_aborted_reports_what_was_used() {
    let ocs = Ocs { abort: true, ..Ocs::default() };
    let (output, seen) = ocs.run(&["--mode", "scur", "--updates", "0", "--answer-reauth-for", "1"]);
    let lines = lines(&output, 0);
    let commands: HashSet<_> = lines.iter().map(|line| line["command"].as_str().unwrap()).collect();
    assert_eq!((lines.len(), commands), (3, HashSet::from(["CCR", "ASR"])));
    let [_, termination] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!(used(termination), [(Some(1000), Some(60))]);
    assert_eq!(termination.multiple_services_credit_control[0].reporting_reason, [ReportingReason::FINAL]);
    assert_eq!(termination.termination_cause, Some(TerminationCause::ADMINISTRATIVE));
}

#[test]
fn an_asr_is_answered_while_an_update_is_out() {
    let ocs = Ocs { abort_first: true, ..Ocs::default() };
    let (output, seen) = ocs.run(&["--mode", "scur", "--updates", "3"]);
    let lines = lines(&output, 0);
    let expected = [
        ("CCR", "INITIAL_REQUEST", Some(0), 2001),
        ("ASR", "", None, 2001),
        ("CCR", "UPDATE_REQUEST", Some(1), 2001),
        ("CCR", "TERMINATION_REQUEST", Some(2), 2001),
    ];
    assert_eq!(lines.iter().map(said).collect::<Vec<_>>(), expected);
    // The UPDATE has reported all there was.
    assert_eq!(seen.iter().map(used).collect::<Vec<_>>(), [vec![], vec![(Some(1000), Some(60))], vec![]]);
}

#[test]
fn a_service_that_is_refused_is_told_besides_the_success_of_the_session() {
    let service_result_code = Some(ResultCode::CREDIT_LIMIT_REACHED);
    for mode in ["ecur", "iec"] {
        let (output, _) = Ocs { service_result_code, ..Ocs::default() }.run(&["--mode", mode]);
        for line in lines(&output, 1) {
            assert_eq!((&line["result_code"], &line["service_result_code"]), (&2001.into(), &4012.into()));
        }
    }
}

#[test]
fn the_identities_are_those_of_the_command_line() {
    let arguments = [
        ["--mode", "iec"],
        ["--origin-host", "me.example.org"],
        ["--origin-realm", "example.org"],
        ["--service-context-id", "32274@3gpp.org"],
        ["--subscription-id-imsi", "262019876543210"],
        ["--destination-host", "ocs.example.net"],
    ];
    let (output, seen) = Ocs::default().run(&arguments.concat());
    lines(&output, 0);
    let [ccr] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((ccr.origin_host.as_str(), ccr.origin_realm.as_str()), ("me.example.org", "example.org"));
    assert_eq!(ccr.service_context_id.as_str(), "32274@3gpp.org");
    assert_eq!(ccr.subscription_id[0].subscription_id_data.as_str(), "262019876543210");
    assert_eq!(ccr.destination_host.as_deref(), Some("ocs.example.net"));
    assert_eq!(ccr.requested_action, Some(RequestedAction::DirectDebiting));
    let units = ccr.multiple_services_credit_control[0].requested_service_unit.as_ref();
    assert_eq!(units.and_then(|units| units.cc_service_specific_units), Some(1));
}

#[test]
fn an_update_that_has_no_answer_is_a_timeout() {
    let ocs = Ocs { silent_from: Some(1), ..Ocs::default() };
    let (output, seen) = ocs.run(&["--mode", "scur", "--timeout", "0.5"]);
    assert_eq!((output.status.code(), seen.len()), (Some(2), 2));
    assert_eq!(text(&output.stdout).lines().count(), 1);
    assert!(text(&output.stderr).contains("500ms"), "{}", text(&output.stderr));
}

#[test]
fn an_update_that_is_refused_ends_the_session() {
    let ocs = Ocs { refuse_from: Some(2), ..Ocs::default() };
    let (output, seen) = ocs.run(&["--mode", "scur", "--updates", "5"]);
    let lines = lines(&output, 1);
    assert_eq!((lines.len(), seen.len()), (3, 3));
    assert_eq!(said(&lines[2]), ("CCR", "UPDATE_REQUEST", Some(2), 5012));
    assert_eq!(lines[2]["error_message"], "no more");
}

#[test]
fn an_answer_that_cannot_be_used_is_named_and_the_session_ended() {
    let ocs = Ocs { foreign: Some(1), ..Ocs::default() };
    let (output, seen) = ocs.run(&["--mode", "scur"]);
    assert_eq!(output.status.code(), Some(2));
    let told = text(&output.stderr);
    assert!(told.contains("the answer of ocs.example.net cannot be used: CCA.Session-Id: "), "{told}");
    let [.., last] = &seen[..] else { panic!("{seen:?}") };
    assert_eq!((seen.len(), last.cc_request_number), (3, 2));
    assert_eq!(last.termination_cause, Some(TerminationCause::BAD_ANSWER));
}

#[test]
fn a_termination_that_has_no_answer_is_a_timeout() {
    let ocs = Ocs { silent_from: Some(2), ..Ocs::default() };
    let (output, seen) = ocs.run(&["--mode", "scur", "--timeout", "0.5"]);
    assert_eq!((output.status.code(), seen.len()), (Some(2), 3));
    assert!(text(&output.stderr).contains("within 500ms"), "{}", text(&output.stderr));
}

#[cfg(target_os = "linux")]
#[test]
fn lines_that_cannot_be_written_are_an_error() {
    let server = Server::start("ocs", &[]);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = client_to(full.into(), "ro", server.address, &["--mode", "scur"]);
    let told = text(&output.stderr);
    assert_eq!((told.lines().count(), output.status.code()), (1, Some(2)), "{told}");
    assert!(told.contains("cannot write to standard output: No space left on device"), "{told}");
}
