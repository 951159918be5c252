//! How much memory decoding takes: counted, not timed.

use allocation_counter::{AllocationInfo, measure};
use diametric_dictionary::Loader;
use diametric_dictionary::model::{self, AvpId, CommandId, DataType, Dictionary};
use diametric_dissect::Dissector;
use diametric_protocol::base::{DeviceWatchdogRequest, ResultCode};
use diametric_protocol::codec::{DecodeError, Known};
use diametric_protocol::credit_control::CreditControlRequest;
use diametric_protocol::message::{self, Command};
use diametric_protocol::wire::Header;
use diametric_tests::messages::{self, Avp, Fill, Generator, MANDATORY_FLAG, VENDOR_FLAG, Value, mutation};
use std::collections::HashSet;
use std::sync::LazyLock;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| Loader::with_standard().load().dictionary);
static KNOWN: LazyLock<Known> = LazyLock::new(Known::standard);

/// Octets that decoding may hold for each octet of the message. A group is a struct with room for all of its members, so an
/// empty one, eight octets on the wire, takes as much memory as a full one; Multiple-Services-Credit-Control, which may
/// be repeated, takes most.
const FACTOR: u64 = 256;
/// Octets that it may hold for each octet of a message so long that [`BASE_OF_LONG`] counts for little.
const FACTOR_OF_LONG: u64 = 56;
/// What the longest messages may hold besides.
const BASE_OF_LONG: u64 = 1024 * 1024;
/// What it may hold for the smallest message: the message's own struct, and what is told of 32 failures.
const BASE: u64 = 32 * 1024;

/// How many instances of a group stand in a message that tries to take much memory.
const COUNT: usize = 300;

/// What decoding a message by its header allocates, result included.
fn decode(frame: &[u8]) -> Option<(AllocationInfo, Option<DecodeError>)> {
    let header = Header::peek(frame)?;
    let known: &Known = &KNOWN;
    let command = known.command(header.application, header.command, header.flags.is_request())?;
    let mut error = None;
    let info = measure(|| error = (command.decode)(frame, known).err());
    Some((info, error))
}

fn assert_bounded(frame: &[u8], told: impl Fn() -> String) {
    let Some((info, _)) = decode(frame) else { return };
    let bound = BASE + FACTOR * frame.len() as u64;
    assert!(info.bytes_max <= bound, "{}: {info:?} for {} octets, more than {bound}", told(), frame.len());
}

/// How often decoding a workload allocates, the message itself aside.
fn allocations<C: Command>(frame: &[u8]) -> u64 {
    let known: &Known = &KNOWN;
    let mut decoded = None;
    let info = measure(|| decoded = message::decode::<C>(frame, known).ok());
    assert!(decoded.is_some());
    info.count_total
}

#[test]
fn dissecting_needs_no_allocation() {
    let dissector = Dissector::standard();
    for (name, frame) in diametric_benches::all() {
        let mut sum = None;
        let info = measure(|| sum = diametric_benches::dissect(&frame, &dissector));
        assert!(sum.is_some(), "{name}");
        assert_eq!(info.count_total, 0, "{name}");
    }
}

#[test]
fn ordinary_messages_need_few_allocations() {
    let ccr = allocations::<CreditControlRequest>;
    assert_eq!(allocations::<DeviceWatchdogRequest>(&diametric_benches::w1()), 0, "w1");
    for (name, count, most) in [
        ("w2", ccr(&diametric_benches::w2()), 6),
        ("w2r", ccr(&diametric_benches::w2r()), 12),
        ("w3", ccr(&diametric_benches::w3()), 14),
    ] {
        assert!(count <= most, "{name}: {count} allocations, at most {most} expected");
    }
}

#[test]
fn damaged_messages_take_memory_in_proportion() {
    for seed in 0..4000 {
        let mut generator = Generator::new(&DICTIONARY, seed);
        let command = CommandId(generator.rng.usize(..DICTIONARY.commands.len()));
        let request = generator.rng.bool();
        let fill = if seed % 50 == 0 { Fill::All } else { Fill::Some };
        let frame = generator.message(command, request, fill).encode();
        assert_bounded(&frame, || format!("seed {seed}"));
        let damaged = mutation::octets(&frame, &mut generator.rng);
        assert_bounded(&damaged, || format!("seed {seed}, damaged"));
    }
}

/// Empty groups in place of every group, hundreds of them, alone and inside each group that may hold them: nothing takes
/// more memory for fewer octets.
#[test]
fn empty_groups_take_memory_in_proportion() {
    let mut seen = HashSet::new();
    for (position, command) in DICTIONARY.commands.iter().enumerate() {
        for request in [true, false] {
            let message = if request { &command.request } else { &command.answer };
            let base = Generator::new(&DICTIONARY, 1).message(CommandId(position), request, Fill::Required);
            let check = |groups: &[Avp]| {
                let avps = [&base.avps, groups].concat();
                let frame = messages::framed(base.header, &messages::body(&avps));
                assert_bounded(&frame, || format!("{}: {:?}", message.name, path(&groups[0])));
            };
            let mut places: Vec<(AvpId, Vec<AvpId>)> = groups_in(&message.members).map(|id| (id, Vec::new())).collect();
            while let Some((id, around)) = places.pop() {
                let wrap =
                    |avps: Vec<Avp>, outer: &[AvpId]| outer.iter().rfold(avps, |inner, id| vec![group(*id, inner)]);
                check(&wrap(vec![group(id, Vec::new()); COUNT], &around));
                if let Some((last, outer)) = around.split_last() {
                    check(&wrap(vec![group(*last, vec![group(id, Vec::new())]); COUNT], outer));
                }
                if seen.insert(id) {
                    let around = [&around[..], &[id]].concat();
                    places.extend(groups_in(&DICTIONARY.avp(id).members).map(|id| (id, around.clone())));
                }
            }
        }
    }
    assert!(seen.len() > 100, "only {} groups", seen.len());
}

