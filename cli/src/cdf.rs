//! A small charging data function to test clients with.

use crate::background::Background;
use crate::report::{self, Outcome, UNWRITTEN};
use crate::server::{self, Serving};
use anyhow::{Context, Result};
use diametric::Node;
use diametric::accounting::{AccountingAnswer, AccountingRequest};
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::rf::{RfRequest, RfServer, RfServerConfig, SilentSession};
use diametric::value::Enumeration;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

const AFTER_HELP: &str = "\
Every record that a client sends becomes one line of JSON, written before the answer is sent:
  {\"operation\":\"open\",\"session_id\":\"…\",\"record_number\":0,\"record_type\":\"START_RECORD\",\"time\":\"2026-01-31T12:00:00.000Z\",
   \"service_context_id\":\"32260@3gpp.org\",\"origin_host\":\"ctf.example.com\",…}
operation is open (START), update (INTERIM), close (STOP), event (EVENT), or expire: a session that was silent for too long. time is \
when the record came, in UTC; event_timestamp is what the client says. Repeated records are answered, and written once.

A record that cannot be written is answered 4002 (OUT_OF_SPACE): the client has to keep it. The server goes on, and what failed is told on \
standard error.

When it is ready, the server prints one line, `listening on ADDRESS:PORT`. SIGINT and SIGTERM stop it: it takes leave of its \
peers with DPR.

EXAMPLES:
  Serve on the standard port, to any peer, and append what comes to a file:
    diametric cdf --listen 0.0.0.0:3868 --origin-host cdf.example.net --origin-realm example.net --out cdr.jsonl
  Print the records, ask for an INTERIM every minute, and tell of sessions that say nothing for two:
    diametric cdf --out - --interim-interval 60 --supervision 120
  Refuse everything:
    diametric cdf --out /dev/null --result-code 5012

EXIT STATUS:
  0 when stopped by a signal, 1 if it cannot listen or the file cannot be opened, 2 if the command line is not understood.";

/// Serve offline charging (Rf): a mini CDF that writes the records of any client as JSON lines.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Origin-Host, a fully qualified domain name.
    #[arg(long, value_name = "HOST", default_value = "cdf.example.net")]
    origin_host: String,
    #[command(flatten)]
    serving: Serving,
    /// Append the records to this file; - is standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Ask clients for an INTERIM record every so many seconds (Acct-Interim-Interval in the answer to START).
    #[arg(long, value_name = "SECONDS")]
    interim_interval: Option<u32>,
    /// Supervise sessions: one that is silent for so many seconds, or for two of its Acct-Interim-Intervals, is written as
    /// expired. Without this, sessions are never given up.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    supervision: Option<u64>,
    /// Answer every ACR with this Result-Code. Records are written only with 2xxx.
    #[arg(long, value_name = "CODE", default_value_t = 2001, value_parser = clap::value_parser!(u32).range(1000..6000))]
    result_code: u32,
}

/// Serves until it is told to stop.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let config = args.serving.config(&args.origin_host);
    let (lines, received) = mpsc::channel();
    let out = Out::open(&args.out)?;
    let (reports, reporter) = report::lines();
    let errors = reports.clone();
    let writer = Background::spawn(move || write(out, &received, &errors));
    let cdf = Cdf { lines, result_code: ResultCode(args.result_code), interim_interval: args.interim_interval };
    let mut server = RfServerConfig::new();
    if let Some(seconds) = args.supervision {
        server = server.supervision(Duration::from_secs(seconds));
    }
    let served = server::serve(Node::builder(config).rf_server_with(cdf, server));
    // The server is gone, and with it whoever has lines to write.
    if !writer.ends() {
        let _ = reports.try_send("the last records could not be written in time, and are not answered".into());
    }
    drop(reports);
    // What nobody reads, nobody misses.
    reporter.ends();
    served
}

/// Where records go.
enum Out {
    Stdout,
    File(PathBuf, File),
}

impl Out {
    fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout);
        }
        let file = File::options().append(true).create(true).open(path);
        file.map(|file| Self::File(path.into(), file)).with_context(|| format!("cannot open {}", path.display()))
    }

    fn append(&mut self, lines: &str) -> Result<()> {
        match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(lines.as_bytes()).and_then(|()| out.flush()).context(UNWRITTEN)
            }
            Self::File(path, file) => {
                let before = file.metadata().ok().filter(|metadata| metadata.is_file()).map(|metadata| metadata.len());
                file.write_all(lines.as_bytes()).and_then(|()| file.flush()).map_err(|error| {
                    // The clients keep their records and send them again: half of them is not to stay.
                    let _ = before.map(|length| file.set_len(length));
                    anyhow::Error::new(error).context(format!("cannot write to {}", path.display()))
                })
            }
        }
    }
}

