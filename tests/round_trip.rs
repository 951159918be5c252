//! Every type of the standard dictionaries decodes what it encodes: random payloads for each AVP, random messages for each
//! command, and the answer-message. The types come from the dictionaries by way of the build script, the values from
//! their grammars. They are made as octets: a value that can be encoded is what its octets decode to, so that no value of
//! any type is out of reach, and nobody has to write how each type is made.
//!
//! `SEED=n` and `CASES=n` choose other cases.

use diametric_dictionary::Loader;
use diametric_dictionary::index::Index;
use diametric_dictionary::model::{self, AvpId, CommandId, DataType, Dictionary};
use diametric_protocol::codec::{Avp, Known, decode_payload};
use diametric_protocol::message::{self, Command};
use diametric_protocol::value::RawGroup;
use diametric_protocol::wire::AvpReader;
use diametric_tests::messages::{self, Extras, Fill, Generator};
use hex::encode;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(|| Loader::with_standard().load().dictionary);
static KNOWN: LazyLock<Known> = LazyLock::new(Known::standard);

/// Decodes, encodes, and tells what was written.
type RoundTrip = fn(&[u8]) -> Result<Vec<u8>, String>;

struct AvpType {
    vendor: u32,
    code: u32,
    name: &'static str,
    round_trip: RoundTrip,
}

struct MessageType {
    application: u32,
    code: u32,
    request: bool,
    name: &'static str,
    round_trip: RoundTrip,
}

impl MessageType {
    fn id(&self) -> CommandId {
        let is = |command: &model::Command| (command.application, command.code) == (self.application, self.code);
        CommandId(DICTIONARY.commands.iter().position(is).expect("it is in the dictionary"))
    }
}

fn types() -> (Vec<AvpType>, Vec<MessageType>) {
    let (mut avps, mut messages) = (Vec::new(), Vec::new());
    macro_rules! avp {
        ($type:ty) => {
            avps.push(AvpType {
                vendor: <$type as Avp>::VENDOR,
                code: <$type as Avp>::CODE,
                name: <$type as Avp>::NAME,
                round_trip: round_trip_avp::<$type>,
            })
        };
    }
    macro_rules! message {
        ($type:ty) => {
            messages.push(MessageType {
                application: <$type as Command>::APPLICATION,
                code: <$type as Command>::CODE,
                request: <$type as Command>::REQUEST,
                name: <$type as Command>::COMMAND_NAME,
                round_trip: round_trip_message::<$type>,
            })
        };
    }
    include!(concat!(env!("OUT_DIR"), "/standard_types.rs"));
    (avps, messages)
}

fn round_trip_avp<A: Avp>(payload: &[u8]) -> Result<Vec<u8>, String> {
    let value = decode_payload::<A>(payload).map_err(|error| error.to_string())?;
    let mut group = RawGroup::default();
    group.push::<A>(value.clone()).map_err(|error| error.to_string())?;
    let again = group.get::<A>().map_err(|error| error.to_string())?;
    if again.as_ref() != Some(&value) {
        return Err(format!("{value:?} became {again:?}"));
    }
    let avp = group.avps().next().expect("one was pushed").expect("it is framed");
    assert_eq!((avp.vendor, avp.code, avp.flags), (A::VENDOR, A::CODE, A::FLAGS));
    Ok(avp.data.into())
}

