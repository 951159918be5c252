//! What changed between two dictionaries, and whom it concerns.
//!
//! Each [`Change`] says two things beside what it is: whether messages that the one dictionary allows are refused or misread
//! by peers that have the other (`Change::wire`), and what it means for Rust code that uses the generated types
//! (`Change::rust`): a new optional member is minor, a new required one, another cardinality or another type is major.
//!
//! A group that grows may from then on be held in a `Box` where it is optional, which breaks code that sets the field: that
//! is a change of its own, in each group or message that holds it.
//!
//! AVPs are compared by vendor and code, commands by application and code, members by their AVP.
//!
//! ```
//! use diametric_dictionary::{Loader, diff};
//!
//! let load = |max: &str| {
//!     let mut loader = Loader::with_standard();
//!     let unit = loader.unit("acme", None);
//!     let text = format!(
//!         r#"<diameter name="acme"><vendor id="99999" name="Acme"/>
//!              <avp name="Acme-Route" code="1" vendor-id="99999">
//!                <data type="Grouped"><rule avp="Origin-Host" max="{max}"/></data>
//!              </avp></diameter>"#
//!     );
//!     loader.add_text(unit, "acme.xml", &text);
//!     (loader.load().dictionary, unit)
//! };
//! let (old, new) = (load("1"), load("*"));
//! let changes = diff::diff(diff::Side::new(&old.0, &[old.1]), diff::Side::new(&new.0, &[new.1]));
//! assert_eq!(changes.len(), 1);
//! assert_eq!(changes[0].kind, diff::Kind::Cardinality);
//! assert_eq!(changes[0].rust, diff::Semver::Major);
//! ```

mod avps;
mod commands;
mod members;

use crate::model::{Avp, AvpId, Command, Dictionary, FileId, UnitId};
use crate::shape::Sizes;
use std::fmt;
use std::ops::Deref;

/// One of two dictionaries: what of it is compared.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The dictionary.
    pub dictionary: &'a Dictionary,
    /// The units whose definitions and extensions are compared; others are only referred to.
    pub units: &'a [UnitId],
}

impl<'a> Side<'a> {
    /// The definitions of some units of a dictionary.
    pub fn new(dictionary: &'a Dictionary, units: &'a [UnitId]) -> Self {
        Self { dictionary, units }
    }

    fn has(&self, file: FileId) -> bool {
        self.units.contains(&self.dictionary.unit_of(file))
    }

    fn avps(&self) -> impl Iterator<Item = (AvpId, &'a Avp)> + use<'a, '_> {
        let avps = self.dictionary.avps.iter().enumerate().map(|(index, avp)| (AvpId(index), avp));
        avps.filter(|(_, avp)| self.has(avp.file))
    }

    fn commands(&self) -> impl Iterator<Item = &'a Command> + use<'a, '_> {
        self.dictionary.commands.iter().filter(|command| self.has(command.file))
    }
}

/// A side, and how large its groups are.
#[derive(Clone, Copy)]
struct View<'a> {
    side: Side<'a>,
    sizes: &'a Sizes,
}

impl<'a> Deref for View<'a> {
    type Target = Side<'a>;
    fn deref(&self) -> &Side<'a> {
        &self.side
    }
}

/// What is another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A definition, a value or a member is new.
    Added,
    /// One is gone.
    Removed,
    /// An AVP, a command or a value has another name.
    Renamed,
    /// An AVP has another code.
    Recoded,
    /// An AVP has another type.
    Retyped,
    /// A flag has another rule.
    Flags,
    /// An enumeration was closed or opened.
    Closed,
    /// A member occurs more or less often, or is bracketed otherwise.
    Cardinality,
    /// A group or message was opened to other AVPs, or closed to them.
    Extensible,
    /// A Rust name or module is another, while the name on paper may be the same.
    Rust,
    /// A definition is deprecated now, or no longer.
    Deprecated,
    /// A member is held in a `Box` now, or no longer.
    Boxed,
}

impl Kind {
    /// One word, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Recoded => "recoded",
            Self::Retyped => "retyped",
            Self::Flags => "flags",
            Self::Closed => "closed",
            Self::Cardinality => "cardinality",
            Self::Extensible => "extensible",
            Self::Rust => "rust",
            Self::Deprecated => "deprecated",
            Self::Boxed => "boxed",
        }
    }
}

/// What a change asks of the version of a crate that has the generated types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Semver {
    /// Nothing that users see.
    Patch,
    /// Users find something new.
    Minor,
    /// Code that uses the types may stop compiling.
    Major,
}

impl fmt::Display for Semver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// What sort of thing a change is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Sort {
    /// An application.
    Application,
    /// An AVP.
    Avp,
    /// A value of an enumeration.
    Value,
    /// A member of a group or message.
    Member,
    /// A command.
    Command,
}

impl Sort {
    /// One word, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Avp => "avp",
            Self::Value => "value",
            Self::Member => "member",
            Self::Command => "command",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What sort of thing it is in.
    pub sort: Sort,
    /// What is another way.
    pub kind: Kind,
    /// The definition concerned, as people know it: `Acme-Route (7001/99999)`, `Credit-Control-Request`.
    pub subject: String,
    /// The value or member concerned, where it is one.
    pub part: Option<String>,
    /// How it was, where that can be said.
    pub old: Option<String>,
    /// How it is now.
    pub new: Option<String>,
    /// Why peers with the one dictionary refuse or misread what the other allows; `None` if they do not.
    pub wire: Option<String>,
    /// What it means for users of the generated types.
    pub rust: Semver,
    /// Why.
    pub rust_reason: String,
}

impl Change {
    fn new(sort: Sort, kind: Kind, subject: &str, rust: Semver, reason: impl Into<String>) -> Self {
        Self {
            sort,
            kind,
            subject: subject.to_owned(),
            part: None,
            old: None,
            new: None,
            wire: None,
            rust,
            rust_reason: reason.into(),
        }
    }

    fn part(mut self, part: impl Into<String>) -> Self {
        self.part = Some(part.into());
        self
    }

    fn from(mut self, old: impl Into<String>) -> Self {
        self.old = Some(old.into());
        self
    }

    fn to(mut self, new: impl Into<String>) -> Self {
        self.new = Some(new.into());
        self
    }

    fn wire(mut self, reason: impl Into<String>) -> Self {
        self.wire = Some(reason.into());
        self
    }

    fn wire_if(self, breaks: bool, reason: &str) -> Self {
        if breaks { self.wire(reason) } else { self }
    }
}

/// All differences from `old` to `new`: applications, AVPs, commands, then what is added to other units.
pub fn diff(old: Side<'_>, new: Side<'_>) -> Vec<Change> {
    let sizes = [Sizes::new(old.dictionary), Sizes::new(new.dictionary)];
    let (old, new) = (View { side: old, sizes: &sizes[0] }, View { side: new, sizes: &sizes[1] });
    let mut changes = Vec::new();
    commands::applications(old, new, &mut changes);
    avps::avps(old, new, &mut changes);
    commands::commands(old, new, &mut changes);
    commands::extensions(old, new, &mut changes);
    avps::value_extensions(old, new, &mut changes);
    changes
}

/// The most that any of some changes asks for; `None` if there are none.
pub fn semver(changes: &[Change]) -> Option<Semver> {
    changes.iter().map(|change| change.rust).max()
}

/// An AVP as people know it.
fn title(avp: &Avp) -> String {
    match avp.vendor {
        0 => format!("{} ({})", avp.name, avp.code),
        vendor => format!("{} ({}/{vendor})", avp.name, avp.code),
    }
}
