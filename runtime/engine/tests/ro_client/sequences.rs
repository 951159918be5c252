//! Whole sessions and events in virtual time.

use crate::events::{EventBench, event_config};
use crate::sessions::{Bench, CCFH, LOGOUT, Step, answer, terminated, update, with};
use crate::{REQUEST_TIMEOUT, TX, facts};
use diametric_engine::ro::session::{Action, CcrReason, CloseCause, Input, SessionConfig, UpdateReason};
use diametric_engine::ro::{AnswerClass, ClientSession, NoAnswer, Resend, event};
use diametric_protocol::base::TerminationCause;
use diametric_protocol::credit_control::{
    CcRequestType, CcSessionFailover, CreditControlFailureHandling as Ccfh, DirectDebitingFailureHandling as Ddfh,
    FinalUnitAction, RequestedAction,
};
use std::time::Duration;

fn start() -> Step {
    Step::Input(Input::Start)
}

/// Type and number of the CCR that went out in the last step.
fn sent(bench: &Bench) -> Option<(CcRequestType, u32)> {
    bench.actions.iter().find_map(|action| match action {
        Action::SendCcr(ccr) => Some((ccr.request_type, ccr.number)),
        _ => None,
    })
}

#[test]
fn iec() {
    let mut bench = EventBench::at("Idle", RequestedAction::DirectDebiting, event_config(Ddfh::CONTINUE, 0));
    assert_eq!(bench.input(event::Input::Start), ["send CCR EVENT", "start Tx"]);
    assert_eq!(bench.input(event::Input::Answer(facts(2001))), ["grant service"]);
    assert_eq!(bench.event.poll_timeout(), None);
    assert_eq!(bench.input(event::Input::Answer(facts(2001))), ["discard"]);
}

#[test]
fn stored_refund_is_sent_until_answered() {
    let config = || event_config(Ddfh::TERMINATE_OR_BUFFER, 0);
    let mut bench = EventBench::at("PendingE", RequestedAction::RefundAccount, config());
    assert_eq!(bench.input(event::Input::Answer(facts(3004))), ["store request"]);
    assert_eq!(bench.event.stored(), Some(false));
    // An error answer was received, so this is no repetition; but after silence the next one is.
    for resend in [None, Some(Resend { t_flag: true, alternate: false })] {
        assert_eq!(bench.input(event::Input::SendStored { t_flag: false }), ["send stored request"]);
        let [event::Action::SendCcr(ccr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
        assert_eq!(ccr.resend, resend);
        assert_eq!(bench.event.poll_timeout(), Some(bench.now + REQUEST_TIMEOUT));
        bench.wait(REQUEST_TIMEOUT - Duration::from_secs(1));
        assert_eq!((bench.state().as_str(), bench.actions.len()), ("PendingB", 0));
        assert_eq!(bench.wait(Duration::from_secs(1)), ["(none)"]);
        assert_eq!(bench.event.stored(), Some(true));
    }
    // Another process takes it out of the store.
    let mut bench = EventBench::at("PendingB", RequestedAction::RefundAccount, config());
    assert_eq!(bench.input(event::Input::Answer(facts(2001))), ["delete stored request"]);
    assert_eq!(bench.event.stored(), None);
}

#[test]
fn ecur() {
    let mut bench = Bench::new(SessionConfig::default());
    bench.step(start());
    assert_eq!(sent(&bench), Some((CcRequestType::InitialRequest, 0)));
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + TX));
    bench.step(answer(2001));
    assert_eq!(bench.actions, [Action::Answered { number: 0, late: false }]);
    assert_eq!(bench.session.poll_timeout(), None);
    bench.step(terminated());
    assert_eq!(sent(&bench), Some((CcRequestType::TerminationRequest, 1)));
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + REQUEST_TIMEOUT));
    bench.step(answer(2001));
    assert_eq!(bench.closed(), Some(CloseCause::Terminated));
    assert!(bench.session.is_closed());
    // A Session-Id is for one session.
    assert!(bench.session.handle_input(bench.now, Input::Start).is_err());
}

