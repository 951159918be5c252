//! Strict decoding (RFC 6733 §3, §4 and §7).

use super::aside::Aside;
use super::rules;
use super::{
    Avp, AvpHeader, AvpValue, DecodeError, ExtraAvp, Extras, Failure, Group, GroupId, Known, Member, PathSegment,
};
use crate::base::ResultCode;
use crate::value::{List, ListItem, OctetString};
use crate::wire::{AvpFlags, AvpReader, Framing, FramingFault, RawAvp, RawAvpBuf, Step};

/// How deep groups may nest. Deeper input is refused rather than followed.
const MAX_DEPTH: u8 = 32;

/// Failures kept of one message; a message can be wrong in more ways than anybody wants to read.
const MAX_FAILURES: usize = 32;

/// Octets that lists and boxed groups may take in any message, besides the message's own struct …
const ROOM: usize = 512 * 1024;
/// … and for each octet of it. A group is a struct with room for all its members: an empty one, eight octets on the wire, may
/// take two thousand, and a message of nothing else would take gigabytes.
const ROOM_PER_OCTET: usize = 32;

/// What is wrong with the payload of one AVP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The length does not fit the format: `expected` says which would.
    Length {
        /// What the format asks for: a number of octets, or words for several possible ones.
        expected: &'static str,
    },
    /// The value is outside what the format or the definition allows.
    Value {
        /// What is wrong, such as `not valid UTF-8`.
        reason: &'static str,
    },
    /// One instance too many.
    Repeated,
    /// The message would take too much memory.
    Room,
    /// Told to the decoder already, as the faults of a group's members are.
    Told,
}

impl Fault {
    /// What is wrong, or what the format asks for.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Length { expected } => expected,
            Self::Value { reason } => reason,
            Self::Repeated => "occurs more than once, at most 1 allowed",
            Self::Room => "the message holds so many groups that it would take too much memory",
            Self::Told => "not as its grammar has it",
        }
    }
}

/// Whether a payload was accepted. Every fault is known at compile time, so that the answer fits a register.
pub type Judged = Result<(), &'static Fault>;

/// Where an AVP is in memory, header included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

impl Place {
    fn of(avp: &RawAvp<'_>) -> Self {
        let header = avp.header_len();
        // A payload alone may be anywhere, also at the very beginning.
        Self { start: avp.data.as_ptr().addr().wrapping_sub(header), length: header + avp.data.len() }
    }
}

/// A failure, and the AVP without which there would be none; that is not there where it is the whole message.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) failure: Failure,
    pub(crate) place: Option<Place>,
}

/// The state of one message's decoding: what is known, and what has failed so far.
#[derive(Debug)]
pub struct Decoder<'k> {
    known: Option<&'k Known>,
    aside: Option<&'k Aside>,
    failures: Vec<Found>,
    depth: u8,
    /// Octets that lists and boxed groups may still take. 0 once something did not fit.
    room: usize,
}

impl<'k> Decoder<'k> {
    /// A decoder of `octets` octets that judges AVPs outside the grammar by `known`; without it they are kept unjudged.
    pub(crate) fn new(known: Option<&'k Known>, octets: usize) -> Self {
        let room = ROOM.saturating_add(octets.saturating_mul(ROOM_PER_OCTET));
        Self { known, aside: None, failures: Vec::new(), depth: 0, room }
    }

    /// Takes `octets` of the room that there is.
    #[inline]
    fn take_room(&mut self, octets: usize) -> Judged {
        match self.room.checked_sub(octets) {
            Some(rest) => {
                self.room = rest;
                Ok(())
            }
            None => {
                self.room = 0;
                Err(&Fault::Room)
            }
        }
    }

    /// A decoder of a frame in which AVPs were set aside.
    pub(crate) fn lenient(known: &'k Known, octets: usize, aside: &'k Aside) -> Self {
        Self { aside: Some(aside), ..Self::new(Some(known), octets) }
    }

    /// What failed; asked only where something did.
    #[cold]
    pub(crate) fn failed(self) -> DecodeError {
        DecodeError::new(self.failures.into_iter().map(|found| found.failure).collect())
    }

    /// What failed, and where.
    pub(crate) fn found(self) -> Vec<Found> {
        self.failures
    }

