//! A charging client and an online charging system that talk to each other in one process.

mod chart;
mod ocs;
mod pcap;
mod recorder;

use crate::acme::{self, AcmeCreditControlRequestExt, Campaign};
use crate::report::Outcome;
use anyhow::{Context, Result, bail, ensure};
use diametric::base::{ResultCode, TerminationCause};
use diametric::credit_control::{MultipleServicesCreditControl, RequestedServiceUnit, UsedServiceUnit};
use diametric::ro::{Opened, Ro, msisdn};
use diametric::ts32299::{PsInformation, ServiceInformation, SmsInformation, SmsNode};
use diametric::value::Address;
use diametric::{Config, Node};
use ocs::{Ocs, price_of};
use recorder::Recorder;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

const SUBSCRIBER: &str = "15550123456";
const OPENING_BALANCE: u64 = 1000;
const RESERVED_OCTETS: u64 = 20 << 20;
const USED_OCTETS: u64 = 12_000_000;
const SMS_CENTS: u64 = 15;

const AFTER_HELP: &str = "\
EXAMPLES:
  Charge a short message and a download, and see the messages and the account:
    diametric demo
  The same, and keep the traffic for Wireshark:
    diametric demo --pcap demo.pcap

EXIT STATUS:
  0 only if every exchange succeeded and the balance is what it must be.";

/// Charge something: a client and an online charging system in one process, over TCP.
///
/// The client debits a short message (IEC), then reserves, uses and settles a download (ECUR). Its requests carry
/// Service-Information and the AVPs of a vendor, declared in a dictionary of their own, which the server reads.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Write the traffic to this file, in pcap format. The server's port is shown as 3868 there.
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
    let recorder = Arc::new(Recorder::new());
    let ocs = Ocs::default();
    ocs.ledger().open(SUBSCRIBER, OPENING_BALANCE);
    let mut out = std::io::stdout().lock();
    writeln!(out, "account of {SUBSCRIBER} before: {}\n", euros(OPENING_BALANCE))?;

    let told = runtime.block_on(story(&ocs, &recorder));
    let frames = recorder.frames();
    // What was seen up to a failure is worth seeing too.
    chart::print(&mut out, &frames)?;
    if let Some(path) = &args.pcap {
        pcap::write(path, &frames).with_context(|| format!("cannot write {}", path.display()))?;
    }
    told?;

    let ledger = ocs.ledger();
    let balance = ledger.balance(SUBSCRIBER).context("the account is gone")?;
    writeln!(out, "\nthe server read these AVPs of vendor 99999:")?;
    for (message, campaign) in ledger.messages() {
        let campaign = campaign.map(|campaign| format!(", Campaign {campaign}")).unwrap_or_default();
        writeln!(out, "  Custom-Message {message:?}{campaign}")?;
    }
    writeln!(out, "\naccount of {SUBSCRIBER} after:  {}", euros(balance))?;
    let expected = OPENING_BALANCE - SMS_CENTS - price_of(USED_OCTETS);
    ensure!(balance == expected, "the balance is {}, it must be {}", euros(balance), euros(expected));
    ensure!(ledger.reserved() == 0, "{} are still reserved", euros(ledger.reserved()));
    let messages: Vec<_> = ledger.messages().iter().map(|(message, _)| message.as_str()).collect();
    ensure!(
        messages == ["Happy birthday", "Summer nights"],
        "the server read {messages:?} in Custom-Message, not what the client wrote"
    );
    Ok(Outcome::Clean)
}

fn euros(cents: u64) -> String {
    format!("{}.{:02} EUR", cents / 100, cents % 100)
}

async fn story(ocs: &Ocs, recorder: &Arc<Recorder>) -> Result<()> {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Node::builder(Config::new("ocs.example.net", "example.net").listen(loopback))
        .dictionary(&acme::DICTIONARY)
        .ro_server(ocs.clone())
        .start()
        .await?;
    let address = *server.listening().first().context("the server does not listen")?;

    let observer = Arc::clone(recorder);
    let client = Node::builder(Config::new("ctf.example.com", "example.com").peer(address).ro_client("example.net"))
        .dictionary(&acme::DICTIONARY)
        .observe(move |frame| observer.record(frame))
        .start()
        .await?;
    let ro = client.ro()?;
    short_message(&ro).await.context("the short message could not be charged")?;
    download(&ro).await.context("the download could not be charged")?;
    client.shutdown().await;
    server.shutdown().await;
    Ok(())
}

/// IEC: one short message, debited at once.
async fn short_message(ro: &Ro) -> Result<()> {
    let mut sms = SmsInformation::new().with_sms_node(SmsNode::SMS_ROUTER).with_number_of_messages_sent(1_u32);
    sms.smsc_address = Some(Address::from(Ipv4Addr::new(192, 0, 2, 25)));
    let cca = ro
        .service("32274@3gpp.org")
        .subscription(msisdn(SUBSCRIBER))
        .debit(|ccr| {
            ccr.service_identifier = Some(1);
            ccr.requested_service_unit = Some(RequestedServiceUnit::new().with_cc_service_specific_units(1_u64));
            ccr.service_information = Some(Box::new(ServiceInformation::new().with_sms_information(sms)));
            ccr.set_custom_message("Happy birthday");
        })
        .await?;
    let debited = cca.granted_service_unit.and_then(|unit| unit.cc_service_specific_units);
    ensure!(debited == Some(1), "the server debited {debited:?} messages, not one");
    Ok(())
}

/// ECUR: 20 MiB reserved, 12 MB used.
async fn download(ro: &Ro) -> Result<()> {
    let mut ps = PsInformation::new().with_tgpp_charging_id([0, 0, 0x12, 0x34]).with_called_station_id("internet");
    ps.sgsn_address.push(Address::from(Ipv4Addr::new(192, 0, 2, 10)));
    ps.ggsn_address.push(Address::from(Ipv4Addr::new(192, 0, 2, 20)));
    ps.tgpp_rat_type = Some([6].into());
    let information = ServiceInformation::new().with_ps_information(ps);
    let opened = ro
        .service("32251@3gpp.org")
        .subscription(msisdn(SUBSCRIBER))
        .with(|ccr| ccr.service_information = Some(Box::new(information)))
        .initial(|ccr| {
            let wanted = RequestedServiceUnit::new().with_cc_total_octets(RESERVED_OCTETS);
            let service = MultipleServicesCreditControl::new().with_rating_group(7_u32);
            ccr.multiple_services_credit_control.push(service.with_requested_service_unit(wanted));
            ccr.set_custom_message("Summer nights").set_campaign(Campaign::SUMMER_NIGHTS);
        })
        .await?;
    let Opened::Granted { session, answer } = opened else { bail!("the server did not answer in time") };
    let granted = answer.multiple_services_credit_control.first().and_then(|service| {
        ensure_code(service.result_code)?;
        service.granted_service_unit.as_ref()?.cc_total_octets
    });
    ensure!(granted == Some(RESERVED_OCTETS), "the server granted {granted:?} octets, not {RESERVED_OCTETS}");
    session
        .terminate(|ccr| {
            let used = UsedServiceUnit::new().with_cc_total_octets(USED_OCTETS);
            let service = MultipleServicesCreditControl::new().with_rating_group(7_u32);
            ccr.multiple_services_credit_control.push(service.with_used_service_unit(used));
            ccr.termination_cause = Some(TerminationCause::LOGOUT);
        })
        .await?;
    Ok(())
}

fn ensure_code(result_code: Option<ResultCode>) -> Option<()> {
    (result_code == Some(ResultCode::SUCCESS)).then_some(())
}
