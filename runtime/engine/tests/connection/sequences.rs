//! Whole lives of a connection, and pairs of them.

use super::{Bench, CLOSE, ESTABLISH, LONGEST_TW, TIMEOUT, TW, answer, cca, ccr, dpa, dpr, dwa, dwr, encode, request};
use diametric_engine::peer::watchdog::Status;
use diametric_engine::peer::{CloseReason, Event, Role};
use diametric_protocol::base::{
    CapabilitiesExchangeRequest, DeviceWatchdogAnswer, DeviceWatchdogRequest, DisconnectCause, DisconnectPeerRequest,
    ResultCode,
};
use diametric_protocol::codec::Known;
use diametric_protocol::credit_control::CreditControlRequest;
use diametric_protocol::message::{self, EndToEndId, Header, HopByHopId};
use std::time::Duration;

fn statuses(bench: &Bench) -> Vec<Status> {
    let status = bench.events.iter().filter_map(|event| match event {
        Event::Watchdog(status) => Some(*status),
        _ => None,
    });
    status.collect()
}

#[test]
fn two_connections_meet_talk_and_part() {
    let (mut a, mut b) = (Bench::new(Role::Initiator), Bench::new(Role::Responder));
    // The names are the same on both benches, which is refused between real nodes.
    a.connection =
        diametric_engine::peer::Connection::new(super::config(super::local("a.example.net")), Role::Initiator, a.now);
    a.sent.clear();
    a.collect();
    shuttle(&mut a, &mut b);
    assert!(a.connection.is_open() && b.connection.is_open());
    assert_eq!(a.connection.remote().unwrap().origin_host, "b.example.net");
    assert_eq!(b.connection.remote().unwrap().origin_host, "a.example.net");

    let asked = a.request();
    shuttle(&mut a, &mut b);
    let Some(Event::Request(header, _)) = b.events.iter().find(|event| matches!(event, Event::Request(..))) else {
        panic!("{:?}", b.events)
    };
    assert_eq!(*header, asked);
    b.connection.send_answer(answer(*header, &cca()).to_vec()).unwrap();
    b.collect();
    shuttle(&mut a, &mut b);
    assert!(a.events.iter().any(|event| matches!(event, Event::Answer(id, _) if *id == asked.hop_by_hop)));
    assert_eq!(a.connection.in_flight(), 0);

    a.connection.disconnect(DisconnectCause::REBOOTING, a.now);
    a.collect();
    shuttle(&mut a, &mut b);
    assert_eq!(a.reason().unwrap(), CloseReason::Local.to_string());
    b.connection.handle_transport_closed("closed");
    b.collect();
    assert_eq!(b.reason().unwrap(), CloseReason::Remote(DisconnectCause::REBOOTING).to_string());
    assert!(a.connection.poll_timeout().is_none() && b.connection.poll_timeout().is_none());
}

/// Carries everything over, and lets in whoever introduces itself.
fn shuttle(a: &mut Bench, b: &mut Bench) {
    while !a.sent.is_empty() || !b.sent.is_empty() {
        let (from_a, from_b) = (std::mem::take(&mut a.sent), std::mem::take(&mut b.sent));
        from_a.into_iter().for_each(|frame| b.receive(frame));
        from_b.into_iter().for_each(|frame| a.receive(frame));
        a.admit();
        b.admit();
    }
}

#[test]
fn hop_by_hop_ids_count_and_wrap() {
    let mut bench = Bench::open(Role::Responder);
    let ids: Vec<u32> = (0..4).map(|_| bench.request().hop_by_hop.0).collect();
    assert_eq!(ids, [0xffff_fffe, 0xffff_ffff, 0, 1]);
}

#[test]
fn a_silent_peer_is_asked_suspected_and_left() {
    let mut bench = Bench::open(Role::Responder);
    let asked = bench.request();
    let opened = bench.now;
    bench.pass(LONGEST_TW);
    assert_eq!(bench.sent::<DeviceWatchdogRequest>().len(), 1);
    assert!(statuses(&bench).is_empty());
    bench.pass(LONGEST_TW);
    assert_eq!(statuses(&bench), [Status::Suspect]);
    assert!(bench.connection.is_open(), "requests may still be answered");
    bench.pass(LONGEST_TW);
    assert_eq!(bench.reason().unwrap(), CloseReason::Watchdog.to_string());
    assert!(bench.now - opened <= 3 * LONGEST_TW);
    assert_eq!(bench.sent::<DeviceWatchdogRequest>().len(), 1, "a DWR is never sent again");
    let unanswered = bench.events.iter().find_map(|event| match event {
        Event::Closed { unanswered, .. } => Some(unanswered.clone()),
        _ => None,
    });
    assert_eq!(unanswered.unwrap(), [asked.hop_by_hop]);
}

