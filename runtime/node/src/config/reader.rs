//! Reads TOML so that everything that is wrong is found at once, each at its place.
//!
//! A table is asked for its keys one by one; what was never asked for is unknown, and what it may have been meant to be is
//! among what was.

use super::problem::Problem;
use std::cell::RefCell;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Positions that are reported, with what is wrong there and what to do.
#[derive(Default)]
pub(super) struct Report(RefCell<Vec<(usize, String, Option<String>)>>);

impl Report {
    pub(super) fn add(&self, at: usize, message: impl Into<String>, help: Option<String>) {
        self.0.borrow_mut().push((at, message.into(), help));
    }

    /// In the order of the text.
    pub(super) fn problems(self, file: &str, text: &str) -> Vec<Problem> {
        let mut found = self.0.into_inner();
        found.sort_by_key(|(at, ..)| *at);
        let place = |(at, message, help): (usize, String, Option<String>)| {
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Problem { file: file.into(), line, column, message, help }
        };
        found.into_iter().map(place).collect()
    }
}

/// A table that is being read.
pub(super) struct Table<'t> {
    /// As people call it, such as `[limits]`.
    name: String,
    /// Its keys from the top on, such as `applications.ro`.
    path: String,
    at: usize,
    entries: &'t DeTable<'t>,
    asked: RefCell<Vec<&'static str>>,
    report: &'t Report,
}

type Value<'t> = Spanned<DeValue<'t>>;

impl<'t> Table<'t> {
    pub(super) fn top(document: &'t Spanned<DeTable<'t>>, report: &'t Report) -> Self {
        let name = "the configuration".into();
        Self { name, path: String::new(), at: 0, entries: document.get_ref(), asked: RefCell::default(), report }
    }

    /// Where the table begins.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn find(&self, key: &'static str) -> Option<&'t Value<'t>> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// The value of `key`, if it is there and `read` takes it; and where it is.
    pub(super) fn get_at<T>(
        &self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
    ) -> Option<(T, usize)> {
        let value = self.find(key)?;
        let at = value.span().start;
        match read(value.get_ref()) {
            Ok(value) => Some((value, at)),
            Err(fault) => {
                self.report.add(at, format!("`{key}`: {}", fault.message), fault.help);
                None
            }
        }
    }

    pub(super) fn get<T>(&self, key: &'static str, read: impl Fn(&DeValue<'_>) -> Result<T, Fault>) -> Option<T> {
        self.get_at(key, read).map(|(value, _)| value)
    }

    /// Replaces `slot` if the key is there.
    pub(super) fn set<T>(&self, key: &'static str, slot: &mut T, read: impl Fn(&DeValue<'_>) -> Result<T, Fault>) {
        if let Some(value) = self.get(key, read) {
            *slot = value;
        }
    }

    /// Whether the key is there, whatever its value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.get_ref() == key)
    }

    /// As [`get_at`](Self::get_at), of a key that must be there.
    pub(super) fn need_at<T>(
        &self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
    ) -> Option<(T, usize)> {
        if !self.has(key) {
            self.asked.borrow_mut().push(key);
            self.report.add(self.at, format!("{} lacks `{key}`", self.name), None);
            return None;
        }
        self.get_at(key, read)
    }

    /// The elements of an array; those that `read` does not take are reported, and left out.
    pub(super) fn list_at<T>(
        &self,
        key: &'static str,
        read: impl Fn(&DeValue<'_>) -> Result<T, Fault>,
    ) -> Option<Vec<(T, usize)>> {
        let value = self.find(key)?;
        let DeValue::Array(elements) = value.get_ref() else {
            let found = kind(value.get_ref());
            self.report.add(value.span().start, format!("`{key}`: expected an array, found {found}"), None);
            return None;
        };
        let element = |element: &Value<'_>| match read(element.get_ref()) {
            Ok(value) => Some((value, element.span().start)),
            Err(fault) => {
                self.report.add(element.span().start, format!("`{key}`: {}", fault.message), fault.help);
                None
            }
        };
        Some(elements.iter().filter_map(element).collect())
    }

    /// The table `[key]`.
    pub(super) fn table(&self, key: &'static str) -> Option<Table<'t>> {
        let value = self.find(key)?;
        self.enter(key, value, false)
    }

    /// The tables `[[key]]`.
    pub(super) fn tables(&self, key: &'static str) -> Vec<Table<'t>> {
        let Some(value) = self.find(key) else { return Vec::new() };
        match value.get_ref() {
            DeValue::Array(elements) => elements.iter().filter_map(|element| self.enter(key, element, true)).collect(),
            other => {
                let message = format!("`{key}`: expected tables, found {}", kind(other));
                self.report.add(value.span().start, message, Some(format!("begin each with [[{key}]]")));
                Vec::new()
            }
        }
    }

    fn enter(&self, key: &str, value: &'t Value<'t>, several: bool) -> Option<Table<'t>> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        let name = if several { format!("[[{path}]]") } else { format!("[{path}]") };
        let (at, report) = (value.span().start, self.report);
        match value.get_ref() {
            DeValue::Table(entries) => Some(Self { name, path, at, entries, asked: RefCell::default(), report }),
            other => {
                let message = format!("`{key}`: expected a table, found {}", kind(other));
                self.report.add(value.span().start, message, None);
                None
            }
        }
    }

    /// Reports something at a place that was read.
    pub(super) fn problem(&self, at: usize, message: impl Into<String>, help: Option<String>) {
        self.report.add(at, message, help);
    }

    /// Reports what was never asked for.
    pub(super) fn finish(self) {
        let asked = self.asked.into_inner();
        for (key, _) in self.entries.iter() {
            let name = key.get_ref().as_ref();
            if asked.contains(&name) {
                continue;
            }
            let help = nearest(name, &asked)
                .map(|near| format!("did you mean `{near}`?"))
                .unwrap_or_else(|| format!("{} knows {}", self.name, listed(&asked)));
            self.report.add(key.span().start, format!("`{name}` is not a key of {}", self.name), Some(help));
        }
    }
}

