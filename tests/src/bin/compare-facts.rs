//! Compares the resolved standard dictionaries with tables of facts that were collected apart from them.
//!
//! ```text
//! usage: compare-facts FOLDER
//! ```
//!
//! FOLDER holds `avps.csv`, `enums.csv`, `members.csv` and `commands.csv`. Every AVP, value, grammar and command is compared
//! field by field, both ways. Prints each difference, then `N passed, N failed`; the exit status is 1 if any failed.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command says what it found")]

use diametric_dictionary::index::Index;
use diametric_dictionary::model::{Avp, AvpId, Dictionary, FlagRule, Member, MemberKind, Message};
use diametric_dictionary::{Loader, grammar};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

/// Differences that are meant to be there, as they would be printed, and why. `docs/errata.md` tells the same to people.
const DELIBERATE: &[(&str, &str)] = &[(
    "RAA of application 4: Failed-AVP is * [ Failed-AVP ], the facts have [ Failed-AVP ]",
    "the widest form of the releases read: Release 12 has any number, RFC 6733 and Release 19 have one",
)];

/// Forms that a newer one of the same table replaces. All others of a group or message are joined.
fn is_superseded(spec: &str, forms: &BTreeMap<String, Vec<MemberRow>>) -> bool {
    match spec {
        "RFC4006" => true,
        "RFC5777" => forms.contains_key("RFC5777 + verified erratum 2333"),
        _ => spec.starts_with("TS 32.299 V12"),
    }
}

#[derive(Deserialize)]
struct AvpRow {
    name: String,
    code: u32,
    vendor_id: u32,
    r#type: String,
    m_flag: String,
    p_flag: String,
    v_flag: String,
}

#[derive(Deserialize)]
struct ValueRow {
    avp_name: String,
    avp_code: u32,
    vendor_id: u32,
    value: i64,
    label: String,
}

#[derive(Deserialize)]
struct MemberRow {
    parent_kind: String,
    parent_name: String,
    parent_code: Option<u32>,
    parent_vendor: Option<u32>,
    application_id: Option<u32>,
    spec: String,
    position: u32,
    rule: String,
    min: u32,
    max: String,
    member_name: String,
    member_code: Option<u32>,
    member_vendor: Option<u32>,
}

#[derive(Deserialize)]
struct CommandRow {
    name: String,
    abbrev: String,
    code: Option<u32>,
    application_id: u32,
    kind: String,
    #[serde(rename = "R")]
    request: String,
    #[serde(rename = "P")]
    proxiable: String,
    #[serde(rename = "E")]
    error: String,
}

/// The name of a group or message in what is printed, and what it has.
struct Grammar<'d> {
    shown: String,
    members: &'d [Member],
    any: bool,
}

/// A member as the facts have it.
#[derive(Clone, PartialEq)]
struct Fact {
    name: String,
    kind: MemberKind,
    min: u32,
    max: Option<u32>,
}

