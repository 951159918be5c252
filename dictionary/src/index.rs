//! Fast look-ups in a resolved dictionary, for whoever takes messages apart at run time.

use crate::model::{AvpId, CommandId, Dictionary, VendorId};
use std::collections::HashMap;

/// Base commands that are sent with the application id of the session they concern: RAR, ASR, STR.
const SESSION_COMMANDS: [u32; 3] = [258, 274, 275];
/// The base application.
const BASE: u32 = 0;
/// Accounting-Request may be sent with the application id of the service; its grammar is that of base accounting.
const ACCOUNTING_REQUEST: u32 = 271;
/// Diameter base accounting.
const ACCOUNTING: u32 = 3;

/// Finds AVPs and commands by what the wire carries, or by name.
///
/// Where several units define one AVP or command, as go-diameter's files may, the first loaded answers.
#[derive(Clone, Debug, Default)]
pub struct Index {
    avps: Table,
    avp_names: HashMap<String, Vec<AvpId>>,
    commands: Table,
    command_names: HashMap<String, Vec<CommandId>>,
}

impl Index {
    /// Indexes a dictionary.
    pub fn new(dictionary: &Dictionary) -> Self {
        let mut index = Self {
            avps: Table::for_entries(dictionary.avps.len()),
            commands: Table::for_entries(dictionary.commands.len()),
            ..Self::default()
        };
        for (position, avp) in dictionary.avps.iter().enumerate() {
            let id = AvpId(position);
            index.avps.add(avp.vendor, avp.code, position);
            index.avp_names.entry(folded(&avp.name)).or_default().push(id);
        }
        for (position, command) in dictionary.commands.iter().enumerate() {
            let id = CommandId(position);
            if command.like.is_none() {
                index.commands.add(command.application, command.code, position);
            }
            let names = [
                &command.name,
                &command.short,
                &command.request.name,
                &command.request.abbreviation,
                &command.answer.name,
                &command.answer.abbreviation,
            ];
            for name in names.into_iter().filter(|name| !name.is_empty()) {
                let ids = index.command_names.entry(folded(name)).or_default();
                if ids.last() != Some(&id) {
                    ids.push(id);
                }
            }
        }
        index
    }

    /// The AVP with this vendor and code.
    #[inline]
    pub fn avp(&self, vendor: VendorId, code: u32) -> Option<AvpId> {
        self.avps.get(vendor, code).map(AvpId)
    }

    /// All AVPs of this name, whatever their vendor. Case does not matter, and `TGPP-` means `3GPP-`.
    pub fn avp_by_name(&self, name: &str) -> Vec<AvpId> {
        self.avp_names.get(&folded(name)).cloned().unwrap_or_default()
    }

    /// The command with this code in an application.
    ///
    /// RAR, ASR and STR of an application that does not define them are those of the base protocol, and ACR is that of base
    /// accounting. Own forms (`<command like=…>`) are never found: on the wire they are the command they start from.
    pub fn command(&self, application: u32, code: u32) -> Option<CommandId> {
        let get = |application| self.commands.get(application, code).map(CommandId);
        get(application).or_else(|| match code {
            _ if SESSION_COMMANDS.contains(&code) => get(BASE),
            ACCOUNTING_REQUEST => get(ACCOUNTING).or_else(|| get(BASE)),
            _ => None,
        })
    }

    /// All commands of this name in any application, own forms included. The name may be that of the command, of its
    /// request or answer, or the abbreviation of one of these; case does not matter.
    pub fn command_by_name(&self, name: &str) -> Vec<CommandId> {
        self.command_names.get(&folded(name)).cloned().unwrap_or_default()
    }
}

/// Positions by two numbers. Every AVP of every message is looked up, so this is open addressing with a multiplication for
/// a hash; the keys come from dictionaries, so that whoever sends messages cannot choose them to collide.
#[derive(Clone, Debug, Default)]
struct Table {
    /// A power of two, at most half of them taken; empty for the empty index.
    slots: Vec<Slot>,
    /// How far a product is shifted, so that its top bits say where to look first.
    shift: u32,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    key: u64,
    /// [`Slot::FREE`] if nothing is here.
    position: u32,
}

impl Slot {
    const FREE: u32 = u32::MAX;
}

impl Table {
    fn for_entries(count: usize) -> Self {
        let bits = (count * 2).next_power_of_two().trailing_zeros().max(1);
        Self { slots: vec![Slot { key: 0, position: Slot::FREE }; 1 << bits], shift: u64::BITS - bits }
    }

    /// Adds an entry, unless there is one of this key.
    fn add(&mut self, high: u32, low: u32, position: usize) {
        let key = key(high, low);
        let mut at = self.first(key);
        while self.slots[at].position != Slot::FREE {
            if self.slots[at].key == key {
                return;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = Slot { key, position: position as u32 };
    }

    #[inline]
    fn get(&self, high: u32, low: u32) -> Option<usize> {
        let key = key(high, low);
        let mut at = self.first(key);
        loop {
            let slot = self.slots.get(at)?;
            if slot.key == key || slot.position == Slot::FREE {
                return (slot.position != Slot::FREE).then_some(slot.position as usize);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    #[inline]
    fn first(&self, key: u64) -> usize {
        // The golden ratio spreads neighbouring codes evenly.
        (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }
}

fn key(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

/// A name as it is compared.
fn folded(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("tgpp") {
        Some(rest) => format!("3gpp{rest}"),
        None => name,
    }
}
