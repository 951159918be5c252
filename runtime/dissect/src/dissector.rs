//! A dictionary as messages are taken apart by it.

use crate::Dissected;
use diametric_dictionary::Loader;
use diametric_dictionary::index::Index;
use diametric_dictionary::model::{AvpId, Command, CommandId, DataType, Dictionary, Message};
use diametric_protocol::wire::{Header, RawMessage};
use std::collections::HashMap;
use std::fmt;

/// A dictionary, prepared for taking messages apart.
///
/// Where it defines an AVP or a command several times, the one loaded first counts, as [`Index`] has it.
#[derive(Clone)]
pub struct Dissector {
    index: Index,
    /// By [`AvpId`].
    definitions: Box<[Definition]>,
    /// For commands in applications that no dictionary knows: what the code means everywhere else.
    commands_by_code: HashMap<u32, CommandId>,
    dictionary: Dictionary,
}

/// What a dictionary says of one AVP.
#[derive(Clone, Debug)]
pub struct Definition {
    pub(crate) data_type: DataType,
    /// Whether values are listed.
    pub(crate) is_named: bool,
    /// Whether this is Failed-AVP, which may hold what cannot be framed.
    pub(crate) is_failed_avp: bool,
    id: AvpId,
    name: Box<str>,
    /// Sorted by value, each value once.
    labels: Box<[Label]>,
    code: u32,
    vendor: u32,
    vendor_name: Option<Box<str>>,
    spec: Option<Box<str>>,
}

/// A value that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The value; of an Unsigned32 as it is, of the other types with its sign.
    pub value: i64,
    /// Its name as the specification prints it, such as `INITIAL_REQUEST`.
    pub name: Box<str>,
}

impl Dissector {
    /// With the shipped dictionaries. Takes some milliseconds: they are read from their XML.
    pub fn standard() -> Self {
        Self::new(Loader::with_standard().load().dictionary)
    }

    /// With a dictionary as a [`Loader`] gives it. Look at its diagnostics first: one with errors has gaps.
    pub fn new(dictionary: Dictionary) -> Self {
        let index = Index::new(&dictionary);
        let mut added: HashMap<AvpId, Vec<Label>> = HashMap::new();
        for extension in &dictionary.value_extensions {
            let items = extension.items.iter().map(|item| Label::new(item.value, &item.label));
            added.entry(extension.avp).or_default().extend(items);
        }
        let vendors: HashMap<u32, &str> = dictionary.vendors.iter().map(|vendor| (vendor.id, &*vendor.name)).collect();
        let definitions = dictionary.avps.iter().enumerate().map(|(position, avp)| {
            let id = AvpId(position);
            let mut labels: Vec<Label> = avp.items.iter().map(|item| Label::new(item.value, &item.label)).collect();
            labels.extend(added.remove(&id).unwrap_or_default());
            // A stable sort: the first label of a value stays first, and is the one kept.
            labels.sort_by_key(|label| label.value);
            labels.dedup_by_key(|label| label.value);
            Definition {
                data_type: avp.data_type,
                is_named: !labels.is_empty(),
                is_failed_avp: (avp.vendor, avp.code) == (0, 279),
                id,
                name: avp.name.as_str().into(),
                labels: labels.into(),
                code: avp.code,
                vendor: avp.vendor,
                vendor_name: vendors.get(&avp.vendor).map(|name| (*name).into()),
                spec: avp.spec.as_deref().or(dictionary.files[avp.file.0].spec.as_deref()).map(Into::into),
            }
        });
        let definitions = definitions.collect();
        let mut commands_by_code = HashMap::new();
        for (position, command) in dictionary.commands.iter().enumerate().filter(|(_, command)| command.like.is_none())
        {
            commands_by_code.entry(command.code).or_insert(CommandId(position));
        }
        Self { index, definitions, commands_by_code, dictionary }
    }

    /// The dictionary itself, for all that [`Definition`] does not say.
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// A message, to be taken apart.
    #[inline]
    pub fn message<'a>(&'a self, message: RawMessage<'a>) -> Dissected<'a> {
        Dissected::new(self, message)
    }

    /// What is known of the AVP with this Vendor-Id, 0 for the IETF, and code.
    #[inline]
    pub fn avp(&self, vendor: u32, code: u32) -> Option<&Definition> {
        self.definitions.get(self.index.avp(vendor, code)?.0)
    }

    /// What is known of every AVP, in the order of their [`AvpId`]s; those that the first loaded hides included.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    /// The command with this code.
    ///
    /// IANA gives a command code one meaning, which an application may only make more specific, so an application that
    /// no dictionary knows does not hide the command.
    pub fn command(&self, application: u32, code: u32) -> Option<&Command> {
        let id = self.index.command(application, code);
        id.or_else(|| self.commands_by_code.get(&code).copied()).map(|id| self.dictionary.command(id))
    }

    /// The request or answer that a header announces.
    pub fn command_of(&self, header: Header) -> Option<&Message> {
        let command = self.command(header.application, header.command)?;
        Some(if header.flags.is_request() { &command.request } else { &command.answer })
    }

    /// The name of an application.
    pub fn application(&self, id: u32) -> Option<&str> {
        self.dictionary.application(id).map(|application| application.name.as_str())
    }
}

impl fmt::Debug for Dissector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (avps, commands) = (self.definitions.len(), self.dictionary.commands.len());
        f.debug_struct("Dissector").field("avps", &avps).field("commands", &commands).finish_non_exhaustive()
    }
}

impl Definition {
    /// Name as the specification spells it.
    #[inline]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Data format.
    #[inline]
    pub fn data_type(&self) -> DataType {
        self.data_type
    }

    /// AVP code.
    #[inline]
    pub fn code(&self) -> u32 {
        self.code
    }

    /// Vendor-Id, 0 for the IETF.
    #[inline]
    pub fn vendor(&self) -> u32 {
        self.vendor
    }

    /// The vendor's name, where a dictionary declares it.
    pub fn vendor_name(&self) -> Option<&str> {
        self.vendor_name.as_deref()
    }

    /// Specification, with the clause where the dictionary says it, such as `3GPP TS 32.299 7.2.158`.
    pub fn spec(&self) -> Option<&str> {
        self.spec.as_deref()
    }

    /// Leads to what else the dictionary says of it ([`Dictionary::avp`]). Also a small number, to keep own data by.
    #[inline]
    pub fn id(&self) -> AvpId {
        self.id
    }

    /// Every value that has a name, in ascending order, those that other dictionaries add included. Of values with several
    /// names the first one counts.
    #[inline]
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The position in [`Definition::labels`] of a value.
    #[inline]
    pub fn position(&self, value: i64) -> Option<usize> {
        // Most enumerations count without gaps.
        let near = usize::try_from(value.wrapping_sub(self.labels.first()?.value)).ok()?;
        match self.labels.get(near) {
            Some(label) if label.value == value => Some(near),
            _ => self.labels.binary_search_by_key(&value, |label| label.value).ok(),
        }
    }

    /// The name of a value.
    #[inline]
    pub fn label(&self, value: i64) -> Option<&str> {
        self.position(value).map(|position| &*self.labels[position].name)
    }
}

impl Label {
    fn new(value: i64, name: &str) -> Self {
        Self { value, name: name.into() }
    }
}