fn round_trip_message<C: Command>(frame: &[u8]) -> Result<Vec<u8>, String> {
    let received = message::decode::<C>(frame, &KNOWN).map_err(|error| error.to_string())?;
    let unjudged = message::decode_again::<C>(frame).map_err(|error| error.to_string())?;
    if received != unjudged {
        return Err("decoded in several ways, it is not the same".into());
    }
    let written = message::encode(received.header, &received.body).map_err(|error| error.to_string())?;
    let again = message::decode::<C>(&written, &KNOWN).map_err(|error| format!("written again: {error}"))?;
    if again != received {
        return Err(format!("{received:?} became {again:?}"));
    }
    Ok(written)
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Several cases, each with a generator and how full it is; the first two are the emptiest and the fullest.
fn cases(default: u64, mut case: impl FnMut(&mut Generator<'_>, Fill, &dyn Fn() -> String)) {
    let (seed, count) = (setting("SEED", 1), setting("CASES", default));
    for number in 0..count {
        let fill = match number {
            0 => Fill::Required,
            1 => Fill::All,
            _ => Fill::Some,
        };
        let mut generator = Generator::new(&DICTIONARY, seed.wrapping_mul(1_000_003) + number);
        generator.extras = if number > 1 { Extras::Any } else { Extras::None };
        case(&mut generator, fill, &|| format!("seed {seed}, case {number}"));
    }
}

/// What was written is what was expected; `told` says what was read.
fn assert_written(written: Result<Vec<u8>, String>, expected: &[u8], told: impl Fn() -> String) {
    match written {
        Ok(written) if written == expected => {}
        Ok(written) => panic!("{}\n was written as {}\n not as {}", told(), encode(written), encode(expected)),
        Err(error) => panic!("{}\n{error}", told()),
    }
}

#[test]
fn the_lists_of_types_are_the_dictionaries() {
    let (avps, messages) = types();
    let listed: BTreeSet<_> = avps.iter().map(|avp| (avp.vendor, avp.code)).collect();
    let defined: BTreeSet<_> = DICTIONARY.avps.iter().map(|avp| (avp.vendor, avp.code)).collect();
    assert_eq!(listed, defined);
    assert_eq!(avps.len(), DICTIONARY.avps.len());
    let exported = diametric_protocol::DICTIONARY.avps.iter().map(|avp| (avp.vendor, avp.code)).collect();
    assert_eq!(listed, exported);
    assert_eq!(messages.len(), 2 * DICTIONARY.commands.len());
    assert_eq!(messages.len(), diametric_protocol::DICTIONARY.commands.len());
}

#[test]
fn every_avp_of_a_basic_format() {
    let (avps, _) = types();
    let index = Index::new(&DICTIONARY);
    for avp in &avps {
        let id = index.avp(avp.vendor, avp.code).expect("it is in the dictionary");
        if DICTIONARY.avp(id).data_type == DataType::Grouped {
            continue;
        }
        cases(100, |generator, _, told| {
            let payload = generator.payload(id);
            let told =
                |read: &[u8]| format!("{} ({}/{}), {}: {}", avp.name, avp.vendor, avp.code, told(), encode(read));
            assert_written((avp.round_trip)(&payload), &payload, || told(&payload));
        });
    }
}

#[test]
fn every_group() {
    let (avps, _) = types();
    let index = Index::new(&DICTIONARY);
    let (mut groups, mut seen) = (0, BTreeSet::new());
    for avp in &avps {
        let id = index.avp(avp.vendor, avp.code).expect("it is in the dictionary");
        let definition = DICTIONARY.avp(id);
        if definition.data_type != DataType::Grouped {
            continue;
        }
        groups += 1;
        cases(100, |generator, fill, told| {
            let members = generator.group(id, fill);
            let payload = messages::body(&members);
            let told =
                |read: &[u8]| format!("{} ({}/{}), {}: {}", avp.name, avp.vendor, avp.code, told(), encode(read));
            assert_written((avp.round_trip)(&payload), &payload, || told(&payload));
            seen.extend(members.iter().filter(|member| member.declared).map(|member| (id, member.vendor, member.code)));
            if definition.members.is_empty() {
                return;
            }
            let respelled = messages::respelled_group(&members, &mut generator.rng);
            assert_written((avp.round_trip)(&respelled), &payload, || told(&respelled));
        });
    }
    assert_eq!(groups, DICTIONARY.avps.iter().filter(|avp| avp.data_type == DataType::Grouped).count());
    // That every member of every group was there is what makes this a test of every group.
    let all = (0..DICTIONARY.avps.len()).map(AvpId).flat_map(|id| {
        DICTIONARY.avp(id).members.iter().map(move |member| {
            let avp = DICTIONARY.avp(member.avp);
            (id, avp.vendor, avp.code)
        })
    });
    let missed: Vec<_> = all.filter(|member| !seen.contains(member)).collect();
    assert!(missed.is_empty(), "members that never occurred: {missed:?}");
}

#[test]
fn every_command() {
    let (_, types) = types();
    for message in &types {
        cases(500, |generator, fill, told| {
            let made = generator.message(message.id(), message.request, fill);
            let frame = made.encode();
            let told = |read: &[u8]| format!("{}, {}: {}", message.name, told(), encode(read));
            assert_written((message.round_trip)(&frame), &frame, || told(&frame));
            let respelled = made.respelled(&mut generator.rng);
            assert_written((message.round_trip)(&respelled), &frame, || told(&respelled));
        });
    }
}

#[test]
fn the_answer_message() {
    let round_trip = |frame: &[u8]| -> Result<Vec<u8>, String> {
        let received = message::decode_answer_message(frame, &KNOWN).map_err(|error| error.to_string())?;
        let written = message::encode(received.header, &received.body).map_err(|error| error.to_string())?;
        let again = message::decode_answer_message(&written, &KNOWN).map_err(|error| error.to_string())?;
        if again != received { Err(format!("{received:?} became {again:?}")) } else { Ok(written) }
    };
    cases(1000, |generator, fill, told| {
        let made = generator.answer_message(fill);
        let frame = made.encode();
        assert_written(round_trip(&frame), &frame, || format!("{}: {}", told(), encode(&frame)));
        let respelled = made.respelled(&mut generator.rng);
        assert_written(round_trip(&respelled), &frame, || format!("{}: {}", told(), encode(&respelled)));
    });
}

/// What is decoded of a damaged message is all of it: what is written has as many AVPs as what was read.
#[test]
fn no_avp_of_a_message_is_lost() {
    let (_, types) = types();
    for message in &types {
        cases(500, |generator, fill, told| {
            let frame = generator.message(message.id(), message.request, fill).encode();
            let broken = messages::mutation::octets(&frame, &mut generator.rng);
            if let Ok(written) = (message.round_trip)(&broken) {
                let count = |frame: &[u8]| AvpReader::new(&frame[20..]).filter_map(Result::ok).count();
                assert_eq!(count(&written), count(&broken), "{}, {}: {}", message.name, told(), encode(&broken));
            }
        });
    }
}
