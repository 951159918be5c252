//! Requests that wait for their answers.

use diametric_protocol::wire::{EndToEndId, HopByHopId};
use rustc_hash::FxHashMap;
use std::time::Duration;

/// How many requests may come before one that has no answer is forgotten, at least.
const GENERATION: usize = 1 << 17;

/// A request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) end_to_end: EndToEndId,
    /// The place of its command among those counted.
    pub(super) tally: u32,
    pub(super) time: Option<Duration>,
    pub(super) is_wanted: bool,
}

/// What already waited under the key of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Earlier {
    None,
    /// The same request.
    Same,
    /// Another, which cannot be answered any more.
    Other(Request),
}

type Requests = FxHashMap<u64, Request>;

/// Requests by connection, direction and hop-by-hop identifier: the younger ones, and those before them.
#[derive(Debug, Default)]
pub(super) struct Pending {
    young: Requests,
    old: Requests,
}

/// What tells a request from others that wait.
pub(super) fn key(connection: u32, reverse: bool, hop_by_hop: HopByHopId) -> u64 {
    u64::from(connection << 1 | u32::from(reverse)) << 32 | u64::from(hop_by_hop.0)
}

impl Pending {
    /// A request waits; the time of one that is repeated is that of the first.
    pub(super) fn ask(&mut self, key: u64, request: Request) -> Earlier {
        match self.young.get(&key).or_else(|| self.old.get(&key)).copied() {
            Some(earlier) if earlier.end_to_end == request.end_to_end => Earlier::Same,
            Some(earlier) => {
                self.old.remove(&key);
                self.young.insert(key, request);
                Earlier::Other(earlier)
            }
            None => {
                self.young.insert(key, request);
                Earlier::None
            }
        }
    }

    /// A request is answered.
    pub(super) fn answer(&mut self, key: u64) -> Option<Request> {
        self.young.remove(&key).or_else(|| self.old.remove(&key))
    }

    /// The requests that have waited for longest, once there are many.
    pub(super) fn forget(&mut self) -> Option<Vec<Request>> {
        if self.young.len() < GENERATION {
            return None;
        }
        std::mem::swap(&mut self.young, &mut self.old);
        Some(self.young.drain().map(|(_, request)| request).collect())
    }

    /// All that wait.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Request> {
        self.young.drain().chain(self.old.drain()).map(|(_, request)| request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_requests_without_answers_the_oldest_are_forgotten() {
        let mut pending = Pending::default();
        let mut forgotten = 0;
        for number in 0..4 * GENERATION as u32 {
            let request = Request { end_to_end: EndToEndId(number), tally: 0, time: None, is_wanted: true };
            assert!(matches!(pending.ask(key(1, false, HopByHopId(number)), request), Earlier::None));
            forgotten += pending.forget().map_or(0, |requests| requests.len());
            assert!(pending.young.len() + pending.old.len() <= 2 * GENERATION);
            // One that is not old is answered.
            let recent = number.saturating_sub(GENERATION as u32 / 2);
            if number % 1000 == 0 {
                let answered = pending.answer(key(1, false, HopByHopId(recent))).expect("it waits");
                assert_eq!(answered.end_to_end.0, recent);
                pending.ask(key(1, false, HopByHopId(recent)), answered);
            }
        }
        assert_eq!(forgotten + pending.drain().count(), 4 * GENERATION);
    }
}
