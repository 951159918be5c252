//! The rows that restate prose, or settle what the tables leave open.

use crate::events::prose_of_events;
use crate::sessions::{Bench, CCFH, LOGOUT, Step, answer, terminated, update, with};
use crate::tables::{Row, rows};
use crate::{REQUEST_TIMEOUT, TABLE, TX, facts, words};
use diametric_engine::ro::session::{Action, CcrReason, CloseCause, Input, PhaseState, SessionConfig, UpdateReason};
use diametric_engine::ro::{NoAnswer, Resend};
use diametric_protocol::base::TerminationCause;
use diametric_protocol::credit_control::{CcSessionFailover, CreditControlFailureHandling as Ccfh, FinalUnitAction};

/// A configuration in which everything optional is there.
fn rich(handling: Ccfh) -> SessionConfig {
    let mut config = with(handling);
    (config.can_redirect, config.can_restrict) = (true, true);
    config.session_failover = CcSessionFailover::FAILOVER_SUPPORTED;
    config.alternates = 1;
    config
}

fn resent(bench: &Bench) -> Option<Resend> {
    bench.actions.iter().find_map(|action| if let Action::SendCcr(ccr) = action { ccr.resend } else { None })
}

/// (Used-Service-Unit, Requested-Service-Unit) in the CCR that went out.
fn content(bench: &Bench) -> (bool, bool) {
    let ccr = bench.actions.iter().find_map(|action| if let Action::SendCcr(ccr) = action { Some(ccr) } else { None });
    ccr.map(|ccr| (ccr.report_usage, ccr.request_units)).expect("a CCR went out")
}

/// Starts in `state` of `config`, does `steps`, and compares what the last one told.
fn ends(state: &str, config: SessionConfig, steps: &[Step], told: &str) -> Bench {
    let mut bench = Bench::at(state, config);
    let last = steps.iter().map(|step| bench.step(step.clone())).last().expect("a step");
    assert_eq!(last, words(told));
    bench
}

