//! Diagnostics in the look of rustc.

use super::{Diagnostic, Severity};
use crate::source::{Sources, Span};
use std::fmt::Write as _;

/// The widest part of a source line that is shown.
const WIDTH: usize = 120;

/// Shows diagnostics with the source lines they concern.
#[derive(Clone, Copy, Debug)]
pub struct Renderer<'a> {
    sources: &'a Sources,
    colour: bool,
}

impl<'a> Renderer<'a> {
    /// Plain text.
    pub fn new(sources: &'a Sources) -> Self {
        Self { sources, colour: false }
    }

    /// With ANSI colours, or without.
    #[must_use]
    pub fn colour(mut self, colour: bool) -> Self {
        self.colour = colour;
        self
    }

    /// One diagnostic, ending in a newline.
    pub fn one(&self, diagnostic: &Diagnostic) -> String {
        let mut out = String::new();
        self.write(&mut out, diagnostic);
        out
    }

    /// Several diagnostics in the order given, and a closing line that counts them; nothing for none.
    pub fn all<'d>(&self, diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> String {
        let (mut out, mut errors, mut warnings) = (String::new(), 0, 0);
        for diagnostic in diagnostics {
            match diagnostic.severity {
                Severity::Error => errors += 1,
                Severity::Warning => warnings += 1,
            }
            self.write(&mut out, diagnostic);
            out.push('\n');
        }
        if let Some(counts) = counts(errors, warnings) {
            let severity = if errors > 0 { Severity::Error } else { Severity::Warning };
            let _ = writeln!(out, "{}: {counts}", self.paint(severity_style(severity), &severity.to_string()));
        }
        out
    }

    fn write(&self, out: &mut String, diagnostic: &Diagnostic) {
        let head = format!("{}[{}]", diagnostic.severity, diagnostic.code);
        let span = diagnostic.span;
        let gutter = span.line.to_string().len();
        let bar = self.paint(GUTTER, "|");
        let _ = writeln!(
            out,
            "{}: {}",
            self.paint(severity_style(diagnostic.severity), &head),
            printable(&diagnostic.message)
        );
        let _ = writeln!(out, "{:gutter$}{} {}", "", self.paint(GUTTER, "-->"), self.place(span));
        if let Some(line) =
            self.sources.get(span.file).and_then(|source| source.line(span.line)).filter(|l| !l.is_empty())
        {
            let excerpt = excerpt(line, span);
            let _ = writeln!(out, "{:gutter$} {bar}", "");
            let _ = writeln!(out, "{} {bar} {}", self.paint(GUTTER, &span.line.to_string()), excerpt.text);
            let carets = self.paint(severity_style(diagnostic.severity), &"^".repeat(excerpt.length));
            let label = diagnostic.label.as_deref().map(|label| format!(" {}", printable(label))).unwrap_or_default();
            let _ = writeln!(out, "{:gutter$} {bar} {:indent$}{carets}{label}", "", "", indent = excerpt.indent);
        }
        for (place, what) in &diagnostic.secondary {
            let _ = writeln!(out, "{:gutter$} {bar}  {} at {}", "", printable(what), self.place(*place));
        }
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(out, "{:gutter$} {} help: {}", "", self.paint(GUTTER, "="), printable(help));
        }
    }

    fn place(&self, span: Span) -> String {
        let Some(source) = self.sources.get(span.file) else { return format!("{}:{}", span.line, span.column) };
        if source.text().is_empty() {
            return printable(source.path());
        }
        format!("{}:{}:{}", printable(source.path()), span.line, span.column)
    }

    fn paint(&self, style: &str, text: &str) -> String {
        if self.colour { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Bold blue, as rustc has it.
const GUTTER: &str = "1;34";

fn severity_style(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
    }
}

fn counts(errors: usize, warnings: usize) -> Option<String> {
    let count = |number: usize, what: &str| match number {
        0 => None,
        1 => Some(format!("1 {what}")),
        _ => Some(format!("{number} {what}s")),
    };
    let parts: Vec<String> = [count(errors, "error"), count(warnings, "warning")].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// A source line as shown: cut to a window, tabs as four blanks.
struct Excerpt {
    text: String,
    indent: usize,
    length: usize,
}

fn excerpt(line: &str, span: Span) -> Excerpt {
    let column = (span.column as usize).saturating_sub(1);
    // A caret far to the right moves the window; long lines get an ellipsis on the side that is cut.
    let skip = if column > WIDTH * 3 / 4 { column - WIDTH / 4 } else { 0 };
    let mut text = String::new();
    if skip > 0 {
        text.push('…');
    }
    let (mut indent, mut length) = (0, 0);
    let mut width = text.chars().count();
    let mut rest = line.chars().enumerate().skip(skip).peekable();
    while let Some((index, c)) = rest.peek().copied() {
        if width >= WIDTH {
            break;
        }
        rest.next();
        if index == column {
            indent = width;
        }
        let before = width;
        match c {
            '\t' => text.push_str("    "),
            c if is_unprintable(c) => text.push('\u{fffd}'),
            c => text.push(c),
        }
        width += if c == '\t' { 4 } else { 1 };
        if index >= column && index < column + span.length as usize {
            length += width - before;
        }
    }
    let cut = rest.peek().is_some();
    if column >= skip + width || length == 0 && indent == 0 && column > 0 {
        indent = width;
    }
    if cut {
        text.push('…');
    }
    Excerpt { text: text.trim_end().to_owned(), indent, length: length.max(1) }
}

/// Text of the dictionary may hold anything; a terminal should not obey it.
fn printable(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) { '\u{fffd}' } else { c }).collect()
}

/// Control characters, and the marks that reverse the direction of writing.
fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