struct Comparison<'d> {
    dictionary: &'d Dictionary,
    index: Index,
    passed: usize,
    failed: usize,
    excused: BTreeSet<&'static str>,
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: compare-facts FOLDER");
        return ExitCode::from(2);
    };
    match run(Path::new(&folder)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("compare-facts: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(folder: &Path) -> Result<usize, Box<dyn Error>> {
    let loaded = Loader::with_standard().load();
    if loaded.has_errors() {
        return Err(loaded.render().into());
    }
    let dictionary = &loaded.dictionary;
    let mut comparison =
        Comparison { dictionary, index: Index::new(dictionary), passed: 0, failed: 0, excused: BTreeSet::new() };
    comparison.avps(&table(folder, "avps.csv")?);
    comparison.values(&table(folder, "enums.csv")?);
    comparison.commands(&table(folder, "commands.csv")?);
    comparison.grammars(table(folder, "members.csv")?)?;
    comparison.excuses();
    println!("{} passed, {} failed", comparison.passed, comparison.failed);
    Ok(comparison.failed)
}

fn table<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Vec<T>, Box<dyn Error>> {
    let path = folder.join(name);
    let read = || -> csv::Result<Vec<T>> { csv::Reader::from_path(&path)?.deserialize().collect() };
    let rows = read().map_err(|error| format!("{}: {error}", path.display()))?;
    if rows.is_empty() { Err(format!("{} is empty", path.display()).into()) } else { Ok(rows) }
}

impl Comparison<'_> {
    /// Counts one thing compared, by the differences found in it.
    fn judge(&mut self, subject: &str, differences: Vec<String>) {
        let mut failed = false;
        for difference in differences {
            let difference = format!("{subject}: {difference}");
            match DELIBERATE.iter().find(|(deliberate, _)| *deliberate == difference) {
                Some((deliberate, _)) => _ = self.excused.insert(deliberate),
                None => {
                    println!("{difference}");
                    failed = true;
                }
            }
        }
        if failed {
            self.failed += 1;
        } else {
            self.passed += 1;
        }
    }

    /// What is listed as deliberate must be there, or the list is out of date.
    fn excuses(&mut self) {
        for (difference, reason) in DELIBERATE {
            if !self.excused.contains(difference) {
                println!("`{difference}` is listed as deliberate ({reason}), but there is no such difference");
                self.failed += 1;
            }
        }
    }

    fn avp(&self, vendor: u32, code: u32) -> Option<&Avp> {
        self.index.avp(vendor, code).map(|id| self.dictionary.avp(id))
    }

    fn avps(&mut self, rows: &[AvpRow]) {
        for row in rows {
            let mut differences = Vec::new();
            match self.avp(row.vendor_id, row.code) {
                None => differences.push("is missing".to_owned()),
                Some(avp) => {
                    let mut compare = |what: &str, actual: &str, fact: &str| {
                        if actual != fact {
                            differences.push(format!("{what} is {actual}, the facts have {fact}"));
                        }
                    };
                    compare("the name", &avp.name, &row.name);
                    compare("the type", grammar::type_name(avp.data_type), &row.r#type);
                    compare("M", flag(avp.m), &row.m_flag);
                    // `-` is said of AVPs whose flag table has no P; the model knows that as the default.
                    let p = if row.p_flag == "-" { "may" } else { &row.p_flag[..] };
                    compare("P", flag(avp.p), p);
                    compare("V", if avp.vendor == 0 { "must-not" } else { "must" }, &row.v_flag);
                }
            }
            self.judge(&format!("{} ({}/{})", row.name, row.vendor_id, row.code), differences);
        }
        let known: BTreeSet<_> = rows.iter().map(|row| (row.vendor_id, row.code)).collect();
        let dictionary = self.dictionary;
        for avp in dictionary.avps.iter().filter(|avp| !known.contains(&(avp.vendor, avp.code))) {
            self.judge(&format!("{} ({}/{})", avp.name, avp.vendor, avp.code), vec!["is not in the facts".to_owned()]);
        }
    }

    fn values(&mut self, rows: &[ValueRow]) {
        type Named<'a> = (&'a str, BTreeMap<i64, &'a str>);
        let mut facts: BTreeMap<(u32, u32), Named<'_>> = BTreeMap::new();
        for row in rows {
            let (_, values) = facts.entry((row.vendor_id, row.avp_code)).or_insert((&row.avp_name, BTreeMap::new()));
            values.insert(row.value, &row.label);
        }
        let dictionary = self.dictionary;
        for avp in dictionary.avps.iter().filter(|avp| !avp.items.is_empty()) {
            facts.entry((avp.vendor, avp.code)).or_insert((&avp.name, BTreeMap::new()));
        }
        for ((vendor, code), (name, values)) in facts {
            let items = self.index.avp(vendor, code).map(|id| &dictionary.avp(id).items[..]).unwrap_or_default();
            let actual: BTreeMap<i64, &str> = items.iter().map(|item| (item.value, &item.label[..])).collect();
            for value in values.keys().chain(actual.keys()).copied().collect::<BTreeSet<i64>>() {
                let difference = match (actual.get(&value), values.get(&value)) {
                    (Some(label), Some(fact)) if label == fact => None,
                    (Some(label), Some(fact)) => Some(format!("is `{label}`, the facts have `{fact}`")),
                    (Some(label), None) => Some(format!("is `{label}`, the facts do not have it")),
                    (None, _) => Some("is missing".to_owned()),
                };
                self.judge(&format!("{name} ({vendor}/{code}): value {value}"), difference.into_iter().collect());
            }
        }
    }

    fn commands(&mut self, rows: &[CommandRow]) {
        let mut seen = BTreeSet::new();
        for row in rows {
            // The answer-message stands for all commands, so it has no code; it is compared with the grammars.
            let Some(code) = row.code else { continue };
            let mut differences = Vec::new();
            match self.index.command(row.application_id, code).map(|id| self.dictionary.command(id)) {
                None => differences.push("is missing".to_owned()),
                Some(command) => {
                    let request = row.kind == "request";
                    let message = if request { &command.request } else { &command.answer };
                    seen.insert((command.application, code, request));
                    let mut compare = |what: &str, actual: &str, fact: &str| {
                        if actual != fact {
                            differences.push(format!("{what} is {actual}, the facts have {fact}"));
                        }
                    };
                    compare("the name", &message.name, &row.name);
                    compare("the abbreviation", &message.abbreviation, &row.abbrev);
                    compare("R", if request { "1" } else { "0" }, &row.request);
                    compare("P", if command.proxiable { "1" } else { "0" }, &row.proxiable);
                    compare("E", "0", &row.error);
                }
            }
            self.judge(&format!("{} of application {}", row.abbrev, row.application_id), differences);
        }
        for command in &self.dictionary.commands {
            for (request, message) in [(true, &command.request), (false, &command.answer)] {
                if !seen.contains(&(command.application, command.code, request)) {
                    let subject = format!("{} of application {}", message.abbreviation, command.application);
                    self.judge(&subject, vec!["is not in the facts".to_owned()]);
                }
            }
        }
    }

    fn grammars(&mut self, rows: Vec<MemberRow>) -> Result<(), Box<dyn Error>> {
        // A group has one grammar whatever application it is used in; a command has one in each.
        type Parent = (bool, Option<u32>, Option<u32>, Option<u32>, String);
        let mut parents: BTreeMap<Parent, BTreeMap<String, Vec<MemberRow>>> = BTreeMap::new();
        for row in rows {
            let is_command = row.parent_kind == "command";
            let application = row.application_id.filter(|_| is_command);
            let parent = (is_command, row.parent_vendor, row.parent_code, application, row.parent_name.clone());
            parents.entry(parent).or_default().entry(row.spec.clone()).or_default().push(row);
        }
        let groups: BTreeSet<_> =
            parents.keys().filter(|parent| !parent.0).map(|parent| (parent.1, parent.2)).collect();
        let messages: BTreeSet<_> =
            parents.keys().filter(|parent| parent.0).map(|parent| (parent.3, parent.4.clone())).collect();
        for ((is_command, vendor, code, application, name), forms) in parents {
            let grammar = if is_command {
                self.message(application.unwrap_or(0), code, &name)
            } else {
                self.group(vendor.unwrap_or(0), code.unwrap_or(0))
            };
            match grammar {
                Some(grammar) => {
                    let differences = self.grammar(&grammar, &joined(forms)?);
                    self.judge(&grammar.shown, differences);
                }
                None => self.judge(&name, vec!["is missing".to_owned()]),
            }
        }
        let dictionary = self.dictionary;
        let grouped = dictionary.avps.iter().filter(|avp| !avp.members.is_empty());
        for avp in grouped.filter(|avp| !groups.contains(&(Some(avp.vendor), Some(avp.code)))) {
            self.judge(
                &format!("{} ({}/{})", avp.name, avp.vendor, avp.code),
                vec!["has members, the facts have none".into()],
            );
        }
        let all = dictionary.commands.iter().flat_map(|command| {
            [&command.request, &command.answer].map(|message| (Some(command.application), message.name.clone()))
        });
        for (application, name) in all.filter(|message| !messages.contains(message)) {
            let subject = format!("{name} of application {}", application.unwrap_or_default());
            self.judge(&subject, vec!["the facts have no grammar of it".into()]);
        }
        Ok(())
    }

    fn group(&self, vendor: u32, code: u32) -> Option<Grammar<'_>> {
        let avp = self.avp(vendor, code)?;
        let shown = format!("{} ({vendor}/{code})", avp.name);
        Some(Grammar { shown, members: &avp.members, any: avp.any })
    }

    fn message(&self, application: u32, code: Option<u32>, name: &str) -> Option<Grammar<'_>> {
        let message: &Message = match code {
            None => self.dictionary.answer_message.as_ref()?,
            Some(code) => {
                let command = self.dictionary.command(self.index.command(application, code)?);
                [&command.request, &command.answer].into_iter().find(|message| message.name == name)?
            }
        };
        let shown = format!("{} of application {application}", message.abbreviation);
        Some(Grammar { shown, members: &message.members, any: message.any })
    }

    fn grammar(&self, grammar: &Grammar<'_>, facts: &Joined) -> Vec<String> {
        let mut differences = Vec::new();
        let key = |member: &Member| identity(self.dictionary, member.avp);
        for (wanted, fact) in &facts.members {
            match grammar.members.iter().find(|member| key(member) == *wanted) {
                None => differences.push(format!("{} is missing, the facts have {}", fact.name, shown(fact))),
                Some(member) => {
                    let Member { kind, min, max, .. } = *member;
                    let actual = Fact { name: fact.name.clone(), kind, min, max };
                    if actual != *fact {
                        differences.push(format!(
                            "{} is {}, the facts have {}",
                            fact.name,
                            shown(&actual),
                            shown(fact)
                        ));
                    }
                }
            }
        }
        for member in grammar.members {
            if !facts.members.iter().any(|(wanted, _)| *wanted == key(member)) {
                differences.push(format!("the facts do not have {}", grammar::member(self.dictionary, member)));
            }
        }
        if grammar.any != facts.any {
            let (actual, fact) = if grammar.any { ("ends", "does not") } else { ("does not end", "does") };
            differences.push(format!("{actual} in * [ AVP ], in the facts it {fact}"));
        }
        // Members that another specification adds may stand anywhere among themselves, but after those of the first.
        let actual: Vec<_> = grammar.members.iter().map(key).filter(|key| facts.ordered.contains(key)).collect();
        let leading: Vec<_> = grammar.members.iter().take(facts.ordered.len()).map(key).collect();
        if differences.is_empty() && (actual != facts.ordered || leading != facts.ordered) {
            differences.push("the members are not in the order of the facts".to_owned());
        }
        differences
    }
}

