//! Runs one measured operation a number of times: for `valgrind --tool=callgrind`, whose instruction counts repeat on a
//! noisy machine. Two runs with different numbers give the cost of one.
//!
//! `once walk|decode|dissect|encode|top-walk|raw|construct w1|w2|w2r|w2a|w3|w4 COUNT`; `construct` is of w2 alone.

use diametric_benches::{all, ccr_initial, dissect, is_group, walk};
use diametric_dissect::Dissector;
use diametric_protocol::base::DeviceWatchdogRequest;
use diametric_protocol::codec::Known;
use diametric_protocol::credit_control::{CreditControlAnswer, CreditControlRequest};
use diametric_protocol::message::{self, Command};
use diametric_protocol::wire::RawMessage;
use std::hint::black_box;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [operation, name, count] = &arguments[..] else { return usage() };
    let Some((_, frame)) = all().into_iter().find(|(known, _)| known == name) else { return usage() };
    let Ok(count) = count.parse() else { return usage() };
    let run = match name.as_str() {
        "w1" => run::<DeviceWatchdogRequest>,
        "w2" | "w2r" | "w3" => run::<CreditControlRequest>,
        _ => run::<CreditControlAnswer>,
    };
    if run(operation, &frame, count) { ExitCode::SUCCESS } else { usage() }
}

fn usage() -> ExitCode {
    let usage = "once walk|decode|dissect|encode|top-walk|raw|construct w1|w2|w2r|w2a|w3|w4 COUNT\n";
    let _ = std::io::Write::write_all(&mut std::io::stderr(), usage.as_bytes());
    ExitCode::from(2)
}

fn run<C: Command>(operation: &str, frame: &[u8], count: u32) -> bool {
    let known = Known::standard();
    let dissector = Dissector::standard();
    let Ok(received) = message::decode::<C>(frame, &known) else { return false };
    for _ in 0..count {
        match operation {
            "walk" => _ = black_box(walk(black_box(&frame[20..]), &is_group)),
            "decode" => _ = black_box(message::decode::<C>(black_box(frame), &known)),
            "dissect" => _ = black_box(dissect(black_box(frame), &dissector)),
            "encode" => _ = black_box(message::encode(received.header, black_box(&received.body))),
            "top-walk" => _ = black_box(walk(black_box(&frame[20..]), &|_, _| false)),
            "raw" => _ = black_box(raw_sum(black_box(frame))),
            "construct" => _ = black_box(message::encode(received.header, &ccr_initial())),
            _ => return false,
        }
    }
    true
}

fn raw_sum(frame: &[u8]) -> Option<u32> {
    RawMessage::read(frame).ok()?.avps().try_fold(0_u32, |sum, avp| {
        let avp = avp.ok()?;
        Some(sum.wrapping_add(avp.code ^ avp.vendor ^ u32::from(avp.flags.0)).wrapping_add(avp.data.len() as u32))
    })
}
