//! Offline charging between two nodes over loopback TCP.

mod buffer;
#[path = "../common/mod.rs"]
mod common;
mod forms;
mod server;
mod session;

use diametric::accounting::{Aca, AccountingRecordType, AccountingRequestRequired, Acr};
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::rf::{Continuity, Rf, RfRequest, RfServer, RfServerConfig, SilentSession};
use diametric::{Config, Node};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};

pub(crate) use common::{ACCOUNTING, soon, until};
pub(crate) use diametric::accounting::AccountingRecordType::{EventRecord, InterimRecord, StartRecord, StopRecord};

pub(crate) const SERVICE: &str = "32260@3gpp.org";

/// What happens at a server.
#[derive(Debug)]
pub(crate) enum Told {
    Record(Box<Record>),
    Silent(SilentSession),
}

/// A record that was handed to a handler.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) server: String,
    pub(crate) acr: Acr,
    pub(crate) retransmitted: bool,
    pub(crate) continuity: Continuity,
}

impl Record {
    pub(crate) fn what(&self) -> (AccountingRecordType, u32) {
        (self.acr.accounting_record_type, self.acr.accounting_record_number)
    }

    /// User-Name, with which tests tell records apart.
    pub(crate) fn user(&self) -> &str {
        self.acr.user_name.as_deref().unwrap_or_default()
    }
}

/// A server that tells what it does.
#[derive(Clone)]
pub(crate) struct Cdf {
    tell: mpsc::UnboundedSender<Told>,
    /// How many records may be answered.
    pub(crate) may_answer: Arc<Semaphore>,
    pub(crate) result_code: Arc<AtomicU32>,
    pub(crate) interim_interval: Option<u32>,
    /// The server for which it answers, if it is not itself one.
    pub(crate) relays_for: Option<&'static str>,
}

impl Cdf {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Told>) {
        let (tell, told) = mpsc::unbounded_channel();
        let cdf = Self {
            tell,
            may_answer: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
            result_code: Arc::new(AtomicU32::new(2001)),
            interim_interval: None,
            relays_for: None,
        };
        (cdf, told)
    }

    pub(crate) fn answer_with(&self, code: u32) {
        self.result_code.store(code, Ordering::Relaxed);
    }

    /// The server takes records, but does not answer them until it may.
    pub(crate) fn silence(&self) {
        self.may_answer.forget_permits(Semaphore::MAX_PERMITS);
    }

    async fn take(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        let record = Record {
            server: request.success().origin_host.to_string(),
            acr: request.acr.clone(),
            retransmitted: request.retransmitted(),
            continuity: request.continuity,
        };
        let _ = self.tell.send(Told::Record(Box::new(record)));
        self.may_answer.acquire().await.expect("it is never closed").forget();
        let code = self.result_code.load(Ordering::Relaxed);
        assert_ne!(code, 0, "a handler that panics");
        if (3000..4000).contains(&code) {
            return Err(ErrorAnswer::new(ResultCode(code), "as the test wants it"));
        }
        let mut aca = request.answer(ResultCode(code));
        aca.acct_interim_interval = self.interim_interval;
        if let Some(server) = self.relays_for {
            aca.origin_host = server.into();
        }
        Ok(aca)
    }
}

impl RfServer for Cdf {
    async fn open(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        assert_eq!(request.acr.accounting_record_type, StartRecord);
        self.take(request).await
    }
    async fn update(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        assert_eq!(request.acr.accounting_record_type, InterimRecord);
        self.take(request).await
    }
    async fn close(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        assert_eq!(request.acr.accounting_record_type, StopRecord);
        self.take(request).await
    }
    async fn event(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        assert_eq!(request.acr.accounting_record_type, EventRecord);
        self.take(request).await
    }
    async fn silent(&self, session: SilentSession) {
        let _ = self.tell.send(Told::Silent(session));
    }
}

/// What came over the wire at the client: the type, number and T flag of each ACR that it sent.
pub(crate) type Sent = Arc<Mutex<Vec<(bool, Vec<u8>)>>>;

