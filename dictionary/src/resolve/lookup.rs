//! Names: who sees what, and what a name means there.

use super::Resolver;
use crate::diagnostics::{Code, Diagnostic, Severity, catalogue, nearest};
use crate::model::{AvpId, CommandId, FileId, VendorId};
use crate::reader::ast::{Spanned, Style};
use crate::source::Span;

/// Where a name is used.
#[derive(Clone, Copy)]
pub(super) struct Scope {
    pub(super) file: FileId,
    pub(super) application: Option<u32>,
}

impl<'a> Resolver<'a, '_> {
    /// Whether the names of a file are visible in another.
    pub(super) fn is_visible(&self, from: FileId, target: FileId) -> bool {
        from == target
            || self.style(from) == Style::Go
            || self.standard.is_some_and(|standard| {
                self.dictionary.unit_of(target) == standard && self.dictionary.unit_of(from) != standard
            })
            || self.imports[from.0].contains(&Some(target))
    }

    /// Reports that a name used in `from` was not found. Where an import leads nowhere or a file could not be read to its end,
    /// that is most likely the cause: one mistake is one error, and the name is told with it.
    pub(super) fn not_found(&mut self, from: FileId, diagnostic: Diagnostic) {
        let unread: Vec<FileId> = self
            .documents
            .iter()
            .filter(|document| document.broken && self.is_visible(from, document.file))
            .map(|document| document.file)
            .collect();
        let is_cause = |other: &Diagnostic| match other.code {
            catalogue::UNKNOWN_IMPORT => self.imports[from.0].contains(&None) && other.span.file == from,
            _ => other.severity == Severity::Error && unread.contains(&other.span.file),
        };
        match self.diagnostics.iter().position(is_cause) {
            Some(cause) => {
                let help = diagnostic.help.filter(|help| help.starts_with("did you mean"));
                let meant = help.map(|help| format!(" ({help})")).unwrap_or_default();
                let what = format!("{}{meant}, used", diagnostic.message);
                let told = &mut self.diagnostics[cause].secondary;
                if !told.iter().any(|(_, other)| *other == what) {
                    told.push((diagnostic.span, what));
                    told.sort_by_key(|(span, _)| (span.file, span.line, span.column));
                }
            }
            None => self.report(diagnostic),
        }
    }

    fn lacks_import(&self, file: FileId) -> bool {
        self.imports[file.0].contains(&None)
    }

    /// The AVP that a name means; `None` once it has been reported, with the code given if there is no such AVP.
    pub(super) fn avp_named(
        &mut self,
        scope: Scope,
        name: &Spanned<String>,
        vendor: Option<&Spanned<String>>,
        unknown: Code,
    ) -> Option<AvpId> {
        let vendor = match vendor {
            Some(reference) => Some(self.vendor(scope.file, reference).ok()?),
            None => None,
        };
        let found = match self.style(scope.file) {
            Style::Go => self.lenient_lookup(scope, &name.value),
            Style::Own => self.strict_lookup(scope.file, name, vendor),
        };
        match found {
            Ok(Some(id)) => {
                let definition = self.dictionary.avp(id).file;
                self.use_imports(scope.file, |target| target == definition);
                Some(id)
            }
            Ok(None) => {
                let diagnostic = self.unknown_avp(scope.file, name, vendor, unknown);
                self.not_found(scope.file, diagnostic);
                None
            }
            // An import that leads nowhere has been reported, and may be the one that is missing.
            Err(diagnostic) if diagnostic.code == catalogue::NOT_IMPORTED && self.lacks_import(scope.file) => None,
            Err(diagnostic) => {
                self.report(*diagnostic);
                None
            }
        }
    }

    /// As go-diameter looks up: the application, then the base protocol, then whatever else is loaded.
    fn lenient_lookup(&self, scope: Scope, name: &str) -> Result<Option<AvpId>, Box<Diagnostic>> {
        let unit = self.dictionary.unit_of(scope.file);
        let rank = |id: &AvpId| {
            let avp = self.dictionary.avp(*id);
            match avp.application {
                _ if self.dictionary.unit_of(avp.file) != unit => 3,
                application if application == scope.application => 0,
                None | Some(0) => 1,
                Some(_) => 2,
            }
        };
        let find = |name: &str| self.avp_names.get(name).into_iter().flatten().copied().min_by_key(rank);
        Ok(find(name).or_else(|| find(&alias(name)?)))
    }

    fn strict_lookup(
        &self,
        file: FileId,
        name: &Spanned<String>,
        vendor: Option<VendorId>,
    ) -> Result<Option<AvpId>, Box<Diagnostic>> {
        let unit = self.dictionary.unit_of(file);
        let mut candidates: Vec<AvpId> = self.avp_names.get(name.value.as_str()).cloned().unwrap_or_default();
        candidates.retain(|id| vendor.is_none_or(|vendor| self.dictionary.avp(*id).vendor == vendor));
        let Some(&hidden) = candidates.first() else { return Ok(None) };
        candidates.retain(|id| self.is_visible(file, self.dictionary.avp(*id).file));
        // Of several definitions of one vendor, which only files of the other style can have, the nearest is meant.
        candidates.sort_by_key(|id| {
            let avp = self.dictionary.avp(*id);
            (avp.file != file, self.dictionary.unit_of(avp.file) != unit, *id)
        });
        let mut vendors: Vec<VendorId> = Vec::new();
        candidates.retain(|id| {
            let vendor = self.dictionary.avp(*id).vendor;
            let new = !vendors.contains(&vendor);
            vendors.push(vendor);
            new
        });
        match candidates.as_slice() {
            [] => Err(Box::new(self.not_imported(file, name.span, &name.value, self.dictionary.avp(hidden).span))),
            [only] => Ok(Some(*only)),
            several => {
                let mut diagnostic = Diagnostic::error(
                    catalogue::AMBIGUOUS_MEMBER,
                    name.span,
                    format!("`{}` exists under {} vendors", name.value, several.len()),
                );
                let mut choices = Vec::new();
                for id in several {
                    let avp = self.dictionary.avp(*id);
                    choices.push(format!("`vendor=\"{}\"`", avp.vendor));
                    diagnostic = diagnostic
                        .also(avp.span, format!("defined with code {} ({})", avp.code, self.vendor_label(avp.vendor)));
                }
                Err(Box::new(diagnostic.help(format!("say which is meant: {}", choices.join(" or ")))))
            }
        }
    }

    pub(super) fn not_imported(&self, from: FileId, span: Span, name: &str, defined: Span) -> Diagnostic {
        let target = &self.dictionary.files[defined.file.0];
        let help = match self.dictionary.unit_of(from) == target.unit {
            true => format!("add `<import dictionary=\"{}\"/>`: each file says what it needs", target.name),
            false => format!("add `<import dictionary=\"{}\"/>`", target.name),
        };
        Diagnostic::error(
            catalogue::NOT_IMPORTED,
            span,
            format!("`{name}` belongs to the dictionary `{}`, which is not imported", target.name),
        )
        .also(defined, "defined")
        .help(help)
    }

    fn unknown_avp(&self, file: FileId, name: &Spanned<String>, vendor: Option<VendorId>, unknown: Code) -> Diagnostic {
        let under = vendor.map(|vendor| format!(" under {}", self.vendor_label(vendor))).unwrap_or_default();
        let message = format!("AVP `{}` is not defined{under}", name.value);
        let diagnostic = self.mistake(unknown, name.span, message);
        // The same name under another vendor explains more than a similar name.
        if let Some(other) = self.avp_names.get(name.value.as_str()).and_then(|ids| ids.first()) {
            let avp = self.dictionary.avp(*other);
            return diagnostic
                .also(avp.span, format!("defined under {}", self.vendor_label(avp.vendor)))
                .help(format!("write `vendor=\"{}\"`", avp.vendor));
        }
        let mut visible: Vec<&str> = self
            .avp_names
            .iter()
            .filter(|(_, ids)| ids.iter().any(|id| self.is_visible(file, self.dictionary.avp(*id).file)))
            .map(|(name, _)| *name)
            .collect();
        visible.sort_unstable();
        match nearest(&name.value, visible) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic.help("define it with `<avp>`, or import the dictionary that does"),
        }
    }

    /// The command that a name means in an application, own forms included if wanted; `None` once it has been reported.
    pub(super) fn command_named(
        &mut self,
        file: FileId,
        application: u32,
        name: &Spanned<String>,
        own_forms: bool,
    ) -> Option<CommandId> {
        let unit = self.dictionary.unit_of(file);
        let mut candidates: Vec<CommandId> =
            self.command_names.get(&(application, name.value.as_str())).cloned().unwrap_or_default();
        candidates.retain(|id| own_forms || self.command_syntax[id.0].like.is_none());
        let hidden = candidates.first().copied();
        candidates.retain(|id| self.is_visible(file, self.dictionary.command(*id).file));
        candidates.sort_by_key(|id| {
            let command = self.dictionary.command(*id);
            (command.file != file, self.dictionary.unit_of(command.file) != unit, *id)
        });
        if let Some(&id) = candidates.first() {
            let definition = self.dictionary.command(id).file;
            self.use_imports(file, |target| target == definition);
            return Some(id);
        }
        if let Some(id) = hidden.filter(|_| !self.lacks_import(file)) {
            let defined = self.dictionary.command(id).span;
            let diagnostic = self.not_imported(file, name.span, &name.value, defined);
            self.report(diagnostic);
        } else {
            let diagnostic = self.unknown_command(application, name);
            self.not_found(file, diagnostic);
        }
        None
    }

    fn unknown_command(&self, application: u32, name: &Spanned<String>) -> Diagnostic {
        let diagnostic = Diagnostic::error(
            catalogue::UNKNOWN_COMMAND,
            name.span,
            format!("application {application} has no command `{}`", name.value),
        );
        let mut elsewhere: Vec<u32> =
            self.command_names.keys().filter(|(_, known)| *known == name.value).map(|(id, _)| *id).collect();
        elsewhere.sort_unstable();
        if let Some(id) = elsewhere.first().filter(|id| **id != application) {
            return diagnostic.help(format!("application {id} has one: did you mean `application=\"{id}\"`?"));
        }
        let mut known: Vec<&str> =
            self.command_names.keys().filter(|(id, _)| *id == application).map(|(_, name)| *name).collect();
        known.sort_unstable();
        match nearest(&name.value, known) {
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => diagnostic.help("commands are named without `-Request` and `-Answer`"),
        }
    }
}

/// `3GPP-X` for `TGPP-X` and the other way: go-diameter's files spell the digit.
pub(crate) fn alias(name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("TGPP") {
        Some(format!("3GPP{rest}"))
    } else {
        name.strip_prefix("3GPP").map(|rest| format!("TGPP{rest}"))
    }
}
