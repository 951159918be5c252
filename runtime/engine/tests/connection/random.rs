//! Whatever happens in whatever order: every request has one end, and the machine comes to rest.

use super::{Bench, answer, cca, ccr, dpa, dpr, dwa, dwr, request};
use bytes::Bytes;
use diametric_engine::peer::{Event, Role};
use diametric_protocol::base::DisconnectCause;
use diametric_protocol::message::{Header, HopByHopId};
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Introduce,
    Admit,
    Send,
    /// The answer to one of the requests, old or new.
    Answer(usize),
    Dwr,
    Dwa,
    Ccr,
    Dpr,
    Dpa,
    Stop,
    Probe,
    Lost,
    Junk(Vec<u8>),
    Pass(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Introduce),
        2 => Just(Step::Admit),
        6 => Just(Step::Send),
        6 => (0..8usize).prop_map(Step::Answer),
        2 => Just(Step::Dwr),
        2 => Just(Step::Dwa),
        2 => Just(Step::Ccr),
        1 => Just(Step::Dpr),
        1 => Just(Step::Dpa),
        1 => Just(Step::Stop),
        1 => Just(Step::Probe),
        1 => Just(Step::Lost),
        1 => prop::collection::vec(any::<u8>(), 0..64).prop_map(Step::Junk),
        4 => (0..40_000u16).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn every_request_has_one_end(initiator: bool, open: bool, steps in prop::collection::vec(step(), 0..60)) {
        let role = if initiator { Role::Initiator } else { Role::Responder };
        let mut bench = if open { Bench::open(role) } else { Bench::new(role) };
        let mut asked: Vec<Header> = Vec::new();
        for step in steps {
            take(&mut bench, &mut asked, step);
        }
        // Left alone, it ends: the peer says nothing any more.
        for _ in 0..1000 {
            if bench.reason().is_some() {
                break;
            }
            bench.tick(Duration::from_secs(4000));
        }
        prop_assert!(bench.reason().is_some(), "{:?}", bench.connection);
        prop_assert!(bench.connection.poll_timeout().is_none());
        let mut ends: HashMap<HopByHopId, usize> = HashMap::new();
        let mut closed = 0;
        for event in &bench.events {
            match event {
                Event::Answer(id, _) | Event::TimedOut(id) => *ends.entry(*id).or_default() += 1,
                Event::Closed { unanswered, .. } => {
                    closed += 1;
                    unanswered.iter().for_each(|id| *ends.entry(*id).or_default() += 1);
                }
                _ => {}
            }
        }
        prop_assert_eq!(closed, 1);
        prop_assert_eq!(ends.len(), asked.len());
        prop_assert!(ends.values().all(|ends| *ends == 1), "{:?}", ends);
    }
}

fn take(bench: &mut Bench, asked: &mut Vec<Header>, step: Step) {
    let own = bench.asked;
    let to = |command: u32| own.filter(|header| header.command == command);
    let frame = match step {
        Step::Introduce => {
            if bench.role == Role::Responder || to(257).is_some() {
                bench.introduce();
            }
            return;
        }
        Step::Admit => return bench.admit(),
        Step::Send => {
            if bench.connection.is_open() {
                asked.push(bench.request());
            }
            return;
        }
        Step::Answer(index) => asked.get(index).map(|header| answer(*header, &cca())),
        Step::Dwr => Some(request(&dwr())),
        Step::Dwa => to(280).map(|header| answer(header, &dwa())),
        Step::Ccr => Some(request(&ccr())),
        Step::Dpr => Some(request(&dpr(DisconnectCause::BUSY))),
        Step::Dpa => to(282).map(|header| answer(header, &dpa())),
        Step::Stop => {
            bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now);
            return bench.collect();
        }
        Step::Probe => {
            bench.connection.probe(bench.now);
            return bench.collect();
        }
        Step::Lost => {
            bench.connection.handle_transport_closed("lost");
            return bench.collect();
        }
        Step::Junk(octets) => Some(Bytes::from(octets)),
        Step::Pass(milliseconds) => return bench.pass(Duration::from_millis(milliseconds.into())),
    };
    // What a driver keeps back while the peer is judged.
    if let Some(frame) = frame.filter(|_| bench.connection.takes_frames()) {
        bench.receive(frame);
    }
}
