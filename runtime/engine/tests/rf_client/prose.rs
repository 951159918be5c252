//! The rows that restate prose, or settle what the table leaves open.

use crate::records::{RecordBench, config};
use crate::sessions::{Bench, INTERIM, INTERVAL, START, STOP, Step, answer, failures, with};
use crate::tables::rows;
use crate::{FAILED, REALTIME, REQUEST_TIMEOUT, TABLE, TRANSIENT, facts};
use diametric_engine::rf::session::{Action, CloseCause, Input, SessionConfig};
use diametric_engine::rf::{AnswerClass, AnswerFacts, Cause, Outcome, Resend, record};
use diametric_protocol::accounting::AccountingRealtimeRequired as Realtime;
use diametric_protocol::base::ResultCode;
use std::time::Duration;

const DISCONNECT: &str = "disconnect user/device";

/// The state in which the case of a row ends; `None` where there is no case.
fn prose(id: &str) -> Option<String> {
    let bench = match id {
        "AR01" => {
            for code in TRANSIENT {
                assert_eq!(facts(code).class(), AnswerClass::Transient);
            }
            for failure in failures() {
                let mut bench = Bench::at("PendingS", with(Realtime::GRANT_AND_STORE, true));
                assert_eq!(bench.step(failure), ["store START record"]);
            }
            return Some("-".into());
        }
        "AR02" => {
            for code in FAILED {
                assert_eq!(facts(code).class(), AnswerClass::Failed);
            }
            // No success, whatever the code says.
            let mut error = AnswerFacts::new(ResultCode::SUCCESS);
            error.protocol_error = true;
            assert_eq!(error.class(), AnswerClass::Failed);
            return Some("-".into());
        }
        "AR03" => {
            assert_eq!(Bench::new(SessionConfig::default()).session.realtime_required(), Realtime::GRANT_AND_STORE);
            return Some("-".into());
        }
        "AR04" => {
            let mut bench = Bench::at("PendingS", with(Realtime::DELIVER_AND_GRANT, true));
            let mut newest = facts(2001);
            newest.interim_interval = Some(INTERVAL / 2);
            newest.realtime_required = Some(Realtime::GRANT_AND_LOSE);
            bench.step(Step::Wait(Duration::from_secs(1)));
            bench.step(Step::Answer(newest));
            assert_eq!(bench.session.interim_interval(), Some(INTERVAL / 2));
            assert_eq!(bench.session.realtime_required(), Realtime::GRANT_AND_LOSE);
            // It counts from START.
            let due = bench.now + INTERVAL / 2 - Duration::from_secs(1);
            assert_eq!((bench.session.poll_timeout(), bench.session.interim_deadline()), (Some(due), Some(due)));
            // An answer that says nothing changes nothing; one that ends the interval ends it.
            bench.step(Step::Interval);
            bench.step(answer(2001));
            assert_eq!(bench.session.interim_interval(), Some(INTERVAL / 2));
            bench.step(INTERIM);
            newest.interim_interval = Some(Duration::ZERO);
            bench.step(Step::Answer(newest));
            assert_eq!((bench.session.interim_interval(), bench.session.poll_timeout()), (None, None));
            // What an answer says holds for that answer already.
            newest.result_code = ResultCode::UNABLE_TO_COMPLY;
            newest.realtime_required = Some(Realtime::DELIVER_AND_GRANT);
            bench.step(INTERIM);
            assert_eq!(bench.step(Step::Answer(newest)), [DISCONNECT]);
            return Some("-".into());
        }
        "AR05" => {
            // Every pair of state and input that has no row: an answer is discarded, the rest is ignored.
            for (state, ignored) in [
                ("Idle", vec![Input::Interim, Input::Stop]),
                ("PendingS", vec![Input::Start]),
                ("Open", vec![Input::Start]),
                ("PendingI", vec![Input::Start]),
                ("PendingL", vec![Input::Start, Input::Interim, Input::Stop]),
            ] {
                let number = 77;
                let of_others = [
                    Input::SendFailed { number, sent: true },
                    Input::RequestTimedOut { number },
                    Input::TransportLost { number },
                    Input::StoredSettled { number },
                ];
                for input in ignored.into_iter().chain(of_others) {
                    let mut bench = Bench::at(state, with(Realtime::GRANT_AND_STORE, true));
                    assert!(bench.session.handle_input(bench.now, input).is_err(), "{state} {input:?}");
                    assert_eq!((bench.session.poll_action(), bench.state()), (None, state.to_owned()));
                    let told = bench.step(Step::Input(Input::Answer { number, facts: facts(5012) }));
                    assert_eq!((told[0].as_str(), bench.state()), ("discard", state.to_owned()));
                }
            }
            return Some("-".into());
        }
        "AR06" | "AR07" => {
            let state = if id == "AR06" { "PendingS" } else { "PendingI" };
            let mut last = None;
            for failure in failures() {
                let mut bench = Bench::at(state, with(Realtime::DELIVER_AND_GRANT, true));
                assert_eq!(bench.step(failure), [DISCONNECT]);
                assert!(matches!(bench.closed(), Some(CloseCause::Disconnected(_))));
                last = Some(bench);
            }
            last?
        }
        "AR08" => {
            for (state, number) in [("PendingS", 1), ("PendingI", 2)] {
                let mut bench = Bench::at(state, with(Realtime::GRANT_AND_STORE, true));
                assert_eq!(bench.step(STOP), ["store STOP record"]);
                let [Action::Store(order)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
                assert!(order.held && order.number == number);
                assert_eq!(bench.step(answer(2001)), ["send ACR STOP"]);
                assert_eq!((bench.state().as_str(), bench.out()), ("PendingL", Some(number)));
                assert_eq!(bench.step(answer(2001)), ["delete record"]);
            }
            let mut bench = Bench::at("PendingS", with(Realtime::GRANT_AND_STORE, true));
            bench.step(STOP);
            assert_eq!(bench.step(Step::TimedOut), ["store START record", "send ACR STOP"]);
            bench
        }
        "AR09" => {
            for realtime in REALTIME {
                for state in ["PendingS", "PendingI"] {
                    let mut session = with(realtime, true);
                    session.failovers = 1;
                    let mut bench = Bench::at(state, session);
                    let told = bench.step(Step::TransportLost);
                    assert!(told[0].starts_with("resend ACR"), "{told:?}");
                    let [Action::SendAcr(acr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
                    assert_eq!(acr.resend, Some(Resend { t_flag: true, alternate: true }));
                    assert_eq!(bench.state(), state);
                    bench.step(answer(2001));
                    assert_eq!(bench.state(), "Open");
                }
            }
            return Some("-".into());
        }
        // The other session is the application's: it hears that this one is over.
        "AR10" => {
            let mut bench = Bench::at("PendingI", with(Realtime::GRANT_AND_STORE, true));
            bench.step(answer(5012));
            let number = 1;
            let cause = Cause::Refused(ResultCode::UNABLE_TO_COMPLY);
            let outcome = Outcome::Lost(cause);
            let closed = Action::Closed(CloseCause::Disconnected(cause));
            assert_eq!(bench.actions, [Action::Settled { number, outcome }, Action::DisconnectUser, closed]);
            return Some("-".into());
        }
        "AR11" => {
            let mut bench = RecordBench::at("PendingB", config(true));
            let [record::Action::SendAcr(acr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
            assert_eq!(acr.resend, Some(Resend { t_flag: true, alternate: false }));
            let state = bench.state();
            bench.wait(REQUEST_TIMEOUT);
            assert_eq!(bench.record.stored(), Some(true));
            return Some(state);
        }
        _ => return None,
    };
    Some(bench.state())
}

#[test]
fn rows_from_prose() {
    for row in rows(TABLE, "accounting-rules", "AR", 11) {
        let end = prose(row.id).unwrap_or_else(|| panic!("row {} has no case", row.id));
        assert_eq!(end, row.next, "{}", row.id);
    }
}

#[test]
fn a_record_that_a_relay_cannot_deliver_is_kept() {
    // RFC 6733 §8.2 does not name 3002, nor other transient failures, but what it says of those it names holds for them.
    for code in [3002, 4001, 4003] {
        let mut bench = Bench::at("PendingS", with(Realtime::GRANT_AND_STORE, true));
        assert_eq!(bench.step(answer(code)), ["store START record"]);
        assert_eq!(bench.state(), "Open");
    }
}

#[test]
fn nothing_follows_the_end() {
    let mut bench = Bench::at("PendingL", with(Realtime::GRANT_AND_STORE, true));
    bench.step(answer(2001));
    assert_eq!(bench.closed(), Some(CloseCause::Stopped));
    for step in [START, INTERIM, STOP, Step::Wait(INTERVAL * 2)] {
        assert_eq!(bench.step(step), ["(none)"]);
    }
    assert_eq!((bench.state().as_str(), bench.session.poll_timeout()), ("Idle", None));
}
