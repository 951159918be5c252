//! Offline charging: a client that reports a call and a message, and the charging data function that takes the records.

use super::recorder::Recorder;
use crate::acme::{self, CustomMessage};
use anyhow::{Context, Result, ensure};
use diametric::accounting::{AccountingAnswer, AccountingRecordType, AccountingRequest};
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::codec::Group;
use diametric::rf::{Delivered, Rf, RfRequest, RfServer};
use diametric::ts32299::{ImsInformation, ImsInformationRequired, NodeFunctionality, ServiceInformation};
use diametric::value::Enumeration;
use diametric::{Config, Node};
use std::future::{Future, ready};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const CALL: &str = "32260@3gpp.org";
const MESSAGE: &str = "32274@3gpp.org";
const USER: &str = "sip:alice@example.com";

/// Plays the part; gives what there is to be said after it.
pub(super) async fn play(recorder: &Arc<Recorder>) -> Result<Vec<String>> {
    let cdf = Cdf { recorder: Arc::clone(recorder), cdrs: Arc::default() };
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Node::builder(Config::new("cdf.example.net", "example.net").listen(loopback))
        .dictionary(&acme::DICTIONARY)
        .rf_server(cdf.clone())
        .start()
        .await?;
    let address = *server.listening().first().context("the server does not listen")?;
    let observer = Arc::clone(recorder);
    let client = Node::builder(Config::new("as.example.com", "example.com").peer(address).rf_client("example.net"))
        .dictionary(&acme::DICTIONARY)
        .observe(move |frame| observer.record(frame))
        .start()
        .await?;
    let rf = client.rf()?;
    recorder.connected().await?;
    recorder.title("a call: a session");
    call(&rf).await.context("the call could not be reported")?;
    recorder.title("a message: an event");
    message(&rf).await.context("the message could not be reported")?;
    recorder.title("they take leave of each other");
    client.shutdown().await;
    server.shutdown().await;
    cdf.check()?;
    Ok(cdf.tell())
}

/// A charging data record: what the records of a session, or an event, amount to.
#[derive(Clone, Debug, Default, PartialEq)]
struct Cdr {
    session_id: String,
    service_context_id: Option<String>,
    user_name: Option<String>,
    node: Option<NodeFunctionality>,
    records: Vec<(AccountingRecordType, u32)>,
    messages: Vec<String>,
}

/// The server, a handle to the CDRs that it writes.
#[derive(Clone)]
struct Cdf {
    recorder: Arc<Recorder>,
    cdrs: Arc<Mutex<Vec<Cdr>>>,
}

