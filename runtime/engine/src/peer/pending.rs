//! Requests that wait for their answer on one connection.

use diametric_protocol::wire::{EndToEndId, HopByHopId};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

#[derive(Clone, Copy, Debug)]
struct Waiting {
    command: u32,
    end_to_end: EndToEndId,
    deadline: Instant,
}

/// The requests in flight, by hop-by-hop id, and when each is given up.
#[derive(Debug)]
pub(super) struct Pending {
    next: u32,
    /// The keys are this node's own.
    waiting: FxHashMap<u32, Waiting>,
    // Entries of requests that were answered stay until their time comes; they are recognised by having no match above.
    deadlines: BinaryHeap<Reverse<(Instant, u32)>>,
}

impl Pending {
    /// None yet; the first hop-by-hop id will be `first`.
    pub(super) fn new(first: u32) -> Self {
        Self { next: first, waiting: FxHashMap::default(), deadlines: BinaryHeap::new() }
    }

    /// Registers a request and gives it an id that no other request in flight has.
    pub(super) fn insert(&mut self, command: u32, end_to_end: EndToEndId, deadline: Instant) -> HopByHopId {
        while self.waiting.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let id = self.next;
        self.next = self.next.wrapping_add(1);
        self.waiting.insert(id, Waiting { command, end_to_end, deadline });
        self.deadlines.push(Reverse((deadline, id)));
        HopByHopId(id)
    }

    /// Takes out the request that this answer belongs to. An answer that matches none is to be discarded.
    pub(super) fn answered(&mut self, id: HopByHopId, end_to_end: EndToEndId, command: u32) -> bool {
        match self.waiting.get(&id.0) {
            Some(waiting) if waiting.end_to_end == end_to_end && waiting.command == command => {
                self.waiting.remove(&id.0);
                if self.waiting.is_empty() {
                    self.rest();
                }
                // Without this a busy connection would carry the entries of a whole timeout's worth of requests.
                if self.deadlines.len() > 64 && self.deadlines.len() > 4 * self.waiting.len() {
                    let waiting = &self.waiting;
                    self.deadlines.retain(|Reverse((at, id))| waiting.get(id).is_some_and(|w| w.deadline == *at));
                }
                true
            }
            _ => false,
        }
    }

    /// Nothing is in flight: no deadline means anything, and what a burst of requests took is given back.
    fn rest(&mut self) {
        self.deadlines.clear();
        if self.waiting.capacity().max(self.deadlines.capacity()) > 1024 {
            self.waiting = FxHashMap::default();
            self.deadlines = BinaryHeap::new();
        }
    }

    /// Forgets a request.
    pub(super) fn cancel(&mut self, id: HopByHopId) {
        self.waiting.remove(&id.0);
    }

    /// Takes out one request whose time has come.
    pub(super) fn expired(&mut self, now: Instant) -> Option<HopByHopId> {
        while let Some(&Reverse((deadline, id))) = self.deadlines.peek() {
            let live = self.waiting.get(&id).is_some_and(|waiting| waiting.deadline == deadline);
            if live && deadline > now {
                return None;
            }
            self.deadlines.pop();
            if live {
                self.waiting.remove(&id);
                return Some(HopByHopId(id));
            }
        }
        None
    }

    /// When the next request is given up, or a little earlier.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.peek().map(|Reverse((deadline, _))| *deadline)
    }

    /// How many requests are in flight.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes out all requests.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = HopByHopId> {
        self.deadlines.clear();
        self.waiting.drain().map(|(id, _)| HopByHopId(id))
    }
}

#[cfg(test)]
mod tests {
    use super::Pending;
    use diametric_protocol::wire::{EndToEndId, HopByHopId};
    use std::time::{Duration, Instant};

    fn sent(pending: &mut Pending, count: usize, deadline: Instant) -> Vec<HopByHopId> {
        (0..count).map(|_| pending.insert(272, EndToEndId(1), deadline)).collect()
    }

    #[test]
    fn what_a_burst_took_is_given_back_when_it_is_over() {
        let mut pending = Pending::new(0);
        let burst = sent(&mut pending, 2000, Instant::now());
        assert!(burst.iter().all(|id| pending.answered(*id, EndToEndId(1), 272)));
        assert_eq!((pending.next_deadline(), pending.len()), (None, 0));
        assert!(pending.waiting.capacity() <= 1024 && pending.deadlines.capacity() <= 1024);
    }

    #[test]
    fn a_request_without_answer_does_not_make_the_others_stay() {
        let (now, minute) = (Instant::now(), Duration::from_secs(60));
        let mut pending = Pending::new(0);
        let silent = sent(&mut pending, 1, now + minute)[0];
        let burst = sent(&mut pending, 1000, now + 2 * minute);
        let (few, rest) = burst.split_at(10);
        assert!(few.iter().all(|id| pending.answered(*id, EndToEndId(1), 272)));
        assert_eq!(pending.deadlines.len(), 1001, "not looked through for so few");
        assert!(rest.iter().all(|id| pending.answered(*id, EndToEndId(1), 272)));
        assert!(pending.deadlines.len() <= 64, "{}", pending.deadlines.len());
        assert_eq!(pending.next_deadline(), Some(now + minute));
        assert_eq!((pending.expired(now + minute), pending.expired(now + minute)), (Some(silent), None));
    }
}
