//! Whole sessions and events in virtual time.

use crate::records::{RecordBench, config};
use crate::sessions::{Bench, INTERIM, INTERVAL, START, STOP, Step, answer, with};
use crate::{REQUEST_TIMEOUT, facts};
use diametric_engine::rf::record::{self, RecordConfig};
use diametric_engine::rf::session::{Action, CloseCause, Input, SessionConfig};
use diametric_engine::rf::{AcrOrder, AnswerClass, Cause, ClientSession, Outcome, Resend, SingleRecord, StoreOrder};
use diametric_protocol::accounting::{AccountingRealtimeRequired as Realtime, AccountingRecordType};
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

fn stored(realtime: Realtime) -> SessionConfig {
    with(realtime, true)
}

fn sent(bench: &Bench) -> Option<AcrOrder> {
    bench.actions.iter().find_map(|action| if let Action::SendAcr(acr) = action { Some(*acr) } else { None })
}

fn kept(bench: &Bench) -> Option<StoreOrder> {
    bench.actions.iter().find_map(|action| if let Action::Store(order) = action { Some(*order) } else { None })
}

fn record(bench: &Bench) -> (AccountingRecordType, u32) {
    sent(bench).map(|acr| (acr.record_type, acr.number)).expect("an ACR went out")
}

#[test]
fn a_session_numbers_its_records() {
    let mut bench = Bench::new(SessionConfig::default());
    bench.step(START);
    assert_eq!(record(&bench), (AccountingRecordType::StartRecord, 0));
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + REQUEST_TIMEOUT));
    // Without an interval, nothing is due.
    bench.step(answer(2001));
    assert_eq!((bench.settled(), bench.session.poll_timeout()), (vec![(0, Outcome::Acknowledged)], None));
    for number in 1..=3 {
        bench.step(INTERIM);
        assert_eq!(record(&bench), (AccountingRecordType::InterimRecord, number));
        bench.step(answer(2001));
    }
    bench.step(STOP);
    assert_eq!(record(&bench), (AccountingRecordType::StopRecord, 4));
    bench.step(answer(2001));
    assert_eq!((bench.settled(), bench.closed()), (vec![(4, Outcome::Acknowledged)], Some(CloseCause::Stopped)));
    assert!(bench.session.is_closed());
}

#[test]
fn interim_records_come_at_the_interval() {
    let mut bench = Bench::at("Open", stored(Realtime::GRANT_AND_STORE));
    assert_eq!(bench.step(Step::Wait(INTERVAL - SECOND)), ["(none)"]);
    assert_eq!(bench.step(Step::Wait(SECOND)), ["interim due"]);
    // Nobody hands one in: it is due again an interval later.
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + INTERVAL));
    bench.step(Step::Wait(SECOND));
    // One for another reason starts the interval anew, even before it is answered.
    bench.step(INTERIM);
    let due = bench.now + INTERVAL;
    bench.step(Step::Wait(SECOND));
    bench.step(answer(2001));
    assert_eq!(bench.session.poll_timeout(), Some(due));
}

#[test]
fn an_interval_shorter_than_the_patience_with_the_server() {
    let mut config = stored(Realtime::GRANT_AND_STORE);
    config.interim_interval = Some(SECOND * 10);
    let mut bench = Bench::at("PendingI", config);
    // Nothing is due while a record is out; then it is at once.
    assert_eq!(bench.step(Step::Wait(SECOND * 20)), ["(none)"]);
    bench.step(answer(2001));
    assert_eq!(bench.step(Step::Wait(Duration::ZERO)), ["interim due"]);
}

#[test]
fn a_driver_that_comes_late_gets_everything() {
    let mut bench = Bench::at("PendingI", stored(Realtime::GRANT_AND_STORE));
    assert_eq!(bench.step(Step::Wait(INTERVAL * 2)), ["store INTERIM record", "interim due"]);
}