impl Cdf {
    fn cdrs(&self) -> MutexGuard<'_, Vec<Cdr>> {
        // Every operation leaves the records consistent before anything could panic.
        self.cdrs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, request: &RfRequest) -> Result<AccountingAnswer, ErrorAnswer> {
        let acr = &request.acr;
        // The vendor's AVP, which ACR has room for as for any other.
        let message = acr.get::<CustomMessage>().map_err(|error| ErrorAnswer::from(&error))?;
        let mut cdrs = self.cdrs();
        let at = cdrs.iter().position(|cdr| cdr.session_id == acr.session_id.as_str()).unwrap_or(cdrs.len());
        if at == cdrs.len() {
            cdrs.push(Cdr { session_id: acr.session_id.to_string(), ..Cdr::default() });
        }
        let cdr = &mut cdrs[at];
        let ims = acr.service_information.as_ref().and_then(|service| service.ims_information.as_ref());
        cdr.service_context_id = acr.service_context_id.as_ref().map(ToString::to_string);
        cdr.user_name = acr.user_name.as_ref().map(ToString::to_string);
        cdr.node = ims.map(|ims| ims.node_functionality);
        cdr.records.push((acr.accounting_record_type, acr.accounting_record_number));
        cdr.messages.extend(message.map(|message| message.to_string()));
        let done = match acr.accounting_record_type {
            AccountingRecordType::StartRecord => "opens a CDR",
            AccountingRecordType::InterimRecord => "updates the CDR",
            AccountingRecordType::StopRecord => "closes the CDR",
            AccountingRecordType::EventRecord => "writes a CDR",
        };
        self.recorder.note(done.into());
        Ok(request.success())
    }

    /// The CDRs, for people.
    fn tell(&self) -> Vec<String> {
        let mut lines = vec!["the server wrote these charging data records:".into()];
        for cdr in &*self.cdrs() {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "?".into());
            let node = cdr.node.and_then(Enumeration::label).unwrap_or("?");
            let (service, user) = (text(&cdr.service_context_id), text(&cdr.user_name));
            lines.push(format!("  {service}, {user}, Node-Functionality {node}, session {}", cdr.session_id));
            for ((kind, number), message) in cdr.records.iter().zip(&cdr.messages) {
                let record = format!("{} #{number}", kind.label().unwrap_or("?"));
                lines.push(format!("    {record:18} Custom-Message {message:?}"));
            }
        }
        lines
    }

    /// Whether the CDRs are what the client has reported.
    fn check(&self) -> Result<()> {
        use AccountingRecordType::{EventRecord, InterimRecord, StartRecord, StopRecord};
        let call = [(StartRecord, 0), (InterimRecord, 1), (StopRecord, 2)];
        let expected = [
            (CALL, call.to_vec(), vec!["Ringing", "Talking", "Good night"]),
            (MESSAGE, vec![(EventRecord, 0)], vec!["Happy birthday"]),
        ];
        let cdrs = self.cdrs();
        ensure!(cdrs.len() == expected.len(), "there are {} CDRs, there must be {}", cdrs.len(), expected.len());
        for (cdr, (service, records, messages)) in cdrs.iter().zip(expected) {
            let expected = Cdr {
                session_id: cdr.session_id.clone(),
                service_context_id: Some(service.into()),
                user_name: Some(USER.into()),
                node: Some(NodeFunctionality::AS),
                records,
                messages: messages.into_iter().map(Into::into).collect(),
            };
            ensure!(*cdr == expected, "a CDR is {cdr:?}, it must be {expected:?}");
        }
        Ok(())
    }
}

impl RfServer for Cdf {
    fn open(&self, request: RfRequest) -> impl Future<Output = Result<AccountingAnswer, ErrorAnswer>> + Send {
        ready(self.write(&request))
    }

    fn update(&self, request: RfRequest) -> impl Future<Output = Result<AccountingAnswer, ErrorAnswer>> + Send {
        ready(self.write(&request))
    }

    fn close(&self, request: RfRequest) -> impl Future<Output = Result<AccountingAnswer, ErrorAnswer>> + Send {
        ready(self.write(&request))
    }

    fn event(&self, request: RfRequest) -> impl Future<Output = Result<AccountingAnswer, ErrorAnswer>> + Send {
        ready(self.write(&request))
    }
}

/// What every record of a service repeats.
fn common(acr: &mut AccountingRequest) {
    let ims = ImsInformation::new(ImsInformationRequired { node_functionality: NodeFunctionality::AS });
    acr.user_name = Some(USER.into());
    acr.service_information = Some(Box::new(ServiceInformation::new().with_ims_information(ims)));
}

/// A session: START, INTERIM, STOP.
async fn call(rf: &Rf) -> Result<()> {
    let service = rf.service(CALL).with(common);
    let started = service.start(|acr| _ = acr.add::<CustomMessage>("Ringing")).await?;
    acknowledged(&started.delivered)?;
    let session = started.session;
    acknowledged(&session.interim(|acr| _ = acr.add::<CustomMessage>("Talking")).await?)?;
    acknowledged(&session.stop(|acr| _ = acr.add::<CustomMessage>("Good night")).await?)
}

/// A one-time event.
async fn message(rf: &Rf) -> Result<()> {
    let event = rf.service(MESSAGE).with(common).event(|acr| _ = acr.add::<CustomMessage>("Happy birthday"));
    acknowledged(&event.await?)
}

fn acknowledged(delivered: &Delivered) -> Result<()> {
    let success = delivered.answer().is_some_and(|aca| aca.result_code == ResultCode::SUCCESS);
    ensure!(success, "the record was not taken: {delivered:?}");
    Ok(())
}
