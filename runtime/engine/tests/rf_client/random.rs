//! What holds whatever happens, in whatever order.

use crate::{REALTIME, facts};
use diametric_engine::rf::record::{self, RecordConfig};
use diametric_engine::rf::session::{Action, Input, SessionConfig, State};
use diametric_engine::rf::{AnswerFacts, ClientSession, Outcome, SingleRecord};
use diametric_protocol::accounting::{AccountingRealtimeRequired, AccountingRecordType};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
enum Step {
    Input(Input),
    Wait(u64),
    Resume,
}

fn any_facts() -> impl Strategy<Value = AnswerFacts> {
    let code = prop::sample::select(vec![2001, 2001, 2001, 2002, 3002, 3004, 3005, 3003, 4002, 4001, 5012, 1001, 0]);
    let interval = prop::option::of((0..200u64).prop_map(Duration::from_secs));
    let realtime = prop::option::of((0..5).prop_map(AccountingRealtimeRequired));
    (code, interval, realtime).prop_map(|(code, interval, realtime)| {
        let mut facts = facts(code);
        (facts.interim_interval, facts.realtime_required) = (interval, realtime);
        facts
    })
}

fn any_step() -> impl Strategy<Value = Step> {
    let input = prop_oneof![
        Just(Input::Start),
        Just(Input::Interim),
        Just(Input::Interim),
        Just(Input::Stop),
        (0..6u32, any_facts()).prop_map(|(number, facts)| Input::Answer { number, facts }),
        (0..6u32, any_facts()).prop_map(|(number, facts)| Input::Answer { number, facts }),
        (0..6u32, any::<bool>()).prop_map(|(number, sent)| Input::SendFailed { number, sent }),
        (0..6u32).prop_map(|number| Input::RequestTimedOut { number }),
        (0..6u32).prop_map(|number| Input::TransportLost { number }),
        any::<bool>().prop_map(Input::BufferSpace),
        (0..6u32).prop_map(|number| Input::StoredSettled { number }),
    ];
    prop_oneof![8 => input.prop_map(Step::Input), 3 => (0..100u64).prop_map(Step::Wait), 1 => Just(Step::Resume)]
}

