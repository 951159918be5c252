//! What is written: definitions, compared with each other and with the shipped dictionaries.

use super::members::Lookup;
use super::names::TypeNames;
use super::raw::{Bit, Raw, RawAvp};
use super::select::Selection;
use super::types::Types;
use super::{Counts, Options};
use crate::diagnostics::{Diagnostic, catalogue};
use crate::grammar::type_name;
use crate::index::Index;
use crate::model::{AvpId, DataType, Dictionary, VendorId};
use crate::{Loader, naming};
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

/// The dictionary to be.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) counts: Counts,
    /// Whether it is a set of its own, in the format of go-diameter.
    pub(super) alone: bool,
    pub(super) vendors: Vec<PlanVendor>,
    pub(super) applications: Vec<PlanApplication>,
    pub(super) avps: Vec<PlanAvp>,
}

#[derive(Debug)]
pub(super) struct PlanVendor {
    pub(super) id: VendorId,
    pub(super) name: String,
    pub(super) code: Option<String>,
}

#[derive(Debug)]
pub(super) struct PlanApplication {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) commands: Vec<PlanCommand>,
}

#[derive(Debug)]
pub(super) struct PlanCommand {
    pub(super) name: String,
    pub(super) code: u32,
    pub(super) short: String,
    pub(super) rust_name: Option<String>,
}

#[derive(Debug)]
pub(super) struct PlanAvp {
    pub(super) name: String,
    pub(super) code: u32,
    pub(super) vendor: VendorId,
    pub(super) mandatory: Bit,
    pub(super) protected: Bit,
    pub(super) may_encrypt: bool,
    pub(super) data_type: DataType,
    pub(super) doc: Option<String>,
    pub(super) items: Vec<PlanItem>,
    pub(super) members: Vec<PlanMember>,
    pub(super) rust_name: Option<String>,
    /// Whether it is there only because a group needs it.
    pub(super) needed: bool,
}

#[derive(Debug)]
pub(super) struct PlanItem {
    pub(super) value: i64,
    pub(super) label: String,
    pub(super) rust_name: Option<String>,
}

#[derive(Debug)]
pub(super) struct PlanMember {
    pub(super) name: String,
    pub(super) vendor: Option<VendorId>,
    pub(super) rust_name: Option<String>,
}

/// A definition that counts.
pub(super) struct Definition<'a> {
    pub(super) raw: &'a RawAvp,
    /// As written, which may differ from what the file has.
    pub(super) name: String,
    pub(super) vendor: VendorId,
    pub(super) data_type: DataType,
    /// What the shipped dictionaries have in its place.
    pub(super) standard: Option<AvpId>,
}

/// What definitions are compared with.
pub(super) struct Standard {
    pub(super) dictionary: Dictionary,
    pub(super) index: Index,
}

impl Standard {
    fn load(options: &Options) -> Self {
        let dictionary = if options.all { Dictionary::default() } else { Loader::with_standard().load().dictionary };
        let index = Index::new(&dictionary);
        Self { dictionary, index }
    }

    /// The AVP of exactly this name under a vendor.
    pub(super) fn named(&self, vendor: VendorId, name: &str) -> Option<AvpId> {
        let of_vendor = |id: &AvpId| self.dictionary.avp(*id).vendor == vendor;
        self.index.avp_by_name(name).into_iter().find(of_vendor)
    }
}

