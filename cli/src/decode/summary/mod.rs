//! Counts instead of messages: commands, results, and how long answers take.

mod pending;
mod print;

use super::filter::result_of;
use super::place::{Place, Transport};
use diametric_dissect::Dissector;
use diametric_protocol::wire::RawMessage;
use hdrhistogram::Histogram;
use pending::{Earlier, Pending, Request};
use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

/// The longest time that latencies tell apart from longer ones, in microseconds: an hour.
const MAX_LATENCY: u64 = 3_600_000_000;

/// What has been counted.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    commands: Vec<Tally>,
    pending: Pending,
    /// Messages in which an AVP at the top is not framed.
    malformed: u64,
    connections: HashSet<(Transport, u32)>,
    /// When the first and the last message were captured.
    span: Option<(Duration, Duration)>,
}

/// One command of one application.
#[derive(Debug)]
struct Tally {
    application: u32,
    code: u32,
    requests: u64,
    answers: u64,
    /// Answers with the E flag.
    errors: u64,
    /// Requests that repeat another: with the T flag, or as one that is not answered yet.
    repeated: u64,
    /// Requests without an answer.
    unanswered: u64,
    /// Answers without a request.
    unasked: u64,
    /// By vendor and number, and none for answers without either.
    results: BTreeMap<Option<(u32, u32)>, u64>,
    latency: Option<Latency>,
}

/// Times from requests to answers, in microseconds.
#[derive(Debug)]
struct Latency {
    histogram: Histogram<u64>,
    sum: u64,
    least: u64,
    most: u64,
}

impl Summary {
    /// Counts a message if it is `wanted`, and pairs requests and answers even if not.
    pub(crate) fn add(&mut self, place: &Place, message: &RawMessage<'_>, wanted: bool) {
        let header = message.header;
        let tally = self.tally(header.application, header.command);
        let (connection, reverse, time) = match place {
            Place::Frame(frame) => {
                if wanted {
                    self.connections.insert((frame.transport, frame.connection));
                }
                (frame.connection, frame.reverse, frame.when.time)
            }
            _ => (0, false, None),
        };
        if wanted {
            self.malformed += u64::from(message.avps().any(|avp| avp.is_err()));
            if let Some(time) = time {
                let (first, last) = self.span.get_or_insert((time, time));
                (*first, *last) = ((*first).min(time), (*last).max(time));
            }
        }
        let is_answered_by = |reverse| pending::key(connection, reverse, header.hop_by_hop);
        let counts = &mut self.commands[tally];
        if header.flags.is_request() {
            let end_to_end = header.end_to_end;
            let request = Request { end_to_end, tally: tally as u32, time, is_wanted: wanted };
            let earlier = self.pending.ask(is_answered_by(reverse), request);
            if wanted {
                counts.requests += 1;
                let is_again = matches!(earlier, Earlier::Same);
                counts.repeated += u64::from(header.flags.is_retransmitted() || is_again);
            }
            if let Earlier::Other(request) = earlier {
                self.leave(&request);
            }
            if let Some(forgotten) = self.pending.forget() {
                forgotten.into_iter().for_each(|request| self.leave(&request));
            }
            return;
        }
        // Where no connection is known, answers stand among the requests.
        let asked_in_reverse = matches!(place, Place::Frame(_)) && !reverse;
        let request = self.pending.answer(is_answered_by(asked_in_reverse));
        if !wanted {
            return;
        }
        counts.answers += 1;
        counts.errors += u64::from(header.flags.is_error());
        *counts.results.entry(result_of(message)).or_default() += 1;
        match request {
            None => counts.unasked += 1,
            Some(request) => {
                if let (Some(asked), Some(answered)) = (request.time, time) {
                    let latency = answered.saturating_sub(asked).as_micros().try_into().unwrap_or(u64::MAX);
                    counts.latency.get_or_insert_with(Latency::new).record(latency);
                }
            }
        }
    }

    /// The place of a command among those counted.
    fn tally(&mut self, application: u32, code: u32) -> usize {
        let is = |tally: &Tally| tally.code == code && tally.application == application;
        self.commands.iter().position(is).unwrap_or_else(|| {
            self.commands.push(Tally::new(application, code));
            self.commands.len() - 1
        })
    }

    fn leave(&mut self, request: &Request) {
        if request.is_wanted {
            self.commands[request.tally as usize].unanswered += 1;
        }
    }

    /// Counts the requests that have no answer, now that none can come, and puts the commands in order.
    pub(crate) fn finish(&mut self, names: &Dissector) {
        let left: Vec<Request> = self.pending.drain().collect();
        left.iter().for_each(|request| self.leave(request));
        self.commands.retain(|tally| tally.requests + tally.answers > 0);
        let order = |tally: &Tally| (names.application(tally.application).is_none(), tally.application, tally.code);
        self.commands.sort_by_key(order);
    }
}

impl Tally {
    fn new(application: u32, code: u32) -> Self {
        Self {
            application,
            code,
            requests: 0,
            answers: 0,
            errors: 0,
            repeated: 0,
            unanswered: 0,
            unasked: 0,
            results: BTreeMap::new(),
            latency: None,
        }
    }
}

impl Latency {
    fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, MAX_LATENCY, 3).expect("the bounds are in order");
        Self { histogram, sum: 0, least: u64::MAX, most: 0 }
    }

    fn record(&mut self, latency: u64) {
        self.histogram.saturating_record(latency);
        self.sum = self.sum.saturating_add(latency);
        (self.least, self.most) = (self.least.min(latency), self.most.max(latency));
    }

    /// The latency that so many of a hundred answers do not exceed.
    fn percentile(&self, percent: f64) -> u64 {
        self.histogram.value_at_percentile(percent).clamp(self.least, self.most)
    }

    fn mean(&self) -> u64 {
        self.sum / self.histogram.len().max(1)
    }
}