    /// Decodes the payload of a Grouped AVP, or the body of a message, into `group`.
    #[inline]
    pub fn group<G: Group>(&mut self, group: &mut G, data: &[u8]) -> Judged {
        if self.depth == MAX_DEPTH {
            return Err(&Fault::Value { reason: "groups nest deeper than 32 levels" });
        }
        self.depth += 1;
        let before = self.failures.len();
        let mut told = before;
        // Kept apart from the cursor, which arms call with its address, so that it stays in registers.
        let mut reader = AvpReader::new(data);
        let mut cursor = Cursor { data, seen: 0, group: G::ID, any: G::ANY, decoder: self };
        loop {
            match reader.step() {
                Step::Avp(avp) => {
                    if let Err(fault) = group.decode_member(&avp, &mut cursor) {
                        told = cursor.decoder.refuse(fault, told, data, avp, G::MEMBERS);
                    }
                }
                Step::Broken(fault) => {
                    let framing = reader.broken(fault);
                    cursor.decoder.unframed(framing, G::MEMBERS);
                }
                Step::End => break,
            }
        }
        let missing = G::REQUIRED & !cursor.seen;
        if missing != 0 {
            self.missing(missing, G::MEMBERS);
        }
        group.check_counts(&mut |index, count| self.count(data, &G::MEMBERS[index], count));
        if let Some(rule) = rules::of(G::ID) {
            self.rule(rule, data);
        }
        self.depth -= 1;
        if self.failures.len() == before { Ok(()) } else { Err(&Fault::Told) }
    }

    /// Decodes one AVP's payload to judge it, and drops the value.
    pub(crate) fn judge<T: AvpValue>(data: &[u8], decoder: &mut Decoder<'_>) -> Judged {
        T::blank().decode_value(data, decoder)
    }

    /// `avp` is where it is; nothing, where it is the group that is being decoded.
    #[cold]
    fn push(&mut self, failure: Failure, avp: Option<&RawAvp<'_>>) {
        if self.failures.len() < MAX_FAILURES {
            self.failures.push(Found { failure, place: avp.map(Place::of) });
        }
    }

    /// Tells what is wrong with `avp`, a member of the group in `data`; `told` failures were told before. Tells how many
    /// there are now.
    #[cold]
    fn refuse(&mut self, fault: &Fault, told: usize, data: &[u8], avp: RawAvp<'_>, members: &[Member]) -> usize {
        let member = members.iter().find(|m| m.header.code == avp.code && m.header.vendor == avp.vendor);
        let info = self.known.and_then(|known| known.avp(avp.vendor, avp.code));
        self.fault(&avp, fault, member.map(|m| m.min_payload).or(info.map(|info| info.min_payload)).unwrap_or(0));
        self.enclose(told, data, &avp, members);
        self.failures.len()
    }

    #[cold]
    fn fault(&mut self, avp: &RawAvp<'_>, fault: &Fault, min_payload: usize) {
        match *fault {
            Fault::Length { expected } => {
                let failure = Failure {
                    result_code: ResultCode::INVALID_AVP_LENGTH,
                    failed_avp: vec![example(header_of(avp), min_payload)],
                    path: Vec::new(),
                    message: wrong_length(avp, expected),
                };
                self.push(failure, Some(avp));
            }
            Fault::Value { reason } => self.refused(avp, ResultCode::INVALID_AVP_VALUE, reason),
            Fault::Repeated => self.refused(avp, ResultCode::AVP_OCCURS_TOO_MANY_TIMES, fault.reason()),
            Fault::Room => {
                let message = fault.reason().into();
                let (result_code, failed_avp) = (ResultCode::UNABLE_TO_COMPLY, Vec::new());
                self.push(Failure { result_code, failed_avp, path: Vec::new(), message }, Some(avp));
            }
            Fault::Told => {}
        }
    }