/// A record, and who waits until it is written.
struct Line {
    text: String,
    written: oneshot::Sender<Result<(), ResultCode>>,
}

/// Writes what comes until nothing can come any more, and tells what cannot be written.
fn write(mut out: Out, lines: &mpsc::Receiver<Line>, errors: &mpsc::SyncSender<String>) {
    while let Ok(first) = lines.recv() {
        let (mut text, mut waiting) = (String::new(), Vec::new());
        for line in std::iter::once(first).chain(lines.try_iter()) {
            text.push_str(&line.text);
            waiting.push(line.written);
        }
        let written = out.append(&text).map_err(|error| {
            let _ = errors.try_send(format!("error: {error:#}"));
            ResultCode::OUT_OF_SPACE
        });
        for waits in waiting {
            // The connection of whoever asked may be gone.
            let _ = waits.send(written);
        }
    }
}

struct Cdf {
    lines: mpsc::Sender<Line>,
    result_code: ResultCode,
    interim_interval: Option<u32>,
}

impl Cdf {
    /// Writes a line.
    ///
    /// # Errors
    /// With what to answer where it cannot be written.
    async fn write(&self, line: Map<String, Value>) -> Result<(), ResultCode> {
        let text = format!("{}\n", Value::Object(line));
        let (written, outcome) = oneshot::channel();
        // The thread lives as long as there is anything to send to it.
        let _ = self.lines.send(Line { text, written });
        outcome.await.unwrap_or(Err(ResultCode::OUT_OF_SPACE))
    }

    async fn record(&self, operation: &str, request: &RfRequest) -> AccountingAnswer {
        if !(2000..3000).contains(&self.result_code.0) {
            return request.answer(self.result_code);
        }
        match self.write(line(operation, request)).await {
            Ok(()) => request.answer(self.result_code),
            Err(result_code) => request.answer(result_code),
        }
    }
}

impl RfServer for Cdf {
    async fn open(&self, request: RfRequest) -> Result<AccountingAnswer, ErrorAnswer> {
        let mut aca = self.record("open", &request).await;
        aca.acct_interim_interval = self.interim_interval;
        Ok(aca)
    }

    async fn update(&self, request: RfRequest) -> Result<AccountingAnswer, ErrorAnswer> {
        Ok(self.record("update", &request).await)
    }

    async fn close(&self, request: RfRequest) -> Result<AccountingAnswer, ErrorAnswer> {
        Ok(self.record("close", &request).await)
    }

    async fn event(&self, request: RfRequest) -> Result<AccountingAnswer, ErrorAnswer> {
        Ok(self.record("event", &request).await)
    }

    async fn silent(&self, session: SilentSession) {
        let mut line = Map::new();
        line.insert("operation".into(), "expire".into());
        line.insert("session_id".into(), session.id.as_ref().into());
        if let Some(id) = session.sub_session_id {
            line.insert("sub_session_id".into(), id.into());
        }
        line.insert("time".into(), now());
        // There is nobody to answer; why it cannot be written has been told.
        let _ = self.write(line).await;
    }
}

fn now() -> Value {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string().into()
}

/// What a record says; what it does not say is left out.
fn line(operation: &str, request: &RfRequest) -> Map<String, Value> {
    let acr: &AccountingRequest = &request.acr;
    let service = acr.service_information.as_deref();
    let ims = service.and_then(|service| service.ims_information.as_deref());
    let subscriptions = service.map(|service| &service.subscription_id[..]).unwrap_or_default();
    let subscriptions: Vec<_> = subscriptions.iter().map(|id| id.subscription_id_data.as_str()).collect();
    let text = |text: Option<&str>| text.map(Value::from);
    let members = [
        ("operation", Some(operation.into())),
        ("session_id", text(Some(&acr.session_id))),
        ("sub_session_id", acr.accounting_sub_session_id.map(Value::from)),
        ("record_number", Some(acr.accounting_record_number.into())),
        ("record_type", text(acr.accounting_record_type.label())),
        ("time", Some(now())),
        ("service_context_id", text(acr.service_context_id.as_deref())),
        ("origin_host", text(Some(&acr.origin_host))),
        ("origin_realm", text(Some(&acr.origin_realm))),
        ("user_name", text(acr.user_name.as_deref())),
        ("event_timestamp", acr.event_timestamp.map(|time| time.to_string().into())),
        ("retransmitted", request.retransmitted().then(|| true.into())),
        ("subscription_id", (!subscriptions.is_empty()).then(|| subscriptions.into())),
        ("node_functionality", text(ims.and_then(|ims| ims.node_functionality.label()))),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