/// Which of `candidates` may have been meant by `name`.
pub(super) fn nearest<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let plain = |text: &str| text.to_lowercase().replace('_', "-");
    let distance = |candidate: &&&str| strsim::damerau_levenshtein(&plain(name), &plain(candidate));
    let near = candidates.iter().min_by_key(distance)?;
    (distance(&near) <= name.len().max(3) / 3).then_some(near)
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A value that is not taken.
pub(super) struct Fault {
    message: String,
    help: Option<String>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

fn expected(what: &str, found: &DeValue<'_>) -> Fault {
    Fault::new(format!("expected {what}, found {}", kind(found)))
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, Fault> {
    match value {
        DeValue::Boolean(value) => Ok(*value),
        other => Err(expected("`true` or `false`", other)),
    }
}

pub(super) fn text(value: &DeValue<'_>) -> Result<String, Fault> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        other => Err(expected("a text", other)),
    }
}

/// What a text parses to, such as an address.
pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(value: &DeValue<'_>) -> Result<T, Fault> {
    text(value)?.parse().map_err(|error: T::Err| Fault::new(error.to_string()))
}

fn integer(value: &DeValue<'_>) -> Result<i64, Fault> {
    match value {
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_err(|_| Fault::new(format!("{} is too large", integer.as_str()))),
        other => Err(expected("an integer", other)),
    }
}

pub(super) fn u32(value: &DeValue<'_>) -> Result<u32, Fault> {
    let value = integer(value)?;
    value.try_into().map_err(|_| Fault::new(format!("{value} is not between 0 and {}", u32::MAX)))
}

/// A limit: at least 1.
pub(super) fn count(value: &DeValue<'_>) -> Result<usize, Fault> {
    match usize::try_from(integer(value)?) {
        Ok(value) if value > 0 => Ok(value),
        _ => Err(Fault::new("expected 1 or more")),
    }
}

/// A time span that is not zero, such as `30s` or `1m 30s`.
pub(super) fn duration(value: &DeValue<'_>) -> Result<Duration, Fault> {
    const HELP: &str = "write it with its unit, as in \"30s\", \"500ms\" or \"1m 30s\"";
    let DeValue::String(text) = value else { return Err(expected("a time span", value).help(HELP)) };
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err(Fault::new("a time span of zero leaves no time")),
        Ok(duration) => Ok(duration),
        Err(error) => Err(Fault::new(format!("`{text}` is not a time span: {error}")).help(HELP)),
    }
}