#[test]
fn a_suspect_peer_recovers_with_anything_it_says() {
    for answer_dwr in [true, false] {
        let mut bench = Bench::open(Role::Initiator);
        bench.pass(2 * LONGEST_TW);
        assert_eq!(statuses(&bench), [Status::Suspect]);
        let frame = if answer_dwr { answer(bench.last(), &dwa()) } else { request(&dwr()) };
        bench.receive(frame);
        assert_eq!(statuses(&bench), [Status::Suspect, Status::Okay], "at once, not at the next timeout");
        assert_eq!(bench.connection.status(), Status::Okay);
    }
}

#[test]
fn traffic_takes_the_place_of_the_watchdog() {
    let mut bench = Bench::open(Role::Responder);
    for _ in 0..10 {
        bench.pass(TW / 2);
        bench.receive(request(&ccr()));
    }
    assert!(bench.sent::<DeviceWatchdogRequest>().is_empty());
    bench.receive(request(&dwr()));
    assert_eq!(bench.sent::<DeviceWatchdogAnswer>().len(), 1);
}

#[test]
fn a_peer_that_comes_back_proves_itself() {
    let mut first = Bench::open(Role::Responder);
    assert!(first.connection.take_watchdog(first.now).is_none(), "the connection is not over");
    let mut first = Bench::open(Role::Responder);
    first.connection.handle_transport_closed("reset");
    let watchdog = first.connection.take_watchdog(first.now).unwrap();
    assert_eq!(watchdog.status(), Status::Down);

    let mut second = Bench::new(Role::Responder);
    second.introduce();
    second.connection.admit(Some(watchdog), second.now);
    second.collect();
    assert_eq!(statuses(&second), [Status::Reopen]);
    assert!(second.connection.is_open());
    // It is asked at once, and then with every Tw; messages of its own prove nothing, and are served.
    second.receive(request(&ccr()));
    assert!(second.events.iter().any(|event| matches!(event, Event::Request(..))));
    let mut answered = 0;
    while answered < 3 {
        assert_eq!(second.connection.status(), Status::Reopen);
        assert_eq!(second.sent::<DeviceWatchdogRequest>().len(), answered + 1);
        second.receive(answer(second.last(), &dwa()));
        answered += 1;
        second.pass(if answered < 3 { LONGEST_TW } else { Duration::ZERO });
    }
    assert_eq!(statuses(&second), [Status::Reopen, Status::Okay]);
}

#[test]
fn a_request_times_out_and_its_late_answer_is_discarded() {
    let mut bench = Bench::open(Role::Responder);
    let frame = encode(Header::of::<CreditControlRequest>(HopByHopId(0), EndToEndId(5)), &ccr());
    let id = bench.connection.send_request(frame.to_vec(), Duration::from_millis(1500), bench.now).unwrap();
    bench.collect();
    let asked = bench.last();
    assert_eq!(bench.connection.poll_timeout(), Some(bench.now + Duration::from_millis(1500)));
    bench.pass(Duration::from_millis(1499));
    assert!(bench.events.is_empty());
    bench.pass(Duration::from_millis(1));
    assert!(matches!(&bench.events[..], [Event::TimedOut(late)] if *late == id));
    assert_eq!(bench.connection.in_flight(), 0);
    bench.receive(answer(asked, &cca()));
    assert_eq!(bench.events.len(), 1, "{:?}", bench.events);
    assert!(bench.connection.is_open());
}

#[test]
fn a_request_that_was_given_up_gets_no_answer() {
    let mut bench = Bench::open(Role::Responder);
    let asked = bench.request();
    bench.connection.cancel(asked.hop_by_hop);
    bench.receive(answer(asked, &cca()));
    bench.pass(TIMEOUT / 10);
    assert!(!bench.events.iter().any(|event| matches!(event, Event::Answer(..) | Event::TimedOut(_))));
}

#[test]
fn an_answer_must_match_in_all_that_it_repeats() {
    let mut bench = Bench::open(Role::Responder);
    let asked = bench.request();
    for wrong in [
        Header { hop_by_hop: HopByHopId(asked.hop_by_hop.0 ^ 1), ..asked },
        Header { end_to_end: EndToEndId(asked.end_to_end.0 ^ 1), ..asked },
        Header { command: 271, ..asked },
    ] {
        bench.receive(answer(wrong, &cca()));
    }
    assert!(bench.events.is_empty(), "{:?}", bench.events);
    bench.receive(answer(asked, &cca()));
    bench.receive(answer(asked, &cca()));
    assert_eq!(bench.events.len(), 1, "once");
}

