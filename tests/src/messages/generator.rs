//! Messages and groups from the grammars of a dictionary.

use super::{Avp, MANDATORY_FLAG, Message, VENDOR_FLAG, Value, values};
use diametric_dictionary::model::{self, AvpId, CommandId, DataType, Dictionary, FlagRule, MemberKind};
use diametric_protocol::wire::{CommandFlags, EndToEndId, Header, HopByHopId};
use fastrand::Rng;

/// Groups below this depth have nothing but their required members.
const DEPTH: usize = 7;
/// Messages with so many AVPs get no more optional ones.
const AVPS: usize = 150;

/// How many of the optional members a group gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// None, and no AVPs outside the grammar.
    Required,
    /// Each of them.
    All,
    /// Some.
    Some,
}

/// Which AVPs come into a group besides the members that its grammar lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extras {
    /// None.
    None,
    /// Where the grammar ends in `* [ AVP ]`, AVPs that nobody knows, without M.
    Unknown,
    /// Also AVPs of the dictionary, there with M or without; in other groups AVPs of both kinds without M.
    Any,
}

/// Makes random messages.
#[derive(Debug)]
pub struct Generator<'d> {
    dictionary: &'d Dictionary,
    /// Where all choices come from.
    pub rng: Rng,
    /// Which AVPs are added that the grammar does not list.
    pub extras: Extras,
    avps: usize,
}

/// A grammar, of a command or of a group.
#[derive(Clone, Copy)]
struct Grammar<'d> {
    members: &'d [model::Member],
    any: bool,
    /// Exactly one of Auth-Application-Id and Acct-Application-Id (RFC 6733 §6.11).
    one_application: bool,
}

impl<'d> Generator<'d> {
    /// A generator of messages of `dictionary`.
    pub fn new(dictionary: &'d Dictionary, seed: u64) -> Self {
        Self { dictionary, rng: Rng::with_seed(seed), extras: Extras::Any, avps: 0 }
    }

    /// A request or answer of a command.
    pub fn message(&mut self, command: CommandId, request: bool, fill: Fill) -> Message {
        let command = self.dictionary.command(command);
        let flag = |set: bool, flag: CommandFlags| if set { flag } else { CommandFlags::NONE };
        let proxiable = flag(command.proxiable, CommandFlags::PROXIABLE);
        let sent_again = request && self.rng.u8(..8) == 0;
        let flags = flag(request, CommandFlags::REQUEST).with(proxiable);
        let header = self.header(flags.with(flag(sent_again, CommandFlags::RETRANSMITTED)), command);
        let message = if request { &command.request } else { &command.answer };
        Message { header, avps: self.body(message, fill) }
    }

    /// An answer-message (RFC 6733 §7.2) to any command.
    ///
    /// # Panics
    /// If the dictionary has none.
    pub fn answer_message(&mut self, fill: Fill) -> Message {
        let command = &self.dictionary.commands[self.rng.usize(..self.dictionary.commands.len())];
        let proxiable = if command.proxiable { CommandFlags::PROXIABLE } else { CommandFlags::NONE };
        let header = self.header(CommandFlags::ERROR.with(proxiable), command);
        let message = self.dictionary.answer_message.as_ref().expect("the dictionary has an answer-message");
        Message { header, avps: self.body(message, fill) }
    }

    /// The members of a Grouped AVP, as it would stand in a message. Failed-AVP, which has no grammar, gets any AVPs.
    pub fn group(&mut self, avp: AvpId, fill: Fill) -> Vec<Avp> {
        self.avps = 0;
        self.members_of(avp, fill, 1)
    }

    /// A valid payload of any AVP.
    pub fn payload(&mut self, avp: AvpId) -> Vec<u8> {
        self.avps = 0;
        let value = self.value(avp, 1);
        Avp { code: 0, vendor: 0, flags: 0, declared: true, value }.payload()
    }

    fn header(&mut self, flags: CommandFlags, command: &model::Command) -> Header {
        Header {
            flags,
            command: command.code,
            application: command.application,
            hop_by_hop: HopByHopId(self.rng.u32(..)),
            end_to_end: EndToEndId(self.rng.u32(..)),
        }
    }

    fn body(&mut self, message: &'d model::Message, fill: Fill) -> Vec<Avp> {
        self.avps = 0;
        self.fill(Grammar { members: &message.members, any: message.any, one_application: false }, fill, 0)
    }