/// A list that cannot be held is refused before it is made, alone and in pieces between other AVPs.
#[test]
fn messages_of_empty_groups_are_refused_before_they_take_gigabytes() {
    let request = DICTIONARY.commands.iter().position(|command| command.code == 272).map(CommandId).unwrap();
    let base = Generator::new(&DICTIONARY, 1).message(request, true, Fill::Required);
    let empty = |code: u32| [&code.to_be_bytes()[..], &[MANDATORY_FLAG, 0, 0, 8]].concat();
    let (service, subscription, wrong) = (empty(456), empty(443), empty(999_999));
    for piece in [vec![service.clone()], vec![service, subscription], vec![wrong]] {
        let body = [messages::body(&base.avps), piece.concat().repeat(200_000 / piece.len())].concat();
        let frame = messages::framed(base.header, &body);
        let (info, error) = decode(&frame).unwrap();
        let bound = BASE_OF_LONG + FACTOR_OF_LONG * frame.len() as u64;
        assert!(info.bytes_max <= bound, "{info:?} for {} octets, more than {bound}", frame.len());
        assert_eq!(error.unwrap().failures().len(), 32);
    }
}

#[test]
fn a_message_that_would_take_too_much_memory_is_answered_5012() {
    let request = DICTIONARY.commands.iter().position(|command| command.code == 272).map(CommandId).unwrap();
    let base = Generator::new(&DICTIONARY, 1).message(request, true, Fill::Required);
    let services = [0, 0, 1, 0xc8, MANDATORY_FLAG, 0, 0, 8].repeat(50_000);
    let frame = messages::framed(base.header, &[messages::body(&base.avps), services].concat());
    let error = decode(&frame).unwrap().1.unwrap();
    assert_eq!(error.result_code(), ResultCode::UNABLE_TO_COMPLY, "{error}");
    assert_eq!(error.path(), "CCR.Multiple-Services-Credit-Control[0]");
    assert!(error.first().failed_avp.is_empty());
}

fn groups_in(members: &[model::Member]) -> impl Iterator<Item = AvpId> {
    members.iter().map(|member| member.avp).filter(|id| DICTIONARY.avp(*id).data_type == DataType::Grouped)
}

fn group(id: AvpId, members: Vec<Avp>) -> Avp {
    let avp = DICTIONARY.avp(id);
    let vendor = if avp.vendor == 0 { 0 } else { VENDOR_FLAG };
    Avp {
        code: avp.code,
        vendor: avp.vendor,
        flags: vendor | MANDATORY_FLAG,
        declared: true,
        value: Value::Group(members),
    }
}

fn path(avp: &Avp) -> Vec<u32> {
    match &avp.value {
        Value::Group(members) if !members.is_empty() => [vec![avp.code], path(&members[0])].concat(),
        _ => vec![avp.code],
    }
}

/// Proxy-Info in Proxy-Info and so on, as deep as a message can say, and every other group that may hold any AVP.
#[test]
fn nesting_is_bounded() {
    let base = Generator::new(&DICTIONARY, 1).message(CommandId(0), true, Fill::Required);
    let mut groups = 0;
    for avp in DICTIONARY.avps.iter().filter(|avp| avp.any && !avp.members.is_empty()) {
        // Lengths are written from the inside out, so the octets are made from the outside in.
        let header = if avp.vendor == 0 { 8 } else { 12 };
        let depth = if groups == 0 { 0x00ff_0000 / header } else { 2000 };
        let mut body = Vec::new();
        for level in 0..depth {
            let flags = if avp.vendor == 0 { 0 } else { VENDOR_FLAG };
            body.extend(avp.code.to_be_bytes());
            body.extend((u32::from(flags) << 24 | ((depth - level) * header) as u32).to_be_bytes());
            if avp.vendor != 0 {
                body.extend(avp.vendor.to_be_bytes());
            }
        }
        let frame = messages::framed(base.header, &[messages::body(&base.avps), body].concat());
        let (info, error) = decode(&frame).expect("a known command");
        let error = error.unwrap_or_else(|| panic!("{} may be nested {depth} deep", avp.name));
        let told = |failure: &diametric_protocol::codec::Failure| failure.message.contains("nest deeper than 32");
        let failure = error.failures().iter().find(|failure| told(failure));
        let failure = failure.unwrap_or_else(|| panic!("{}: {error}", avp.name));
        assert_eq!(failure.result_code, ResultCode::INVALID_AVP_VALUE, "{}", avp.name);
        assert!(info.bytes_max <= BASE + FACTOR * frame.len() as u64, "{}: {info:?}", avp.name);
        groups += 1;
    }
    assert!(groups > 5, "only {groups} groups");
}