/// The state in which the case of a row ends; `None` where there is no case.
fn prose(row: &Row) -> Option<String> {
    use FinalUnitAction as Final;
    let plain = || with(Ccfh::TERMINATE);
    let input = |input| [Step::Input(input)];
    let (redirect, restrict) = (Final::REDIRECT, Final::RESTRICT_ACCESS);
    let indicated = |action, granted| {
        let mut facts = facts(2001);
        (facts.final_unit_action, facts.granted, facts.validity_time) = (Some(action), granted, Some(TX * 6));
        Step::Answer(facts)
    };
    let restricted = [Step::Input(Input::FinalUnitsUsed(redirect)), indicated(redirect, false)];
    let mut topped_up = facts(2001);
    topped_up.granted = true;
    let pendings = ["PendingI", "PendingU"];
    let bench = match row.id {
        "FO01" => {
            for (state, handling) in pendings.iter().zip(CCFH) {
                for code in [3002, 3004] {
                    let kind = if *state == "PendingI" { "INITIAL" } else { "UPDATE" };
                    let bench = ends(state, rich(handling), &[answer(code)], &format!("resend CCR {kind}"));
                    assert_eq!(resent(&bench), Some(Resend { t_flag: false, alternate: true }));
                    assert_eq!(bench.state(), *state);
                }
            }
            // Once Tx has expired, it is a temporary error like any other.
            ends("PendingU", rich(Ccfh::CONTINUE), &[Step::Wait(TX), answer(3002)], "grant service");
            return Some("same".into());
        }
        "FO02" => {
            for handling in [Ccfh::CONTINUE, Ccfh::RETRY_AND_TERMINATE] {
                let steps = [Step::Wait(TX), Step::Wait(REQUEST_TIMEOUT)];
                let bench = ends("PendingU", rich(handling), &steps, "resend CCR UPDATE");
                assert_eq!(resent(&bench), Some(Resend { t_flag: true, alternate: true }));
                assert_eq!(bench.state(), "PendingU");
            }
            return Some("same".into());
        }
        "FO03" => {
            let mut config = rich(Ccfh::RETRY_AND_TERMINATE);
            config.session_failover = CcSessionFailover::FAILOVER_NOT_SUPPORTED;
            ends("PendingU", config.clone(), &[answer(3002)], "terminate service");
            ends("PendingU", config, &[Step::Wait(TX), Step::Wait(REQUEST_TIMEOUT)], "terminate service")
        }
        "FO04" => ends("PendingU", rich(Ccfh::CONTINUE), &[answer(3004), answer(2001)], "stop Tx"),
        "FO05" => {
            ends("PendingU", rich(Ccfh::TERMINATE), &[answer(3004), answer(3004)], "terminate service");
            ends("PendingU", rich(Ccfh::CONTINUE), &[answer(3004), Step::SendFailed], "grant service")
        }
        // To which server a CCR goes is not the machine's choice.
        "FO06" => ends("Idle", rich(Ccfh::CONTINUE), &input(Input::Start), "send CCR INITIAL; start Tx"),
        "FO10" => {
            let mut bench = Bench::at("PendingI", plain());
            assert_eq!(bench.session.failure_handling(), Ccfh::TERMINATE);
            bench.session.set_authorized_failure_handling(Ccfh::RETRY_AND_TERMINATE);
            assert_eq!(bench.session.failure_handling(), Ccfh::RETRY_AND_TERMINATE);
            let mut facts = facts(2001);
            facts.failure_handling = Some(Ccfh::CONTINUE);
            bench.step(Step::Answer(facts));
            bench.session.set_authorized_failure_handling(Ccfh::TERMINATE);
            bench.step(update());
            assert_eq!(bench.session.failure_handling(), Ccfh::CONTINUE);
            return Some("-".into());
        }
        "FO11" => {
            let mut config = rich(Ccfh::CONTINUE);
            config.alternates = 0;
            for failure in [Step::SendFailed, answer(3002), Step::Wait(TX)] {
                let steps = [&restricted[..1], &[failure][..]].concat();
                assert_eq!(ends("Open", config.clone(), &steps, "terminate service").state(), "Idle");
            }
            return Some("Idle".into());
        }
        "FU01" | "FU02" => {
            let action = if row.id == "FU01" { redirect } else { restrict };
            let step = input(Input::FinalUnitsUsed(action));
            let bench = ends("Open", rich(Ccfh::TERMINATE), &step, "restrict; send CCR UPDATE; start Tx");
            assert_eq!(content(&bench), (true, false));
            bench
        }
        "FU03" => {
            for action in [redirect, restrict, FinalUnitAction(9)] {
                let step = input(Input::FinalUnitsUsed(action));
                ends("Open", plain(), &step, "terminate service; send CCR TERMINATION");
            }
            ends(
                "Open",
                plain(),
                &input(Input::FinalUnitsUsed(Final::TERMINATE)),
                "terminate service; send CCR TERMINATION",
            )
        }
        // The service of one rating group is the driver's to stop; what was used is reported.
        "FU04" => {
            let step = input(Input::Update(UpdateReason::UnitsUsed));
            ends("Open", plain(), &step, "send CCR UPDATE; start Tx");
            return Some(row.next.into());
        }
        "FU05" => {
            // A TERMINATE at command level also asks for the final CCR (§5.6.1).
            let steps = [indicated(Final::TERMINATE, false)];
            let bench = ends("PendingU", plain(), &steps, "terminate service; send CCR TERMINATION");
            assert_eq!(bench.state(), "PendingT");
            ends("PendingU", rich(Ccfh::TERMINATE), &[indicated(redirect, false)], "restrict; stop Tx")
        }
        "FU06" => ends("PendingI", rich(Ccfh::TERMINATE), &[indicated(restrict, false)], "restrict; stop Tx"),
        "FU07" => {
            let steps = [&restricted[..], &[Step::Wait(TX * 6)]].concat();
            let bench = ends("Open", rich(Ccfh::TERMINATE), &steps, "send CCR UPDATE; start Tx");
            assert_eq!(content(&bench), (false, true));
            bench
        }
        "FU08" => {
            let steps = [&restricted[..], &input(Input::ReauthRequested { covered: false })].concat();
            let bench = ends("Open", rich(Ccfh::TERMINATE), &steps, "send RAA; send CCR UPDATE; start Tx");
            assert_eq!((bench.raa(), content(&bench)), (Some(2002), (false, true)));
            bench
        }
        "FU09" => {
            let steps = [&restricted[..], &[update(), Step::Answer(topped_up)]].concat();
            let bench = ends("Open", rich(Ccfh::TERMINATE), &steps, "lift restrictions; stop Tx");
            assert!(!bench.session.is_restricted());
            bench
        }
        // Which unit type runs out first is measured by the driver.
        "FU10" => return Some("-".into()),
        "DV01" => ends("PendingI", with(Ccfh::CONTINUE), &[answer(4012)], "terminate service"),
        "DV02" => ends("PendingU", with(Ccfh::CONTINUE), &[answer(4012)], "terminate service"),
        "DV03" | "DV04" => {
            ends(row.state, with(Ccfh::CONTINUE), &[answer(5003)], "grant service");
            ends(row.state, with(Ccfh::TERMINATE), &[answer(5003)], "terminate service")
        }
        "DV05" => {
            ends("PendingU", with(Ccfh::CONTINUE), &[answer(5031)], "grant service");
            ends("PendingI", rich(Ccfh::TERMINATE), &[answer(5031)], "terminate service")
        }
        "DV08" | "DV10" | "DV11" => {
            let bench = ends(row.state, plain(), &input(Input::ReauthRequested { covered: false }), "send RAA");
            assert_eq!(bench.raa(), Some(if row.id == "DV08" { 5002 } else { 5012 }));
            assert_eq!(bench.raa(), bench.session.reauth_refusal().map(|code| code.0));
            bench
        }
        "DV09" => {
            let bench = ends("Idle", plain(), &input(Input::AbortRequested { comply: true }), "send ASA");
            assert_eq!(bench.raa(), Some(5002));
            bench
        }
        "DV12" => ends("PendingT", plain(), &[terminated()], "(none)"),
        "DV13" | "DV14" => {
            let told = if row.id == "DV13" { "send CCR TERMINATION" } else { "queue termination event" };
            let step = input(Input::AbortRequested { comply: true });
            let bench = ends(row.state, plain(), &step, &format!("send ASA; {told}"));
            assert_eq!(bench.raa(), Some(2001));
            bench
        }
        "DV15" => {
            let bench = ends("Open", plain(), &input(Input::AbortRequested { comply: false }), "send ASA");
            assert_eq!(bench.raa(), Some(5012));
            bench
        }
        "DV16" => ends("PendingI", plain(), &[Step::Wait(TX), answer(2001)], "discard"),
        "DV17" => {
            for handling in [Ccfh::CONTINUE, Ccfh::RETRY_AND_TERMINATE] {
                let bench = ends("PendingU", with(handling), &[Step::Wait(TX), answer(2001)], "(none)");
                assert_eq!(bench.actions, [Action::Answered { number: 1, late: true }]);
                assert_eq!(bench.state(), "Open");
            }
            return Some("Open".into());
        }
        // At most one CCR is out: the further one waits in the queue that the row asks for.
        "DV18" => ends("PendingU", plain(), &[update()], "queue rating-change event"),
        "DV19" => {
            let mut unusable = facts(2001);
            unusable.unusable = true;
            for state in pendings {
                let told = "terminate service; send CCR TERMINATION";
                let bench = ends(state, plain(), &[Step::Answer(unusable)], told);
                let phase = bench.session.snapshot(bench.now).phase;
                let PhaseState::Pending(pending) = phase else { panic!("{phase:?}") };
                assert_eq!(pending.reason, CcrReason::Termination(TerminationCause::BAD_ANSWER));
            }
            return Some("PendingT".into());
        }
        "DV20" => {
            let bench = ends("PendingT", plain(), &[Step::Wait(REQUEST_TIMEOUT)], "(none)");
            assert_eq!(bench.closed(), Some(CloseCause::Unanswered(NoAnswer::TimedOut)));
            bench
        }
        "DV21" => ends("Open", plain(), &input(Input::Terminate(LOGOUT)), "send CCR TERMINATION"),
        "DV22" => {
            let mut bench = ends(
                "PendingI",
                with(Ccfh::CONTINUE),
                &[Step::Wait(TX), Step::Input(Input::Terminate(LOGOUT))],
                "(none)",
            );
            assert_eq!(bench.closed(), Some(CloseCause::Dropped));
            assert_eq!(bench.step(answer(2001)), ["discard"]);
            ends("PendingI", plain(), &input(Input::Terminate(LOGOUT)), "queue termination event");
            bench
        }
        _ => return None,
    };
    Some(bench.state())
}

#[test]
fn rows_from_prose() {
    let machines = [("failover-overlay", "FO", 11), ("final-unit", "FU", 10), ("gap-filling", "DV", 22)];
    for row in machines.into_iter().flat_map(|(machine, prefix, last)| rows(TABLE, machine, prefix, last)) {
        let end = prose(&row).or_else(|| prose_of_events(&row)).unwrap_or_else(|| panic!("row {} has no case", row.id));
        assert_eq!(end, row.next, "{}", row.id);
    }
}
