//! `<extend>`: what each adds to.

use super::Resolver;
use super::lookup::Scope;
use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::{AvpId, DataType, ExtensionTarget, FileId, ValueExtension};
use crate::reader::ast::{self, Body};
use crate::source::Span;

/// Members to add, before they are resolved.
pub(super) struct ResolvedExtend<'a> {
    pub(super) target: ExtensionTarget,
    pub(super) body: &'a Body,
    pub(super) file: FileId,
    pub(super) span: Span,
    /// Whether the target belongs to another unit, so that it cannot be changed.
    pub(super) foreign: bool,
}

impl<'a> Resolver<'a, '_> {
    pub(super) fn extends(&mut self) {
        for document in self.documents {
            for extend in &document.extends {
                match &extend.target {
                    ast::Target::Command { name, application, request, answer } => {
                        let Some(application) = application else { continue };
                        if !self.check_application(document.file, application) {
                            continue;
                        }
                        let Some(id) = self.command_named(document.file, application.value, name, true) else {
                            continue;
                        };
                        let foreign = self.is_foreign(document.file, self.dictionary.command(id).file);
                        let halves = [(request, ExtensionTarget::Request(id)), (answer, ExtensionTarget::Answer(id))];
                        for (message, target) in halves {
                            let Some(message) = message else { continue };
                            let (body, file, span) = (&message.body, document.file, extend.span);
                            self.resolved_extends.push(ResolvedExtend { target, body, file, span, foreign });
                        }
                    }
                    ast::Target::Avp { name, vendor, body, items } => {
                        let scope = Scope { file: document.file, application: None };
                        let Some(id) = self.avp_named(scope, name, vendor.as_ref(), catalogue::UNKNOWN_AVP) else {
                            continue;
                        };
                        let (file, span) = (document.file, extend.span);
                        let foreign = self.is_foreign(file, self.dictionary.avp(id).file);
                        self.extend_values(id, items, file, span, foreign);
                        self.extend_group(id, body, file, span, foreign);
                    }
                }
            }
        }
        for index in 0..self.dictionary.avps.len() {
            self.closed_without_values(AvpId(index));
            self.boxed_value(AvpId(index));
        }
    }

    fn is_foreign(&self, file: FileId, target: FileId) -> bool {
        self.dictionary.unit_of(file) != self.dictionary.unit_of(target)
    }

    fn extend_values(&mut self, id: AvpId, items: &'a [ast::Item], file: FileId, span: Span, foreign: bool) {
        if items.is_empty() {
            return;
        }
        let avp = self.dictionary.avp(id);
        if foreign && avp.closed {
            let message = format!("`{}` is closed: its values cannot be extended from another crate", avp.name);
            let diagnostic = Diagnostic::error(catalogue::CLOSED_ENUMERATION, span, message)
                .also(avp.span, "defined")
                .help("closed enumerations have the values of their specification and no others");
            self.report(diagnostic);
            return;
        }
        let items = self.extension_items(id, file, items);
        if items.is_empty() {
            return;
        }
        match foreign {
            true => self.dictionary.value_extensions.push(ValueExtension { avp: id, items, file, span }),
            false => self.dictionary.avps[id.0].items.extend(items),
        }
    }

    fn extend_group(&mut self, id: AvpId, body: &'a Body, file: FileId, span: Span, foreign: bool) {
        let Some(first) = body.rules.first() else { return };
        let avp = self.dictionary.avp(id);
        if avp.data_type != DataType::Grouped {
            if self.avp_syntax[id.0].data.data_type.is_some() {
                let message = format!("`{}` cannot have members: it is not Grouped", avp.name);
                let diagnostic = Diagnostic::error(catalogue::RULES_NOT_ALLOWED, first.span, message)
                    .also(avp.span, "defined")
                    .help("members can be added to grouped AVPs and to commands");
                self.report(diagnostic);
            }
            return;
        }
        self.resolved_extends.push(ResolvedExtend { target: ExtensionTarget::Group(id), body, file, span, foreign });
    }
}