#[test]
fn scur_with_two_updates() {
    let mut bench = Bench::new(SessionConfig::default());
    bench.step(start());
    let mut granted = facts(2001);
    granted.validity_time = Some(Duration::from_secs(60));
    bench.step(Step::Answer(granted));
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + Duration::from_secs(60)));
    // The first update because the grant runs out of time, the second because it is used up.
    bench.step(Step::Wait(Duration::from_secs(59)));
    assert_eq!(sent(&bench), None);
    bench.step(Step::Wait(Duration::from_secs(1)));
    assert_eq!(sent(&bench), Some((CcRequestType::UpdateRequest, 1)));
    bench.step(Step::Answer(granted));
    bench.step(Step::Input(Input::Update(UpdateReason::UnitsUsed)));
    assert_eq!(sent(&bench), Some((CcRequestType::UpdateRequest, 2)));
    bench.step(Step::Answer(granted));
    bench.step(terminated());
    assert_eq!(sent(&bench), Some((CcRequestType::TerminationRequest, 3)));
    bench.step(answer(2001));
    assert_eq!(bench.closed(), Some(CloseCause::Terminated));
}

#[test]
fn silence_and_a_late_answer() {
    for handling in CCFH {
        for state in ["PendingI", "PendingU"] {
            let mut bench = Bench::at(state, with(handling));
            let number = if state == "PendingI" { 0 } else { 1 };
            assert_eq!(bench.step(Step::Wait(TX - Duration::from_millis(1))), ["(none)"]);
            let told = bench.step(Step::Wait(Duration::from_millis(1)));
            assert_eq!(bench.actions[0], Action::Unanswered { number, why: NoAnswer::TxExpired });
            if handling == Ccfh::TERMINATE {
                assert_eq!(told, ["terminate service"]);
                assert_eq!(bench.step(answer(2001)), ["discard"]);
                assert_eq!(bench.state(), "Idle");
                continue;
            }
            assert_eq!(told, ["grant service"]);
            assert_eq!(bench.state(), state);
            bench.step(answer(2001));
            assert_eq!(bench.actions, [Action::Answered { number, late: true }]);
            assert_eq!(bench.state(), "Open");
        }
    }
}

#[test]
fn silence_for_good() {
    for (handling, told) in [(Ccfh::CONTINUE, "grant service"), (Ccfh::RETRY_AND_TERMINATE, "terminate service")] {
        let mut bench = Bench::at("PendingI", with(handling));
        bench.step(Step::Wait(TX));
        assert_eq!(bench.session.poll_timeout(), Some(bench.now + REQUEST_TIMEOUT - TX));
        assert_eq!(bench.step(Step::Wait(REQUEST_TIMEOUT - TX)), [told]);
        assert_eq!(bench.closed(), Some(CloseCause::Unanswered(NoAnswer::TimedOut)));
    }
}

#[test]
fn a_driver_that_comes_late_sees_both_timers_in_order() {
    let mut bench = Bench::at("PendingI", with(Ccfh::CONTINUE));
    assert_eq!(bench.step(Step::Wait(REQUEST_TIMEOUT * 2)), ["grant service", "grant service"]);
    assert!(matches!(
        bench.actions[..],
        [
            Action::Unanswered { why: NoAnswer::TxExpired, .. },
            Action::GrantService,
            Action::Unanswered { why: NoAnswer::TimedOut, .. },
            Action::GrantService,
            Action::Closed(_),
        ]
    ));
}

