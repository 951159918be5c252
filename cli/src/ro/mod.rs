//! A charging client to test servers with.

mod calls;

use crate::client::{self, Charging, seconds};
use anyhow::Result;
use calls::{Calls, Plan};
use clap::ValueEnum;
use diametric::Node;
use diametric::credit_control::RequestedServiceUnit;
use diametric::ro::imsi;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const AFTER_HELP: &str = "\
Every exchange is one line of JSON on standard output, told when the answer has come; times are in microseconds:
  {\"command\":\"CCR\",\"type\":\"INITIAL_REQUEST\",\"number\":0,\"result_code\":2001,\"session_id\":\"…\",\"latency_us\":812}
RAR and ASR of the server have no type and number; result_code is what this client has answered. A RAR is answered 2002, and a CCR \
UPDATE follows; while a CCR UPDATE is out, it is answered 2001. An ASR is answered 2001, and a CCR TERMINATION follows.

service_result_code is there besides result_code where the answer refuses the service itself, with a Result-Code in \
Multiple-Services-Credit-Control that is not 2xxx; and error_message, where the answer has one.

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
  (no connection, a timeout), if SIGINT or SIGTERM ended it, and its sessions with it, or if the command line is not understood.";

/// Charge online (Ro): a client for any server, which runs sessions (SCUR, ECUR) or events (IEC).
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// What to run.
    #[arg(long, value_enum)]
    mode: Mode,
    #[command(flatten)]
    charging: Charging,
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
    /// Stay so many seconds before a session is terminated, answering RARs. RARs that come earlier are answered too.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    answer_reauth_for: Duration,
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
    let charging = &args.charging;
    let mut config = charging.config().ro_client(charging.destination_realm.as_str());
    config.ro.ocs_host = charging.destination_host.as_deref().map(Into::into);
    config.ro.tx = charging.timeout;
    // What cannot be delivered is told, not kept.
    config.ro.buffer = 0;
    client::run(charging, config, |node| charge(args, node))
}

async fn charge(args: &Args, node: Node) -> Result<()> {
    let ro = node.ro()?;
    let service = ro.service(args.service_context_id.as_str());
    let service = service.subscription(imsi(args.charging.subscription_id_imsi.as_str()));
    let calls = Calls::new(plan(args));
    ro.on_reauth({
        let calls = Arc::clone(&calls);
        move |session, rar| Arc::clone(&calls).reauthorized(session, rar)
    });
    ro.on_abort({
        let calls = Arc::clone(&calls);
        move |session, asr| Arc::clone(&calls).aborted(session, asr)
    });
    calls.run(&service, args.charging.calls, args.charging.concurrency).await
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
