//! Ratios that hold on a busy machine: everything is measured in short turns, one after the other, and the medians of many
//! turns are compared. `cargo bench -p diametric-benches --bench ratios`.

mod peer;

use diameter::dictionary::Dictionary;
use diametric_benches::{all, ccr_initial, dissect, is_group, walk};
use diametric_dissect::Dissector;
use diametric_protocol::base::DeviceWatchdogRequest;
use diametric_protocol::codec::Known;
use diametric_protocol::credit_control::{CreditControlAnswer, CreditControlRequest};
use diametric_protocol::message::{self, Command};
use diametric_protocol::wire::RawMessage;
use std::hint::black_box;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one turn takes, about.
const TURN: Duration = Duration::from_micros(100);

struct Setting {
    known: Known,
    dissector: Dissector,
    dictionary: Arc<Dictionary>,
    turns: usize,
}

type Operation<'a> = Box<dyn FnMut() + 'a>;

fn main() -> std::io::Result<()> {
    // Without `--bench` this is run as a test: once is enough.
    let turns = if std::env::args().any(|argument| argument == "--bench") { 1500 } else { 1 };
    let (known, dissector) = (Known::standard(), Dissector::standard());
    let setting = Setting { known, dissector, dictionary: peer::dictionary(), turns };
    let mut out = std::io::stdout().lock();
    let names = ["walk", "decode", "d.decode", "encode", "d.encode", "top walk", "raw", "dissect"];
    write!(out, "ns      ")?;
    names.iter().try_for_each(|name| write!(out, "{name:>9}"))?;
    writeln!(out, "    decode/walk  d.decode/decode  d.encode/encode  raw/top walk  dissect/walk")?;
    for (name, frame) in all() {
        let measure = match name {
            "w1" => measure::<DeviceWatchdogRequest>,
            "w2" | "w2r" | "w3" => measure::<CreditControlRequest>,
            _ => measure::<CreditControlAnswer>,
        };
        let times = measure(&frame, &setting);
        write!(out, "{name:<8}")?;
        times.iter().try_for_each(|time| write!(out, "{time:>9.1}"))?;
        let [walk, decode, peer_decode, encode, peer_encode, top_walk, raw, dissect] = times;
        let ratios = [decode / walk, peer_decode / decode, peer_encode / encode, raw / top_walk, dissect / walk];
        ratios.iter().zip([15, 17, 17, 14, 14]).try_for_each(|(ratio, width)| write!(out, "{ratio:>width$.2}"))?;
        writeln!(out)?;
    }
    let [ours, peers] = construct(&setting);
    writeln!(out, "w2 made from plain values and encoded: {ours:.0}, by diameter {peers:.0}: {:.2}", peers / ours)?;
    let [walks, ours, peers] = mixed(&setting);
    writeln!(
        out,
        "mixed, a message: walk {walks:.0}, decode by header {ours:.0} ({:.2} over walk), diameter {peers:.0}: {:.2}",
        ours / walks,
        peers / ours
    )
}

/// The median time of one run of each operation, in nanoseconds.
fn medians<const N: usize>(mut operations: [Operation<'_>; N], turns: usize) -> [f64; N] {
    let mut timed = |index: usize, count: u32| {
        let start = Instant::now();
        (0..count).for_each(|_| operations[index]());
        start.elapsed().as_nanos() as f64 / f64::from(count)
    };
    let counts: [u32; N] = std::array::from_fn(|index| {
        let trial = if turns == 1 { 1 } else { 200 };
        timed(index, trial);
        (TURN.as_nanos() as f64 / timed(index, trial)).max(1.0) as u32
    });
    let mut times: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(turns));
    for _ in 0..turns {
        (0..N).for_each(|index| times[index].push(timed(index, counts[index])));
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    })
}

fn measure<C: Command>(frame: &[u8], setting: &Setting) -> [f64; 8] {
    let Setting { known, dissector, dictionary, turns } = setting;
    let received = message::decode::<C>(frame, known).expect("a valid message");
    let tree = peer::decode(frame, dictionary);
    let mut out = Vec::with_capacity(frame.len());
    let operations: [Operation<'_>; 8] = [
        Box::new(|| _ = black_box(walk(black_box(&frame[20..]), &is_group))),
        Box::new(|| _ = black_box(message::decode::<C>(black_box(frame), known))),
        Box::new(|| _ = black_box(peer::decode(black_box(frame), dictionary))),
        Box::new(|| _ = black_box(message::encode(received.header, black_box(&received.body)))),
        Box::new(|| {
            out.clear();
            black_box(&tree).encode_to(&mut out).expect("encodable");
            black_box(&out);
        }),
        Box::new(|| _ = black_box(walk(black_box(&frame[20..]), &|_, _| false))),
        Box::new(|| _ = black_box(raw_sum(black_box(frame)))),
        Box::new(|| _ = black_box(dissect(black_box(frame), dissector))),
    ];
    medians(operations, *turns)
}

/// The AVPs at the top level, as a relay looks at them.
fn raw_sum(frame: &[u8]) -> u32 {
    let message = RawMessage::read(frame).expect("a header");
    message.avps().fold(0, |sum, avp| {
        let avp = avp.expect("well-framed");
        sum.wrapping_add(avp.code ^ avp.vendor ^ u32::from(avp.flags.0)).wrapping_add(avp.data.len() as u32)
    })
}

fn construct(setting: &Setting) -> [f64; 2] {
    peer::check(&setting.dictionary);
    let header = RawMessage::read(&diametric_benches::w2()).expect("a header").header;
    let mut out = Vec::with_capacity(1024);
    let operations: [Operation<'_>; 2] = [
        Box::new(|| _ = black_box(message::encode(header, &ccr_initial()))),
        Box::new(|| {
            out.clear();
            peer::ccr_initial(&setting.dictionary).encode_to(&mut out).expect("encodable");
            black_box(&out);
        }),
    ];
    medians(operations, setting.turns)
}

/// Messages of every kind in an order that branches cannot learn, decoded by their headers: as a server sees them.
fn mixed(setting: &Setting) -> [f64; 3] {
    let frames = all().map(|(_, frame)| frame);
    let mut walk_order = Order(1);
    let (mut own_order, mut peer_order) = (walk_order, walk_order);
    let operations: [Operation<'_>; 3] = [
        Box::new(|| _ = black_box(walk(black_box(&walk_order.next(&frames)[20..]), &is_group))),
        Box::new(|| _ = black_box(by_header(black_box(own_order.next(&frames)), &setting.known))),
        Box::new(|| _ = black_box(peer::decode(black_box(peer_order.next(&frames)), &setting.dictionary))),
    ];
    medians(operations, setting.turns)
}

fn by_header(frame: &[u8], known: &Known) -> impl Sized + use<> {
    let header = RawMessage::read(frame).expect("a header").header;
    let command = known.command(header.application, header.command, header.flags.is_request());
    (command.expect("a known command").decode)(frame, known).expect("a valid message")
}

/// A sequence of messages, the same for everything measured.
#[derive(Clone, Copy)]
struct Order(u32);

impl Order {
    fn next<'f>(&mut self, frames: &'f [Vec<u8>; 6]) -> &'f [u8] {
        // Xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        &frames[self.0 as usize % frames.len()]
    }
}