#[test]
fn the_timer_that_ends_first_counts_first_and_tx_where_both_end_at_once() {
    use NoAnswer::{TimedOut, TxExpired};
    for (request_timeout, order) in
        [(TX * 2, &[TxExpired, TimedOut][..]), (TX, &[TxExpired, TimedOut]), (TX / 2, &[TimedOut])]
    {
        let mut config = with(Ccfh::CONTINUE);
        config.request_timeout = request_timeout;
        let mut bench = Bench::at("PendingU", config);
        bench.step(Step::Wait(TX * 3));
        let why = |action: &Action| if let Action::Unanswered { why, .. } = action { Some(*why) } else { None };
        assert_eq!(bench.actions.iter().filter_map(why).collect::<Vec<_>>(), order);

        let mut config = event_config(Ddfh::CONTINUE, 0);
        config.request_timeout = request_timeout;
        let mut bench = EventBench::at("PendingE", RequestedAction::DirectDebiting, config);
        bench.wait(TX * 3);
        let why = |action: &event::Action| if let event::Action::Unanswered(why) = action { Some(*why) } else { None };
        assert_eq!(bench.actions.iter().filter_map(why).collect::<Vec<_>>(), order);
    }
}

#[test]
fn termination_waits_for_the_first_answer() {
    let mut bench = Bench::at("PendingI", with(Ccfh::CONTINUE));
    bench.step(update());
    bench.step(terminated());
    // Nothing joins the line behind a termination.
    assert!(bench.session.handle_input(bench.now, Input::Update(UpdateReason::UnitsUsed)).is_err());
    assert!(bench.session.handle_input(bench.now, Input::ServiceTerminated(LOGOUT)).is_err());
    // There is no service left to grant.
    assert_eq!(bench.step(Step::Wait(TX)), ["(none)"]);
    bench.step(answer(2001));
    assert_eq!(sent(&bench), Some((CcRequestType::UpdateRequest, 1)));
    bench.step(answer(2001));
    assert_eq!(sent(&bench), Some((CcRequestType::TerminationRequest, 2)));
    bench.step(answer(2001));
    assert_eq!(bench.closed(), Some(CloseCause::Terminated));
}

