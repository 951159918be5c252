//! Clients and servers of charging that talk to each other in one process, over TCP.

mod chart;
mod ocs;
mod pcap;
mod recorder;
mod rf;
mod ro;

use crate::report::{Outcome, UNWRITTEN};
use anyhow::{Context, Result};
use recorder::{Entry, Recorder};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

const AFTER_HELP: &str = "\
EXAMPLES:
  Charge events, a download, a video and a call, and see the messages, the account and the charging data records:
    diametric demo
  The same, and keep the traffic for Wireshark:
    diametric demo --pcap demo.pcap

EXIT STATUS:
  0 only if every exchange succeeded, and the balance and the charging data records are what they must be.";

/// Charge something online and offline: clients and servers in one process, over TCP.
///
/// The client checks a balance, debits a short message and has it refunded (IEC), reserves, uses and settles a download (ECUR),
/// and charges a video while it goes on (SCUR), which the server wants re-authorized in between (RAR). Its requests carry
/// Service-Information and the AVPs of a vendor, declared in a dictionary of their own, which the server reads. Between a
/// request and its answer, the server tells what it books; prices are 0.15 EUR for a message and 0.10 EUR for a MiB.
///
/// Then an application server reports a call (START, INTERIM, STOP) and a message (EVENT) to a charging data function, which
/// prints the charging data records that it has written.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Write the traffic to this file, in pcap format. The servers' ports are shown as 3868 there.
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// Runs the demo.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the tasks of the demo")?;
    let (online, offline) = (Arc::new(Recorder::default()), Arc::new(Recorder::default()));
    let played = runtime.block_on(async {
        let account = ro::play(&online).await?;
        Ok::<_, anyhow::Error>((account, rf::play(&offline).await?))
    });

    // What was seen up to a failure is worth seeing too.
    let (entries, records) = (online.entries(), offline.entries());
    let mut out = std::io::stdout().lock();
    chart::print(&mut out, "CTF", "OCS", &entries).context(UNWRITTEN)?;
    if !records.is_empty() {
        writeln!(out).context(UNWRITTEN)?;
        chart::print(&mut out, "CTF", "CDF", &records).context(UNWRITTEN)?;
    }
    if let Some(path) = &args.pcap {
        let messages = entries.iter().chain(&records).filter_map(|entry| match entry {
            Entry::Message(message) => Some(message),
            Entry::Title(_) | Entry::Note(_) => None,
        });
        pcap::write(path, messages).with_context(|| format!("cannot write {}", path.display()))?;
    }
    writeln!(out).context(UNWRITTEN)?;
    let (account, records) = played?;
    for line in account.iter().chain(&[String::new()]).chain(&records) {
        writeln!(out, "{line}").context(UNWRITTEN)?;
    }
    Ok(Outcome::Clean)
}