    /// Puts `avp`, a member of the group in `data`, in front of the path of the failures found inside it, and around
    /// what they report. Looks at the whole group, so that it must not be done for every AVP that is wrong, but only for the
    /// few whose failures are kept.
    #[cold]
    fn enclose(&mut self, first: usize, data: &[u8], avp: &RawAvp<'_>, members: &[Member]) {
        if self.failures.len() == first {
            return;
        }
        let known = self.known;
        let repeated = members.iter().any(|m| m.header.code == avp.code && m.header.vendor == avp.vendor && m.max != 1);
        let index = AvpReader::new(data)
            .filter_map(Result::ok)
            .take_while(|other| other.data.as_ptr_range() != avp.data.as_ptr_range())
            .filter(|other| other.code == avp.code && other.vendor == avp.vendor)
            .count();
        let member = members.iter().find(|m| m.header.code == avp.code && m.header.vendor == avp.vendor);
        let name = member.map(|m| m.name).or_else(|| known?.avp(avp.vendor, avp.code).map(|info| info.name));
        for Found { failure, place } in &mut self.failures[first..] {
            // What is no member is kept as a whole.
            if place.is_none() || member.is_none() {
                *place = Some(Place::of(avp));
            }
            // A failure of the AVP itself carries the AVP already; one of a member is wrapped.
            if !failure.path.is_empty() {
                let content = failure.failed_avp.concat();
                failure.failed_avp = vec![group_avp(header_of(avp), &content)];
            }
            failure
                .path
                .insert(0, PathSegment { name, code: avp.code, vendor: avp.vendor, index: repeated.then_some(index) });
        }
    }

    #[cold]
    fn missing(&mut self, missing: u64, members: &[Member]) {
        let required = members.iter().filter(|member| member.is_required_single()).enumerate();
        for (bit, member) in required {
            if missing & (1 << bit) != 0 {
                self.absent(member);
            }
        }
    }

    #[cold]
    fn absent(&mut self, member: &Member) {
        let failure = Failure {
            result_code: ResultCode::MISSING_AVP,
            failed_avp: vec![example(member.header, member.min_payload)],
            path: vec![PathSegment::of(member)],
            message: "missing".into(),
        };
        self.push(failure, None);
    }

    fn count(&mut self, data: &[u8], member: &Member, count: usize) {
        if count < member.min as usize {
            self.absent(member);
        } else if count > member.max as usize {
            let excess = AvpReader::new(data)
                .filter_map(Result::ok)
                .filter(|avp| avp.code == member.header.code && avp.vendor == member.header.vendor)
                .nth(member.max as usize);
            let failure = Failure {
                result_code: ResultCode::AVP_OCCURS_TOO_MANY_TIMES,
                failed_avp: excess.iter().map(whole).collect(),
                path: vec![PathSegment::of(member)],
                message: format!("occurs {count} times, at most {} allowed", member.max),
            };
            self.push(failure, excess.as_ref());
        }
    }

    /// Judges what the grammar of a group cannot say.
    fn rule(&mut self, rule: rules::Rule, data: &[u8]) {
        if let Some(failure) = rule(data) {
            self.push(failure, None);
        }
    }

    #[cold]
    fn unframed(&mut self, framing: Framing<'_>, members: &[Member]) {
        let rest = framing.rest;
        let octet = |at: usize| rest.get(at).copied().unwrap_or(0);
        let word = |at: usize| u32::from_be_bytes([octet(at), octet(at + 1), octet(at + 2), octet(at + 3)]);
        let flags = AvpFlags(octet(4));
        let header = AvpHeader { code: word(0), vendor: if flags.is_vendor() { word(8) } else { 0 }, flags };
        let member = members.iter().find(|m| m.header.code == header.code && m.header.vendor == header.vendor);
        let info = self.known.and_then(|known| known.avp(header.vendor, header.code));
        // Where not even the code is complete, there is no definition to take a payload length from.
        let min_payload = match framing.fault {
            FramingFault::TruncatedHeader => 0,
            _ => member.map(|m| m.min_payload).or(info.map(|info| info.min_payload)).unwrap_or(0),
        };
        let failure = Failure {
            result_code: ResultCode::INVALID_AVP_LENGTH,
            failed_avp: vec![example(header, min_payload)],
            path: vec![PathSegment {
                name: member.map(|m| m.name).or(info.map(|info| info.name)),
                code: header.code,
                vendor: header.vendor,
                index: None,
            }],
            message: framing.fault.to_string(),
        };
        self.push(failure, None);
    }

