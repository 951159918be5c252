//! Charging without async: plain threads, and the errors where there is async all the same.

use diametric::accounting::{Aca, Acr};
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::blocking::{Node, ro::Opened};
use diametric::credit_control::{CcRequestType, Cca};
use diametric::rf::{Delivered, RfError, RfRequest, RfServer};
use diametric::ro::{RoError, RoRequest, RoServer, ServedSession, imsi};
use diametric::{Config, SendError, StartError};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// An OCS that grants everything but refunds, and a CDF that takes everything.
#[derive(Clone, Default)]
struct Server {
    served: Arc<Mutex<Vec<(CcRequestType, u32)>>>,
    session: Arc<Mutex<Option<ServedSession>>>,
    records: Arc<Mutex<Vec<(i32, u32)>>>,
}

impl Server {
    fn take(&self, request: &RoRequest) -> Cca {
        self.served.lock().unwrap().push((request.ccr.cc_request_type, request.ccr.cc_request_number));
        request.success()
    }

    fn record(&self, request: &RfRequest) -> Aca {
        let acr: &Acr = &request.acr;
        self.records.lock().unwrap().push((acr.accounting_record_type as i32, acr.accounting_record_number));
        request.success()
    }
}

impl RoServer for Server {
    async fn initial(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        *self.session.lock().unwrap() = Some(request.session());
        Ok(self.take(&request))
    }
    async fn update(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.take(&request))
    }
    async fn terminate(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.take(&request))
    }
    async fn debit(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.take(&request))
    }
    async fn check_balance(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.take(&request))
    }
    async fn price_enquiry(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(self.take(&request))
    }
}

impl RfServer for Server {
    async fn open(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        Ok(self.record(&request))
    }
    async fn update(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        Ok(self.record(&request))
    }
    async fn close(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        Ok(self.record(&request))
    }
    async fn event(&self, request: RfRequest) -> Result<Aca, ErrorAnswer> {
        Ok(self.record(&request))
    }
}

/// The server, its node, and a client.
fn pair() -> (Server, Node, Node) {
    let server = Server::default();
    let config = Config::new("ocs.example.net", "example.net").listen(([127, 0, 0, 1], 0).into());
    let builder = diametric::Node::builder(config).ro_server(server.clone()).rf_server(server.clone());
    let node = Node::start(builder).unwrap();
    let client = Node::start(client_of(&node)).unwrap();
    (server, node, client)
}

fn client_of(server: &Node) -> Config {
    let config = Config::new("ctf.example.com", "example.com").peer(server.listening()[0]);
    config.ro_client("example.net").rf_client("example.net")
}

#[test]
fn events_are_charged() {
    let (server, _node, client) = pair();
    let ro = client.ro().unwrap();
    let service = || ro.service("32274@3gpp.org").subscription(imsi("001010123456789"));
    assert_eq!(service().debit(|ccr| ccr.service_identifier = Some(7)).unwrap().result_code, ResultCode::SUCCESS);
    service().check_balance(|_| {}).unwrap();
    service().price_enquiry(|_| {}).unwrap();
    let refused = service().refund(|_| {}).unwrap_err();
    assert_eq!(refused.result_code(), ResultCode::UNABLE_TO_COMPLY);
    assert_eq!(server.served.lock().unwrap().len(), 3);
}

#[test]
fn a_session_lives_from_initial_to_termination() {
    let (server, _node, client) = pair();
    let ro = client.ro().unwrap();
    let Opened::Granted { session, answer } = ro.service("32251@3gpp.org").initial(|_| {}).unwrap() else {
        panic!("it is granted")
    };
    assert_eq!(answer.result_code, ResultCode::SUCCESS);
    session.set_attribute("call", "17");
    let handle = session.handle();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| handle.clone().update(|_| {}).unwrap());
        }
    });
    // To another process, and back.
    let state = session.detach().unwrap();
    let session = ro.resume(&state).unwrap();
    assert_eq!(session.attribute("call").as_deref(), Some("17"));
    session.terminate(|_| {}).unwrap();
    assert!(matches!(handle.update(|_| {}), Err(RoError::Ended)));
    let numbers: Vec<u32> = server.served.lock().unwrap().iter().map(|(_, number)| *number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    assert_eq!(server.served.lock().unwrap().last().unwrap().0, CcRequestType::TerminationRequest);
}

/// What a server asks of a client, which must not take long: servers are async inside.
fn ask<T: Send + 'static>(node: &Node, asking: impl Future<Output = T> + Send + 'static) -> T {
    let (answered, answer) = mpsc::channel();
    let node = node.as_async().clone();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let told = runtime.block_on(asking);
        drop(node);
        answered.send(told).unwrap();
    });
    answer.recv_timeout(Duration::from_secs(20)).unwrap()
}

