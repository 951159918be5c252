//! An own form of ACR, as a vendor's dictionary generates it: the standard one and a member that it requires.

use crate::{ACCOUNTING, SERVICE, client_of, soon, until};
use diametric::accounting::{Aca, Acr};
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::codec::{Avp, Cursor, Encoded, Encoder, Extras, Group, GroupId, Judged, Member};
use diametric::message::{Command, Form, Request};
use diametric::rf::{Delivered, RfRequest, RfServer};
use diametric::value::Utf8String;
use diametric::wire::{AvpFlags, RawAvp};
use diametric::{Config, Node};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

enum CallId {}

impl Avp for CallId {
    const CODE: u32 = 7001;
    const VENDOR: u32 = 99999;
    const FLAGS: AvpFlags = AvpFlags::VENDOR;
    const NAME: &'static str = "Call-Id";
    type Value = Utf8String;
}

/// An ACR with a Call-Id.
#[derive(Clone, Debug, PartialEq)]
struct CallAcr(Acr);

impl CallAcr {
    fn call(&self) -> String {
        self.0.get::<CallId>().ok().flatten().unwrap_or_default().to_string()
    }
}

impl Group for CallAcr {
    const ID: GroupId = Acr::ID;
    const NAME: &'static str = "CACR";
    const MEMBERS: &'static [Member] = Acr::MEMBERS;
    const ANY: bool = true;
    fn blank_group() -> Self {
        Self(Acr::blank_group())
    }
    fn decode_member(&mut self, avp: &RawAvp<'_>, cursor: &mut Cursor<'_, '_, '_>) -> Judged {
        self.0.decode_member(avp, cursor)
    }
    fn check_counts(&self, check: &mut dyn FnMut(usize, usize)) {
        self.0.check_counts(check);
    }
    fn encode_declared(&self, out: &mut Encoder) -> Encoded {
        self.0.encode_declared(out)
    }
    fn extras(&self) -> &Extras {
        self.0.extras()
    }
    fn extras_mut(&mut self) -> &mut Extras {
        self.0.extras_mut()
    }
}

impl Command for CallAcr {
    const CODE: u32 = Acr::CODE;
    const APPLICATION: u32 = Acr::APPLICATION;
    const REQUEST: bool = true;
    const PROXIABLE: bool = true;
    const COMMAND_NAME: &'static str = "Call-Accounting-Request";
}

impl Request for CallAcr {
    type Answer = Aca;
}

impl Form<Acr> for CallAcr {
    type Required = &'static str;
    fn assemble(mut standard: Acr, call: &'static str) -> Self {
        standard.add::<CallId>(call);
        Self(standard)
    }
    fn standard(&self) -> &Acr {
        &self.0
    }
    fn standard_mut(&mut self) -> &mut Acr {
        &mut self.0
    }
}

#[derive(Clone, Default)]
struct Cdf(Arc<Mutex<Vec<(u32, String)>>>);

impl Cdf {
    fn take(&self, request: RfRequest<CallAcr>) -> Result<Aca, ErrorAnswer> {
        self.0.lock().unwrap().push((request.acr.0.accounting_record_number, request.acr.call()));
        let mut aca = request.success();
        aca.acct_interim_interval = Some(1);
        Ok(aca)
    }
}

impl RfServer<CallAcr> for Cdf {
    async fn open(&self, request: RfRequest<CallAcr>) -> Result<Aca, ErrorAnswer> {
        self.take(request)
    }
    async fn update(&self, request: RfRequest<CallAcr>) -> Result<Aca, ErrorAnswer> {
        self.take(request)
    }
    async fn close(&self, request: RfRequest<CallAcr>) -> Result<Aca, ErrorAnswer> {
        self.take(request)
    }
    async fn event(&self, request: RfRequest<CallAcr>) -> Result<Aca, ErrorAnswer> {
        self.take(request)
    }
}

#[tokio::test]
async fn an_own_form_all_the_way() {
    let cdf = Cdf::default();
    let listen = Config::new("cdf.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    let server = Node::builder(listen).rf_server(cdf.clone()).start().await.unwrap();
    let (client, _) = client_of(&server, |config| config).await;
    let rf = client.rf().unwrap();

    let started = soon(rf.service(SERVICE).start_as::<CallAcr>("call 0", |acr| acr.0.user_name = None)).await.unwrap();
    assert!(matches!(started.delivered, Delivered::Acknowledged(_)));
    let session = started.session;
    soon(session.interim_as("call 1", |_| ())).await.unwrap();
    // At the interval, with what the form requires.
    let made = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&made);
    session.on_interim_as(|| "call 2", move |_| _ = counted.fetch_add(1, Ordering::Relaxed));
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert_eq!(made.load(Ordering::Relaxed), 1);
    let state = soon(session.detach()).await.unwrap();
    let session = rf.resume_as::<CallAcr>(&state).unwrap();
    soon(session.stop_as("call 3", |_| ())).await.unwrap();
    let calls = |from: u32| (from..4).map(|number| (number, format!("call {number}"))).collect::<Vec<_>>();
    assert_eq!(*cdf.0.lock().unwrap(), calls(0));

    let event = soon(rf.service(SERVICE).event_as::<CallAcr>("call 9", |_| ())).await.unwrap();
    assert_eq!(event.answer().map(|aca| aca.result_code), Some(ResultCode::SUCCESS));
    assert_eq!(cdf.0.lock().unwrap().pop(), Some((0, "call 9".into())));

    // A session that nobody stops is stopped in the standard form.
    let started = soon(rf.service(SERVICE).start_as::<CallAcr>("call 0", |_| ())).await.unwrap();
    drop(started);
    until(|| cdf.0.lock().unwrap().len() >= 6).await;
    assert_eq!(cdf.0.lock().unwrap().pop(), Some((1, String::new())));
    assert_eq!(ACCOUNTING, Acr::APPLICATION);
}