/// The forms of one grammar that several specifications give, as one.
struct Joined {
    members: Vec<((u32, u32), Fact)>,
    /// The members of the first form.
    ordered: Vec<(u32, u32)>,
    any: bool,
}

fn joined(mut forms: BTreeMap<String, Vec<MemberRow>>) -> Result<Joined, Box<dyn Error>> {
    let superseded: Vec<_> = forms.keys().filter(|spec| is_superseded(spec, &forms)).cloned().collect();
    if superseded.len() < forms.len() {
        superseded.iter().for_each(|spec| _ = forms.remove(spec));
    }
    let mut joined = Joined { members: Vec::new(), ordered: Vec::new(), any: false };
    // By name, an RFC comes before what is derived from it and before TS.
    for (position, (_, mut rows)) in forms.into_iter().enumerate() {
        rows.sort_by_key(|row| row.position);
        for row in rows {
            let (Some(vendor), Some(code)) = (row.member_vendor, row.member_code) else {
                joined.any = true;
                continue;
            };
            let max = if row.max == "*" { None } else { Some(row.max.parse()?) };
            let kind = match &row.rule[..] {
                "fixed" => MemberKind::Fixed,
                "required" => MemberKind::Required,
                "optional" => MemberKind::Optional,
                other => return Err(format!("members.csv: unknown rule {other}").into()),
            };
            match joined.members.iter_mut().find(|(key, _)| *key == (vendor, code)) {
                Some((_, fact)) => {
                    fact.min = fact.min.min(row.min);
                    fact.max = fact.max.zip(max).map(|(one, other)| one.max(other));
                }
                None => {
                    let fact = Fact { name: row.member_name, kind, min: row.min, max };
                    joined.members.push(((vendor, code), fact));
                }
            }
            if position == 0 {
                joined.ordered.push((vendor, code));
            }
        }
    }
    Ok(joined)
}

fn identity(dictionary: &Dictionary, id: AvpId) -> (u32, u32) {
    let avp = dictionary.avp(id);
    (avp.vendor, avp.code)
}

/// A member in the notation of the standards, its qualifier always told unless it is usual.
fn shown(fact: &Fact) -> String {
    let name = &fact.name;
    let (bracketed, usual) = match fact.kind {
        MemberKind::Fixed => (format!("< {name} >"), 1),
        MemberKind::Required => (format!("{{ {name} }}"), 1),
        MemberKind::Optional => (format!("[ {name} ]"), 0),
    };
    match (fact.min, fact.max) {
        (min, Some(1)) if min == usual => bracketed,
        (0, None) => format!("* {bracketed}"),
        (min, max) => format!("{min}*{} {bracketed}", max.map(|max| max.to_string()).unwrap_or_default()),
    }
}

fn flag(rule: FlagRule) -> &'static str {
    match rule {
        FlagRule::Must => "must",
        FlagRule::May => "may",
        FlagRule::MustNot => "must-not",
    }
}
