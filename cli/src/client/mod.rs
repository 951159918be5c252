//! What the two charging clients, `ro` and `rf`, have in common.

mod journal;

use crate::report::{self, UNWRITTEN};
use crate::signals;
use anyhow::{Context, Result, anyhow};
use diametric::{Config, Node, PeerAddress};
pub(crate) use journal::Journal;
use std::fmt;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// How long leave-taking may take at the end.
const FAREWELL: Duration = Duration::from_secs(2);

/// Reads a time as the command line has it.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds, such as 10 or 0.5")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Where a client charges, as whom, for whom, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Charging {
    /// Where the server, or a relay on the way to it, listens. The port is 3868 if there is none.
    #[arg(long, value_name = "HOST:PORT")]
    peer: PeerAddress,
    /// Destination-Realm: the realm of the server.
    #[arg(long, value_name = "REALM")]
    pub(crate) destination_realm: String,
    /// Destination-Host, where requests are for one server of the realm.
    #[arg(long, value_name = "HOST")]
    pub(crate) destination_host: Option<String>,
    /// Origin-Host, a fully qualified domain name.
    #[arg(long, value_name = "HOST", default_value = "ctf.example.com")]
    origin_host: String,
    /// Origin-Realm.
    #[arg(long, value_name = "REALM", default_value = "example.com")]
    origin_realm: String,
    /// IMSI of the subscriber (Subscription-Id).
    #[arg(long, value_name = "DIGITS", default_value = "001010123456789")]
    pub(crate) subscription_id_imsi: String,
    /// Sessions or events to run.
    #[arg(long, value_name = "COUNT", default_value_t = 1)]
    pub(crate) calls: u64,
    /// How many of them run at the same time.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) concurrency: u16,
    /// How long to wait for an answer, in seconds: the request timeout and, in online charging, Tx.
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub(crate) timeout: Duration,
}

impl Charging {
    /// A node that knows its peer.
    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new(self.origin_host.as_str(), self.origin_realm.as_str()).peer(self.peer.clone());
        config.request_timeout = self.timeout;
        config
    }
}

/// Runs a client whose exchanges are told: 0 if all were answered with success, 1 if one was refused, 2 if there was an
/// error.
pub(crate) fn run<F: Future<Output = Result<()>>>(
    charging: &Charging,
    config: Config,
    charge: impl FnOnce(Node) -> F,
) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start") {
        Ok(runtime) => runtime,
        Err(error) => return failed([error]),
    };
    let journal = Arc::new(Journal::new());
    let (charged, all_well) = runtime.block_on(async {
        let charge = async |node| {
            charge(node).await.map_err(|error| match error.is::<Interrupted>() {
                true => error,
                false => error.context(format!("cannot charge by way of {}", charging.peer)),
            })
        };
        (converse(config, &journal, charge).await, closed(&journal).await)
    });
    // A thread that waits for somebody to read what it writes is left to itself.
    runtime.shutdown_background();
    match (charged, all_well) {
        (Ok(()), Ok(true)) => ExitCode::SUCCESS,
        (Ok(()), Ok(false)) => ExitCode::FAILURE,
        (charged, written) => failed([charged.err(), written.err()].into_iter().flatten()),
    }
}

fn failed(errors: impl IntoIterator<Item = anyhow::Error>) -> ExitCode {
    errors.into_iter().for_each(|error| report::error(&error));
    ExitCode::from(2)
}

async fn converse<F: Future<Output = Result<()>>>(
    config: Config,
    journal: &Arc<Journal>,
    charge: impl FnOnce(Node) -> F,
) -> Result<()> {
    let observer = Arc::clone(journal);
    let node = Node::builder(config).observe(move |frame| observer.see(frame)).start().await?;
    let charged = charge(node.clone()).await;
    // The peer may be the reason why something failed: it is not waited for long.
    let _ = tokio::time::timeout(FAREWELL, node.shutdown()).await;
    charged
}

/// Waits until all lines are written; whether all was well. Nobody may ever read them, so that a signal ends this too.
async fn closed(journal: &Arc<Journal>) -> Result<bool> {
    let stop = signals::stop()?;
    let journal = Arc::clone(journal);
    tokio::select! {
        closed = tokio::task::spawn_blocking(move || journal.close()) => match closed {
            Ok(all_well) => all_well.context(UNWRITTEN),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        },
        () = stop => Err(anyhow!("interrupted before all lines were written")),
    }
}

/// SIGINT or SIGTERM.
#[derive(Debug)]
struct Interrupted;

impl std::error::Error for Interrupted {}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("interrupted: what was under way is given up")
    }
}

/// Makes `count` calls, `concurrency` at a time.
///
/// # Errors
/// The first that had no answer, or SIGINT or SIGTERM. The other calls are given up; the node ends their sessions.
pub(crate) async fn repeat<F, E>(
    count: u64,
    concurrency: u16,
    call: impl Fn() -> F + Clone + Send + 'static,
) -> Result<()>
where
    F: Future<Output = Result<(), E>> + Send,
    E: std::error::Error + Send + Sync + 'static,
{
    let mut stop = pin!(signals::stop()?);
    let begun = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..count.min(concurrency.into()) {
        let (call, begun) = (call.clone(), Arc::clone(&begun));
        workers.spawn(async move {
            while begun.fetch_add(1, Ordering::Relaxed) < count {
                call().await?;
            }
            Ok::<_, E>(())
        });
    }
    loop {
        let worked = tokio::select! {
            worked = workers.join_next() => worked,
            () = &mut stop => {
                // The node is not to end before it knows whose sessions it has to end.
                workers.shutdown().await;
                return Err(Interrupted.into());
            }
        };
        match worked {
            Some(Ok(result)) => result?,
            Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
            None => return Ok(()),
        }
    }
}
