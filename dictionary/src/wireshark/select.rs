//! Which definitions are wanted, and who the vendors are.

use super::Options;
use super::convert::{PlanApplication, PlanCommand, PlanVendor, Standard};
use super::names::TypeNames;
use super::raw::{Bit, Raw, RawAvp};
use crate::diagnostics::{Diagnostic, catalogue, did_you_mean};
use crate::model::{Dictionary, FileId, Vendor, VendorId};
use crate::naming;
use crate::source::Span;
use std::collections::{BTreeMap, HashMap, HashSet};

pub(super) struct Selection<'a> {
    raw: &'a Raw,
    vendors: Option<HashSet<VendorId>>,
    applications: Option<HashSet<u32>>,
    /// Whether nothing is left out.
    pub(super) is_everything: bool,
    symbols: HashMap<&'a str, VendorId>,
    names: HashMap<VendorId, (&'a str, Option<&'a str>)>,
    shipped: HashMap<VendorId, Vendor>,
}

impl<'a> Selection<'a> {
    /// `None` once it has been told that something is asked for that does not exist.
    pub(super) fn new(
        raw: &'a Raw,
        options: &Options,
        standard: &Dictionary,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let mut selection = Self {
            raw,
            vendors: None,
            applications: None,
            is_everything: options.vendors.is_empty() && options.applications.is_empty(),
            symbols: HashMap::new(),
            names: HashMap::new(),
            shipped: standard.vendors.iter().map(|vendor| (vendor.id, vendor.clone())).collect(),
        };
        let mut places: HashMap<&str, Span> = HashMap::new();
        for vendor in &raw.vendors {
            let symbol = vendor.symbol.as_str();
            if let Some(&known) = selection.symbols.get(symbol) {
                if known != vendor.id {
                    let message =
                        format!("the vendor `{symbol}` has the number {known} already; {} is left out", vendor.id);
                    let mut diagnostic = Diagnostic::warning(catalogue::VENDOR_CONFLICT, vendor.span, message);
                    if let Some(first) = places.get(symbol) {
                        diagnostic = diagnostic.also(*first, "first declared");
                    }
                    diagnostics.push(diagnostic);
                }
                continue;
            }
            places.insert(symbol, vendor.span);
            selection.symbols.insert(symbol, vendor.id);
            selection.names.entry(vendor.id).or_insert((symbol, vendor.name.as_deref()));
        }
        let place = Span::start(raw.main_files.first().copied().unwrap_or(FileId(0)));
        let mut complete = true;
        for wanted in &options.vendors {
            match selection.vendor_named(wanted) {
                Some(id) => {
                    selection.vendors.get_or_insert_default().insert(id);
                }
                None => {
                    let known =
                        raw.vendors.iter().flat_map(|v| std::iter::once(v.symbol.as_str()).chain(v.name.as_deref()));
                    let help = did_you_mean(wanted, known).unwrap_or_else(|| {
                        "vendors go by number, name or symbolic id, as the files have them".to_owned()
                    });
                    let message = format!("the files declare no vendor `{wanted}`");
                    diagnostics.push(Diagnostic::error(catalogue::UNKNOWN_VENDOR, place, message).help(help));
                    complete = false;
                }
            }
        }
        for &wanted in &options.applications {
            if !raw.applications.iter().any(|application| application.id == wanted) {
                let message = format!("the files have no application {wanted}");
                diagnostics.push(Diagnostic::error(catalogue::UNKNOWN_APPLICATION, place, message));
                complete = false;
            }
            selection.applications.get_or_insert_default().insert(wanted);
        }
        complete.then_some(selection)
    }

    fn vendor_named(&self, wanted: &str) -> Option<VendorId> {
        if let Ok(id) = wanted.parse::<VendorId>() {
            return (id == 0 || self.names.contains_key(&id)).then_some(id);
        }
        let is = |text: &str| text.eq_ignore_ascii_case(wanted);
        let found = self.raw.vendors.iter().find(|vendor| is(&vendor.symbol) || vendor.name.as_deref().is_some_and(is));
        found.map(|vendor| vendor.id)
    }

    /// Whether a definition is asked for by itself.
    pub(super) fn wants(&self, avp: &RawAvp) -> bool {
        let vendor = || self.vendor_of(avp, &mut Vec::new());
        !self.raw.context.contains(&avp.span.file)
            && self.vendors.as_ref().is_none_or(|vendors| vendor().is_some_and(|vendor| vendors.contains(&vendor)))
            && self.applications.as_ref().is_none_or(|ids| avp.application.is_some_and(|id| ids.contains(&id)))
    }