pub(super) fn plan(raw: &Raw, options: &Options, diagnostics: &mut Vec<Diagnostic>) -> Plan {
    let standard = Standard::load(options);
    let Some(selection) = Selection::new(raw, options, &standard.dictionary, diagnostics) else {
        return Plan::default();
    };
    let mut counts = Counts::default();
    let types = Types::new(raw.types.iter().map(|found| (found.name.as_str(), found.parent.as_deref())));
    let mut definitions = Definitions::default();
    for avp in &raw.avps {
        let wanted = selection.wants(avp);
        let told = !raw.context.contains(&avp.span.file);
        let mut found = Vec::new();
        if !definitions.add(avp, &selection, &types, &standard, options.all, &mut found) && wanted {
            counts.dropped += 1;
        }
        if told && (wanted || selection.is_everything) {
            diagnostics.append(&mut found);
        }
    }
    let definitions = definitions.list;
    let lookup = Lookup::new(&definitions, &raw.avps, &selection, &standard);

    // What is wanted, then what its groups need.
    let mut order: Vec<usize> = Vec::new();
    for (index, definition) in definitions.iter().enumerate().filter(|(_, found)| selection.wants(found.raw)) {
        match definition.standard {
            Some(id) => {
                counts.standard += 1;
                diagnostics.extend(contradiction(definition, &standard.dictionary, id));
            }
            None => order.push(index),
        }
    }
    let wanted = order.len();
    let mut seen: HashSet<usize> = order.iter().copied().collect();
    let mut queue: VecDeque<usize> = order.iter().copied().collect();
    let mut members = HashMap::new();
    while let Some(index) = queue.pop_front() {
        let resolved = lookup.members(&definitions[index], diagnostics);
        for needed in resolved.iter().filter_map(|target| target.imported()) {
            if seen.insert(needed) {
                order.push(needed);
                queue.push_back(needed);
            }
        }
        members.insert(index, resolved);
    }

    let ambiguous = lookup.ambiguous_names(order.iter().map(|index| &definitions[*index]));
    let mut type_names = TypeNames::default();
    let mut rust_names = HashMap::new();
    for &index in &order {
        let definition = &definitions[index];
        let word = selection.vendor_word(definition.vendor);
        let group = definition.data_type == DataType::Grouped;
        rust_names.insert(index, type_names.avp(&definition.name, group, &word, definition.code()));
    }
    let mut avps = Vec::new();
    for (position, &index) in order.iter().enumerate() {
        let definition = &definitions[index];
        let targets = members.remove(&index).unwrap_or_default();
        let rust_name = rust_names.get(&index).cloned().flatten();
        avps.push(PlanAvp {
            name: definition.name.clone(),
            code: definition.code(),
            vendor: definition.vendor,
            mandatory: definition.raw.mandatory,
            protected: definition.raw.protected,
            may_encrypt: definition.raw.may_encrypt,
            data_type: definition.data_type,
            doc: definition.raw.description.clone(),
            items: items(definition, diagnostics),
            members: lookup.written(&definitions, &targets, &rust_names, &ambiguous),
            rust_name,
            needed: position >= wanted,
        });
    }
    counts.avps = avps.len();
    counts.needed = avps.len() - wanted;
    counts.groups = avps.iter().filter(|avp| avp.data_type == DataType::Grouped).count();
    let applications = selection.applications(&standard, &mut type_names, diagnostics);
    counts.commands = applications.iter().map(|application| application.commands.len()).sum();
    let mut used: BTreeMap<VendorId, ()> = avps.iter().map(|avp| (avp.vendor, ())).collect();
    used.remove(&0);
    let vendors = used.into_keys().map(|id| selection.vendor(id)).collect();
    Plan { counts, alone: options.all, vendors, applications, avps }
}

impl Definition<'_> {
    pub(super) fn code(&self) -> u32 {
        self.raw.code
    }
}

#[derive(Default)]
struct Definitions<'a> {
    list: Vec<Definition<'a>>,
    codes: HashMap<(VendorId, u32), usize>,
    names: HashMap<(VendorId, String), usize>,
    /// Names whatever their vendor, for a set that finds AVPs by name alone.
    all_names: HashSet<String>,
}

impl<'a> Definitions<'a> {
    /// Adds a definition unless its code is taken. `found` is what there is to tell of it.
    fn add(
        &mut self,
        avp: &'a RawAvp,
        selection: &Selection<'_>,
        types: &Types<'_>,
        standard: &Standard,
        alone: bool,
        found: &mut Vec<Diagnostic>,
    ) -> bool {
        let Some(vendor) = selection.vendor_of(avp, found) else { return false };
        let data_type = types.of(avp, vendor).unwrap_or_else(|message| {
            let span = avp.type_name.as_ref().map_or(avp.span, |name| name.span);
            found.push(Diagnostic::warning(catalogue::UNKNOWN_DATA_TYPE, span, message));
            DataType::OctetString
        });
        let label = selection.label(vendor);
        if let Some(&first) = self.codes.get(&(vendor, avp.code)) {
            let first = &self.list[first];
            if first.raw.name != avp.name || first.data_type != data_type || !same(first.raw, avp) {
                let message = match first.raw.name == avp.name {
                    true => format!("`{}` ({}/{label}) is defined again, differently; left out", avp.name, avp.code),
                    false => format!("the code {}/{label} of `{}` is taken; left out", avp.code, avp.name),
                };
                found.push(
                    Diagnostic::warning(catalogue::DUPLICATE_CODE, avp.span, message)
                        .also(first.raw.span, format!("first defined, as `{}`,", first.raw.name)),
                );
            }
            return false;
        }
        let standard_id = standard.index.avp(vendor, avp.code);
        let mut name = avp.name.clone();
        let taken_by_standard = standard_id.is_none()
            && standard.named(vendor, &name).is_some_and(|id| standard.dictionary.avp(id).name == name);
        let clash = self.names.get(&(vendor, name.clone())).map(|first| self.list[*first].raw.span);
        if clash.is_some() || taken_by_standard {
            name = format!("{name}-{}", avp.code);
            let by = if taken_by_standard { ", in the shipped dictionaries," } else { "" };
            let message =
                format!("{label} has an AVP `{}` with another code{by} already; written as `{name}`", avp.name);
            let mut diagnostic = Diagnostic::warning(catalogue::DUPLICATE_NAME, avp.span, message);
            if let Some(first) = clash {
                diagnostic = diagnostic.also(first, "first defined");
            }
            found.push(diagnostic);
        }
        if alone && self.all_names.contains(&name) {
            name = format!("{name}-{}", selection.vendor_word(vendor));
            if self.all_names.contains(&name) {
                name = format!("{name}-{}", avp.code);
            }
        }
        self.all_names.insert(name.clone());
        let index = self.list.len();
        self.codes.insert((vendor, avp.code), index);
        self.names.entry((vendor, name.clone())).or_insert(index);
        self.list.push(Definition { raw: avp, name, vendor, data_type, standard: standard_id });
        true
    }
}

