//! Decoding and encoding: diametric's typed messages beside the header walk (the limit) and the crate `diameter` (a peer
//! that decodes to a tree, without checking rules), all in one run.

mod peer;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use diametric_benches::{all, ccr_initial, dissect, is_group, w1, w2, w2a, w2r, w3, w4, walk};
use diametric_dissect::Dissector;
use diametric_protocol::base::DeviceWatchdogRequest;
use diametric_protocol::codec::Known;
use diametric_protocol::credit_control::{CreditControlAnswer, CreditControlRequest};
use diametric_protocol::message::{self, Command};
use diametric_protocol::wire::RawMessage;
use std::hint::black_box;

fn decode<C: Command>(criterion: &mut Criterion, name: &str, frame: &[u8]) {
    let known = Known::standard();
    criterion.benchmark_group("decode").bench_with_input(BenchmarkId::new("diametric", name), frame, |bench, frame| {
        bench.iter(|| message::decode::<C>(black_box(frame), &known).expect("a valid message"));
    });
}

fn encode<C: Command>(criterion: &mut Criterion, name: &str, frame: &[u8]) {
    let received = message::decode::<C>(frame, &Known::standard()).expect("a valid message");
    criterion.benchmark_group("encode").bench_function(BenchmarkId::new("diametric", name), |bench| {
        bench.iter(|| message::encode(received.header, black_box(&received.body)).expect("an encodable message"));
    });
}

fn limits(criterion: &mut Criterion) {
    for (name, frame) in all() {
        let mut group = criterion.benchmark_group("decode");
        group.throughput(Throughput::Bytes(frame.len() as u64));
        group.bench_function(BenchmarkId::new("walk", name), |bench| {
            bench.iter(|| walk(black_box(&frame[20..]), &is_group).expect("well-framed"));
        });
        group.bench_function(BenchmarkId::new("raw top level", name), |bench| {
            bench.iter(|| {
                let message = RawMessage::read(black_box(&frame)).expect("a header");
                message.avps().map(|avp| avp.expect("well-framed").code).fold(0_u32, u32::wrapping_add)
            });
        });
        group.bench_function(BenchmarkId::new("walk top level", name), |bench| {
            bench.iter(|| walk(black_box(&frame[20..]), &|_, _| false).expect("well-framed"));
        });
        group.finish();
        criterion.benchmark_group("encode").bench_function(BenchmarkId::new("memcpy", name), |bench| {
            let mut out = vec![0; frame.len()];
            bench.iter(|| black_box(&mut out).copy_from_slice(black_box(&frame)));
        });
    }
}

fn peer(criterion: &mut Criterion) {
    let dictionary = peer::dictionary();
    for (name, frame) in all() {
        criterion.benchmark_group("decode").bench_function(BenchmarkId::new("diameter", name), |bench| {
            bench.iter(|| peer::decode(black_box(&frame), &dictionary));
        });
        let message = peer::decode(&frame, &dictionary);
        criterion.benchmark_group("encode").bench_function(BenchmarkId::new("diameter", name), |bench| {
            let mut out = Vec::with_capacity(frame.len());
            bench.iter(|| {
                out.clear();
                black_box(&message).encode_to(&mut out).expect("encodable");
            });
        });
    }
}

/// A message made from plain values, and encoded.
fn construct(criterion: &mut Criterion) {
    let header = RawMessage::read(&w2()).expect("a header").header;
    let dictionary = peer::dictionary();
    peer::check(&dictionary);
    let mut group = criterion.benchmark_group("construct and encode");
    group.bench_function(BenchmarkId::new("diametric", "w2"), |bench| {
        bench.iter(|| message::encode(header, &ccr_initial()).expect("an encodable message"));
    });
    group.bench_function(BenchmarkId::new("diameter", "w2"), |bench| {
        let mut out = Vec::with_capacity(1024);
        bench.iter(|| {
            out.clear();
            peer::ccr_initial(&dictionary).encode_to(&mut out).expect("encodable");
        });
    });
}

/// Messages of a type that only their header tells.
fn by_header(criterion: &mut Criterion) {
    let known = Known::standard();
    for (name, frame) in all() {
        criterion.benchmark_group("decode").bench_function(BenchmarkId::new("by header", name), |bench| {
            bench.iter(|| {
                let header = RawMessage::read(black_box(&frame)).expect("a header").header;
                let command = known.command(header.application, header.command, header.flags.is_request());
                (command.expect("a known command").decode)(&frame, &known).expect("a valid message")
            });
        });
    }
}

/// Messages read by the dictionary at run time.
fn by_dictionary(criterion: &mut Criterion) {
    let dissector = Dissector::standard();
    for (name, frame) in all() {
        criterion.benchmark_group("decode").bench_function(BenchmarkId::new("by dictionary", name), |bench| {
            bench.iter(|| dissect(black_box(&frame), &dissector).expect("a valid message"));
        });
    }
}

fn codec(criterion: &mut Criterion) {
    limits(criterion);
    decode::<DeviceWatchdogRequest>(criterion, "w1", &w1());
    decode::<CreditControlRequest>(criterion, "w2", &w2());
    decode::<CreditControlRequest>(criterion, "w2r", &w2r());
    decode::<CreditControlAnswer>(criterion, "w2a", &w2a());
    decode::<CreditControlRequest>(criterion, "w3", &w3());
    decode::<CreditControlAnswer>(criterion, "w4", &w4());
    encode::<DeviceWatchdogRequest>(criterion, "w1", &w1());
    encode::<CreditControlRequest>(criterion, "w2", &w2());
    encode::<CreditControlRequest>(criterion, "w2r", &w2r());
    encode::<CreditControlAnswer>(criterion, "w2a", &w2a());
    encode::<CreditControlRequest>(criterion, "w3", &w3());
    encode::<CreditControlAnswer>(criterion, "w4", &w4());
    by_header(criterion);
    by_dictionary(criterion);
    construct(criterion);
    peer(criterion);
}

criterion_group!(benches, codec);
criterion_main!(benches);
