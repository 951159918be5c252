//! A client of offline charging to test servers with.

use crate::client::{self, Charging, repeat};
use anyhow::Result;
use clap::ValueEnum;
use diametric::accounting::AccountingRealtimeRequired;
use diametric::rf::{Delivered, Rf, RfError, Service};
use diametric::ro::imsi;
use diametric::ts32299::{ImsInformation, ImsInformationRequired, NodeFunctionality, ServiceInformation};
use diametric::{Node, SendError};
use std::process::ExitCode;

const AFTER_HELP: &str = "\
Every exchange is one line of JSON on standard output, told when the answer has come; times are in microseconds:
  {\"command\":\"ACR\",\"type\":\"START_RECORD\",\"number\":0,\"result_code\":2001,\"session_id\":\"…\",\"latency_us\":812}
error_message is there besides result_code where the answer has one.

Records carry Service-Information with the Subscription-Id and IMS-Information of an application server (Node-Functionality AS). A session \
whose record is refused is over: Accounting-Realtime-Required is taken to be DELIVER_AND_GRANT until the server says otherwise. Nothing \
is kept to be sent later.

EXAMPLES:
  A session with three INTERIM records:
    diametric rf --peer 127.0.0.1:3868 --destination-realm example.net --mode session --interims 3
  A thousand one-time events, fifty at a time:
    diametric rf --peer cdf.example.net --destination-realm example.net --mode event --calls 1000 --concurrency 50

EXIT STATUS:
  0 if every ACR was answered with 2xxx, 1 if one was answered with something else, 2 if there was no answer (no connection, a timeout), \
  if SIGINT or SIGTERM ended it, and its sessions with it, or if the command line is not understood.";

/// Charge offline (Rf): a client for any server, which reports sessions or events.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// What to report.
    #[arg(long, value_enum)]
    mode: Mode,
    #[command(flatten)]
    charging: Charging,
    /// INTERIM records of a session. They are sent one after the other, whatever Acct-Interim-Interval the server wants.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    interims: u32,
    /// Service-Context-Id: the specification by which the service is charged.
    #[arg(long, value_name = "TEXT", default_value = "32260@3gpp.org")]
    service_context_id: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Session based charging: START, INTERIMs, STOP.
    Session,
    /// Event based charging: one EVENT.
    Event,
}

/// Runs the client.
pub(crate) fn run(args: &Args) -> ExitCode {
    let charging = &args.charging;
    let mut config = charging.config().rf_client(charging.destination_realm.as_str());
    config.rf.cdf_host = charging.destination_host.as_deref().map(Into::into);
    // What cannot be delivered is told, not kept.
    config.rf.buffer = 0;
    client::run(charging, config, |node| charge(args, node))
}

async fn charge(args: &Args, node: Node) -> Result<()> {
    let service = service(args, &node.rf()?);
    let (mode, interims) = (args.mode, args.interims);
    let call = move || {
        let service = service.clone();
        async move {
            match mode {
                Mode::Session => session(interims, service).await,
                Mode::Event => event(service).await,
            }
        }
    };
    repeat(args.charging.calls, args.charging.concurrency, call).await
}

fn service(args: &Args, rf: &Rf) -> Service {
    let ims = ImsInformation::new(ImsInformationRequired { node_functionality: NodeFunctionality::AS });
    let mut information = ServiceInformation::new().with_ims_information(ims);
    information.subscription_id.push(imsi(args.charging.subscription_id_imsi.as_str()));
    rf.service(args.service_context_id.as_str())
        .realtime_required(AccountingRealtimeRequired::DELIVER_AND_GRANT)
        .with(|acr| acr.service_information = Some(Box::new(information)))
}

async fn session(interims: u32, service: Service) -> Result<(), RfError> {
    let Some(started) = answered(service.start(|_| ()).await)? else { return Ok(()) };
    let session = started.session;
    delivered(Ok(started.delivered))?;
    for _ in 0..interims {
        if !delivered(session.interim(|_| ()).await)? {
            return Ok(());
        }
    }
    delivered(session.stop(|_| ()).await).map(drop)
}

async fn event(service: Service) -> Result<(), RfError> {
    delivered(service.event(|_| ()).await).map(drop)
}

/// Whether the session goes on.
fn delivered(result: Result<Delivered, RfError>) -> Result<bool, RfError> {
    let result = match answered(result)? {
        None => return Ok(false),
        Some(Delivered::Acknowledged(_) | Delivered::Superseded) => return Ok(true),
        Some(Delivered::Stored(error) | Delivered::Lost(error)) => Err(error),
    };
    // The server may let a service go on without its records.
    answered::<()>(result).map(|_| true)
}

/// An answer that refuses is told by the journal, and ends its call; what has no answer ends the client.
fn answered<T>(result: Result<T, RfError>) -> Result<Option<T>, RfError> {
    match result {
        Ok(value) => Ok(Some(value)),
        // A refusal is one also where it is malformed.
        Err(
            RfError::Refused(_) | RfError::Send(SendError::Answered(_) | SendError::Malformed { refusal: Some(_), .. }),
        ) => Ok(None),
        Err(error) => Err(error),
    }
}
