//! The rows of the table that belong to one connection. Those about two connections to one peer are for their owner: the
//! tests of the node have them.

use super::{Bench, answer, cca, ccr, config, dpa, dpr, dwa, dwr, local, request};
use crate::tables::{Row, rows};
use diametric_engine::peer::{Applications, CloseReason, Election, Event, Role};
use diametric_protocol::answer::ErrorAnswer;
use diametric_protocol::base::{
    AnswerMessage, CapabilitiesExchangeAnswer, CapabilitiesExchangeRequest, DeviceWatchdogRequest, DisconnectCause,
    HostIpAddress, ResultCode,
};
use diametric_protocol::codec::{Avp, Known};
use diametric_protocol::message::{self, Header};
use diametric_protocol::wire::RawMessage;
use std::time::Duration;

const TABLE: &str = include_str!("../tables/peer.csv");

/// About opening the transport, or about two connections at a time.
const OF_THE_NODE: [&str; 20] = [
    "PS01", "PS04", "PS05", "PS06", "PS08", "PS12", "PS13", "PS14", "PS15", "PS16", "PS17", "PS18", "PS19", "PS20",
    "PS21", "PS22", "PS27", "PS35", "PR11", "PR18",
];

fn of_one_connection(machine: &str, prefix: &str, last: usize) -> Vec<Row> {
    let mut rows = rows(TABLE, machine, prefix, last);
    rows.retain(|row| !OF_THE_NODE.contains(&row.id));
    rows
}

/// A connection in a state of the table, on the side on which the event comes.
fn bench(state: &str, event: &str) -> Bench {
    let role = match (state, event.get(..2)) {
        ("R-Open" | "Closed", _) | ("Closing", Some("R-")) => Role::Responder,
        _ => Role::Initiator,
    };
    match state {
        // A transport connection is there, but nothing has been said on it.
        "Closed" | "Wait-Conn-Ack" | "Wait-I-CEA" => Bench::new(role),
        "R-Open" | "I-Open" => Bench::open(role),
        "Closing" => {
            let mut bench = Bench::open(role);
            bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now);
            bench.collect();
            bench
        }
        other => panic!("{other}"),
    }
}

/// What an event of the table is for the machine.
fn act(bench: &mut Bench, event: &str) {
    match event.trim_start_matches("I-").trim_start_matches("R-") {
        // The CER is what a connection sends as soon as it is there.
        "Rcv-Conn-Ack" => *bench = Bench::new(Role::Initiator),
        "Conn-CER" | "Rcv-CEA" => {
            bench.introduce();
            bench.admit();
        }
        "Rcv-Non-CEA" | "Rcv-Message" => bench.receive(request(&ccr())),
        "Rcv-DWR" => bench.receive(request(&dwr())),
        "Rcv-DWA" => {
            bench.connection.probe(bench.now);
            bench.collect();
            let dwr = bench.last();
            bench.forget();
            bench.receive(answer(dwr, &dwa()));
        }
        "Rcv-DPR" => bench.receive(request(&dpr(DisconnectCause::REBOOTING))),
        "Rcv-DPA" => {
            let dpr = bench.last();
            bench.receive(answer(dpr, &dpa()));
        }
        "Send-Message" => _ = bench.request(),
        "Stop" => bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now),
        "Peer-Disc" => bench.connection.handle_transport_closed("reset"),
        "Timeout" => bench.tick(Duration::from_secs(60)),
        other => panic!("{other}"),
    }
    bench.collect();
}

/// What came of it, in the words of the table.
fn told(bench: &Bench) -> (Vec<String>, &'static str) {
    let side = if bench.role == Role::Initiator { "I" } else { "R" };
    let mut words = Vec::new();
    let mut closed = None;
    for event in &bench.events {
        match event {
            Event::Introduced(_) if bench.role == Role::Responder => {
                words.extend(["R-Accept".to_owned(), "Process-CER".to_owned()]);
            }
            Event::Introduced(_) => words.push("Process-CEA".into()),
            Event::Request(..) | Event::Answer(..) => words.push("Process".into()),
            Event::Alive => words.push("Process-DWA".into()),
            Event::Closed { reason, .. } => closed = Some(reason),
            _ => {}
        }
    }
    for frame in &bench.sent {
        let header = Header::peek(frame).unwrap();
        let request = header.flags.is_request();
        let name = match (header.command, request) {
            (257, true) => "CER",
            (257, false) => "CEA",
            (280, true) => "DWR",
            (280, false) => "DWA",
            (282, true) => "DPR",
            (282, false) => "DPA",
            _ => "Message",
        };
        if name == "DWA" {
            words.push("Process-DWR".into());
        }
        words.push(format!("{side}-Snd-{name}"));
    }
    let state = match (closed, bench.connection.is_open(), bench.role) {
        (Some(CloseReason::Transport(_)), ..) => {
            words.push(format!("{side}-Disc"));
            "Closed"
        }
        (Some(CloseReason::Local), ..) => {
            words.push("Local".into());
            "Closed"
        }
        (Some(_), ..) => {
            words.push("Error".into());
            "Closed"
        }
        (None, true, Role::Initiator) => "I-Open",
        (None, true, Role::Responder) => "R-Open",
        (None, false, _) if bench.connection.takes_frames() && bench.connection.remote().is_some() => "Closing",
        (None, false, _) => "Wait-I-CEA",
    };
    (words, state)
}

