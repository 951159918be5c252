//! What the tasks that drive machines wait for.

pub(crate) use crate::driver::now;

use crate::node::Ending;
use std::future::{Future, pending};
use std::time::Instant;
use tokio::sync::oneshot;
use tokio::time::sleep_until;

/// Returns when it is time; never, where there is none.
pub(crate) async fn due(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline.into()).await,
        None => pending().await,
    }
}

/// What an exchange comes to, and which it is, once there is one that is done.
pub(crate) async fn arrival<F: Future + Unpin>(in_flight: &mut Option<(u32, F)>) -> (u32, F::Output) {
    match in_flight {
        Some((number, exchange)) => (*number, exchange.await),
        None => pending().await,
    }
}

/// Returns when nobody holds a session any more, once; with what the node is not to end before.
pub(crate) async fn released(held: &mut Option<oneshot::Receiver<Ending>>) -> Option<Ending> {
    match held {
        Some(held) => held.await.ok(),
        None => pending().await,
    }
}
