//! Which imports are needed.

use super::Resolver;
use crate::diagnostics::{Diagnostic, Severity, catalogue};
use crate::model::FileId;
use std::collections::HashSet;

impl Resolver<'_, '_> {
    /// Marks the imports of a file that lead to a file that was needed.
    pub(super) fn use_imports(&mut self, file: FileId, needed: impl Fn(FileId) -> bool) {
        for (target, used) in self.imports[file.0].iter().zip(&mut self.used[file.0]) {
            if !*used && target.is_some_and(&needed) {
                *used = true;
            }
        }
    }

    /// An import that nothing needs. A file with errors is not accused: the missing use may be the error.
    pub(super) fn unused_imports(&mut self) {
        let in_error: HashSet<FileId> = self
            .diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .map(|diagnostic| diagnostic.span.file)
            .collect();
        let broken = self.documents.iter().any(|document| document.broken);
        for document in self.documents.iter().filter(|document| !broken && !in_error.contains(&document.file)) {
            for (index, import) in document.imports.iter().enumerate() {
                if self.used[document.file.0][index] || self.imports[document.file.0][index].is_none() {
                    continue;
                }
                self.diagnostics.push(
                    Diagnostic::warning(
                        catalogue::UNUSED_IMPORT,
                        import.span,
                        format!("nothing of the dictionary `{}` is used", import.value),
                    )
                    .help("remove the import"),
                );
            }
        }
    }
}