#[test]
fn every_row_of_one_connection() {
    for row in of_one_connection("peer", "PS", 43) {
        let mut bench = bench(row.state, row.event);
        bench.forget();
        act(&mut bench, row.event);
        let (words, next) = told(&bench);
        let expected: Vec<String> = row.action.split("; ").map(str::to_owned).collect();
        // A connection that ends as this node wanted is neither torn nor in error, in whatever way it ended.
        let ended = |words: &[String]| words == ["Local"] && row.state == "Closing";
        assert!(words == expected || ended(&words), "{}: {words:?}, expected {expected:?}", row.id);
        assert_eq!(next, row.next, "{}", row.id);
    }
}

#[test]
fn every_rule_of_one_connection() {
    for row in of_one_connection("peer-rules", "PR", 19) {
        rule(row.id);
    }
}

fn rule(id: &str) {
    match id {
        "PR01" => assert_eq!(local("b.example.net").elect(&"A.example.net".into()), Some(Election::Won)),
        "PR02" => assert_eq!(local("B.example.net").elect(&"c.example.net".into()), Some(Election::Lost)),
        "PR03" => {
            assert_eq!(local("b.example.net").elect(&"B.Example.Net".into()), None);
            refused_cer(local("B.Example.Net").cer(&super::ip()), 3010, true);
        }
        "PR04" => {
            let mut early = Bench::new(Role::Responder);
            early.receive(request(&dwr()));
            assert!(early.sent.is_empty() && early.reason().unwrap().contains("before the CER"));
            let mut silent = Bench::new(Role::Responder);
            silent.tick(super::ESTABLISH / 2);
            assert_eq!(silent.reason(), None);
            silent.tick(Duration::from_secs(60));
            assert!(silent.sent.is_empty() && silent.reason().unwrap().contains("no CER within 10s"));
        }
        "PR05" => {
            let mut bench = Bench::new(Role::Responder);
            bench.introduce();
            assert!(matches!(&bench.events[..], [Event::Introduced(remote)] if remote.origin_host == "a.example.net"));
            assert!(bench.sent.is_empty() && !bench.connection.takes_frames());
        }
        "PR06" | "PR10" => {
            let (code, error) = if id == "PR06" { (3010, true) } else { (4003, false) };
            let mut bench = Bench::new(Role::Responder);
            bench.introduce();
            bench.connection.refuse(&ErrorAnswer::new(ResultCode(code), "not this one"));
            bench.collect();
            assert_refused(&bench, code, error);
        }
        "PR07" => {
            let mut stranger = local("a.example.net");
            stranger.applications = Applications::new().with_auth(16_777_216);
            refused_cer(stranger.cer(&super::ip()), 5010, false);
            stranger.applications = Applications::new().with_auth(0xffff_ffff);
            let mut bench = Bench::new(Role::Responder);
            bench.receive(request(&stranger.cer(&super::ip())));
            assert!(matches!(&bench.events[..], [Event::Introduced(_)]));
        }
        "PR08" => {
            let mut cer = local("a.example.net").cer(&super::ip());
            cer.inband_security_id.push(1u32);
            refused_cer(cer, 5017, false);
        }
        "PR09" => {
            let mut bench = Bench::new(Role::Initiator);
            let cer = bench.last();
            let mut cea = local("a.example.net").cea(ResultCode::UNABLE_TO_COMPLY, &super::ip());
            cea.error_message = Some("out of order".into());
            bench.receive(answer(cer, &cea));
            assert_eq!(
                bench.reason().unwrap(),
                "a.example.net answered the CER with Result-Code 5012 (DIAMETER_UNABLE_TO_COMPLY): out of order"
            );
        }
        "PR12" => {
            for (cause, text) in [(DisconnectCause::REBOOTING, "REBOOTING"), (DisconnectCause::BUSY, "BUSY")] {
                let mut bench = Bench::open(Role::Responder);
                bench.receive(request(&dpr(cause)));
                bench.connection.handle_transport_closed("gone");
                bench.collect();
                // Whoever connects again, or not, is told why.
                assert!(bench.reason().unwrap().contains(text), "{:?}", bench.reason());
            }
        }
        "PR13" => {
            let mut bench = bench("Closing", "R-Rcv-DPR");
            bench.forget();
            bench.receive(request(&dpr(DisconnectCause::REBOOTING)));
            assert_eq!(told(&bench), (vec!["R-Snd-DPA".to_owned()], "Closing"));
        }
        "PR14" => {
            let mut bench = Bench::open(Role::Initiator);
            let header = bench.request();
            bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now);
            bench.receive(answer(header, &cca()));
            assert!(bench.events.iter().any(|event| matches!(event, Event::Answer(id, _) if *id == header.hop_by_hop)));
        }
        "PR15" => {
            let mut bench = Bench::open(Role::Responder);
            bench.receive(request(&local("a.example.net").cer(&super::ip())));
            assert_eq!(told(&bench), (vec!["R-Snd-CEA".to_owned()], "R-Open"));
            assert_eq!(bench.sent::<CapabilitiesExchangeAnswer>()[0].result_code, ResultCode::SUCCESS);
            // That of another node changes nothing, and is told so.
            bench.forget();
            bench.receive(request(&local("z.example.net").cer(&super::ip())));
            let refusal = message::decode_answer_message(bench.sent.last().unwrap(), &Known::standard()).unwrap();
            assert_eq!(refusal.body.result_code, ResultCode::UNKNOWN_PEER);
            assert!(bench.connection.is_open());
            assert_eq!(bench.connection.remote().unwrap().origin_host, "a.example.net");
        }
        "PR16" => {
            let mut bench = Bench::open(Role::Responder);
            bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now);
            bench.collect();
            let dpr = bench.last();
            bench.receive(answer(dpr, &dpa()));
            bench.connection.handle_transport_closed("at once");
            bench.collect();
            assert_eq!(bench.events.iter().filter(|event| matches!(event, Event::Closed { .. })).count(), 1);
            assert_eq!(bench.reason().unwrap(), CloseReason::Local.to_string());
        }
        "PR17" => {
            let mut bench = Bench::open(Role::Responder);
            bench.connection.handle_unframed(b"GET / HTTP/1.1\r\n\r\n...", "not Diameter");
            bench.collect();
            assert!(bench.reason().unwrap().contains("not Diameter"));
            assert!(!bench.connection.takes_frames());
        }
        "PR19" => {
            let mut bench = Bench::open(Role::Initiator);
            bench.connection.probe(bench.now);
            let own = bench.request();
            bench.connection.disconnect(DisconnectCause::REBOOTING, bench.now);
            bench.connection.handle_transport_closed("reset");
            bench.collect();
            let unanswered = bench.events.iter().find_map(|event| match event {
                Event::Closed { unanswered, .. } => Some(unanswered.clone()),
                _ => None,
            });
            assert_eq!(unanswered.unwrap(), [own.hop_by_hop], "neither CER nor DWR nor DPR");
        }
        other => panic!("{other} has no case"),
    }
}

