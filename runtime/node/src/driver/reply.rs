//! Where the answer to a request is awaited: one place for the answer, the connection's end, and the watchdog's doubt, and
//! no timer, since the connection knows when the time is over.

use super::Unanswered;
use bytes::Bytes;
use diametric_engine::peer::CloseReason;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The last word.
    Outcome(Result<Bytes, Unanswered>),
    /// The watchdog found the peer suspect; the answer may come yet. Said once at most.
    Suspect,
}

/// The driver's end. Whoever waits hears that the connection is gone if this goes without a word.
pub(crate) struct Reply(Arc<Place>);

/// The end of whoever waits.
pub(crate) struct Awaited(Arc<Place>);

#[derive(Default)]
struct Place(Mutex<State>);

#[derive(Default)]
struct State {
    outcome: Option<Result<Bytes, Unanswered>>,
    suspect: bool,
    waker: Option<Waker>,
}

impl Place {
    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is complete before the lock is released.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, change: impl FnOnce(&mut State)) {
        let waker = {
            let mut state = self.state();
            change(&mut state);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

pub(crate) fn reply() -> (Reply, Awaited) {
    let place = Arc::new(Place::default());
    (Reply(Arc::clone(&place)), Awaited(place))
}

impl Reply {
    /// Whether nobody waits any more.
    pub(super) fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }

    /// Whoever waits may have stopped; then it is of no interest.
    pub(super) fn send(self, outcome: Result<Bytes, Unanswered>) {
        self.0.tell(|state| state.outcome = Some(outcome));
    }

    pub(super) fn suspect(&self) {
        self.0.tell(|state| state.suspect = true);
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let gone = || Unanswered::Closed(CloseReason::Transport("the connection is gone".into()));
        if !self.is_abandoned() {
            self.0.tell(|state| {
                state.outcome.get_or_insert_with(|| Err(gone()));
            });
        }
    }
}

impl Awaited {
    /// What there is to hear next. The outcome is heard once.
    pub(crate) async fn hear(&mut self) -> Heard {
        poll_fn(|cx| {
            let mut state = self.0.state();
            if let Some(outcome) = state.outcome.take() {
                return Poll::Ready(Heard::Outcome(outcome));
            }
            if std::mem::take(&mut state.suspect) {
                return Poll::Ready(Heard::Suspect);
            }
            match &mut state.waker {
                Some(waker) => waker.clone_from(cx.waker()),
                None => state.waker = Some(cx.waker().clone()),
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn doubt_is_heard_before_the_answer_and_does_not_replace_it() {
        let (reply, mut awaited) = reply();
        reply.suspect();
        assert!(matches!(awaited.hear().await, Heard::Suspect));
        let waiting = tokio::spawn(async move { awaited.hear().await });
        tokio::task::yield_now().await;
        reply.send(Ok(Bytes::from_static(b"answer")));
        assert!(matches!(waiting.await.unwrap(), Heard::Outcome(Ok(frame)) if frame == "answer"));
    }

    #[tokio::test]
    async fn a_driver_that_goes_is_heard() {
        let (reply, mut awaited) = reply();
        let waiting = tokio::spawn(async move { awaited.hear().await });
        tokio::task::yield_now().await;
        drop(reply);
        assert!(matches!(waiting.await.unwrap(), Heard::Outcome(Err(Unanswered::Closed(_)))));
    }

    #[test]
    fn a_reply_knows_that_nobody_waits() {
        let (reply, awaited) = reply();
        assert!(!reply.is_abandoned());
        drop(awaited);
        assert!(reply.is_abandoned());
    }
}