/// Whether two definitions say the same, apart from their name and type.
fn same(first: &RawAvp, second: &RawAvp) -> bool {
    let items = |avp: &RawAvp| avp.items.iter().map(|item| (item.value, item.label.clone())).collect::<Vec<_>>();
    let members = |avp: &RawAvp| avp.members.iter().map(|member| member.value.clone()).collect::<Vec<_>>();
    first.mandatory == second.mandatory && items(first) == items(second) && members(first) == members(second)
}

/// That the shipped dictionaries see a definition otherwise.
fn contradiction(definition: &Definition<'_>, standard: &Dictionary, id: AvpId) -> Option<Diagnostic> {
    let shipped = standard.avp(id);
    let folded = |name: &str| name.to_ascii_lowercase().replacen("tgpp-", "3gpp-", 1);
    let (name, code) = (&definition.raw.name, definition.code());
    let other_name = folded(name) != folded(&shipped.name);
    let other_type = !alike(definition.data_type, shipped.data_type);
    let message = match (other_name, other_type) {
        (false, false) => return None,
        (true, _) => {
            format!(
                "`{name}` ({code}/{}) is `{}` in the shipped dictionaries, which counts",
                shipped.vendor, shipped.name
            )
        }
        (false, true) => format!(
            "`{name}` is of type {} in the shipped dictionaries, which counts, and not {}",
            type_name(shipped.data_type),
            type_name(definition.data_type)
        ),
    };
    Some(Diagnostic::warning(catalogue::DUPLICATE_CODE, definition.raw.span, message))
}

/// Whether values of one type are those of the other, but for how they are shown.
fn alike(one: DataType, other: DataType) -> bool {
    let kind = |data_type| match data_type {
        DataType::Enumerated | DataType::Unsigned32 | DataType::Integer32 => 4,
        DataType::OctetString | DataType::Utf8String | DataType::DiameterIdentity | DataType::IpFilterRule => 0,
        _ => 9,
    };
    one == other || kind(one) == kind(other) && kind(one) != 9
}

/// The named values, each once, as far as the type can have them.
fn items(definition: &Definition<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<PlanItem> {
    let raw = definition.raw;
    let Some(first) = raw.items.first() else { return Vec::new() };
    let unsigned = definition.data_type == DataType::Unsigned32;
    if !unsigned && !matches!(definition.data_type, DataType::Enumerated | DataType::Integer32) {
        let message = format!(
            "`{}` is of type {}, which has no named values; left out",
            raw.name,
            type_name(definition.data_type)
        );
        diagnostics.push(Diagnostic::warning(catalogue::ITEMS_NOT_ALLOWED, first.span, message));
        return Vec::new();
    }
    let mut values: HashMap<i64, &str> = HashMap::new();
    let mut names: HashSet<String> = HashSet::new();
    let mut items = Vec::new();
    for item in &raw.items {
        // The same four octets, read with a sign or without.
        let value = match (unsigned, item.value) {
            (true, value) if value < 0 => value + (1 << 32),
            (false, value) if value > i64::from(i32::MAX) => value - (1 << 32),
            (_, value) => value,
        };
        if let Some(label) = values.get(&value) {
            if *label != item.label {
                let message = format!("the value {value} of `{}` is `{label}` already; left out", raw.name);
                diagnostics.push(Diagnostic::warning(catalogue::DUPLICATE_ITEM, item.span, message));
            }
            continue;
        }
        values.insert(value, &item.label);
        let label = if item.label.is_empty() { format!("Value {value}") } else { item.label.clone() };
        let number = if value < 0 { format!("MINUS_{}", -value) } else { value.to_string() };
        let natural = naming::const_name(&label);
        let mut rust_name = natural.clone().unwrap_or_else(|_| format!("VALUE_{number}"));
        if naming::check_const_name(&rust_name).is_err() {
            rust_name = format!("VALUE_{number}");
        }
        if names.contains(&rust_name) {
            rust_name = format!("{rust_name}_{number}");
            while names.contains(&rust_name) {
                rust_name.push_str("_X");
            }
        }
        names.insert(rust_name.clone());
        let rust_name = (natural.as_ref() != Ok(&rust_name)).then_some(rust_name);
        items.push(PlanItem { value, label, rust_name });
    }
    items
}