fn any_config() -> impl Strategy<Value = SessionConfig> {
    let interval = prop::option::of((0..200u64).prop_map(Duration::from_secs));
    (prop::sample::select(&REALTIME[..]), interval, prop::option::of(any::<u64>()), 0..3u32, 0..3u32, any::<bool>())
        .prop_map(|(realtime, interval, seed, resends, failovers, space)| {
            let mut config = SessionConfig::default();
            (config.realtime_required, config.interim_interval, config.seed) = (realtime, interval, seed);
            (config.resends, config.failovers, config.buffer_space) = (resends, failovers, space);
            config
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_record_of_a_session_is_settled_once_and_in_order(
        config in any_config(),
        steps in prop::collection::vec(any_step(), 1..50),
    ) {
        let mut now = Instant::now();
        let mut session = ClientSession::new("ctf;1;2", config.clone());
        // Records that were handed in and are not settled; what the store has.
        let (mut open, mut store) = (BTreeMap::new(), BTreeMap::new());
        let (mut sent, mut gone) = (BTreeSet::new(), BTreeSet::new());
        let (mut out, mut closed, mut stopped) = (None, false, false);
        for step in [Step::Input(Input::Start)].into_iter().chain(steps) {
            let mut handed_in = None;
            match step {
                Step::Input(input) => {
                    let untouched = session.snapshot(now);
                    handed_in = match input {
                        Input::Start => Some(AccountingRecordType::StartRecord),
                        Input::Interim => Some(AccountingRecordType::InterimRecord),
                        Input::Stop => Some(AccountingRecordType::StopRecord),
                        _ => None,
                    };
                    let number = handed_in.map(|record_type| session.number_for(record_type));
                    let taken = session.handle_input(now, input).is_ok();
                    if !taken {
                        prop_assert_eq!(&session.snapshot(now), &untouched);
                        prop_assert_eq!(session.clone().poll_action(), None);
                        handed_in = None;
                    }
                    if let (Some(record_type), Some(number)) = (handed_in, number) {
                        prop_assert_eq!(number == 0, record_type == AccountingRecordType::StartRecord);
                        let before = open.insert(number, record_type);
                        // Only an INTERIM that waits is replaced.
                        prop_assert!(before.is_none() || record_type == AccountingRecordType::InterimRecord);
                        handed_in = before.is_some().then_some(record_type);
                    }
                    if let Input::StoredSettled { number } = input
                        && taken
                    {
                        store.remove(&number);
                    }
                }
                Step::Wait(seconds) => {
                    now += Duration::from_secs(seconds);
                    session.handle_timeout(now);
                }
                Step::Resume => {
                    let state = session.snapshot(now);
                    session = ClientSession::resume(state.clone(), config.clone(), now);
                    prop_assert_eq!(session.snapshot(now), state);
                }
            }
            while let Some(action) = session.poll_action() {
                match action {
                    Action::SendAcr(acr) if acr.resend.is_some() => prop_assert_eq!(out, Some(acr.number)),
                    Action::SendAcr(acr) => {
                        prop_assert!(!closed);
                        prop_assert_eq!(out, None, "two records are out");
                        prop_assert_eq!(open.get(&acr.number), Some(&acr.record_type));
                        prop_assert!(sent.insert(acr.number), "a record is sent twice as if it were new");
                        prop_assert!(sent.last() == Some(&acr.number), "records are out of order");
                        prop_assert_eq!(acr.stored, store.contains_key(&acr.number));
                        out = Some(acr.number);
                    }
                    Action::Store(order) => {
                        prop_assert_eq!(open.get(&order.number), Some(&order.record_type));
                        if let Some(replaced) = order.replaces {
                            prop_assert_eq!(store.remove(&replaced), Some(AccountingRecordType::InterimRecord));
                        }
                        store.insert(order.number, order.record_type);
                        // One INTERIM of a session is in the store, at most.
                        let interims = store.values().filter(|of| **of == AccountingRecordType::InterimRecord);
                        prop_assert!(interims.count() <= 1);
                    }
                    Action::DeleteStored { number } => prop_assert!(store.remove(&number).is_some()),
                    Action::Settled { number, outcome: Outcome::Superseded } => {
                        prop_assert!(handed_in.take().is_some(), "{} was not replaced", number);
                    }
                    Action::Settled { number, outcome } => {
                        prop_assert!(open.remove(&number).is_some(), "{} is settled twice", number);
                        if out == Some(number) {
                            out = None;
                        }
                        match outcome {
                            Outcome::Stored(_) => prop_assert!(store.contains_key(&number)),
                            _ => _ = gone.insert(number),
                        }
                    }
                    Action::DisconnectUser => {
                        prop_assert!(!stopped);
                        stopped = true;
                    }
                    Action::Closed(_) => {
                        prop_assert!(!closed && open.is_empty() && out.is_none());
                        closed = true;
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(handed_in, None);
            prop_assert!(!store.keys().any(|number| gone.contains(number)), "what is settled stays in the store");
            prop_assert_eq!(session.is_closed(), closed);
            // As long as something is out, there is a time at which it is given up.
            let waits = session.poll_timeout().is_some() && session.state() != State::Open;
            prop_assert_eq!(out.is_some(), waits);
        }
    }

    #[test]
    fn a_record_is_out_once(
        stored in any::<bool>(),
        (resends, failovers, space) in (0..3u32, 0..3u32, any::<bool>()),
        steps in prop::collection::vec((0..9u8, any_facts(), any::<bool>()), 1..30),
    ) {
        let mut config = RecordConfig::default();
        (config.resends, config.failovers, config.buffer_space) = (resends, failovers, space);
        let mut machine = match stored {
            true => SingleRecord::stored_record(AccountingRecordType::StopRecord, 3, config),
            false => SingleRecord::event(config),
        };
        let (mut now, mut out, mut over) = (Instant::now(), false, false);
        for (step, facts, flag) in steps {
            let _ = match step {
                0 => machine.handle_input(now, record::Input::Start),
                1 => machine.handle_input(now, record::Input::SendStored { t_flag: flag }),
                2 | 3 => machine.handle_input(now, record::Input::Answer(facts)),
                4 => machine.handle_input(now, record::Input::SendFailed { sent: flag }),
                5 => machine.handle_input(now, record::Input::RequestTimedOut),
                6 => machine.handle_input(now, record::Input::TransportLost),
                7 => machine.handle_input(now, record::Input::BufferSpace(flag)),
                _ => {
                    now += Duration::from_secs(30);
                    machine.handle_timeout(now);
                    Ok(())
                }
            };
            while let Some(action) = machine.poll_action() {
                match action {
                    record::Action::SendAcr(acr) if acr.stored || acr.resend.is_none() => {
                        prop_assert!(!out && !over);
                        out = true;
                    }
                    record::Action::SendAcr(_) => prop_assert!(out),
                    record::Action::Settled(outcome) => {
                        prop_assert!(out);
                        out = false;
                        over = !matches!(outcome, Outcome::Stored(_));
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(out, machine.poll_timeout().is_some());
            prop_assert_eq!(out, machine.state() != record::State::Idle);
        }
    }
}
