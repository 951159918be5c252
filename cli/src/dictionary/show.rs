//! `diametric dictionary show`: an AVP or a command as the standards print it, and where it belongs.

use super::load;
use crate::report::{Outcome, UNWRITTEN};
use anyhow::{Context as _, Result, bail};
use diametric_dictionary::diagnostics::nearest;
use diametric_dictionary::grammar;
use diametric_dictionary::index::Index;
use diametric_dictionary::model::{
    AvpId, CommandId, DataType, Dictionary, Extension, ExtensionTarget, FileId, Member, Message,
};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

const AFTER_HELP: &str = "\
EXAMPLES:
  diametric dictionary show Service-Information
  diametric dictionary show cc-request-type
  diametric dictionary show CCR
  diametric dictionary show 873/10415
  diametric dictionary show --dictionary acme.xml Acme-Route";

/// Show an AVP, a group or a command as the standards print it, and where it is used
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Name of an AVP or command, in any case; the abbreviation of a command, such as CC, CCR or CCA; or a code, with the
    /// vendor behind a slash where wanted
    name: String,

    /// Dictionary to search besides the standard ones; may be given several times
    #[arg(long, value_name = "XML")]
    dictionary: Vec<PathBuf>,
}

/// Runs `diametric dictionary show`.
pub(crate) fn run(args: &Args) -> Result<Outcome> {
    let Some(loaded) = load::beside_standard(&args.dictionary) else { return Ok(Outcome::Faulty) };
    let dictionary = &loaded.dictionary;
    let found = find(dictionary, &args.name);
    if found.is_empty() {
        bail!("{}", unknown(dictionary, &args.name));
    }
    let shown: Vec<String> = found.into_iter().map(|found| show(dictionary, found)).collect();
    io::stdout().lock().write_all(shown.join("\n").as_bytes()).context(UNWRITTEN)?;
    Ok(Outcome::Clean)
}

/// Which halves of a command are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Halves {
    Both,
    Request,
    Answer,
}

#[derive(Clone, Copy, Debug)]
enum Found {
    Avp(AvpId),
    Command(CommandId, Halves),
    AnswerMessage,
}

fn find(dictionary: &Dictionary, name: &str) -> Vec<Found> {
    if let Some((code, vendor)) = parse_code(name) {
        let avps = dictionary.avps.iter().enumerate().filter(|(_, avp)| avp.code == code);
        let avps = avps.filter(|(_, avp)| vendor.is_none_or(|vendor| avp.vendor == vendor));
        let commands = dictionary.commands.iter().enumerate();
        let commands = commands.filter(|(_, command)| vendor.is_none() && command.code == code);
        let avps = avps.map(|(position, _)| Found::Avp(AvpId(position)));
        return avps.chain(commands.map(|(position, _)| Found::Command(CommandId(position), Halves::Both))).collect();
    }
    let index = Index::new(dictionary);
    let mut found: Vec<Found> = index.avp_by_name(name).into_iter().map(Found::Avp).collect();
    for id in index.command_by_name(name) {
        let command = dictionary.command(id);
        let is =
            |message: &Message| [&message.name, &message.abbreviation].iter().any(|n| n.eq_ignore_ascii_case(name));
        let halves = match (is(&command.request), is(&command.answer)) {
            (true, false) => Halves::Request,
            (false, true) => Halves::Answer,
            _ => Halves::Both,
        };
        found.push(Found::Command(id, halves));
    }
    if dictionary.answer_message.as_ref().is_some_and(|answer| answer.name.eq_ignore_ascii_case(name)) {
        found.push(Found::AnswerMessage);
    }
    found
}

/// `873` or `873/10415`.
fn parse_code(name: &str) -> Option<(u32, Option<u32>)> {
    match name.split_once('/') {
        Some((code, vendor)) => Some((code.parse().ok()?, Some(vendor.parse().ok()?))),
        None => Some((name.parse().ok()?, None)),
    }
}

/// What to say where nothing is found.
fn unknown(dictionary: &Dictionary, name: &str) -> String {
    let advice = "`--dictionary XML` adds those of a vendor";
    if parse_code(name).is_some() {
        return format!("no AVP or command has the code {name}; {advice}");
    }
    let avps = dictionary.avps.iter().map(|avp| &avp.name);
    let commands = dictionary.commands.iter().flat_map(|command| {
        let messages = [&command.request, &command.answer].into_iter();
        [&command.name, &command.short].into_iter().chain(messages.flat_map(|m| [&m.name, &m.abbreviation]))
    });
    match nearest(name, avps.chain(commands).map(String::as_str)) {
        Some(known) => format!("no AVP or command is named {name:?}; did you mean `{known}`?"),
        None => format!("no AVP or command is named {name:?}; names are those of the specifications, and {advice}"),
    }
}

fn show(dictionary: &Dictionary, found: Found) -> String {
    match found {
        Found::Avp(id) => show_avp(dictionary, id),
        Found::Command(id, halves) => show_command(dictionary, id, halves),
        Found::AnswerMessage => grammar::answer_message(dictionary).unwrap_or_default(),
    }
}

