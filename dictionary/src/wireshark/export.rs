//! From our dictionaries to Wireshark's format: one file without entities.

use crate::grammar::type_name;
use crate::model::{Avp, AvpId, DataType, Dictionary, ExtensionTarget, FlagRule, Member, VendorId};
use quick_xml::escape::escape;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

/// The types that Wireshark knows, and what they derive from.
const TYPES: &[(&str, Option<&str>)] = &[
    ("OctetString", None),
    ("UTF8String", Some("OctetString")),
    ("IPAddress", Some("OctetString")),
    ("DiameterIdentity", Some("OctetString")),
    ("DiameterURI", Some("UTF8String")),
    ("IPFilterRule", Some("OctetString")),
    ("QoSFilterRule", Some("OctetString")),
    ("Integer32", None),
    ("Integer64", None),
    ("Unsigned32", None),
    ("Unsigned64", None),
    ("Float32", None),
    ("Float64", None),
    ("Time", None),
    ("Enumerated", Some("Integer32")),
];

/// A dictionary in Wireshark's format, as its `dictionary.xml`.
///
/// What that format has no words for is left out: cardinalities, grammars of commands, clauses, and which enumerations are
/// closed. Members that other units add to a group are members; values that they add, values.
pub fn export(dictionary: &Dictionary) -> String {
    let symbols = symbols(dictionary);
    let names = unique_names(dictionary, &symbols);
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Written by diametric. -->\n<dictionary>\n  <base>\n",
    );
    commands(&mut out, dictionary, 0, "    ");
    for (name, parent) in TYPES {
        let _ = write!(out, "    <typedefn type-name=\"{name}\"");
        if let Some(parent) = parent {
            let _ = write!(out, " type-parent=\"{parent}\"");
        }
        out.push_str("/>\n");
    }
    for (index, avp) in dictionary.avps.iter().enumerate().filter(|(_, avp)| avp.vendor == 0) {
        write_avp(&mut out, dictionary, AvpId(index), avp, &symbols, &names);
    }
    out.push_str("  </base>\n");
    for application in dictionary.applications.iter().filter(|application| application.id != 0) {
        let _ = writeln!(
            out,
            "  <application id=\"{}\" name=\"{}\" uri=\"none\">",
            application.id,
            escape(&application.name)
        );
        commands(&mut out, dictionary, application.id, "    ");
        out.push_str("  </application>\n");
    }
    out.push_str("  <vendor vendor-id=\"None\" code=\"0\" name=\"None\"/>\n");
    for (id, symbol) in symbols.iter().filter(|(id, _)| **id != 0) {
        let name = dictionary.vendors.iter().find(|vendor| vendor.id == *id).map_or(symbol, |vendor| &vendor.name);
        let _ = writeln!(out, "  <vendor vendor-id=\"{symbol}\" code=\"{id}\" name=\"{}\">", escape(name));
        for (index, avp) in dictionary.avps.iter().enumerate().filter(|(_, avp)| avp.vendor == *id) {
            write_avp(&mut out, dictionary, AvpId(index), avp, &symbols, &names);
        }
        out.push_str("  </vendor>\n");
    }
    out.push_str("</dictionary>\n");
    out
}

/// The symbolic id of each vendor, a name token.
fn symbols(dictionary: &Dictionary) -> BTreeMap<VendorId, String> {
    let mut symbols = BTreeMap::from([(0, "None".to_owned())]);
    let mut taken: HashSet<String> = HashSet::from(["None".to_owned()]);
    let declared =
        dictionary.vendors.iter().map(|vendor| (vendor.id, vendor.code.as_ref().unwrap_or(&vendor.name).as_str()));
    let used = dictionary.avps.iter().map(|avp| (avp.vendor, ""));
    for (id, word) in declared.chain(used) {
        if symbols.contains_key(&id) {
            continue;
        }
        let mut symbol: String =
            word.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
        if !symbol.starts_with(|c: char| c.is_ascii_alphabetic()) {
            symbol = format!("V{symbol}");
        }
        if !taken.insert(symbol.clone()) || word.is_empty() {
            symbol = format!("{symbol}{id}");
            taken.insert(symbol.clone());
        }
        symbols.insert(id, symbol);
    }
    symbols
}