    fn members_of(&mut self, id: AvpId, fill: Fill, depth: usize) -> Vec<Avp> {
        let avp = self.dictionary.avp(id);
        let one_application = (avp.vendor, avp.code) == (0, 260);
        if avp.members.is_empty() {
            let count = if fill == Fill::Required { 0 } else { self.rng.usize(..3) };
            return (0..count).map(|_| self.extra(true, depth)).collect();
        }
        self.fill(Grammar { members: &avp.members, any: avp.any, one_application }, fill, depth)
    }

    fn fill(&mut self, grammar: Grammar<'d>, fill: Fill, depth: usize) -> Vec<Avp> {
        let mut avps = Vec::new();
        let application = if self.rng.bool() { 258 } else { 259 };
        for member in grammar.members {
            let definition = self.dictionary.avp(member.avp);
            let count = match (definition.vendor, definition.code) {
                (0, 258 | 259) if grammar.one_application => u32::from(definition.code == application),
                _ => self.count(member, fill, depth),
            };
            for _ in 0..count {
                let avp = self.avp(member.avp, true, depth + 1);
                avps.push(avp);
            }
        }
        let extras = self.extras == Extras::Any || self.extras == Extras::Unknown && grammar.any;
        if extras && fill != Fill::Required && depth < DEPTH && self.rng.u8(..4) == 0 {
            for _ in 0..self.rng.usize(1..4) {
                // What an own grammar lists is no extra AVP.
                let extra = self.extra(grammar.any, depth + 1);
                let of = |member: &model::Member| {
                    let avp = self.dictionary.avp(member.avp);
                    (avp.vendor, avp.code) == (extra.vendor, extra.code)
                };
                if !grammar.members.iter().any(of) {
                    avps.push(extra);
                }
            }
        }
        avps
    }

    fn count(&mut self, member: &model::Member, fill: Fill, depth: usize) -> u32 {
        let least = if member.kind == MemberKind::Optional { member.min } else { member.min.max(1) };
        let most = member.max.unwrap_or(least + 3).min(least + 3);
        let more = match fill {
            Fill::Required => false,
            Fill::All => true,
            Fill::Some => depth < DEPTH && self.avps < AVPS && self.rng.usize(..3 + depth) == 0,
        };
        match more {
            true => self.rng.u32(least.max(1).min(most)..=most),
            false => least,
        }
    }

    /// An AVP with the flags of its definition.
    fn avp(&mut self, id: AvpId, declared: bool, depth: usize) -> Avp {
        self.avps += 1;
        let definition = self.dictionary.avp(id);
        let vendor = if definition.vendor == 0 { 0 } else { VENDOR_FLAG };
        let mandatory = if definition.m == FlagRule::Must { MANDATORY_FLAG } else { 0 };
        let value = self.value(id, depth);
        Avp { code: definition.code, vendor: definition.vendor, flags: vendor | mandatory, declared, value }
    }

    fn value(&mut self, id: AvpId, depth: usize) -> Value {
        let definition = self.dictionary.avp(id);
        match definition.data_type {
            DataType::Grouped => {
                let fill = if depth >= DEPTH { Fill::Required } else { Fill::Some };
                let avps = self.members_of(id, fill, depth);
                // Contents without a grammar are octets to the typed layer, which keeps them as they are.
                if definition.members.is_empty() {
                    return Value::Octets(super::body(&avps));
                }
                Value::Group(avps)
            }
            _ => Value::Octets(values::payload(definition, &mut self.rng)),
        }
    }

    /// An AVP for a place where the grammar does not list it: one of the dictionary, or one that nobody knows. Where the
    /// grammar does not end in `* [ AVP ]` it comes without M, and so does what nobody knows.
    fn extra(&mut self, any: bool, depth: usize) -> Avp {
        if self.extras == Extras::Any && self.rng.bool() {
            let id = AvpId(self.rng.usize(..self.dictionary.avps.len()));
            let mut avp = self.avp(id, false, depth);
            let mandatory = any && self.rng.bool();
            avp.flags = avp.flags & VENDOR_FLAG | if mandatory { MANDATORY_FLAG } else { 0 };
            return avp;
        }
        // Far above what the dictionaries define.
        let vendor = if self.rng.bool() { self.rng.u32(90_000_000..) } else { 0 };
        let code = self.rng.u32(0x00f0_0000..);
        self.avps += 1;
        Avp {
            code,
            vendor,
            flags: if vendor == 0 { 0 } else { VENDOR_FLAG },
            declared: false,
            value: Value::Octets(values::octets(&mut self.rng)),
        }
    }
}