/// A CER is answered with this Result-Code, and the connection is over.
#[track_caller]
fn refused_cer(cer: CapabilitiesExchangeRequest, code: u32, error: bool) {
    let mut bench = Bench::with(config(local("b.example.net")), Role::Responder);
    bench.receive(request(&cer));
    assert_refused(&bench, code, error);
}

#[track_caller]
fn assert_refused(bench: &Bench, code: u32, error: bool) {
    let [frame] = &bench.sent[..] else { panic!("one answer: {:?}", bench.sent) };
    let known = Known::standard();
    let result_code = if error {
        message::decode_answer_message(frame, &known)
            .map(|answer: message::Received<AnswerMessage>| answer.body.result_code)
    } else {
        message::decode::<CapabilitiesExchangeAnswer>(frame, &known).map(|answer| answer.body.result_code)
    };
    assert_eq!(result_code.unwrap(), ResultCode(code));
    assert_eq!(Header::peek(frame).unwrap().flags.is_error(), error);
    // What only a CEA has is not in an answer-message.
    let addresses =
        RawMessage::read(frame).unwrap().avps().filter(|avp| avp.unwrap().code == HostIpAddress::CODE).count();
    assert_eq!(addresses, usize::from(!error));
    assert!(bench.reason().is_some());
    assert!(bench.sent::<DeviceWatchdogRequest>().is_empty());
}
