//! Where handlers run, and what becomes of requests that cannot be sent.

mod common;

use common::{CREDIT_CONTROL, Raw, address, ccr, ccr_to, client, config, granted, granting, soon};
use diametric::answer::ErrorAnswer;
use diametric::base::ResultCode;
use diametric::credit_control::{Cca, Ccr};
use diametric::{Incoming, Node, NodeBuilder, SendError};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::{self, JoinSet};

/// A node whose handler calls `act` with the request's number, before and after it has waited for something.
fn acting(act: impl Fn(u32, bool) + Clone + Send + Sync + 'static) -> NodeBuilder {
    Node::builder(config("ocs.example.net")).handle(CREDIT_CONTROL, move |incoming: Incoming<Ccr>| {
        let act = act.clone();
        async move {
            let number = incoming.request.cc_request_number;
            act(number, false);
            task::yield_now().await;
            act(number, true);
            Ok::<Cca, ErrorAnswer>(granted(&incoming.request, &"ocs.example.net".into()))
        }
    })
}

fn numbered(number: u32) -> Ccr {
    let mut ccr = ccr("example.net");
    ccr.cc_request_number = number;
    ccr
}

#[tokio::test]
async fn a_handler_may_panic_at_once_or_later() {
    let ocs = acting(|number, waited| match (number, waited) {
        (1, false) | (2, true) => panic!("on purpose"),
        _ => {}
    });
    let ocs = ocs.start().await.unwrap();
    let ctf = Node::builder(client().peer(address(&ocs))).start().await.unwrap();
    for number in [1, 2] {
        let refused =
            soon(ctf.send(CREDIT_CONTROL, &numbered(number))).await.expect("a refusal of the handler's own grammar");
        assert_eq!(refused.result_code, ResultCode::UNABLE_TO_COMPLY);
    }
    soon(ctf.send(CREDIT_CONTROL, &numbered(3))).await.expect("the connection goes on");
}

#[tokio::test]
async fn after_a_handler_that_blocks_the_next_run_in_tasks_of_their_own() {
    let tasks = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&tasks);
    let ocs = acting(move |number, waited| {
        if !waited {
            seen.lock().unwrap().push(task::id());
            if number == 0 {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    });
    let ocs = ocs.start().await.unwrap();
    let ctf = Node::builder(client().peer(address(&ocs))).start().await.unwrap();
    for number in 0..3 {
        soon(ctf.send(CREDIT_CONTROL, &numbered(number))).await.unwrap();
    }
    let tasks = tasks.lock().unwrap();
    let [blocked, second, third] = tasks[..] else { panic!("{tasks:?}") };
    assert!(blocked != second && second != third && blocked != third, "{tasks:?}");
}

#[tokio::test]
async fn requests_that_a_peer_never_reads_time_out() {
    let mut config = config("ocs.example.net");
    config.request_timeout = Duration::from_millis(300);
    let ocs = granting(config).start().await.unwrap();
    let silent = Raw::open(address(&ocs), "a.example.com").await;
    let mut request = ccr_to("a.example.com");
    request.user_name = Some("x".repeat(60_000).into());
    let request = Arc::new(request);
    let mut sending = JoinSet::new();
    // More than sockets and the node's own buffers hold.
    for _ in 0..400 {
        let (ocs, request) = (ocs.clone(), Arc::clone(&request));
        sending.spawn(async move { ocs.send(CREDIT_CONTROL, &*request).await });
    }
    while let Some(sent) = soon(sending.join_next()).await {
        let error = sent.unwrap().expect_err("nobody answers");
        assert!(matches!(error, SendError::Timeout { .. }), "{error}");
    }
    drop(silent);
}