    #[cold]
    fn refused(&mut self, avp: &RawAvp<'_>, result_code: ResultCode, message: &str) {
        let message = message.into();
        self.push(Failure { result_code, failed_avp: vec![whole(avp)], path: Vec::new(), message }, Some(avp));
    }
}

/// The place in a group that decoding has reached, handed to [`Group::decode_member`].
#[derive(Debug)]
pub struct Cursor<'c, 'a, 'k> {
    data: &'a [u8],
    seen: u64,
    group: GroupId,
    any: bool,
    decoder: &'c mut Decoder<'k>,
}

// What these are given fits registers: the payload rather than the AVP, which is looked at again only where it is refused.
impl Cursor<'_, '_, '_> {
    /// A member that occurs exactly once; `bit` is its place among those.
    #[inline]
    pub fn required<T: AvpValue>(&mut self, bit: u32, data: &[u8], slot: &mut T) -> Judged {
        if self.seen & (1 << bit) != 0 {
            return Err(too_many(data, self.decoder, T::JUDGE));
        }
        self.seen |= 1 << bit;
        slot.decode_value(data, self.decoder)
    }

    /// A member that occurs at most once.
    #[inline]
    pub fn optional<T: AvpValue>(&mut self, data: &[u8], slot: &mut Option<T>) -> Judged {
        if slot.is_some() {
            return Err(too_many(data, self.decoder, T::JUDGE));
        }
        fill(slot, T::blank()).decode_value(data, self.decoder)
    }

    /// A large member that occurs at most once.
    #[inline]
    pub fn optional_boxed<T: AvpValue>(&mut self, data: &[u8], slot: &mut Option<Box<T>>) -> Judged {
        self.decoder.take_room(size_of::<T>())?;
        if slot.is_some() {
            return Err(too_many(data, self.decoder, T::JUDGE));
        }
        // Allocated first, so that the placeholder is made where it stays.
        let blank = Box::write(Box::new_uninit(), T::blank());
        (**fill(slot, blank)).decode_value(data, self.decoder)
    }

    /// A repeated member, with its identity. What follows is counted once, so that the list grows in one step.
    #[inline]
    pub fn list<T: AvpValue + ListItem>(&mut self, avp: &RawAvp<'_>, list: &mut List<T>) -> Judged {
        self.list_item(avp.data, avp.code, avp.vendor, list)
    }

    fn list_item<T: AvpValue + ListItem>(&mut self, data: &[u8], code: u32, vendor: u32, list: &mut List<T>) -> Judged {
        if list.len() == list.capacity() {
            list.reserve(self.more(data, code, vendor, list.capacity(), size_of::<T>())?);
        }
        list.push_with(T::blank).decode_value(data, self.decoder)
    }

    /// By how many values of `size` octets a list grows that has `capacity` of them.
    #[inline(never)]
    fn more(
        &mut self,
        data: &[u8],
        code: u32,
        vendor: u32,
        capacity: usize,
        size: usize,
    ) -> Result<usize, &'static Fault> {
        if self.decoder.room == 0 {
            return Err(&Fault::Room);
        }
        // At least as much as there is, so that moving what is there stays rare.
        let more = capacity.max(1 + run_length(self.data, data, code, vendor));
        self.decoder.take_room(more * size)?;
        Ok(more)
    }

    /// An AVP that is not a declared member: kept if the grammar, the flags or an extension allow it.
    #[inline]
    pub fn extra(&mut self, avp: &RawAvp<'_>, extras: &mut Extras) -> Judged {
        self.extra_parts(avp.code, avp.vendor, avp.flags, avp.data, extras)
    }

    #[inline(never)]
    fn extra_parts(&mut self, code: u32, vendor: u32, flags: AvpFlags, data: &[u8], extras: &mut Extras) -> Judged {
        let avp = RawAvp { code, vendor, flags, data };
        if let Some(known) = self.decoder.known {
            match known.avp(avp.vendor, avp.code) {
                Some(info) => {
                    if !self.any && avp.flags.is_mandatory() && !known.allows(self.group, avp.vendor, avp.code) {
                        let message = "not allowed here: the grammar has no such member and no `* [ AVP ]`";
                        self.decoder.refused(&avp, ResultCode::AVP_NOT_ALLOWED, message);
                        return Err(&Fault::Told);
                    }
                    (info.judge)(avp.data, self.decoder)?;
                }
                None if avp.flags.is_mandatory() => {
                    let message = "not known, and its M flag demands that it is understood";
                    self.decoder.refused(&avp, ResultCode::AVP_UNSUPPORTED, message);
                    return Err(&Fault::Told);
                }
                None => {
                    if let Some(aside) = self.decoder.aside
                        && let Some(original) = aside.original(&avp)
                    {
                        extras.push_received(ExtraAvp::received(&original));
                        return Ok(());
                    }
                }
            }
        }
        extras.push_received(ExtraAvp::received(&avp));
        Ok(())
    }
}

