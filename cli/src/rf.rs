//! A client of offline charging to test servers with.

use crate::report;
use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use diametric::accounting::{AccountingRealtimeRequired, AccountingRecordNumber, AccountingRecordType};
use diametric::codec::Avp;
use diametric::rf::{Delivered, Rf, RfError, Service};
use diametric::ro::imsi;
use diametric::ts32299::{ImsInformation, ImsInformationRequired, NodeFunctionality, ServiceInformation};
use diametric::value::Enumeration;
use diametric::wire::{HopByHopId, RawMessage};
use diametric::{Config, Frame, Node, PeerAddress, SendError};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long leave-taking may take at the end.
const FAREWELL: Duration = Duration::from_secs(2);

const ACCOUNTING: u32 = 3;
const ACR: u32 = 271;
const SESSION_ID: u32 = 263;
const RESULT_CODE: u32 = 268;

const AFTER_HELP: &str = "\
Every exchange is one line of JSON on standard output, told when the answer has come; times are in microseconds:
  {\"command\":\"ACR\",\"type\":\"START_RECORD\",\"number\":0,\"result_code\":2001,\"session_id\":\"…\",\"latency_us\":812}

Records carry Service-Information with the Subscription-Id and IMS-Information of an application server (Node-Functionality AS). A session
whose record is refused is over: Accounting-Realtime-Required is taken to be DELIVER_AND_GRANT until the server says otherwise. Nothing
is kept to be sent later.

EXAMPLES:
  A session with three INTERIM records:
    diametric rf --peer 127.0.0.1:3868 --destination-realm example.net --mode session --interims 3
  A thousand one-time events, one after the other:
    diametric rf --peer cdf.example.net --destination-realm example.net --mode event --calls 1000

EXIT STATUS:
  0 if every ACR was answered with 2xxx, 1 if one was answered with something else, 2 if there was no answer (no connection, a timeout), or
  if the command line is not understood.";

/// Charge offline (Rf): a client for any server, which reports sessions or events.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Where the server, or a relay on the way to it, listens. The port is 3868 if there is none.
    #[arg(long, value_name = "HOST:PORT")]
    peer: PeerAddress,
    /// Destination-Realm: the realm of the server.
    #[arg(long, value_name = "REALM")]
    destination_realm: String,
    /// Destination-Host, where records are for one server of the realm.
    #[arg(long, value_name = "HOST")]
    destination_host: Option<String>,
    /// What to report.
    #[arg(long, value_enum)]
    mode: Mode,
    /// Origin-Host, a fully qualified domain name.
    #[arg(long, value_name = "HOST", default_value = "ctf.example.com")]
    origin_host: String,
    /// Origin-Realm.
    #[arg(long, value_name = "REALM", default_value = "example.com")]
    origin_realm: String,
    /// INTERIM records of a session. They are sent one after the other, whatever Acct-Interim-Interval the server wants.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    interims: u32,
    /// Service-Context-Id: the specification by which the service is charged.
    #[arg(long, value_name = "TEXT", default_value = "32260@3gpp.org")]
    service_context_id: String,
    /// IMSI of the subscriber (Subscription-Id).
    #[arg(long, value_name = "DIGITS", default_value = "001010123456789")]
    subscription_id_imsi: String,
    /// Sessions or events to report, one after the other.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    calls: u64,
    /// How long to wait for an answer, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    timeout: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Session based charging: START, INTERIMs, STOP.
    Session,
    /// Event based charging: one EVENT.
    Event,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds, such as 10 or 0.5")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Runs the client.
pub(crate) fn run(args: &Args) -> ExitCode {
    let journal = Arc::new(Journal::default());
    match charge(args, &journal) {
        Ok(()) if journal.lock().refused => ExitCode::FAILURE,
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read the output has seen enough.
        Err(error) if report::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            report::error(&error);
            ExitCode::from(2)
        }
    }
}

fn charge(args: &Args, journal: &Arc<Journal>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        let mut config = Config::new(args.origin_host.as_str(), args.origin_realm.as_str())
            .peer(args.peer.clone())
            .rf_client(args.destination_realm.as_str());
        config.rf.cdf_host = args.destination_host.as_deref().map(Into::into);
        // What cannot be delivered is told, not kept.
        config.rf.buffer = 0;
        let observer = Arc::clone(journal);
        let node = Node::builder(config).observe(move |frame| observer.see(frame)).start().await?;
        let charged = calls(args, &node.rf()?, journal).await;
        // The peer may be the reason why something failed: it is not waited for long.
        let _ = tokio::time::timeout(FAREWELL, node.shutdown()).await;
        charged
    })
}

