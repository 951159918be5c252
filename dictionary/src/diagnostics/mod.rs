//! What is wrong with a dictionary, where, and what to do about it.

pub mod catalogue;
mod render;

pub use catalogue::Code;
pub use render::Renderer;

use crate::source::Span;
use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing may be generated from the dictionary.
    Error,
    /// The dictionary can be used; somebody should look at it.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its entry in the [`catalogue`].
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// Where.
    pub span: Span,
    /// A word beside the underlined place.
    pub label: Option<String>,
    /// Other places concerned, each with what stands there (`first defined`).
    pub secondary: Vec<(Span, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A diagnostic without label, other places and help.
    pub fn new(code: Code, severity: Severity, span: Span, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into(), span, label: None, secondary: Vec::new(), help: None }
    }

    /// An error.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, span, message)
    }

    /// A warning.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, span, message)
    }

    /// With a word beside the underlined place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With another place concerned; `what` reads on as `… at FILE:LINE:COLUMN`.
    #[must_use]
    pub fn also(mut self, span: Span, what: impl Into<String>) -> Self {
        self.secondary.push((span, what.into()));
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Code and message; [`Renderer`] shows the place too.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity, self.code, self.message)
    }
}

impl std::error::Error for Diagnostic {}

/// The candidate most like a misspelt word, if any is like it at all; case does not matter.
///
/// ```
/// use diametric_dictionary::diagnostics::nearest;
///
/// assert_eq!(nearest("Ratting-Group", ["Rating-Group", "Service-Identifier"]), Some("Rating-Group"));
/// assert_eq!(nearest("Subscription", ["Subscription-Id-Data", "Subscription-Id"]), Some("Subscription-Id"));
/// assert_eq!(nearest("Bearer", ["Rating-Group", "Service-Identifier"]), None);
/// ```
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = word.to_lowercase();
    let length = wanted.chars().count();
    let limit = (length / 3).max(1);
    let distance = |candidate: &str| {
        // Half a name is meant for the whole: `vendor` for `vendor-id`.
        if candidate.strip_prefix(&wanted).is_some_and(|rest| rest.starts_with('-')) {
            return Some(limit + 1);
        }
        let near = candidate.chars().count().abs_diff(length) <= limit;
        near.then(|| strsim::damerau_levenshtein(&wanted, candidate)).filter(|distance| *distance <= limit)
    };
    let near = candidates.into_iter().filter_map(|candidate| Some((distance(&candidate.to_lowercase())?, candidate)));
    near.min_by_key(|(distance, candidate)| (*distance, candidate.len(), *candidate)).map(|(_, candidate)| candidate)
}

/// `did you mean …?` for a misspelt word, where there is something to mean.
pub(crate) fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}