/// Puts `value` into an empty slot.
#[inline]
fn fill<T>(slot: &mut Option<T>, value: T) -> &mut T {
    // There is nothing to drop, which an assignment would look for.
    std::mem::forget(slot.replace(value));
    match slot {
        Some(value) => value,
        None => unreachable!("filled above"),
    }
}

/// How many AVPs of this identity follow in `data` behind the one that carries `payload`.
fn run_length(data: &[u8], payload: &[u8], code: u32, vendor: u32) -> usize {
    let end = payload.as_ptr().addr() - data.as_ptr().addr() + payload.len();
    let next = (end + 3) & !3;
    AvpReader::new(data.get(next..).unwrap_or_default()).run_length(code, vendor)
}

/// Why one instance too many is refused. Its length is judged first: in the order of the octets, that is where the
/// message goes wrong.
#[cold]
fn too_many(data: &[u8], decoder: &mut Decoder<'_>, judge: fn(&[u8], &mut Decoder<'_>) -> Judged) -> &'static Fault {
    match judge(data, decoder) {
        Err(fault @ Fault::Length { .. }) => fault,
        _ => &Fault::Repeated,
    }
}

/// Decodes one value, outside any message.
pub(crate) fn decode_value<A: Avp>(data: &[u8]) -> Result<A::Value, DecodeError> {
    let mut decoder = Decoder::new(None, data.len());
    let mut value = A::Value::blank();
    let avp = RawAvp { code: A::CODE, vendor: A::VENDOR, flags: A::FLAGS, data };
    let Err(fault) = value.decode_value(data, &mut decoder) else { return Ok(value) };
    decoder.fault(&avp, fault, A::Value::MIN_PAYLOAD);
    for Found { failure, .. } in &mut decoder.failures {
        failure.path.insert(0, PathSegment { name: Some(A::NAME), code: A::CODE, vendor: A::VENDOR, index: None });
    }
    Err(decoder.failed())
}

/// Lengths as the wire has them: header included, where the format has a single length.
fn wrong_length(avp: &RawAvp<'_>, expected: &str) -> String {
    let header = avp.header_len();
    match expected.parse::<usize>() {
        Ok(payload) => format!("length {}, expected {}", header + avp.data.len(), header + payload),
        Err(_) => format!("a payload of {} octets, expected {expected}", avp.data.len()),
    }
}

/// The AVP with the padding that it may have come without.
pub(super) fn whole(avp: &RawAvp<'_>) -> Box<[u8]> {
    group_avp(header_of(avp), avp.data)
}

fn header_of(avp: &RawAvp<'_>) -> AvpHeader {
    AvpHeader { code: avp.code, vendor: avp.vendor, flags: avp.flags }
}

/// An AVP with a payload of zeros: what Failed-AVP shows of one that is missing or of the wrong length.
pub(super) fn example(header: AvpHeader, payload: usize) -> Box<[u8]> {
    group_avp(header, &vec![0; payload])
}

fn group_avp(header: AvpHeader, payload: &[u8]) -> Box<[u8]> {
    let AvpHeader { code, vendor, flags } = header;
    let mut out = Vec::new();
    let avp = RawAvpBuf { code, vendor, flags, data: payload.into() };
    // Put around an example of what is missing, a group of the greatest length would become longer still: it is shown
    // without contents.
    if avp.write(&mut out).is_err() {
        RawAvpBuf { data: OctetString::EMPTY, ..avp }.append(&mut out);
    }
    out.into()
}