async fn calls(args: &Args, rf: &Rf, journal: &Journal) -> Result<()> {
    let service = service(args, rf);
    for _ in 0..args.calls {
        let charged = match args.mode {
            Mode::Session => session(args, service.clone(), journal).await,
            Mode::Event => event(service.clone()).await,
        };
        journal.print()?;
        charged.map_err(|error| anyhow!(error).context(format!("cannot charge by way of {}", args.peer)))?;
    }
    Ok(())
}

fn service(args: &Args, rf: &Rf) -> Service {
    let ims = ImsInformation::new(ImsInformationRequired { node_functionality: NodeFunctionality::AS });
    let mut information = ServiceInformation::new().with_ims_information(ims);
    information.subscription_id.push(imsi(args.subscription_id_imsi.as_str()));
    rf.service(args.service_context_id.as_str())
        .timeout(args.timeout)
        .realtime_required(AccountingRealtimeRequired::DELIVER_AND_GRANT)
        .with(|acr| acr.service_information = Some(Box::new(information)))
}

async fn session(args: &Args, service: Service, journal: &Journal) -> Result<(), RfError> {
    let Some(started) = answered(service.start(|_| ()).await)? else { return Ok(()) };
    let session = started.session;
    delivered(Ok(started.delivered))?;
    for _ in 0..args.interims {
        // What cannot be written is told when the call is over.
        let _ = journal.print();
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
        Err(RfError::Refused(_) | RfError::Send(SendError::Answered(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Takes note of every exchange of the accounting application, from the messages as they pass.
#[derive(Default)]
struct Journal(Mutex<Exchanges>);

#[derive(Default)]
struct Exchanges {
    /// What has no answer yet, by the id that the answer repeats.
    asked: HashMap<HopByHopId, (Instant, Map<String, Value>)>,
    /// What is not printed yet.
    lines: Vec<String>,
    refused: bool,
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, Exchanges> {
        // A line is there or not: there is nothing half done after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn see(&self, frame: Frame<'_>) {
        let Ok(message) = RawMessage::read(frame.octets) else { return };
        let header = message.header;
        if header.application != ACCOUNTING || header.command != ACR || header.flags.is_request() != frame.sent {
            return;
        }
        let exchanges = &mut *self.lock();
        if frame.sent {
            exchanges.asked.insert(header.hop_by_hop, (Instant::now(), request(&message)));
        } else if let Some((at, mut line)) = exchanges.asked.remove(&header.hop_by_hop) {
            let latency = u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX);
            let result_code = number(&message, RESULT_CODE);
            exchanges.refused |= !result_code.is_some_and(|code| (2000..3000).contains(&code));
            line.insert("result_code".into(), result_code.into());
            let session_id = line.shift_remove("session_id");
            line.insert("session_id".into(), session_id.unwrap_or_default());
            line.insert("latency_us".into(), latency.into());
            exchanges.lines.push(Value::Object(line).to_string());
        }
    }

    /// Prints what has come since.
    fn print(&self) -> Result<()> {
        // Not while it is locked: a reader that is slow must not hold up the connection.
        let lines = std::mem::take(&mut self.lock().lines);
        let mut out = std::io::stdout().lock();
        lines.iter().try_for_each(|line| writeln!(out, "{line}")).context("cannot write to standard output")?;
        Ok(out.flush()?)
    }
}

fn request(message: &RawMessage<'_>) -> Map<String, Value> {
    let record_type = number(message, AccountingRecordType::CODE);
    let record_type = record_type.and_then(|raw| AccountingRecordType::from_raw(raw as i32));
    let session_id = message.find(0, SESSION_ID).map(|avp| String::from_utf8_lossy(avp.data).into_owned());
    let mut line = Map::new();
    line.insert("command".into(), "ACR".into());
    line.insert("type".into(), record_type.and_then(Enumeration::label).into());
    line.insert("number".into(), number(message, AccountingRecordNumber::CODE).into());
    line.insert("session_id".into(), session_id.into());
    line
}

fn number(message: &RawMessage<'_>, code: u32) -> Option<u32> {
    message.find(0, code).and_then(|avp| avp.data.try_into().ok()).map(u32::from_be_bytes)
}
