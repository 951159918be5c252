//! Online charging: every operation of Ro, and what becomes of an account.

use super::ocs::{CENTS_PER_UNIT, Ocs, euros, price_of};
use super::recorder::{Entry, Recorder};
use crate::acme::{self, AcmeCreditControlRequestExt, Campaign};
use anyhow::{Context, Result, bail, ensure};
use diametric::base::{ResultCode, TerminationCause};
use diametric::credit_control::{
    CheckBalanceResult, CreditControlAnswer, CreditControlRequest, MultipleServicesCreditControl, RequestedServiceUnit,
    UsedServiceUnit,
};
use diametric::ro::{Opened, Reauthorization, Ro, RoError, RoSession, Service, SessionHandle, msisdn};
use diametric::ts32299::{PsInformation, ReportingReason, ServiceInformation, SmsInformation, SmsNode};
use diametric::value::Address;
use diametric::wire::Header;
use diametric::{Config, Node};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const SUBSCRIBER: &str = "15550123456";
const OPENING_BALANCE: u64 = 1000;
const MEBIBYTE: u64 = 1 << 20;
const DOWNLOAD: u32 = 7;
const VIDEO: u32 = 8;

/// Plays the part; gives what there is to be said after it.
pub(super) async fn play(recorder: &Arc<Recorder>) -> Result<Vec<String>> {
    let ocs = Ocs::new(recorder);
    ocs.ledger().open(SUBSCRIBER, OPENING_BALANCE);
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
    recorder.connected().await?;
    events(&ro, recorder).await.context("the short message could not be charged")?;
    download(&ro, recorder).await.context("the download could not be charged")?;
    video(&ro, recorder, &ocs).await.context("the video could not be charged")?;
    recorder.title("they take leave of each other");
    client.shutdown().await;
    server.shutdown().await;

    check_order(&recorder.entries())?;
    check_accounts(&ocs)
}

fn service(ro: &Ro, service_context_id: &str) -> Service {
    ro.service(service_context_id).subscription(msisdn(SUBSCRIBER))
}

/// IEC: a balance check, a short message, and its refund.
async fn events(ro: &Ro, recorder: &Recorder) -> Result<()> {
    let mut sms = SmsInformation::new().with_sms_node(SmsNode::SMS_ROUTER).with_number_of_messages_sent(1_u32);
    sms.smsc_address = Some(Address::from(Ipv4Addr::new(192, 0, 2, 25)));
    let message = |ccr: &mut CreditControlRequest| {
        ccr.service_identifier = Some(1);
        ccr.requested_service_unit = Some(RequestedServiceUnit::new().with_cc_service_specific_units(1_u64));
        ccr.service_information = Some(Box::new(ServiceInformation::new().with_sms_information(sms)));
    };
    let units = |cca: CreditControlAnswer| cca.granted_service_unit.and_then(|unit| unit.cc_service_specific_units);

    recorder.title("IEC: is there credit for a short message?");
    let cca = service(ro, "32274@3gpp.org").check_balance(|_| ()).await?;
    ensure!(cca.check_balance_result == Some(CheckBalanceResult::ENOUGH_CREDIT), "the balance is not enough");

    recorder.title("IEC: the short message, with an AVP of a vendor");
    let debit = service(ro, "32274@3gpp.org").debit(|ccr| {
        message.clone()(ccr);
        ccr.set_custom_message("Happy birthday");
    });
    let debited = units(debit.await?);
    ensure!(debited == Some(1), "the server debited {debited:?} messages, not one");

    recorder.title("IEC: it could not be delivered");
    let refunded = units(service(ro, "32274@3gpp.org").refund(message).await?);
    ensure!(refunded == Some(1), "the server refunded {refunded:?} messages, not one");
    Ok(())
}

/// ECUR: 20 MiB reserved, 12 MiB used.
async fn download(ro: &Ro, recorder: &Recorder) -> Result<()> {
    recorder.title("ECUR: a download, with Service-Information in each request");
    let mut ps = PsInformation::new().with_tgpp_charging_id([0, 0, 0x12, 0x34]).with_called_station_id("internet");
    ps.sgsn_address.push(Address::from(Ipv4Addr::new(192, 0, 2, 10)));
    ps.ggsn_address.push(Address::from(Ipv4Addr::new(192, 0, 2, 20)));
    ps.tgpp_rat_type = Some([6].into());
    let information = ServiceInformation::new().with_ps_information(ps);
    let opening = service(ro, "32251@3gpp.org")
        .with(|ccr| ccr.service_information = Some(Box::new(information)))
        .initial(|ccr| {
            ccr.multiple_services_credit_control.push(wanting(DOWNLOAD, 20));
            ccr.set_custom_message("Summer nights").set_campaign(Campaign::SUMMER_NIGHTS);
        });
    let session = granted(opening.await?, 20)?;
    let leaving = session.terminate(|ccr| {
        ccr.multiple_services_credit_control.push(using(empty(DOWNLOAD), 12));
        ccr.termination_cause = Some(TerminationCause::LOGOUT);
    });
    leaving.await?;
    Ok(())
}