#[test]
fn after_a_dpr_nothing_new_goes_out_but_answers_do() {
    let mut bench = Bench::open(Role::Responder);
    bench.receive(request(&ccr()));
    bench.receive(request(&dpr(DisconnectCause::BUSY)));
    assert!(matches!(bench.events.last(), Some(Event::Closing)));
    assert!(bench.connection.send_request(request(&ccr()).to_vec(), TIMEOUT, bench.now).is_err());
    assert!(bench.connection.send_answer(answer(Header::peek(&request(&ccr())).unwrap(), &cca()).to_vec()).is_ok());
    // Whoever gets the DPA closes the transport; if it does not, this side does.
    bench.pass(CLOSE);
    assert_eq!(bench.reason().unwrap(), CloseReason::Remote(DisconnectCause::BUSY).to_string());
}

#[test]
fn both_sides_may_take_leave_at_once() {
    let mut bench = Bench::open(Role::Initiator);
    bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now);
    bench.collect();
    let own = bench.last();
    bench.receive(request(&dpr(DisconnectCause::REBOOTING)));
    bench.receive(answer(own, &dpa()));
    assert_eq!(bench.reason().unwrap(), CloseReason::Local.to_string());
    assert_eq!(bench.sent::<DisconnectPeerRequest>().len(), 1);
    assert_eq!(bench.events.iter().filter(|event| matches!(event, Event::Closing)).count(), 1);
}

#[test]
fn a_dpr_without_answer_is_not_waited_for_long() {
    let mut bench = Bench::open(Role::Initiator);
    bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now);
    bench.pass(CLOSE - Duration::from_millis(1));
    assert_eq!(bench.reason(), None);
    bench.pass(Duration::from_millis(1));
    assert_eq!(bench.reason().unwrap(), CloseReason::Local.to_string());
}

#[test]
fn an_error_to_a_dpr_ends_the_connection_as_well() {
    let mut bench = Bench::open(Role::Initiator);
    bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now);
    bench.collect();
    let mut refusal = dpa();
    refusal.result_code = ResultCode::UNABLE_TO_COMPLY;
    bench.receive(answer(bench.last(), &refusal));
    assert_eq!(bench.reason().unwrap(), CloseReason::Local.to_string());
}

#[test]
fn nothing_but_the_cea_comes_first() {
    let mut bench = Bench::new(Role::Initiator);
    bench.receive(request(&super::local("a.example.net").cer(&super::ip())));
    assert_eq!(bench.reason().unwrap(), "protocol error: command 257 came before the CEA");
    let mut bench = Bench::new(Role::Initiator);
    bench.receive(answer(Header { command: 280, ..bench.last() }, &dwa()));
    assert_eq!(bench.reason().unwrap(), "protocol error: command 280 came before the CEA");
    let mut bench = Bench::new(Role::Initiator);
    let other = Header { hop_by_hop: HopByHopId(bench.last().hop_by_hop.0 ^ 1), ..bench.last() };
    bench.receive(answer(other, &super::local("a.example.net").cea(ResultCode::SUCCESS, &super::ip())));
    assert_eq!(bench.reason().unwrap(), "protocol error: the CEA does not match the CER");
}

#[test]
fn a_cer_without_cea_is_given_up() {
    let mut bench = Bench::new(Role::Initiator);
    assert_eq!(bench.sent::<CapabilitiesExchangeRequest>().len(), 1);
    bench.pass(ESTABLISH - Duration::from_millis(1));
    assert_eq!(bench.reason(), None);
    bench.pass(Duration::from_millis(1));
    assert_eq!(bench.reason().unwrap(), "connected, but no CEA within 10s");
}

#[test]
fn a_verdict_that_does_not_come_ends_the_connection() {
    let mut bench = Bench::new(Role::Responder);
    bench.pass(ESTABLISH / 2);
    bench.introduce();
    bench.pass(ESTABLISH - Duration::from_millis(1));
    assert!(bench.reason().is_none());
    bench.pass(Duration::from_millis(1));
    assert!(bench.reason().unwrap().contains("verdict"));
    assert!(bench.sent.is_empty());
}

#[test]
fn what_comes_before_the_verdict_is_out_of_order() {
    let mut bench = Bench::new(Role::Responder);
    bench.introduce();
    bench.receive(request(&dwr()));
    assert!(bench.reason().unwrap().contains("before the verdict"));
}

