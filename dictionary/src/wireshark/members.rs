//! Which AVP the name of a member means.

use super::convert::{Definition, PlanMember, Standard};
use super::raw::RawAvp;
use super::select::Selection;
use crate::diagnostics::{Diagnostic, catalogue, nearest};
use crate::model::{AvpId, VendorId};
use crate::naming;
use std::collections::{HashMap, HashSet};

/// 3GPP, whose AVPs everybody uses.
const TGPP: VendorId = 10415;

/// Among so many diagnostics, similar names are looked for: that takes its time.
const SUGGESTIONS: usize = 200;

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Target {
    /// A definition, by its place among them.
    Imported(usize),
    /// An AVP of the shipped dictionaries.
    Standard(AvpId),
}

impl Target {
    pub(super) fn imported(self) -> Option<usize> {
        match self {
            Self::Imported(index) => Some(index),
            Self::Standard(_) => None,
        }
    }
}

/// Names, under each vendor.
pub(super) struct Lookup<'s> {
    names: HashMap<String, Vec<(VendorId, Target)>>,
    standard: &'s Standard,
}

impl<'s> Lookup<'s> {
    pub(super) fn new(
        definitions: &[Definition<'_>],
        avps: &[RawAvp],
        selection: &Selection<'_>,
        standard: &'s Standard,
    ) -> Self {
        let target = |index: usize| match definitions[index].standard {
            Some(id) => Target::Standard(id),
            None => Target::Imported(index),
        };
        let mut names: HashMap<String, Vec<(VendorId, Target)>> = HashMap::new();
        let mut codes = HashMap::new();
        let mut add = |name: &str, vendor: VendorId, target: Target| {
            let known = names.entry(name.to_owned()).or_default();
            if !known.iter().any(|(of, _)| *of == vendor) {
                known.push((vendor, target));
            }
        };
        for (index, definition) in definitions.iter().enumerate() {
            codes.insert((definition.vendor, definition.code()), index);
            add(&definition.raw.name, definition.vendor, target(index));
        }
        // A definition that was left out for its code still lends its name.
        for avp in avps {
            let Some(vendor) = selection.vendor_of(avp, &mut Vec::new()) else { continue };
            if let Some(&index) = codes.get(&(vendor, avp.code)) {
                add(&avp.name, vendor, target(index));
            }
        }
        Self { names, standard }
    }

    /// The members of a group, each once.
    pub(super) fn members(&self, group: &Definition<'_>, diagnostics: &mut Vec<Diagnostic>) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut seen = HashSet::new();
        for member in &group.raw.members {
            match self.find(&member.value, group.vendor) {
                Some(target) => {
                    if seen.insert(target) {
                        targets.push(target);
                    }
                }
                None => {
                    let message = format!("`{}` of `{}` is defined nowhere; left out", member.value, group.raw.name);
                    let diagnostic = Diagnostic::warning(catalogue::UNKNOWN_MEMBER, member.span, message);
                    let mut known: Vec<&str> = Vec::new();
                    if diagnostics.len() < SUGGESTIONS {
                        known.extend(self.names.keys().map(String::as_str));
                        known.sort_unstable();
                    }
                    diagnostics.push(match nearest(&member.value, known) {
                        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
                        None => diagnostic,
                    });
                }
            }
        }
        targets
    }

    /// Of several vendors: that of the group, then the IETF, then 3GPP, then the first.
    fn find(&self, name: &str, vendor: VendorId) -> Option<Target> {
        let rank = |of: VendorId| match of {
            _ if of == vendor => 0,
            0 => 1,
            TGPP => 2,
            _ => 3,
        };
        let imported = self.names.get(name).into_iter().flatten().copied();
        let shipped = self.standard.index.avp_by_name(name).into_iter();
        let shipped = shipped.map(|id| (self.standard.dictionary.avp(id).vendor, Target::Standard(id)));
        imported.chain(shipped).min_by_key(|(of, _)| rank(*of)).map(|(_, target)| target)
    }

    /// Names that do not say by themselves which vendor is meant.
    pub(super) fn ambiguous_names<'d>(&self, written: impl Iterator<Item = &'d Definition<'d>>) -> HashSet<String> {
        let mut vendors: HashMap<&str, HashSet<VendorId>> = HashMap::new();
        for avp in &self.standard.dictionary.avps {
            vendors.entry(&avp.name).or_default().insert(avp.vendor);
        }
        for definition in written {
            vendors.entry(&definition.name).or_default().insert(definition.vendor);
        }
        vendors.into_iter().filter(|(_, vendors)| vendors.len() > 1).map(|(name, _)| name.to_owned()).collect()
    }

    /// Members as they are written, their fields distinct. `rust_names` has the type names given by hand.
    pub(super) fn written(
        &self,
        definitions: &[Definition<'_>],
        targets: &[Target],
        rust_names: &HashMap<usize, Option<String>>,
        ambiguous: &HashSet<String>,
    ) -> Vec<PlanMember> {
        let mut fields: HashSet<String> = HashSet::new();
        let mut members = Vec::new();
        for target in targets {
            let (name, vendor, code, type_name) = match target {
                Target::Imported(index) => {
                    let definition = &definitions[*index];
                    let given = rust_names.get(index).cloned().flatten();
                    (&definition.name, definition.vendor, definition.code(), given)
                }
                Target::Standard(id) => {
                    let avp = self.standard.dictionary.avp(*id);
                    let given = naming::type_name(&avp.name).as_ref() != Ok(&avp.rust_name);
                    (&avp.name, avp.vendor, avp.code, given.then(|| avp.rust_name.clone()))
                }
            };
            // As the loader makes it.
            let natural = match &type_name {
                Some(type_name) => naming::field_of_type(type_name),
                None => naming::field_name(name),
            };
            let mut field = natural.clone().unwrap_or_else(|_| naming::forced_field_name(name));
            if naming::check_field_name(&field).is_err() || fields.contains(&field) {
                field = format!("avp_{code}_{vendor}");
            }
            fields.insert(field.clone());
            members.push(PlanMember {
                name: name.clone(),
                vendor: ambiguous.contains(name).then_some(vendor),
                rust_name: (natural.as_ref() != Ok(&field)).then_some(field),
            });
        }
        members
    }
}
