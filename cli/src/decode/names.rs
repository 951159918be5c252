//! A dictionary as the decoder looks things up in it: once resolved, one hash look-up for each AVP.

use super::json;
use super::mask::{self, Masking};
use diametric_dictionary::index::Index;
use diametric_dictionary::model::{AvpId, Command, CommandId, DataType, Dictionary, Message};
use diametric_protocol::wire::Header;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// What the decoder needs of a dictionary.
pub(crate) struct Names {
    avps: HashMap<u64, Definition, BuildHasherDefault<KeyHasher>>,
    /// By application and code, those that are asked for most.
    commands: HashMap<u64, CommandId, BuildHasherDefault<KeyHasher>>,
    /// For commands in applications that no dictionary knows: what the code means everywhere else.
    commands_by_code: HashMap<u32, CommandId>,
    index: Index,
    dictionary: Dictionary,
}

/// One AVP.
pub(crate) struct Definition {
    /// Name as the specification spells it.
    pub(crate) name: Box<str>,
    /// Data format.
    pub(crate) data_type: DataType,
    /// Whether values are listed.
    pub(crate) is_named: bool,
    /// Whether this is Failed-AVP, which may hold what cannot be framed.
    pub(crate) is_failed_avp: bool,
    /// How much of its value is an identity of a subscriber.
    pub(crate) masking: Masking,
    /// How its JSON object begins: the same text each time.
    pub(crate) json_head: Box<[u8]>,
    /// By value.
    labels: Box<[Label]>,
}

/// A value that has a name.
struct Label {
    value: i64,
    name: Box<str>,
    /// Both as a JSON object: the same text each time.
    json: Box<[u8]>,
}

impl Label {
    fn new(value: i64, name: &str) -> Self {
        Self { value, name: name.into(), json: json::label(value, Some(name)).into() }
    }
}

impl Definition {
    /// The label of a value.
    #[inline]
    pub(crate) fn label(&self, value: i64) -> Option<&str> {
        self.find(value).map(|label| &*label.name)
    }

    /// A value that has a label, as a JSON object.
    #[inline]
    pub(crate) fn json_label(&self, value: i64) -> Option<&[u8]> {
        self.find(value).map(|label| &*label.json)
    }

    fn find(&self, value: i64) -> Option<&Label> {
        let at = self.labels.binary_search_by_key(&value, |label| label.value).ok()?;
        Some(&self.labels[at])
    }

    /// Every value that has a label.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (i64, &str)> {
        self.labels.iter().map(|label| (label.value, &*label.name))
    }
}

impl Names {
    /// Prepares a dictionary. Where it defines an AVP or command several times, the first loaded counts.
    pub(crate) fn new(dictionary: Dictionary) -> Self {
        let index = Index::new(&dictionary);
        let mut added: HashMap<AvpId, Vec<Label>> = HashMap::new();
        for extension in &dictionary.value_extensions {
            let items = extension.items.iter().map(|item| Label::new(item.value, &item.label));
            added.entry(extension.avp).or_default().extend(items);
        }
        let mut avps = HashMap::default();
        for (position, avp) in dictionary.avps.iter().enumerate() {
            if index.avp(avp.vendor, avp.code) != Some(AvpId(position)) {
                continue;
            }
            let mut labels: Vec<Label> = avp.items.iter().map(|item| Label::new(item.value, &item.label)).collect();
            labels.extend(added.remove(&AvpId(position)).unwrap_or_default());
            // A stable sort: the first label of a value stays first, and is the one kept.
            labels.sort_by_key(|label| label.value);
            labels.dedup_by_key(|label| label.value);
            let definition = Definition {
                name: avp.name.as_str().into(),
                data_type: avp.data_type,
                is_named: !labels.is_empty(),
                is_failed_avp: (avp.vendor, avp.code) == (0, 279),
                masking: mask::masking(&avp.name),
                json_head: json::head(Some(&avp.name), Some(avp.code), Some(avp.vendor)).into(),
                labels: labels.into(),
            };
            avps.insert(key(avp.vendor, avp.code), definition);
        }
        let mut commands = HashMap::default();
        let mut commands_by_code = HashMap::new();
        for (position, command) in dictionary.commands.iter().enumerate().filter(|(_, command)| command.like.is_none())
        {
            commands_by_code.entry(command.code).or_insert(CommandId(position));
            if let Some(id) = index.command(command.application, command.code) {
                commands.insert(key(command.application, command.code), id);
            }
        }
        Self { avps, commands, commands_by_code, index, dictionary }
    }

    /// The dictionary itself.
    pub(crate) fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// The AVP with this identity.
    #[inline]
    pub(crate) fn avp(&self, vendor: u32, code: u32) -> Option<&Definition> {
        self.avps.get(&key(vendor, code))
    }

    /// The request or answer that a header announces.
    pub(crate) fn message(&self, header: Header) -> Option<&Message> {
        let command = self.command(header.application, header.command)?;
        Some(if header.flags.is_request() { &command.request } else { &command.answer })
    }

    /// The command with this code.
    ///
    /// IANA gives a command code one meaning, which an application may only make more specific, so an application that
    /// no dictionary knows does not hide the name.
    pub(crate) fn command(&self, application: u32, code: u32) -> Option<&Command> {
        let id = self.commands.get(&key(application, code)).copied();
        let id = id.or_else(|| self.index.command(application, code));
        id.or_else(|| self.commands_by_code.get(&code).copied()).map(|id| self.dictionary.command(id))
    }

    /// The name of an application.
    pub(crate) fn application(&self, id: u32) -> Option<&str> {
        self.dictionary.application(id).map(|application| application.name.as_str())
    }
}

fn key(vendor: u32, code: u32) -> u64 {
    u64::from(vendor) << 32 | u64::from(code)
}

/// Spreads vendor and code over all bits. The keys come from the dictionary, so nobody can choose them to collide.
#[derive(Clone, Copy, Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write_u64(&mut self, key: u64) {
        let product = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }

    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.write_u64(self.0 ^ u64::from(*octet));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
