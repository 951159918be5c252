//! Applications: each id once, whatever the number of files that declare it.

use super::Resolver;
use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::{Application, FileId};
use crate::naming;
use crate::reader::ast::{Spanned, Style};
use crate::source::Span;

impl<'a> Resolver<'a, '_> {
    pub(super) fn applications(&mut self) {
        // Beside each application: where its module and its kind were given.
        let mut given: Vec<(Option<&'a Spanned<String>>, Option<Span>)> = Vec::new();
        for document in self.documents {
            let unit = self.dictionary.unit_of(document.file);
            for declared in &document.applications {
                if let Some(module) = &declared.module {
                    self.check_module(module);
                }
                let Some(&index) = self.application_ids.get(&declared.id) else {
                    self.application_ids.insert(declared.id, self.dictionary.applications.len());
                    self.dictionary.applications.push(Application {
                        id: declared.id,
                        name: declared.name.clone().unwrap_or_default(),
                        kind: declared.kind,
                        module: String::new(),
                        unit,
                        span: declared.span,
                    });
                    given.push((declared.module.as_ref(), declared.kind.map(|_| declared.span)));
                    continue;
                };
                let known = &mut self.dictionary.applications[index];
                let (module, kind_span) = &mut given[index];
                if known.name.is_empty() {
                    known.name.clone_from(declared.name.as_ref().unwrap_or(&String::new()));
                }
                let mut conflict = None;
                match (known.kind, declared.kind) {
                    (None, Some(kind)) => {
                        known.kind = Some(kind);
                        *kind_span = Some(declared.span);
                    }
                    (Some(known_kind), Some(kind)) if known_kind != kind => {
                        conflict = Some(("is of another type already", kind_span.unwrap_or(known.span)));
                    }
                    _ => {}
                }
                if known.unit == unit {
                    match (&module, &declared.module) {
                        (None, Some(_)) => *module = declared.module.as_ref(),
                        (Some(first), Some(second)) if first.value != second.value => {
                            conflict = Some(("has another module already", first.span));
                        }
                        _ => {}
                    }
                }
                if let Some((what, first)) = conflict {
                    let message = format!("application {} {what}", declared.id);
                    self.report(
                        self.mistake(catalogue::APPLICATION_CONFLICT, declared.span, message)
                            .also(first, "first declared")
                            .help("leave `type` and `module` to one declaration of the application"),
                    );
                }
            }
        }
        for (index, (module, _)) in given.into_iter().enumerate() {
            self.name_application(index, module);
        }
    }

    fn name_application(&mut self, index: usize, module: Option<&Spanned<String>>) {
        let application = &mut self.dictionary.applications[index];
        let nameless = application.name.is_empty();
        if nameless {
            application.name = format!("Application {}", application.id);
        }
        application.module = match module {
            Some(module) => module.value.clone(),
            None => naming::module_name(&application.name),
        };
        let (id, span) = (application.id, application.span);
        if nameless && self.style(span.file) == Style::Own {
            self.report(
                Diagnostic::error(catalogue::MISSING_ATTRIBUTE, span, format!("application {id} has no name"))
                    .help("add `name=\"…\"`"),
            );
        }
    }

    /// Reports a module that is no Rust module.
    pub(super) fn check_module(&mut self, module: &Spanned<String>) {
        if let Err(reason) = naming::check_module_name(&module.value) {
            self.report(
                Diagnostic::error(
                    catalogue::ILLEGAL_RUST_NAME,
                    module.span,
                    format!("`{}` cannot be a Rust module: {reason}", module.value),
                )
                .help("give a name of lower-case letters, digits and `_`"),
            );
        }
    }

    /// Whether an application is declared; reports if not.
    pub(super) fn check_application(&mut self, file: FileId, application: &Spanned<u32>) -> bool {
        let id = application.value;
        if !self.application_ids.contains_key(&id) {
            let message = format!("no application {id} is declared");
            let diagnostic = Diagnostic::error(catalogue::UNKNOWN_APPLICATION, application.span, message)
                .help(format!("add `<application id=\"{id}\" name=\"…\" type=\"…\"/>`"));
            self.not_found(file, diagnostic);
            return false;
        }
        self.use_application(file, id);
        true
    }

    pub(super) fn use_application(&mut self, file: FileId, id: u32) {
        let documents: &'a [_] = self.documents;
        self.use_imports(file, |target| {
            documents[target.0].applications.iter().any(|application| application.id == id)
        });
    }
}