#[test]
fn reports_are_spread_but_never_late() {
    let mut deadlines = Vec::new();
    for seed in 0..200 {
        let mut config = stored(Realtime::GRANT_AND_STORE);
        config.seed = Some(seed);
        let bench = Bench::at("Open", config);
        let left = bench.session.interim_deadline().expect("an interval") - bench.now;
        assert!(left <= INTERVAL && left >= INTERVAL.mul_f64(0.9), "{left:?}");
        deadlines.push(left);
    }
    deadlines.sort();
    deadlines.dedup();
    assert!(deadlines.len() > 150, "{}", deadlines.len());
    let spread = deadlines[deadlines.len() - 1] - deadlines[0];
    assert!(spread > INTERVAL.mul_f64(0.08), "{spread:?}");
}

#[test]
fn an_answer_that_repeats_the_interval_moves_nothing() {
    let mut config = stored(Realtime::GRANT_AND_STORE);
    config.seed = Some(1);
    let mut bench = Bench::at("PendingS", config);
    let deadline = bench.session.interim_deadline();
    let mut same = facts(2001);
    same.interim_interval = Some(INTERVAL);
    bench.step(Step::Answer(same));
    assert!(deadline.is_some());
    assert_eq!(bench.session.interim_deadline(), deadline);
}

#[test]
fn one_interim_waits_and_the_newest_wins() {
    let mut bench = Bench::at("PendingI", stored(Realtime::GRANT_AND_STORE));
    assert_eq!(bench.session.number_for(AccountingRecordType::InterimRecord), 2);
    assert_eq!(bench.step(INTERIM), ["(none)"]);
    assert!(bench.actions.is_empty());
    // The newer one takes the number of the older one.
    assert_eq!(bench.session.number_for(AccountingRecordType::InterimRecord), 2);
    bench.step(INTERIM);
    assert_eq!(bench.settled(), [(2, Outcome::Superseded)]);
    // Then the service ends.
    assert_eq!(bench.session.number_for(AccountingRecordType::StopRecord), 3);
    bench.step(STOP);
    assert!(bench.session.handle_input(bench.now, Input::Interim).is_err());
    assert!(bench.session.handle_input(bench.now, Input::Stop).is_err());
    bench.step(answer(2001));
    assert_eq!(record(&bench), (AccountingRecordType::InterimRecord, 2));
    bench.step(answer(2001));
    assert_eq!(record(&bench), (AccountingRecordType::StopRecord, 3));
    assert!(sent(&bench).is_some_and(|acr| acr.stored));
}

#[test]
fn an_interim_in_the_store_is_overwritten() {
    let mut bench = Bench::at("Open", stored(Realtime::GRANT_AND_STORE));
    for (number, replaces) in [(1, None), (2, Some(1)), (3, Some(2))] {
        bench.step(INTERIM);
        bench.step(Step::SendFailed { sent: number == 2 });
        let order = kept(&bench).expect("it is stored");
        assert_eq!((order.number, order.replaces, order.t_flag, order.held), (number, replaces, number == 2, false));
        assert_eq!(bench.settled(), [(number, Outcome::Stored(Cause::SendFailed))]);
    }
    // Once the store is rid of it, there is nothing to overwrite.
    assert!(bench.session.handle_input(bench.now, Input::StoredSettled { number: 2 }).is_err());
    bench.step(Step::Input(Input::StoredSettled { number: 3 }));
    bench.step(INTERIM);
    bench.step(Step::TimedOut);
    let order = kept(&bench).expect("it is stored");
    assert_eq!((order.number, order.replaces, order.t_flag), (4, None, true));
}

#[test]
fn silence_is_waited_out_as_often_as_configured() {
    let mut config = stored(Realtime::DELIVER_AND_GRANT);
    config.resends = 2;
    let mut bench = Bench::at("PendingI", config);
    for _ in 0..2 {
        assert_eq!(bench.step(Step::Wait(REQUEST_TIMEOUT - SECOND)), ["(none)"]);
        assert_eq!(bench.step(Step::Wait(SECOND)), ["resend ACR INTERIM"]);
        // The same record, with T.
        assert_eq!(record(&bench), (AccountingRecordType::InterimRecord, 1));
        assert!(sent(&bench).and_then(|acr| acr.resend).is_some_and(|resend| resend.t_flag));
    }
    assert_eq!(bench.step(Step::Wait(REQUEST_TIMEOUT)), ["disconnect user/device"]);
    assert_eq!(bench.closed(), Some(CloseCause::Disconnected(Cause::TimedOut)));
    assert_eq!(bench.step(answer(2001)), ["discard"]);
}

