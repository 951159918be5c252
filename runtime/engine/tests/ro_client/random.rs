//! What holds whatever happens, in whatever order.

use crate::{TX, facts};
use diametric_engine::ro::event::{self, EventConfig};
use diametric_engine::ro::session::{Action, Input, SessionConfig, State, UpdateReason};
use diametric_engine::ro::{AnswerFacts, ClientSession, NoAnswer, OneTimeEvent};
use diametric_protocol::base::TerminationCause;
use diametric_protocol::credit_control::{
    CcRequestType, CcSessionFailover, CreditControlFailureHandling, DirectDebitingFailureHandling, FinalUnitAction,
    RequestedAction,
};
use proptest::prelude::*;
use std::time::{Duration, Instant};

#[derive(Clone, Debug)]
enum Step {
    Input(Input),
    Wait(u64),
    Resume,
}

fn any_facts() -> impl Strategy<Value = AnswerFacts> {
    let code = prop::sample::select(vec![
        2001, 2001, 2001, 2002, 3002, 3004, 3005, 3003, 4010, 4011, 4012, 5003, 5030, 1001, 0,
    ]);
    let handling = prop::option::of((0..4).prop_map(CreditControlFailureHandling));
    let failover = prop::option::of((0..3).prop_map(CcSessionFailover));
    let validity = prop::option::of((0..200u64).prop_map(Duration::from_secs));
    let action = prop::option::of((0..4).prop_map(FinalUnitAction));
    (code, handling, failover, validity, action, any::<bool>(), prop::bool::weighted(0.1)).prop_map(
        |(code, handling, failover, validity, action, granted, unusable)| {
            let mut facts = facts(code);
            (facts.failure_handling, facts.session_failover) = (handling, failover);
            (facts.validity_time, facts.final_unit_action) = (validity, action);
            (facts.granted, facts.unusable) = (granted, unusable);
            facts
        },
    )
}

fn any_step() -> impl Strategy<Value = Step> {
    let input = prop_oneof![
        Just(Input::Start),
        Just(Input::Update(UpdateReason::RatingChanged)),
        Just(Input::Update(UpdateReason::UnitsUsed)),
        Just(Input::Update(UpdateReason::ValidityExpired)),
        (0..4).prop_map(|action| Input::FinalUnitsUsed(FinalUnitAction(action))),
        Just(Input::ServiceTerminated(TerminationCause::LOGOUT)),
        Just(Input::Terminate(TerminationCause::LOGOUT)),
        any::<bool>().prop_map(|covered| Input::ReauthRequested { covered }),
        any::<bool>().prop_map(|comply| Input::AbortRequested { comply }),
        (0..5u32, any_facts()).prop_map(|(number, facts)| Input::Answer { number, facts }),
        (0..5u32, any_facts()).prop_map(|(number, facts)| Input::Answer { number, facts }),
        (0..5u32, any::<bool>()).prop_map(|(number, sent)| Input::SendFailed { number, sent }),
        (0..5u32).prop_map(|number| Input::RequestTimedOut { number }),
        (0..5u32).prop_map(|number| Input::BadAnswer { number }),
        Just(Input::TransportLost),
    ];
    prop_oneof![8 => input.prop_map(Step::Input), 3 => (0..100u64).prop_map(Step::Wait), 1 => Just(Step::Resume)]
}

fn any_config() -> impl Strategy<Value = SessionConfig> {
    (0..3, 0..2, 0..3u32, any::<(bool, bool)>()).prop_map(|(handling, failover, alternates, can)| {
        let mut config = SessionConfig::default();
        config.failure_handling = CreditControlFailureHandling(handling);
        config.session_failover = CcSessionFailover(failover);
        (config.alternates, (config.can_redirect, config.can_restrict)) = (alternates, can);
        config
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_session_has_one_request_out_and_numbers_them_in_order(
        config in any_config(),
        steps in prop::collection::vec(any_step(), 1..40),
    ) {
        let mut now = Instant::now();
        let mut session = ClientSession::new("ctf;1;2", config.clone());
        let (mut out, mut next, mut closed, mut stopped) = (None, 0, false, false);
        let steps = [Step::Input(Input::Start)].into_iter().chain(steps);
        for step in steps {
            match step {
                Step::Input(input) => {
                    let untouched = session.snapshot(now);
                    if session.handle_input(now, input).is_err() {
                        prop_assert_eq!(&session.snapshot(now), &untouched);
                        prop_assert_eq!(session.clone().poll_action(), None);
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
                    Action::SendCcr(ccr) if ccr.resend.is_some() => prop_assert_eq!(out, Some(ccr.number)),
                    Action::SendCcr(ccr) => {
                        prop_assert!(!closed);
                        prop_assert_eq!(out, None, "two requests are out");
                        prop_assert_eq!(ccr.number, next);
                        prop_assert_eq!(ccr.request_type == CcRequestType::InitialRequest, next == 0);
                        (out, next) = (Some(ccr.number), next + 1);
                    }
                    Action::Answered { number, .. } => prop_assert_eq!(out.take(), Some(number)),
                    Action::Unanswered { number, why: NoAnswer::TxExpired } => prop_assert_eq!(out, Some(number)),
                    Action::Unanswered { number, .. } => prop_assert_eq!(out.take(), Some(number)),
                    Action::TerminateService => {
                        prop_assert!(!stopped, "the service is stopped twice");
                        stopped = true;
                    }
                    Action::GrantService => prop_assert!(!stopped, "a stopped service is granted"),
                    Action::Closed(_) => {
                        prop_assert!(!closed);
                        (closed, out) = (true, None);
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(session.is_closed(), closed);
            // As long as something is out, there is a time at which it is given up.
            let waits = session.poll_timeout().is_some() && session.state() != State::Open;
            prop_assert_eq!(out.is_some(), waits);
        }
    }

    #[test]
    fn an_event_has_one_request_out(
        action in 0..4usize,
        handling in 0..2,
        alternates in 0..3u32,
        steps in prop::collection::vec((0..7u8, any_facts()), 1..20),
    ) {
        use RequestedAction::{CheckBalance, DirectDebiting, PriceEnquiry, RefundAccount};
        let mut config = EventConfig::default();
        (config.failure_handling, config.alternates) = (DirectDebitingFailureHandling(handling), alternates);
        let action = [DirectDebiting, RefundAccount, CheckBalance, PriceEnquiry][action];
        let (mut now, mut machine) = (Instant::now(), OneTimeEvent::new(action, config));
        let mut out = false;
        for (step, facts) in steps {
            let _ = match step {
                0 => machine.handle_input(now, event::Input::Start),
                1 => machine.handle_input(now, event::Input::SendStored { t_flag: facts.granted }),
                2 | 3 => machine.handle_input(now, event::Input::Answer(facts)),
                4 => machine.handle_input(now, event::Input::SendFailed { sent: facts.granted }),
                5 => machine.handle_input(now, event::Input::RequestTimedOut),
                _ => {
                    now += TX;
                    machine.handle_timeout(now);
                    Ok(())
                }
            };
            while let Some(action) = machine.poll_action() {
                match action {
                    event::Action::SendCcr(ccr) if ccr.stored || ccr.resend.is_none() => {
                        prop_assert!(!out);
                        out = true;
                    }
                    event::Action::SendCcr(_) => prop_assert!(out),
                    event::Action::Closed(_) => out = false,
                    _ => {}
                }
            }
            prop_assert_eq!(out, machine.poll_timeout().is_some());
            prop_assert_eq!(out, machine.state() != event::State::Idle);
        }
    }
}