/// A server and a client of it.
pub(crate) struct Scene {
    pub(crate) server: Node,
    pub(crate) client: Node,
    pub(crate) cdf: Cdf,
    pub(crate) told: mpsc::UnboundedReceiver<Told>,
    pub(crate) sent: Sent,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::with(|_| (), |config| config).await
    }

    pub(crate) async fn with(cdf: impl FnOnce(&mut Cdf), config: impl FnOnce(Config) -> Config) -> Self {
        let (mut server, told) = Cdf::new();
        cdf(&mut server);
        let cdf = server;
        let server = serve(cdf.clone(), "cdf.example.net", RfServerConfig::new(), ([127, 0, 0, 1], 0).into()).await;
        let (client, sent) = client_of(&server, config).await;
        Self { server, client, cdf, told, sent }
    }

    pub(crate) fn rf(&self) -> Rf {
        self.client.rf().unwrap()
    }

    /// The next record that a handler gets.
    pub(crate) async fn next(&mut self) -> Record {
        next(&mut self.told).await
    }

    /// That nothing more reaches a handler for a while.
    pub(crate) async fn assert_quiet(&mut self) {
        let more = tokio::time::timeout(Duration::from_millis(150), self.told.recv()).await;
        assert!(more.is_err(), "{more:?}");
    }

    /// Ends the server; its connections are gone when this returns.
    pub(crate) async fn stop_server(self) -> Stopped {
        let address = self.server.listening()[0];
        soon(self.server.shutdown()).await;
        until(|| self.client.peers().is_empty()).await;
        Stopped { address, client: self.client, cdf: self.cdf, told: self.told, sent: self.sent }
    }
}

/// A client without its server.
pub(crate) struct Stopped {
    address: SocketAddr,
    pub(crate) client: Node,
    pub(crate) cdf: Cdf,
    told: mpsc::UnboundedReceiver<Told>,
    sent: Sent,
}

impl Stopped {
    pub(crate) fn rf(&self) -> Rf {
        self.client.rf().unwrap()
    }

    /// The server is back; it knows nothing of what was before.
    pub(crate) async fn start_server(self) -> Scene {
        let server = serve(self.cdf.clone(), "cdf.example.net", RfServerConfig::new(), self.address).await;
        Scene { server, client: self.client, cdf: self.cdf, told: self.told, sent: self.sent }
    }
}

pub(crate) async fn serve(cdf: Cdf, name: &str, config: RfServerConfig, address: SocketAddr) -> Node {
    let mut listen = Config::new(name, "example.net").listen(address);
    listen.drain_timeout = Duration::from_millis(50);
    Node::builder(listen).rf_server_with(cdf, config).start().await.unwrap()
}

pub(crate) async fn client_of(server: &Node, config: impl FnOnce(Config) -> Config) -> (Node, Sent) {
    let mut client = Config::new("ctf.example.com", "example.com").peer(server.listening()[0]).rf_client("example.net");
    client.rf.retry_interval = Duration::from_millis(50);
    client.reconnect_interval = Duration::from_millis(200);
    let sent = Sent::default();
    let seen = Arc::clone(&sent);
    let builder = Node::builder(config(client)).observe(move |frame| {
        let command = u32::from_be_bytes([0, frame.octets[5], frame.octets[6], frame.octets[7]]);
        if frame.sent && command == 271 {
            seen.lock().unwrap().push((frame.octets[4] & 0x10 != 0, frame.octets[16..20].to_vec()));
        }
    });
    (builder.start().await.unwrap(), sent)
}

pub(crate) async fn next(told: &mut mpsc::UnboundedReceiver<Told>) -> Record {
    match soon(told.recv()).await.expect("the server lives") {
        Told::Record(record) => *record,
        Told::Silent(session) => panic!("{session:?}"),
    }
}

pub(crate) fn acr(session: &str, record_type: AccountingRecordType, number: u32) -> Acr {
    let mut acr = Acr::new(AccountingRequestRequired {
        session_id: format!("ctf.example.com;1;{session}").into(),
        origin_host: "ctf.example.com".into(),
        origin_realm: "example.com".into(),
        destination_realm: "example.net".into(),
        accounting_record_type: record_type,
        accounting_record_number: number,
    });
    acr.acct_application_id = Some(ACCOUNTING);
    acr
}