#[test]
fn reauthorization_of_more_than_the_pending_request_reports() {
    let mut bench = Bench::at("PendingU", SessionConfig::default());
    bench.step(Step::Input(Input::ReauthRequested { covered: false }));
    assert_eq!((bench.raa(), sent(&bench)), (Some(2002), None));
    bench.step(answer(2001));
    let [_, Action::SendCcr(ccr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
    assert_eq!((ccr.reason, ccr.number), (CcrReason::Reauthorization, 2));
}

#[test]
fn nothing_covers_a_reauthorization_while_nothing_is_out() {
    let mut bench = Bench::at("Open", SessionConfig::default());
    bench.step(Step::Input(Input::ReauthRequested { covered: true }));
    assert_eq!((bench.raa(), sent(&bench)), (Some(2002), Some((CcRequestType::UpdateRequest, 1))));
}

#[test]
fn an_answer_to_another_request_is_discarded() {
    let mut bench = Bench::at("PendingU", SessionConfig::default());
    let input = Input::Answer { number: 0, facts: facts(5012) };
    assert_eq!(bench.step(Step::Input(input)), ["discard"]);
    assert_eq!(bench.state(), "PendingU");
}

#[test]
fn an_answer_that_cannot_be_understood_ends_the_session_and_leaves_the_service_to_the_failure_handling() {
    for (handling, service) in CCFH.iter().zip(["terminate service", "grant service", "terminate service"]) {
        for (state, number) in [("PendingI", 0), ("PendingU", 1)] {
            let mut bench = Bench::at(state, with(*handling));
            // What waits is dropped: the server's state is not known any more.
            bench.step(update());
            let told = bench.step(Step::Input(Input::BadAnswer { number }));
            assert_eq!(told, [service, "send CCR TERMINATION"], "{handling:?} {state}");
            assert_eq!(bench.actions[0], Action::Unanswered { number, why: NoAnswer::BadAnswer });
            let Some(Action::SendCcr(ccr)) = bench.actions.last() else { panic!("{:?}", bench.actions) };
            let reason = CcrReason::Termination(TerminationCause::BAD_ANSWER);
            assert_eq!((ccr.number, ccr.reason, ccr.resend), (number + 1, reason, None));
            assert_eq!(bench.state(), "PendingT");
            bench.step(answer(2001));
            assert_eq!(bench.closed(), Some(CloseCause::Terminated));
        }
    }
}

#[test]
fn an_answer_that_cannot_be_understood_needs_no_termination_where_the_session_ends_anyway() {
    let mut bench = Bench::at("PendingT", with(Ccfh::CONTINUE));
    assert_eq!(bench.step(Step::Input(Input::BadAnswer { number: 1 })), ["(none)"]);
    assert_eq!(bench.closed(), Some(CloseCause::Unanswered(NoAnswer::BadAnswer)));
    let mut bench = Bench::at("PendingU", with(Ccfh::CONTINUE));
    bench.step(terminated());
    // The service is over: there is nothing to grant.
    assert_eq!(bench.step(Step::Input(Input::BadAnswer { number: 1 })), ["send CCR TERMINATION"]);
    // One to a request that is not out is nothing.
    assert!(bench.session.handle_input(bench.now, Input::BadAnswer { number: 1 }).is_err());
}

#[test]
fn what_may_move_is_known_while_it_is_out() {
    for (failover, alternates, moves) in [(1, 1, true), (0, 1, false), (1, 0, false)] {
        let mut config = with(Ccfh::TERMINATE);
        (config.session_failover, config.alternates) = (CcSessionFailover(failover), alternates);
        let mut bench = Bench::at("PendingU", config);
        assert_eq!(bench.session.may_move(), moves);
        bench.step(answer(2001));
        assert!(!bench.session.may_move());
    }
    for alternates in [0, 1] {
        let config = event_config(Ddfh::CONTINUE, alternates);
        let mut bench = EventBench::at("PendingE", RequestedAction::DirectDebiting, config.clone());
        assert_eq!(bench.event.may_move(), alternates > 0);
        bench.input(event::Input::SendFailed { sent: true });
        assert!(!bench.event.may_move());
        let stored = EventBench::at("PendingB", RequestedAction::DirectDebiting, config);
        assert!(!stored.event.may_move());
    }
}

#[test]
fn what_does_not_reach_its_server_goes_to_another_if_the_session_may_move() {
    for handling in CCFH {
        for state in ["PendingI", "PendingU", "PendingT"] {
            for sent in [false, true] {
                let mut config = with(handling);
                (config.session_failover, config.alternates) = (CcSessionFailover::FAILOVER_SUPPORTED, 2);
                let mut bench = Bench::at(state, config);
                let number = bench.session.snapshot(bench.now).next_number - 1;
                bench.step(Step::Input(Input::SendFailed { number, sent }));
                let [Action::SendCcr(ccr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
                assert_eq!((ccr.number, ccr.resend), (number, Some(Resend { t_flag: sent, alternate: true })));
                // Once a transmission was perhaps received, the T flag stays.
                bench.step(Step::Input(Input::SendFailed { number, sent: false }));
                let [Action::SendCcr(ccr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
                assert_eq!((ccr.number, ccr.resend), (number, Some(Resend { t_flag: sent, alternate: true })));
                assert_eq!(bench.state(), state);
                bench.step(Step::Input(Input::SendFailed { number, sent: false }));
                assert_eq!(bench.closed(), Some(CloseCause::Unanswered(NoAnswer::SendFailed)));
            }
        }
    }
}

#[test]
fn an_event_that_does_not_reach_its_server_goes_to_another() {
    use RequestedAction::{CheckBalance, DirectDebiting, PriceEnquiry, RefundAccount};
    for action in [DirectDebiting, RefundAccount, CheckBalance, PriceEnquiry] {
        for sent in [false, true] {
            let mut bench = EventBench::at("PendingE", action, event_config(Ddfh::TERMINATE_OR_BUFFER, 1));
            assert_eq!(bench.input(event::Input::SendFailed { sent }), ["resend CCR EVENT"]);
            let [event::Action::SendCcr(ccr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
            assert_eq!(ccr.resend, Some(Resend { t_flag: sent, alternate: true }));
            let told = bench.input(event::Input::SendFailed { sent: false });
            match action {
                DirectDebiting | RefundAccount => assert_eq!(told, ["store request with T flag"]),
                CheckBalance | PriceEnquiry => assert_eq!(told, ["indicate service error"]),
            }
        }
    }
}

#[test]
fn final_units_that_are_granted_are_used_before_anything_happens_to_the_user() {
    for action in [FinalUnitAction::TERMINATE, FinalUnitAction::REDIRECT, FinalUnitAction::RESTRICT_ACCESS] {
        for able in [false, true] {
            let mut config = with(Ccfh::TERMINATE);
            (config.can_redirect, config.can_restrict) = (able, able);
            let mut bench = Bench::at("PendingU", config);
            let mut last = facts(2001);
            (last.granted, last.final_unit_action) = (true, Some(action));
            assert_eq!(bench.step(Step::Answer(last)), ["stop Tx"], "{action:?}");
            assert!(!bench.session.is_restricted());
        }
    }
}

#[test]
fn what_was_used_before_the_restriction_is_reported_what_is_used_under_it_is_not() {
    let mut config = with(Ccfh::TERMINATE);
    config.can_redirect = true;
    let mut bench = Bench::at("PendingU", config);
    // Both wait for the answer, and the first is of before.
    bench.step(update());
    bench.step(Step::Input(Input::FinalUnitsUsed(FinalUnitAction::REDIRECT)));
    bench.step(answer(2001));
    for (last, reports) in [(false, true), (false, true), (true, false)] {
        if last {
            bench.step(update());
        }
        let ccr =
            bench.actions.iter().find_map(|action| if let Action::SendCcr(ccr) = action { Some(*ccr) } else { None });
        assert_eq!(ccr.map(|ccr| ccr.report_usage), Some(reports), "{ccr:?}");
        bench.step(answer(2001));
    }
}

#[test]
fn restrictions_end_with_a_grant_and_not_before() {
    let mut config = with(Ccfh::TERMINATE);
    config.can_redirect = true;
    let mut bench = Bench::at("Open", config);
    bench.step(Step::Input(Input::FinalUnitsUsed(FinalUnitAction::REDIRECT)));
    assert_eq!(bench.step(answer(2001)), ["stop Tx"]);
    assert!(bench.session.is_restricted());
    bench.step(update());
    let mut topped_up = facts(2001);
    topped_up.granted = true;
    assert_eq!(bench.step(Step::Answer(topped_up)), ["lift restrictions", "stop Tx"]);
    // Where there are none, there is nothing to lift.
    bench.step(update());
    assert_eq!(bench.step(Step::Answer(topped_up)), ["stop Tx"]);
}

#[test]
fn what_an_answer_says_of_failover_and_failure_holds_until_another_says_otherwise() {
    let mut config = with(Ccfh::TERMINATE);
    config.alternates = 1;
    let mut bench = Bench::at("PendingI", config);
    assert!(!bench.session.may_move());
    for (said, moves) in [
        (Some(CcSessionFailover::FAILOVER_SUPPORTED), true),
        (None, true),
        (Some(CcSessionFailover::FAILOVER_NOT_SUPPORTED), false),
    ] {
        let mut answer = facts(2001);
        answer.session_failover = said;
        bench.step(Step::Answer(answer));
        bench.step(update());
        assert_eq!(bench.session.may_move(), moves, "{said:?}");
    }

    let config = event_config(Ddfh::TERMINATE_OR_BUFFER, 1);
    let mut bench = EventBench::at("PendingE", RequestedAction::DirectDebiting, config);
    let mut busy = facts(3004);
    busy.direct_debiting_failure_handling = Some(Ddfh::CONTINUE);
    assert_eq!(bench.input(event::Input::Answer(busy)), ["resend CCR EVENT"]);
    assert_eq!(bench.input(event::Input::Answer(facts(3004))), ["grant service"]);
}

#[test]
fn an_event_that_nobody_waits_for_any_more_is_not_moved_by_an_answer() {
    let config = event_config(Ddfh::TERMINATE_OR_BUFFER, 1);
    let mut bench = EventBench::at("PendingE", RequestedAction::DirectDebiting, config);
    bench.wait(TX);
    assert_eq!(bench.input(event::Input::Answer(facts(3004))), ["store request"]);
}

#[test]
fn an_answer_with_the_e_flag_is_no_success_whatever_its_code() {
    let mut answer = facts(2001);
    assert_eq!(answer.class(), AnswerClass::Success);
    answer.protocol_error = true;
    assert_eq!(answer.class(), AnswerClass::Failed);
}

#[test]
fn tx_goes_on_running_when_a_request_moves() {
    let mut config = with(Ccfh::TERMINATE);
    (config.session_failover, config.alternates) = (CcSessionFailover::FAILOVER_SUPPORTED, 1);
    let mut bench = Bench::at("PendingU", config);
    bench.step(Step::Wait(TX / 2));
    assert_eq!(bench.step(answer(3004)), ["resend CCR UPDATE"]);
    assert_eq!(bench.step(Step::Wait(TX / 2)), ["terminate service"]);
    assert_eq!(bench.closed(), Some(CloseCause::Unanswered(NoAnswer::TxExpired)));
}

#[test]
fn whoever_a_request_moves_to_has_the_whole_request_timeout_to_answer() {
    let mut config = with(Ccfh::CONTINUE);
    (config.session_failover, config.alternates) = (CcSessionFailover::FAILOVER_SUPPORTED, 1);
    let mut bench = Bench::at("PendingT", config);
    bench.step(Step::Wait(TX));
    assert_eq!(bench.step(answer(3004)), ["resend CCR TERMINATION"]);
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + REQUEST_TIMEOUT));

    let mut bench = EventBench::at("PendingE", RequestedAction::DirectDebiting, event_config(Ddfh::CONTINUE, 1));
    bench.wait(TX);
    assert_eq!(bench.input(event::Input::SendFailed { sent: true }), ["resend CCR EVENT"]);
    assert_eq!(bench.event.poll_timeout(), Some(bench.now + REQUEST_TIMEOUT));
}

#[test]
fn a_resumed_session_goes_on_where_it_stood() {
    let config = with(Ccfh::CONTINUE);
    let mut bench = Bench::at("PendingU", config.clone());
    bench.step(update());
    bench.step(Step::Wait(Duration::from_secs(4)));
    let state = bench.session.snapshot(bench.now);
    // Another process, an hour later by the clock: times count from the snapshot.
    bench.now += Duration::from_secs(3600);
    bench.session = ClientSession::resume(state.clone(), config, bench.now);
    assert_eq!(bench.session.snapshot(bench.now), state);
    assert_eq!(bench.session.session_id(), "ctf;1;2");
    assert_eq!(bench.session.poll_timeout(), Some(bench.now + Duration::from_secs(6)));
    bench.step(Step::Input(Input::TransportLost));
    let [Action::SendCcr(ccr)] = bench.actions[..] else { panic!("{:?}", bench.actions) };
    assert_eq!((ccr.number, ccr.resend), (1, Some(Resend { t_flag: true, alternate: false })));
    bench.step(answer(2001));
    assert_eq!(sent(&bench), Some((CcRequestType::UpdateRequest, 2)));
}