#[test]
fn a_lost_transport_is_followed_by_another_as_often_as_configured() {
    for failovers in [0, 1, 3] {
        let mut config = stored(Realtime::GRANT_AND_STORE);
        config.failovers = failovers;
        let mut bench = Bench::at("PendingS", config);
        for _ in 0..failovers {
            assert_eq!(bench.step(Step::TransportLost), ["resend ACR START"]);
            assert_eq!(sent(&bench).and_then(|acr| acr.resend), Some(Resend { t_flag: true, alternate: true }));
        }
        assert_eq!(bench.step(Step::TransportLost), ["store START record"]);
        assert!(kept(&bench).is_some_and(|order| order.t_flag));
    }
}

#[test]
fn an_answer_without_space_after_silence_keeps_the_t_flag() {
    let mut config = stored(Realtime::GRANT_AND_STORE);
    config.resends = 1;
    let mut bench = Bench::at("PendingS", config.clone());
    assert_eq!(bench.step(answer(4002)), ["store START record"]);
    assert!(kept(&bench).is_some_and(|order| !order.t_flag));
    bench = Bench::at("PendingS", config);
    bench.step(Step::TimedOut);
    assert_eq!(bench.step(answer(4002)), ["store START record"]);
    assert!(kept(&bench).is_some_and(|order| order.t_flag));
}

#[test]
fn a_session_cut_short_leaves_its_stop_in_the_store() {
    let mut bench = Bench::at("PendingI", stored(Realtime::GRANT_AND_STORE));
    bench.step(INTERIM);
    bench.step(STOP);
    // There is no service left to stop.
    assert_eq!(bench.step(answer(5012)), ["store STOP record"]);
    assert!(kept(&bench).is_some_and(|order| order.number == 3 && !order.held));
    let refused = Cause::Refused(facts(5012).result_code);
    let outcomes = [(1, Outcome::Lost(refused)), (2, Outcome::Lost(Cause::Ended)), (3, Outcome::Stored(Cause::Ended))];
    assert_eq!(bench.settled(), outcomes);
    assert_eq!(bench.closed(), Some(CloseCause::Disconnected(refused)));
}

#[test]
fn a_stop_in_the_store_needs_no_room() {
    let mut bench = Bench::at("PendingS", with(Realtime::GRANT_AND_LOSE, false));
    bench.step(STOP);
    assert_eq!(bench.step(answer(2001)), ["send ACR STOP"]);
    assert_eq!(bench.step(Step::TimedOut), ["store STOP record"]);
    assert_eq!(bench.closed(), Some(CloseCause::StopStored(Cause::TimedOut)));
}