/// Wireshark finds members by name alone: what two vendors call alike gets the vendor behind its name in all but the first.
fn unique_names(dictionary: &Dictionary, symbols: &BTreeMap<VendorId, String>) -> HashMap<AvpId, String> {
    let mut order: Vec<usize> = (0..dictionary.avps.len()).collect();
    order.sort_by_key(|index| (dictionary.avps[*index].vendor, *index));
    let mut taken: HashMap<String, (VendorId, u32)> = HashMap::new();
    let mut names = HashMap::new();
    for index in order {
        let avp = &dictionary.avps[index];
        let identity = (avp.vendor, avp.code);
        let symbol = symbols.get(&avp.vendor).map_or("", String::as_str);
        let candidates =
            [avp.name.clone(), format!("{}-{symbol}", avp.name), format!("{}-{symbol}-{}", avp.name, avp.code)];
        let free = |name: &&String| taken.get(*name).is_none_or(|known| *known == identity);
        let name = candidates.iter().find(free).unwrap_or(&candidates[2]).clone();
        taken.insert(name.clone(), identity);
        names.insert(AvpId(index), name);
    }
    names
}

/// The commands of an application. What starts from another is that other on the wire.
fn commands(out: &mut String, dictionary: &Dictionary, application: u32, indent: &str) {
    let mut seen = HashSet::new();
    for command in dictionary.commands.iter().filter(|command| command.like.is_none()) {
        if command.application == application && seen.insert(command.code) {
            let (name, code) = (escape(&command.name), command.code);
            let _ = writeln!(out, "{indent}<command name=\"{name}\" code=\"{code}\" vendor-id=\"None\"/>");
        }
    }
}

fn write_avp(
    out: &mut String,
    dictionary: &Dictionary,
    id: AvpId,
    avp: &Avp,
    symbols: &BTreeMap<VendorId, String>,
    names: &HashMap<AvpId, String>,
) {
    let bit = |rule| match rule {
        FlagRule::Must => "must",
        FlagRule::May => "may",
        FlagRule::MustNot => "mustnot",
    };
    let name_of = |id: AvpId| names.get(&id).map_or("", String::as_str);
    let _ = write!(out, "    <avp name=\"{}\" code=\"{}\"", escape(name_of(id)), avp.code);
    if let Some(symbol) = symbols.get(&avp.vendor).filter(|_| avp.vendor != 0) {
        let _ = write!(out, " vendor-id=\"{symbol}\"");
    }
    let v = if avp.vendor == 0 { "mustnot" } else { "must" };
    let (m, p) = (bit(avp.m), bit(avp.p));
    let encrypt = if avp.p == FlagRule::MustNot { "no" } else { "yes" };
    let _ = write!(out, " mandatory=\"{m}\" protected=\"{p}\" may-encrypt=\"{encrypt}\" vendor-bit=\"{v}\"");
    if let Some(doc) = &avp.doc {
        let _ = write!(out, " description=\"{}\"", escape(doc));
    }
    out.push_str(">\n");
    if avp.data_type == DataType::Grouped {
        out.push_str("      <grouped>");
        let added = dictionary.extensions.iter().filter(|extension| extension.target == ExtensionTarget::Group(id));
        let mut seen = HashSet::new();
        for member in avp.members.iter().chain(added.flat_map(|extension| &extension.members)) {
            let Member { avp, .. } = member;
            if seen.insert(*avp) {
                let _ = write!(out, "<gavp name=\"{}\"/>", escape(name_of(*avp)));
            }
        }
        out.push_str("</grouped>\n");
    } else {
        let data_type = match avp.data_type {
            DataType::Address => "IPAddress",
            other => type_name(other),
        };
        let _ = writeln!(out, "      <type type-name=\"{data_type}\"/>");
    }
    let added = dictionary.value_extensions.iter().filter(|extension| extension.avp == id);
    let mut seen = HashSet::new();
    for item in avp.items.iter().chain(added.flat_map(|extension| &extension.items)) {
        if seen.insert(item.value) {
            let _ = writeln!(out, "      <enum name=\"{}\" code=\"{}\"/>", escape(&item.label), item.value);
        }
    }
    out.push_str("    </avp>\n");
}