#[test]
fn a_handler_of_reauthorizations_may_wait() {
    let (server, node, client) = pair();
    let ro = client.ro().unwrap();
    let (tell, told) = mpsc::channel();
    ro.on_reauth(move |session, rar| {
        rar.answer(ResultCode::LIMITED_SUCCESS);
        tell.send(session.update(|_| {}).map(|cca| cca.cc_request_number)).unwrap();
    });
    let Opened::Granted { session, .. } = ro.service("32251@3gpp.org").initial(|_| {}).unwrap() else {
        panic!("it is granted")
    };
    let served = server.session.lock().unwrap().take().unwrap();
    let raa = ask(&node, served.reauthorize(|_| {}));
    assert_eq!(raa.unwrap().result_code, ResultCode::LIMITED_SUCCESS);
    assert_eq!(told.recv_timeout(Duration::from_secs(20)).unwrap().unwrap(), 1);
    session.terminate(|_| {}).unwrap();
}

#[test]
fn a_handler_of_aborts_reports_what_was_used() {
    let (server, node, client) = pair();
    let ro = client.ro().unwrap();
    let (tell, told) = mpsc::channel();
    ro.on_abort(move |session, asr| {
        let id = session.id().to_owned();
        assert_eq!(asr.request().session_id, *id);
        tell.send(asr.terminate(|ccr| ccr.user_name = Some("used".into())).map(|cca| cca.cc_request_type)).unwrap();
    });
    let Opened::Granted { session, .. } = ro.service("32251@3gpp.org").initial(|_| {}).unwrap() else {
        panic!("it is granted")
    };
    let served = server.session.lock().unwrap().take().unwrap();
    let asa = ask(&node, served.abort(|_| {}));
    assert_eq!(asa.unwrap().result_code, ResultCode::SUCCESS);
    let ended = told.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
    assert_eq!(ended, CcRequestType::TerminationRequest);
    assert!(matches!(session.update(|_| {}).unwrap_err(), RoError::Ended));
}

#[test]
fn records_are_delivered() {
    let (server, _node, client) = pair();
    let rf = client.rf().unwrap();
    let service = || rf.service("32260@3gpp.org").with(|acr| acr.user_name = Some("alice".into()));
    assert!(matches!(service().event(|_| {}).unwrap(), Delivered::Acknowledged(_)));
    let started = service().start(|_| {}).unwrap();
    assert!(started.delivered.answer().is_some());
    let session = started.session;
    session.interim(|_| {}).unwrap();
    let state = session.detach().unwrap();
    let session = rf.resume(&state).unwrap();
    session.stop(|_| {}).unwrap();
    assert_eq!(*server.records.lock().unwrap(), [(1, 0), (2, 0), (3, 1), (4, 2)]);
    assert_eq!((rf.undelivered(), rf.dropped(), rf.drain(Duration::from_secs(1)).unwrap()), (0, 0, 0));
}

#[test]
fn errors_are_those_of_the_async_interface() {
    let node = Node::start(Config::new("ctf.example.com", "example.com")).unwrap();
    assert!(matches!(node.ro(), Err(RoError::NotConfigured)));
    assert!(matches!(node.rf(), Err(RfError::NotConfigured)));
    let alone = Node::start(Config::new("ctf.example.com", "example.com").ro_client("example.net")).unwrap();
    let error = alone.ro().unwrap().service("32274@3gpp.org").debit(|_| {}).unwrap_err();
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_DELIVER);
    assert!(matches!(Node::start(Config::new("", "")), Err(StartError::Config(_))));
    alone.shutdown().unwrap();
    node.shutdown().unwrap();
}

#[test]
fn in_async_code_it_is_an_error() {
    let (_server, _node, client) = pair();
    let ro = client.ro().unwrap();
    let current = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let many = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    for runtime in [&current, &many] {
        let (ro, client) = (ro.clone(), client.clone());
        runtime.block_on(async {
            let error = ro.service("32274@3gpp.org").debit(|_| {}).unwrap_err();
            assert!(matches!(error, RoError::Send(SendError::InAsyncContext)), "{error}");
            assert!(error.to_string().contains("blocking call in async code"), "{error}");
            let error = client.rf().unwrap().service("32260@3gpp.org").event(|_| {}).unwrap_err();
            assert!(matches!(error, RfError::Send(SendError::InAsyncContext)), "{error}");
            let error = Node::start(Config::new("a.example.com", "example.com")).err().unwrap();
            assert!(matches!(error, StartError::InAsyncContext), "{error}");
            assert!(matches!(client.shutdown(), Err(SendError::InAsyncContext)));
            // Where waiting is allowed, it is.
            let cca = tokio::task::spawn_blocking(move || ro.service("32274@3gpp.org").debit(|_| {})).await.unwrap();
            assert_eq!(cca.unwrap().result_code, ResultCode::SUCCESS);
        });
    }
    // Handles may go anywhere.
    current.block_on(async move { drop((ro, client)) });
}

#[test]
fn what_is_left_over_keeps_the_node_alive() {
    let (server, node, client) = pair();
    let ro = client.ro().unwrap();
    drop(client);
    let Opened::Granted { session, .. } = ro.service("32251@3gpp.org").initial(|_| {}).unwrap() else {
        panic!("it is granted")
    };
    drop(ro);
    session.update(|_| {}).unwrap();
    session.terminate(|_| {}).unwrap();
    assert_eq!(server.served.lock().unwrap().len(), 3);
    let gone = std::time::Instant::now();
    while !node.peers().is_empty() {
        assert!(gone.elapsed() < Duration::from_secs(20));
        thread::sleep(Duration::from_millis(5));
    }
    node.shutdown().unwrap();
}