/// SCUR: a video, 5 MiB at a time, which the server wants re-authorized in between.
async fn video(ro: &Ro, recorder: &Recorder, ocs: &Ocs) -> Result<()> {
    recorder.title("SCUR: a video, which goes on for as long as units are granted");
    // What the handler does about a RAR: answer it, and then wait for the CCA of its own UPDATE.
    let (reauthorized, mut updates) = mpsc::unbounded_channel();
    ro.on_reauth(move |session: SessionHandle, rar: Reauthorization| {
        let reauthorized = reauthorized.clone();
        async move {
            rar.answer(ResultCode::LIMITED_SUCCESS).await;
            let report = using(wanting(VIDEO, 5), 2);
            let report = report.with_reporting_reason(ReportingReason::FORCED_REAUTHORISATION);
            let answer: Result<CreditControlAnswer, RoError> =
                session.update(|ccr| ccr.multiple_services_credit_control.push(report)).await;
            // If nobody listens, the demo has failed before.
            let _ = reauthorized.send(answer);
        }
    });
    let opening = service(ro, "32251@3gpp.org").initial(|ccr| {
        ccr.multiple_services_credit_control.push(wanting(VIDEO, 5));
    });
    let session = granted(opening.await?, 5)?;
    for _ in 0..2 {
        let report = using(wanting(VIDEO, 5), 5);
        let answer = session.update(|ccr| ccr.multiple_services_credit_control.push(report)).await?;
        check_grant(&answer, 5)?;
    }

    recorder.title("the price of the video changes: the server wants to be asked again");
    let served = ocs.ledger().session(session.id()).context("the server does not know the session")?;
    let raa = served.reauthorize(|rar| rar.rating_group = Some(VIDEO)).await?;
    ensure!(raa.result_code == ResultCode::LIMITED_SUCCESS, "the client answered {} to the RAR", raa.result_code);
    let updated = tokio::time::timeout(Duration::from_secs(10), updates.recv());
    let answer = updated.await.ok().flatten().context("no UPDATE followed the RAR")??;
    check_grant(&answer, 5)?;

    recorder.title("the video ends");
    session.terminate(|ccr| ccr.multiple_services_credit_control.push(using(empty(VIDEO), 1))).await?;
    Ok(())
}

fn empty(rating_group: u32) -> MultipleServicesCreditControl {
    MultipleServicesCreditControl::new().with_rating_group(rating_group)
}

fn wanting(rating_group: u32, mebibytes: u64) -> MultipleServicesCreditControl {
    let wanted = RequestedServiceUnit::new().with_cc_total_octets(mebibytes * MEBIBYTE);
    empty(rating_group).with_requested_service_unit(wanted)
}

fn using(mut service: MultipleServicesCreditControl, mebibytes: u64) -> MultipleServicesCreditControl {
    service.used_service_unit.push(UsedServiceUnit::new().with_cc_total_octets(mebibytes * MEBIBYTE));
    service
}

fn granted(opened: Opened, mebibytes: u64) -> Result<RoSession> {
    match opened {
        Opened::Granted { session, answer } => check_grant(&answer, mebibytes).map(|()| session),
        Opened::Uncontrolled { cause, .. } => bail!("the session is not controlled: {cause}"),
    }
}

fn check_grant(answer: &CreditControlAnswer, mebibytes: u64) -> Result<()> {
    let service = answer.multiple_services_credit_control.first().context("no service was granted")?;
    let result_code = service.result_code.map(|code| code.to_string()).unwrap_or_default();
    ensure!(service.result_code == Some(ResultCode::SUCCESS), "the service was answered {result_code}");
    let octets = service.granted_service_unit.as_ref().and_then(|unit| unit.cc_total_octets);
    ensure!(octets == Some(mebibytes * MEBIBYTE), "the server granted {octets:?} octets, not {mebibytes} MiB");
    Ok(())
}

/// RFC 8506 §5.5: the RAA goes out before the CCR that it promises.
fn check_order(entries: &[Entry]) -> Result<()> {
    let messages = entries.iter().filter_map(|entry| match entry {
        Entry::Message(message) => Header::peek(&message.octets).map(|header| (message.sent, header)),
        _ => None,
    });
    let mut after_rar = messages.skip_while(|(sent, header)| *sent || header.command != 258).skip(1);
    let first = after_rar.next().map(|(sent, header)| (sent, header.command, header.flags.is_request()));
    ensure!(first == Some((true, 258, false)), "something else than the RAA followed the RAR");
    Ok(())
}

fn check_accounts(ocs: &Ocs) -> Result<Vec<String>> {
    let ledger = ocs.ledger();
    let balance = ledger.balance(SUBSCRIBER).context("the account is gone")?;
    let (message, download, video) = (CENTS_PER_UNIT, price_of(12 * MEBIBYTE), price_of((5 + 5 + 2 + 1) * MEBIBYTE));
    let expected = OPENING_BALANCE - download - video;
    ensure!(balance == expected, "the balance is {}, it must be {}", euros(balance), euros(expected));
    ensure!(ledger.reserved() == 0, "{} are still reserved", euros(ledger.reserved()));
    let messages: Vec<_> = ledger.messages().iter().map(|(message, _)| message.as_str()).collect();
    ensure!(
        messages == ["Happy birthday", "Summer nights"],
        "the server read {messages:?} in Custom-Message, not what the client wrote"
    );
    let mut lines = vec!["the server read these AVPs of vendor 99999:".to_owned()];
    for (message, campaign) in ledger.messages() {
        let campaign = campaign.map(|campaign| format!(", Campaign {campaign}")).unwrap_or_default();
        lines.push(format!("  Custom-Message {message:?}{campaign}"));
    }
    let entry = |what: &str, sign: &str, cents: u64| format!("  {what:<24}{sign:>2}{:>11}", euros(cents));
    lines.push(format!("\naccount of {SUBSCRIBER}:"));
    lines.push(entry("before", "", OPENING_BALANCE));
    lines.push(entry("short message", "-", message));
    lines.push(entry("refund", "+", message));
    lines.push(entry("download, 12 MiB", "-", download));
    lines.push(entry("video, 13 MiB", "-", video));
    lines.push(entry("after", "", balance));
    Ok(lines)
}