#[test]
fn an_event() {
    let mut bench = RecordBench::at("Idle", RecordConfig::default());
    assert_eq!(bench.input(record::Input::Start), ["send ACR EVENT"]);
    assert_eq!(bench.record.poll_timeout(), Some(bench.now + REQUEST_TIMEOUT));
    assert_eq!(bench.input(record::Input::TransportLost), ["resend ACR EVENT"]);
    assert_eq!(bench.input(record::Input::TransportLost), ["store EVENT record with T"]);
    assert_eq!(bench.input(record::Input::SendStored { t_flag: false }), ["send stored record"]);
    let [record::Action::SendAcr(acr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
    assert_eq!((acr.number, acr.resend), (0, Some(Resend { t_flag: true, alternate: false })));
    assert_eq!(bench.input(record::Input::Answer(facts(2001))), ["delete record"]);
    assert_eq!(bench.settled(), Some(Outcome::Acknowledged));
    assert_eq!(bench.input(record::Input::Answer(facts(2001))), ["discard"]);
    assert!(bench.record.handle_input(bench.now, record::Input::SendStored { t_flag: true }).is_err());
}

#[test]
fn a_record_that_was_never_sent_goes_without_the_t_flag() {
    // RFC 6733 §3: clear on the first transmission, and after an error answer.
    let mut bench = RecordBench::at("PendingE", config(true));
    assert_eq!(bench.input(record::Input::SendFailed { sent: false }), ["store EVENT record"]);
    for failure in [record::Input::SendFailed { sent: false }, record::Input::Answer(facts(4002))] {
        bench.input(record::Input::SendStored { t_flag: false });
        let [record::Action::SendAcr(acr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
        assert_eq!(acr.resend, None);
        assert_eq!(bench.input(failure), ["(none)"]);
        assert_eq!(bench.record.stored(), Some(false));
    }
    bench.input(record::Input::SendStored { t_flag: false });
    bench.wait(REQUEST_TIMEOUT);
    assert_eq!((bench.record.stored(), bench.settled()), (Some(true), Some(Outcome::Stored(Cause::TimedOut))));
}

#[test]
fn an_event_is_sent_again_after_silence_as_often_as_configured() {
    let mut config = config(true);
    config.resends = 2;
    let mut bench = RecordBench::at("PendingE", config.clone());
    for _ in 0..2 {
        assert_eq!(bench.wait(REQUEST_TIMEOUT - SECOND), ["(none)"]);
        assert_eq!(bench.wait(SECOND), ["resend ACR EVENT"]);
    }
    assert_eq!(bench.wait(REQUEST_TIMEOUT), ["store EVENT record with T"]);
    // That it was refused the second time says nothing of the first.
    let mut bench = RecordBench::at("PendingE", config);
    bench.wait(REQUEST_TIMEOUT);
    assert_eq!(bench.input(record::Input::Answer(facts(4002))), ["store EVENT record with T"]);
}

#[test]
fn an_answer_with_the_e_flag_is_no_success_whatever_its_code() {
    let mut answer = facts(2001);
    assert_eq!(answer.class(), AnswerClass::Success);
    answer.protocol_error = true;
    assert_eq!(answer.class(), AnswerClass::Failed);
}

#[test]
fn an_event_that_may_have_arrived_is_stored_with_the_t_flag() {
    let mut bench = RecordBench::at("PendingE", config(true));
    assert_eq!(bench.input(record::Input::SendFailed { sent: true }), ["store EVENT record with T"]);
    let mut bench = RecordBench::at("PendingE", RecordConfig::default());
    bench.input(record::Input::TransportLost);
    assert_eq!(bench.input(record::Input::SendFailed { sent: false }), ["store EVENT record with T"]);
}

#[test]
fn a_record_from_the_store_waits_for_its_answer_and_keeps_the_t_flag() {
    let stop = || SingleRecord::stored_record(AccountingRecordType::StopRecord, 7, config(true));
    assert!(stop().handle_input(Instant::now(), record::Input::Start).is_err(), "it comes from the store");
    for (stored, sent) in [(false, false), (true, false), (false, true)] {
        let mut bench = RecordBench { record: stop(), now: Instant::now(), actions: Vec::new() };
        bench.input(record::Input::SendStored { t_flag: stored });
        assert_eq!(bench.wait(REQUEST_TIMEOUT - SECOND), ["(none)"]);
        assert_eq!((bench.state().as_str(), bench.settled()), ("PendingB", None));
        bench.input(record::Input::SendFailed { sent });
        assert_eq!(bench.record.stored(), Some(stored || sent));
    }
}

#[test]
fn a_resumed_session_goes_on_where_it_stood() {
    let mut config = stored(Realtime::GRANT_AND_STORE);
    config.failovers = 1;
    let mut bench = Bench::at("PendingI", config.clone());
    bench.step(INTERIM);
    bench.step(Step::Wait(SECOND * 4));
    let state = bench.session.snapshot(bench.now);
    // Another process, an hour later by the clock: times count from the snapshot.
    bench.now += Duration::from_secs(3600);
    bench.session = ClientSession::resume(state.clone(), config, bench.now);
    assert_eq!(bench.session.snapshot(bench.now), state);
    assert_eq!(bench.session.session_id(), "ctf;1;2");
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + REQUEST_TIMEOUT - SECOND * 4));
    assert_eq!(bench.session.interim_deadline(), Some(bench.now + INTERVAL - SECOND * 4));
    bench.step(Step::TransportLost);
    assert_eq!(sent(&bench).map(|acr| (acr.number, acr.resend.is_some())), Some((1, true)));
    bench.step(answer(2001));
    assert_eq!(record(&bench), (AccountingRecordType::InterimRecord, 2));
}