fn show_avp(dictionary: &Dictionary, id: AvpId) -> String {
    let avp = dictionary.avp(id);
    let mut page = Page::new(&avp.name);
    page.row("code", &avp.code);
    page.row("vendor", &grammar::vendor(dictionary, avp.vendor));
    let closed = if avp.closed { ", closed: other values are refused" } else { "" };
    page.row("type", &format_args!("{}{closed}", grammar::type_name(avp.data_type)));
    page.row("flags", &format_args!("V {}, M {}, P {}", avp.v(), avp.m, avp.p));
    page.origin(dictionary, avp.spec.as_deref(), avp.deprecated.as_deref(), avp.file);

    let added = dictionary.value_extensions.iter().filter(|extension| extension.avp == id);
    let added = added.flat_map(|extension| extension.items.iter().map(|item| (item, Some(extension.file))));
    let items: Vec<_> = avp.items.iter().map(|item| (item, None)).chain(added).collect();
    let width = items.iter().map(|(item, _)| item.value.to_string().len()).max().unwrap_or_default();
    for (item, file) in items {
        let by = file.map(|file| format!(" (added by {})", dictionary.files[file.0].path)).unwrap_or_default();
        page.row("values", &format_args!("{:>width$}  {}{by}", item.value, item.label));
    }
    for place in places(dictionary, id) {
        page.row("member of", &place);
    }
    page.doc(avp.doc.as_deref());
    if avp.data_type == DataType::Grouped {
        page.grammar(&grammar::avp(dictionary, id));
        page.extensions(dictionary, ExtensionTarget::Group(id));
    }
    page.text
}

fn show_command(dictionary: &Dictionary, id: CommandId, halves: Halves) -> String {
    let command = dictionary.command(id);
    let (name, abbreviation) = match halves {
        Halves::Both => (&command.name, &command.short),
        Halves::Request => (&command.request.name, &command.request.abbreviation),
        Halves::Answer => (&command.answer.name, &command.answer.abbreviation),
    };
    let mut page = Page::new(&format!("{name} ({abbreviation})"));
    page.row("code", &command.code);
    page.row("application", &application(dictionary, command.application));
    if let Some(like) = command.like {
        page.row("form of", &dictionary.command(like).name);
    }
    page.origin(dictionary, command.spec.as_deref(), None, command.file);
    page.doc(command.doc.as_deref());
    if halves != Halves::Answer {
        page.grammar(&grammar::request(dictionary, id));
        page.extensions(dictionary, ExtensionTarget::Request(id));
    }
    if halves != Halves::Request {
        page.grammar(&grammar::answer(dictionary, id));
        page.extensions(dictionary, ExtensionTarget::Answer(id));
    }
    page.text
}

/// Every group and message that an AVP is a member of, with its brackets there.
fn places(dictionary: &Dictionary, id: AvpId) -> Vec<String> {
    let mut places = Vec::new();
    let mut look = |members: &[Member], place: &dyn Fn() -> String| {
        for member in members.iter().filter(|member| member.avp == id) {
            places.push(format!("{}: {}", place(), grammar::member(dictionary, member)));
        }
    };
    let of_command = |message: &Message, application_id| {
        format!("{} ({}) of application {application_id}", message.name, message.abbreviation)
    };
    for command in &dictionary.commands {
        for message in [&command.request, &command.answer] {
            look(&message.members, &|| of_command(message, command.application));
        }
    }
    if let Some(answer) = &dictionary.answer_message {
        look(&answer.members, &|| format!("{}, in place of every answer with the E flag", answer.name));
    }
    for avp in &dictionary.avps {
        look(&avp.members, &|| avp.name.clone());
    }
    for extension in &dictionary.extensions {
        let target = || match extension.target {
            ExtensionTarget::Request(id) => {
                of_command(&dictionary.command(id).request, dictionary.command(id).application)
            }
            ExtensionTarget::Answer(id) => {
                of_command(&dictionary.command(id).answer, dictionary.command(id).application)
            }
            ExtensionTarget::Group(id) => dictionary.avp(id).name.clone(),
        };
        let file = &dictionary.files[extension.file.0].path;
        look(&extension.members, &|| format!("{}, added by {file}", target()));
    }
    places
}

fn application(dictionary: &Dictionary, id: u32) -> String {
    match dictionary.application(id) {
        Some(application) => format!("{id} ({})", application.name),
        None => id.to_string(),
    }
}

/// A title, rows below it, then a text and grammars.
struct Page {
    text: String,
    last: &'static str,
}

impl Page {
    fn new(title: &str) -> Self {
        Self { text: format!("{title}\n"), last: "" }
    }

    /// A row; its name is printed once for rows of one name.
    fn row(&mut self, name: &'static str, value: &dyn std::fmt::Display) {
        let shown = if self.last == name { "" } else { name };
        self.last = name;
        let _ = writeln!(self.text, "  {shown:<11}  {value}");
    }

    fn origin(&mut self, dictionary: &Dictionary, spec: Option<&str>, deprecated: Option<&str>, file: FileId) {
        if let Some(spec) = spec {
            self.row("clause", &spec);
        }
        if let Some(deprecated) = deprecated {
            self.row("deprecated", &deprecated);
        }
        self.row("dictionary", &dictionary.files[file.0].path);
    }

    fn doc(&mut self, doc: Option<&str>) {
        if let Some(doc) = doc {
            let _ = write!(self.text, "\n  {doc}\n");
        }
    }

    fn grammar(&mut self, grammar: &str) {
        let _ = write!(self.text, "\n{grammar}");
    }

    /// What other units add to the grammar.
    fn extensions(&mut self, dictionary: &Dictionary, target: ExtensionTarget) {
        let own = |extension: &&Extension| extension.target == target;
        for extension in dictionary.extensions.iter().filter(own) {
            let file = &dictionary.files[extension.file.0].path;
            let _ = writeln!(self.text, "added by {file}:");
            for member in &extension.members {
                let _ = writeln!(self.text, "  {}", grammar::member(dictionary, member));
            }
        }
    }
}
