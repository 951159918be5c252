//! A charging client to test servers with.

mod calls;

use crate::client::{self, seconds};
use anyhow::{Result, anyhow};
use calls::{Calls, Plan};
use clap::ValueEnum;
use diametric::credit_control::RequestedServiceUnit;
use diametric::ro::imsi;
use diametric::{Config, Node, PeerAddress};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const AFTER_HELP: &str = "\
Every exchange is one line of JSON on standard output, told when the answer has come; times are in microseconds:
  {\"command\":\"CCR\",\"type\":\"INITIAL_REQUEST\",\"number\":0,\"result_code\":2001,\"session_id\":\"…\",\"latency_us\":812}
RAR and ASR of the server have no type and number; result_code is what this client has answered. A RAR is answered 2002, and a CCR \
UPDATE follows; while a CCR UPDATE is out, it is answered 2001. An ASR is answered 2001, and a CCR TERMINATION follows.

service_result_code is there besides result_code where the answer refuses the service itself, with a Result-Code in \
Multiple-Services-Credit-Control that is not 2xxx.

Units are asked for, and reported as used, in Multiple-Services-Credit-Control of one rating group. What is reported is exactly what was \
granted.

EXAMPLES:
  A session with three UPDATEs, each asking for 5 MiB:
    diametric ro --peer 127.0.0.1:3868 --destination-realm example.net --mode scur --updates 3 --octets 5242880
  A thousand events, fifty at a time:
    diametric ro --peer ocs.example.net --destination-realm example.net --mode iec --calls 1000 --concurrency 50
  A session that stays for ten seconds to answer re-authorization requests:
    diametric ro --peer 127.0.0.1:3868 --destination-realm example.net --mode scur --answer-reauth-for 10

EXIT STATUS:
  0 if every CCR was answered with 2xxx, 1 if one was answered with something else or its service was refused, 2 if there was no answer \
  (no connection, a timeout), or if the command line is not understood.";

/// Charge online (Ro): a client for any server, which runs sessions (SCUR, ECUR) or events (IEC).
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Where the server, or a relay on the way to it, listens. The port is 3868 if there is none.
    #[arg(long, value_name = "HOST:PORT")]
    peer: PeerAddress,
    /// Destination-Realm: the realm of the server.
    #[arg(long, value_name = "REALM")]
    destination_realm: String,
    /// Destination-Host, where requests are for one server of the realm.
    #[arg(long, value_name = "HOST")]
    destination_host: Option<String>,
    /// What to run.
    #[arg(long, value_enum)]
    mode: Mode,
    /// Origin-Host, a fully qualified domain name.
    #[arg(long, value_name = "HOST", default_value = "ctf.example.com")]
    origin_host: String,
    /// Origin-Realm.
    #[arg(long, value_name = "REALM", default_value = "example.com")]
    origin_realm: String,
    /// UPDATEs of a SCUR session, besides those that the server asks for.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    updates: u32,
    /// What an IEC event asks for.
    #[arg(long, value_enum, default_value_t = EventAction::Debit)]
    action: EventAction,
    /// Ask for so many octets each time. Without this and --seconds, a session leaves the amount to the server (an empty
    /// Requested-Service-Unit), and an event is about one service specific unit.
    #[arg(long, value_name = "OCTETS")]
    octets: Option<u64>,
    /// Ask for so many seconds each time.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<u32>,
    /// Rating-Group of the service.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    rating_group: u32,
    /// Service-Context-Id: the specification by which the service is charged.
    #[arg(long, value_name = "TEXT", default_value = "32251@3gpp.org")]
    service_context_id: String,
    /// IMSI of the subscriber (Subscription-Id).
    #[arg(long, value_name = "DIGITS", default_value = "001010123456789")]
    subscription_id_imsi: String,
    /// Sessions or events to run.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    calls: u64,
    /// How many of them run at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    concurrency: u16,
    /// Stay so many seconds before a session is terminated, answering RARs. RARs that come earlier are answered too.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    answer_reauth_for: Duration,
    /// How long to wait for an answer, in seconds: Tx, and the request timeout.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Session charging with unit reservation: INITIAL, UPDATEs, TERMINATION.
    Scur,
    /// Event charging with unit reservation: INITIAL, TERMINATION.
    Ecur,
    /// Immediate event charging: one EVENT.
    Iec,
}

/// Requested-Action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EventAction {
    Debit,
    Refund,
    CheckBalance,
    PriceEnquiry,
}

/// Runs the client.
pub(crate) fn run(args: &Args) -> ExitCode {
    let mut config = Config::new(args.origin_host.as_str(), args.origin_realm.as_str())
        .peer(args.peer.clone())
        .ro_client(args.destination_realm.as_str());
    config.ro.ocs_host = args.destination_host.as_deref().map(Into::into);
    (config.ro.tx, config.request_timeout) = (args.timeout, args.timeout);
    // What cannot be delivered is told, not kept.
    config.ro.buffer = 0;
    client::run(config, |node| charge(args, node))
}

async fn charge(args: &Args, node: Node) -> Result<()> {
    let ro = node.ro()?;
    let service = ro.service(args.service_context_id.as_str()).subscription(imsi(args.subscription_id_imsi.as_str()));
    let calls = Calls::new(plan(args));
    ro.on_reauth({
        let calls = Arc::clone(&calls);
        move |session, rar| Arc::clone(&calls).reauthorized(session, rar)
    });
    ro.on_abort({
        let calls = Arc::clone(&calls);
        move |session, asr| Arc::clone(&calls).aborted(session, asr)
    });
    let charged = calls.run(&service, args.calls, args.concurrency).await;
    charged.map_err(|error| anyhow!(error).context(format!("cannot charge by way of {}", args.peer)))
}

fn plan(args: &Args) -> Plan {
    let mut wanted = RequestedServiceUnit::new();
    wanted.cc_total_octets = args.octets;
    wanted.cc_time = args.seconds;
    if args.mode == Mode::Iec && wanted == RequestedServiceUnit::new() {
        wanted.cc_service_specific_units = Some(1);
    }
    Plan {
        event: (args.mode == Mode::Iec).then_some(args.action),
        updates: if args.mode == Mode::Scur { args.updates } else { 0 },
        wanted,
        rating_group: args.rating_group,
        stay: args.answer_reauth_for,
    }
}
