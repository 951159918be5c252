//! Which messages are wanted.

use diametric_dictionary::diagnostics::nearest;
use diametric_dissect::Dissector;
use diametric_protocol::wire::{Header, RawMessage};

/// Which messages are wanted: all of several options, and of one option that is repeated any.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Wanted {
    /// Only messages of this session; this and the following may be given several times
    #[arg(long, value_name = "ID", help_heading = "Filters")]
    session_id: Vec<String>,

    /// Only this command: its code or name, such as CC, or its request or answer, such as CCR
    #[arg(long, value_name = "COMMAND", help_heading = "Filters")]
    command: Vec<String>,

    /// Only messages of this application: its number or name
    #[arg(long, value_name = "APPLICATION", help_heading = "Filters")]
    application: Vec<String>,

    /// Only answers with this Result-Code or Experimental-Result-Code: its number, 5xxx for all that begin with 5, or name
    #[arg(long, value_name = "CODE", help_heading = "Filters")]
    result_code: Vec<String>,
}

/// Tells which messages are wanted.
#[derive(Debug)]
pub(crate) struct Filter {
    sessions: Vec<Vec<u8>>,
    commands: Vec<(u32, Option<bool>)>,
    applications: Vec<u32>,
    /// Ranges, both ends included.
    results: Vec<(u32, u32)>,
}

impl Filter {
    /// Looks names up; an error says what is not known.
    pub(crate) fn new(wanted: &Wanted, names: &Dissector) -> Result<Self, String> {
        Ok(Self {
            sessions: wanted.session_id.iter().map(|id| id.clone().into_bytes()).collect(),
            commands: each(&wanted.command, |word| command(word, names))?,
            applications: each(&wanted.application, |word| application(word, names))?,
            results: each(&wanted.result_code, |word| result(word, names))?,
        })
    }

    /// Whether a message is wanted.
    pub(crate) fn wants(&self, message: &RawMessage<'_>) -> bool {
        let Header { flags, command, application, .. } = message.header;
        let is_command = |(code, half): &(u32, Option<bool>)| {
            *code == command && half.is_none_or(|request| request == flags.is_request())
        };
        (self.applications.is_empty() || self.applications.contains(&application))
            && (self.commands.is_empty() || self.commands.iter().any(is_command))
            && (self.sessions.is_empty() || self.is_session(message))
            && (self.results.is_empty() || self.is_result(message))
    }

    fn is_session(&self, message: &RawMessage<'_>) -> bool {
        message.find(0, 263).is_some_and(|id| self.sessions.iter().any(|session| session == id.data))
    }

    fn is_result(&self, message: &RawMessage<'_>) -> bool {
        let code = result_of(message);
        code.is_some_and(|(_, code)| self.results.iter().any(|(low, high)| (*low..=*high).contains(&code)))
    }
}

/// What all of the words mean.
fn each<T>(words: &[String], meaning: impl Fn(&str) -> Result<Vec<T>, String>) -> Result<Vec<T>, String> {
    let mut all = Vec::new();
    for word in words {
        all.extend(meaning(word)?);
    }
    Ok(all)
}

/// The vendor, 0 for Result-Code, and the number of a message's result.
pub(crate) fn result_of(message: &RawMessage<'_>) -> Option<(u32, u32)> {
    let number = |data: &[u8]| data.try_into().ok().map(u32::from_be_bytes);
    for avp in message.avps().map_while(Result::ok).filter(|avp| avp.vendor == 0) {
        match avp.code {
            268 => return Some((0, number(avp.data)?)),
            297 => {
                let (mut vendor, mut code) = (0, None);
                for member in avp.members().map_while(Result::ok) {
                    match (member.vendor, member.code) {
                        (0, 266) => vendor = number(member.data)?,
                        (0, 298) => code = number(member.data),
                        _ => {}
                    }
                }
                return Some((vendor, code?));
            }
            _ => {}
        }
    }
    None
}

fn command(word: &str, names: &Dissector) -> Result<Vec<(u32, Option<bool>)>, String> {
    if let Ok(code) = word.parse() {
        return Ok(vec![(code, None)]);
    }
    let commands = &names.dictionary().commands;
    let mut found = Vec::new();
    for command in commands {
        let is = |names: [&String; 2]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
        let halves = [
            (is([&command.name, &command.short]), None),
            (is([&command.request.name, &command.request.abbreviation]), Some(true)),
            (is([&command.answer.name, &command.answer.abbreviation]), Some(false)),
        ];
        found.extend(halves.into_iter().filter(|(is, _)| *is).map(|(_, half)| (command.code, half)));
    }
    let all = commands.iter().flat_map(|command| {
        let (request, answer) = (&command.request, &command.answer);
        [&command.name, &command.short, &request.name, &request.abbreviation, &answer.name, &answer.abbreviation]
    });
    known(found, "command", word, all.map(String::as_str))
}

fn application(word: &str, names: &Dissector) -> Result<Vec<u32>, String> {
    if let Ok(id) = word.parse() {
        return Ok(vec![id]);
    }
    let applications = &names.dictionary().applications;
    let found = applications.iter().filter(|application| application.name.eq_ignore_ascii_case(word));
    let found = found.map(|application| application.id).collect();
    known(found, "application", word, applications.iter().map(|application| application.name.as_str()))
}

fn result(word: &str, names: &Dissector) -> Result<Vec<(u32, u32)>, String> {
    let end = |digit: &str| word.replace(['x', 'X'], digit).parse().ok();
    if word.starts_with(|first: char| first.is_ascii_digit())
        && let (Some(low), Some(high)) = (end("0"), end("9"))
    {
        return Ok(vec![(low, high)]);
    }
    let labels = || [268, 298].into_iter().filter_map(|code| names.avp(0, code)).flat_map(|avp| avp.labels());
    let is = |label: &str| label.eq_ignore_ascii_case(word) || label.eq_ignore_ascii_case(&format!("DIAMETER_{word}"));
    let found = labels().filter(|label| is(&label.name)).filter_map(|label| u32::try_from(label.value).ok());
    known(found.map(|code| (code, code)).collect(), "result code", word, labels().map(|label| &*label.name))
}

/// What was found, or what to say if nothing was.
fn known<'a, T>(found: Vec<T>, what: &str, word: &str, names: impl Iterator<Item = &'a str>) -> Result<Vec<T>, String> {
    if !found.is_empty() {
        return Ok(found);
    }
    Err(match nearest(word, names) {
        Some(known) => format!("no {what} is named {word:?}; did you mean `{known}`?"),
        None => format!(
            "no {what} is named {word:?}; give its number, or a name of the specifications or of a `--dictionary`"
        ),
    })
}