#[test]
fn a_probe_tells_whether_the_peer_lives() {
    let mut bench = Bench::open(Role::Responder);
    bench.connection.probe(bench.now);
    bench.connection.probe(bench.now);
    bench.collect();
    assert_eq!(bench.sent::<DeviceWatchdogRequest>().len(), 1, "one DWR at a time");
    bench.receive(request(&ccr()));
    assert!(!bench.events.iter().any(|event| matches!(event, Event::Alive)), "only a DWA is proof");
    bench.receive(answer(bench.last(), &dwa()));
    assert!(matches!(bench.events.last(), Some(Event::Alive)));
    // And the watchdog goes on as before.
    bench.pass(LONGEST_TW);
    assert_eq!(bench.sent::<DeviceWatchdogRequest>().len(), 2);
    // Nobody asked for what that shows.
    bench.forget();
    bench.receive(answer(bench.last(), &dwa()));
    assert!(bench.events.is_empty(), "{:?}", bench.events);
}

#[test]
fn a_dwr_that_is_never_answered_does_not_stand_in_the_way_for_ever() {
    let mut bench = Bench::open(Role::Responder);
    bench.connection.probe(bench.now);
    bench.collect();
    // The peer talks, but not of that.
    for _ in 0..=(Duration::from_secs(3600).as_secs() / (TW / 2).as_secs()) {
        bench.pass(TW / 2);
        bench.receive(request(&ccr()));
    }
    assert_eq!(bench.sent::<DeviceWatchdogRequest>().len(), 1);
    assert!(bench.events.iter().all(|event| matches!(event, Event::Request(..))), "it is no request of the driver's");
    bench.connection.probe(bench.now);
    bench.collect();
    assert_eq!(bench.sent::<DeviceWatchdogRequest>().len(), 2);
}

#[test]
fn a_request_in_a_wrong_version_is_answered_and_ends_the_connection() {
    let mut bench = Bench::open(Role::Responder);
    let mut frame = request(&ccr()).to_vec();
    frame[0] = 2;
    bench.receive(frame.into());
    let refusal = message::decode_answer_message(&bench.sent[0], &Known::standard()).unwrap();
    assert_eq!(refusal.body.result_code, ResultCode::UNSUPPORTED_VERSION);
    assert!(bench.reason().is_some());
}

#[test]
fn a_length_that_is_not_that_of_the_frame_ends_the_connection() {
    let mut bench = Bench::open(Role::Responder);
    let mut frame = request(&ccr()).to_vec();
    frame[3] -= 4;
    bench.receive(frame.into());
    let refusal = message::decode_answer_message(&bench.sent[0], &Known::standard()).unwrap();
    assert_eq!(refusal.body.result_code, ResultCode::INVALID_MESSAGE_LENGTH);
    assert!(bench.reason().is_some());
}

#[test]
fn a_base_request_with_the_p_flag_is_served() {
    let mut bench = Bench::open(Role::Responder);
    let mut frame = request(&dwr()).to_vec();
    frame[4] |= 0x40;
    bench.receive(frame.into());
    let sent = Header::peek(&bench.sent[0]).unwrap();
    assert_eq!((sent.command, sent.flags.is_error(), sent.flags.is_proxiable()), (280, false, false));
}

#[test]
fn a_command_of_an_application_is_the_drivers_whatever_its_code() {
    let cer = request(&super::local("z.example.net").cer(&super::ip()));
    for mut frame in [cer.to_vec(), request(&dwr()).to_vec(), request(&dpr(DisconnectCause::BUSY)).to_vec()] {
        let mut bench = Bench::open(Role::Responder);
        frame[11] = 4;
        bench.receive(frame.into());
        assert!(
            matches!(&bench.events[..], [Event::Request(header, _)] if header.application == 4),
            "{:?}",
            bench.events
        );
        assert!(bench.sent.is_empty() && bench.connection.is_open());
    }
}

#[test]
fn a_malformed_dwr_is_refused_and_the_connection_goes_on() {
    let mut bench = Bench::open(Role::Responder);
    let mut frame = request(&ccr()).to_vec();
    frame[5..12].copy_from_slice(&[0, 1, 24, 0, 0, 0, 0]);
    bench.receive(frame.into());
    assert!(message::decode_answer_message(&bench.sent[0], &Known::standard()).is_ok());
    assert!(bench.connection.is_open());
}

#[test]
fn nothing_moves_a_connection_that_is_over() {
    let mut bench = Bench::open(Role::Responder);
    bench.connection.abandon(CloseReason::Duplicate("a.example.net".into()));
    bench.collect();
    assert_eq!(bench.reason().unwrap(), "a.example.net is connected already");
    bench.forget();
    bench.receive(request(&dwr()));
    bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now);
    bench.connection.handle_transport_closed("again");
    bench.connection.handle_unframed(&[0; 40], "again");
    bench.connection.probe(bench.now);
    bench.connection.admit(None, bench.now);
    bench.tick(TIMEOUT);
    assert!(bench.sent.is_empty() && bench.events.is_empty(), "{:?}", bench.events);
}