    /// The vendor of an AVP; `None` once it has been told that there is none.
    pub(super) fn vendor_of(&self, avp: &RawAvp, found: &mut Vec<Diagnostic>) -> Option<VendorId> {
        let vendor = match (&avp.vendor, &avp.enclosing_vendor) {
            (Some(symbol), _) => match self.symbols.get(symbol.value.as_str()) {
                Some(id) => *id,
                None => {
                    let message = format!("the vendor `{}` of `{}` is not declared; left out", symbol.value, avp.name);
                    let diagnostic = Diagnostic::warning(catalogue::UNKNOWN_VENDOR, symbol.span, message);
                    let help = did_you_mean(&symbol.value, self.symbols.keys().copied());
                    found.push(match help {
                        Some(help) => diagnostic.help(help),
                        None => diagnostic,
                    });
                    return None;
                }
            },
            // Forgotten, as its flag tells.
            (None, Some(symbol)) if avp.vendor_bit == Some(Bit::Must) => {
                self.symbols.get(symbol.as_str()).copied().unwrap_or(0)
            }
            (None, _) => 0,
        };
        let mistake = match avp.vendor_bit {
            Some(Bit::Must) if vendor == 0 => Some("is sent with V, but has no vendor"),
            Some(Bit::MustNot) if vendor != 0 => Some("has a vendor, but is sent without V"),
            _ => None,
        };
        if let Some(what) = mistake {
            let message = format!("`{}` {what}; the vendor counts", avp.name);
            found.push(Diagnostic::warning(catalogue::VENDOR_FLAG, avp.span, message));
        }
        Some(vendor)
    }

    /// How people are told of a vendor.
    pub(super) fn label(&self, id: VendorId) -> String {
        match self.names.get(&id) {
            _ if id == 0 => "vendor 0".to_owned(),
            Some((symbol, _)) => (*symbol).to_owned(),
            None => format!("vendor {id}"),
        }
    }

    /// A word for a vendor that can be part of a Rust name and of that of an AVP.
    pub(super) fn vendor_word(&self, id: VendorId) -> String {
        let word: String = self.label(id).chars().filter(char::is_ascii_alphanumeric).collect();
        if id == 0 { "Base".to_owned() } else { word }
    }

    /// How a vendor is declared: as the shipped dictionaries do, where they do.
    pub(super) fn vendor(&self, id: VendorId) -> PlanVendor {
        if let Some(vendor) = self.shipped.get(&id) {
            return PlanVendor { id, name: vendor.name.clone(), code: vendor.code.clone() };
        }
        let (symbol, name) = self.names.get(&id).copied().unwrap_or(("", None));
        let code = (!symbol.is_empty()).then(|| symbol.to_owned());
        let name = name.map(str::to_owned).or_else(|| code.clone()).unwrap_or_else(|| format!("Vendor {id}"));
        PlanVendor { id, name, code }
    }

    /// The applications that stand in the files given, with the commands that are in them.
    pub(super) fn applications(
        &self,
        standard: &Standard,
        type_names: &mut TypeNames,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<PlanApplication> {
        let wanted = |file: FileId, id: u32| {
            !self.raw.context.contains(&file)
                && self.applications.as_ref().map_or(self.vendors.is_none(), |ids| ids.contains(&id))
        };
        let mut applications: BTreeMap<u32, PlanApplication> = BTreeMap::new();
        for found in self.raw.applications.iter().filter(|found| wanted(found.span.file, found.id)) {
            let name = match standard.dictionary.application(found.id) {
                Some(shipped) => shipped.name.clone(),
                None => found.name.clone().unwrap_or_else(|| format!("Application {}", found.id)),
            };
            applications.entry(found.id).or_insert(PlanApplication { id: found.id, name, commands: Vec::new() });
        }
        for command in &self.raw.commands {
            let Some(id) = command.application.filter(|id| wanted(command.span.file, *id)) else { continue };
            let Some(application) = applications.get_mut(&id) else { continue };
            if standard.index.command(id, command.code).is_some() {
                continue;
            }
            let clash =
                application.commands.iter().find(|other| other.code == command.code || other.name == command.name);
            if let Some(other) = clash {
                if other.code != command.code || other.name != command.name {
                    let message = format!(
                        "application {id} has a command `{}` ({}) already; `{}` ({}) is left out",
                        other.name, other.code, command.name, command.code
                    );
                    diagnostics.push(Diagnostic::warning(catalogue::DUPLICATE_COMMAND, command.span, message));
                }
                continue;
            }
            let (rust_name, short) = type_names.command(&command.name, command.code);
            let command = PlanCommand { name: command.name.clone(), code: command.code, short, rust_name };
            application.commands.push(command);
        }
        // What the shipped dictionaries declare, and nothing is added to, need not be said again.
        let is_new =
            |found: &PlanApplication| !found.commands.is_empty() || standard.dictionary.application(found.id).is_none();
        let mut applications: Vec<PlanApplication> = applications.into_values().filter(is_new).collect();
        for application in &mut applications {
            if naming::module_name(&application.name).is_empty() {
                application.name = format!("Application {}", application.id);
            }
        }
        applications
    }
}
