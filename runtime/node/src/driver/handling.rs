//! The peer's requests: from the queue to a handler, and its answers back to the connection.

use super::{Driver, Observer, WRITE_SOFT_LIMIT};
use crate::dispatch::{Answered, Begun};
use bytes::Bytes;
use diametric_protocol::answer::{ErrorAnswer, RequestContext};
use diametric_protocol::base::ResultCode;
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task;

/// Octets of requests that may wait for a handler, whatever their number.
const WAITING_LIMIT: usize = 4 * 1024 * 1024;

impl<O: Observer> Driver<O> {
    /// Takes answers of handlers, and a permit for another handler.
    pub(super) fn poll_handlers(&mut self, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        while let Poll::Ready(Some(done)) = self.handlers.poll_join_next_with_id(cx) {
            self.answer(done);
            moved = true;
        }
        if !self.may_handle() {
            self.permit = None;
            return moved;
        }
        let permit = self.permit.get_or_insert_with(|| Box::pin(self.dispatcher.permit()));
        if let Poll::Ready(permit) = permit.as_mut().poll(cx) {
            self.permit = None;
            self.handle(Some(permit));
            moved = true;
        }
        moved
    }

    pub(super) fn may_handle(&self) -> bool {
        !self.waiting.is_empty()
            && self.handlers.len() < self.dispatcher.max_handlers()
            && self.outgoing.len() < WRITE_SOFT_LIMIT
    }

    /// A request waits for a handler, if there is room.
    pub(super) fn queue(&mut self, frame: Bytes) {
        let full = self.waiting.len() >= self.dispatcher.max_waiting() || self.waiting_octets >= WAITING_LIMIT;
        if !full {
            self.waiting_octets += frame.len();
            return self.waiting.push_back(frame);
        }
        let Some(context) = RequestContext::of(&frame) else { return };
        tracing::warn!(command = context.header.command, "too many requests at once: one is refused");
        let error = ErrorAnswer::new(ResultCode::TOO_BUSY, "this node handles as many requests as it can");
        self.transmit(self.dispatcher.refuse(&context, &error, &frame));
    }

    /// Begins with a request that waits, and with others as far as that is possible at once. Most are answered with that,
    /// and leave their permit to the next.
    pub(super) fn handle(&mut self, mut free: Option<OwnedSemaphorePermit>) {
        if !self.may_handle() {
            return;
        }
        let mut clock = std::time::Instant::now();
        while self.may_handle()
            && let Some(permit) = free.take().or_else(|| self.dispatcher.permit_now())
            && let Some(frame) = self.waiting.pop_front()
        {
            self.waiting_octets -= frame.len();
            let Some(remote) = self.connection.remote() else { continue };
            match self.dispatcher.begin(&frame, remote, &mut clock) {
                Begun::Answered(answer) => {
                    free = Some(permit);
                    self.transmit(answer);
                    // So that it counts for what may be begun besides.
                    self.gather();
                }
                Begun::Waits(handler) => {
                    let handling = async move {
                        let answer = handler.await;
                        drop(permit);
                        answer
                    };
                    let task = self.handlers.spawn(handling);
                    self.handled.insert(task.id(), frame);
                }
            }
        }
    }

    fn answer(&mut self, done: Result<(task::Id, Option<Answered>), task::JoinError>) {
        let answer = match done {
            Ok((id, answer)) => {
                self.handled.remove(&id);
                answer
            }
            Err(error) => self.handled.remove(&error.id()).and_then(|frame| self.dispatcher.panicked(&frame)),
        };
        self.transmit(answer);
    }

    /// On a connection that ended meanwhile there is nobody left to answer.
    pub(super) fn transmit(&mut self, answer: Option<Answered>) {
        let Some(Answered { frame, held }) = answer else { return };
        if self.connection.send_answer(frame).is_err() {
            tracing::debug!("an answer came too late for its connection");
        }
        // Whoever waited for it may go on in either case.
        drop(held);
    }
}
