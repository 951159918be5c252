//! `<import>`: which file each leads to, and that units do not need each other in a circle.

use super::Resolver;
use crate::diagnostics::{Diagnostic, catalogue, nearest};
use crate::model::{FileId, UnitId};
use crate::reader::ast::Style;
use crate::source::Span;
use std::collections::{HashMap, HashSet, VecDeque};

impl Resolver<'_, '_> {
    pub(super) fn imports(&mut self) {
        let by_name = self.dictionaries_by_name();
        for document in self.documents {
            let mut targets = Vec::new();
            for import in &document.imports {
                let candidates = by_name.get(&import.value).map(Vec::as_slice).unwrap_or_default();
                let unit = self.dictionary.unit_of(document.file);
                let found = candidates
                    .iter()
                    .copied()
                    .filter(|file| *file != document.file)
                    .min_by_key(|file| (self.dictionary.unit_of(*file) != unit, *file));
                let mut meant = None;
                if found.is_none() {
                    let diagnostic = if candidates.contains(&document.file) {
                        Diagnostic::error(
                            catalogue::IMPORT_CYCLE,
                            import.span,
                            format!("dictionary `{}` imports itself", import.value),
                        )
                        .help("remove the import: a file sees its own names")
                    } else {
                        let name = nearest(&import.value, by_name.keys().map(String::as_str));
                        // What is meant is most likely that: the rest of the file is judged with it.
                        meant = name.and_then(|name| by_name[name].iter().copied().find(|file| *file != document.file));
                        Diagnostic::error(
                            catalogue::UNKNOWN_IMPORT,
                            import.span,
                            format!("no dictionary is named `{}`", import.value),
                        )
                        .help(name.map(|name| format!("did you mean `{name}`?")).unwrap_or_else(|| {
                            "add its file to the load; the name of a dictionary is the `name` of its root, else its file name without `.xml`"
                                .to_owned()
                        }))
                    };
                    self.report(diagnostic);
                }
                self.used[document.file.0][targets.len()] = meant.is_some();
                targets.push(found.or(meant));
            }
            self.imports.push(targets);
        }
        self.unit_cycles();
    }

    /// All files by name; two of ours may not share one.
    fn dictionaries_by_name(&mut self) -> HashMap<String, Vec<FileId>> {
        let mut by_name: HashMap<String, Vec<FileId>> = HashMap::new();
        for document in self.documents {
            let file = &self.dictionary.files[document.file.0];
            let others = by_name.entry(file.name.clone()).or_default();
            let clash = others.iter().copied().find(|other| self.documents[other.0].style == Style::Own);
            others.push(document.file);
            if let Some(other) = clash.filter(|_| document.style == Style::Own) {
                let span = document.name.as_ref().map_or(Span::start(document.file), |name| name.span);
                let first = self.documents[other.0].name.as_ref().map_or(Span::start(other), |name| name.span);
                let message = format!("another dictionary is named `{}` already", file.name);
                self.report(
                    Diagnostic::error(catalogue::DUPLICATE_DICTIONARY, span, message)
                        .also(first, "first used")
                        .help("give one of the two another `name`: imports go by it"),
                );
            }
        }
        by_name
    }

    /// Files of one unit may import each other as they like, since specifications do refer to each other; but a unit is a
    /// crate, and crates cannot depend on each other in a circle.
    fn unit_cycles(&mut self) {
        let mut edges: HashMap<UnitId, Vec<(UnitId, Span)>> = HashMap::new();
        let mut seen = HashSet::new();
        for document in self.documents {
            let from = self.dictionary.unit_of(document.file);
            for (import, target) in document.imports.iter().zip(&self.imports[document.file.0]) {
                let Some(to) = target.map(|file| self.dictionary.unit_of(file)).filter(|to| *to != from) else {
                    continue;
                };
                if !seen.insert((from, to)) {
                    continue;
                }
                match path(&edges, to, from) {
                    None => edges.entry(from).or_default().push((to, import.span)),
                    Some(way_back) => {
                        let message = format!(
                            "unit `{}` imports from unit `{}`, which itself needs `{}`",
                            self.dictionary.units[from.0].name,
                            self.dictionary.units[to.0].name,
                            self.dictionary.units[from.0].name,
                        );
                        let mut diagnostic = Diagnostic::error(catalogue::IMPORT_CYCLE, import.span, message)
                            .help("units become crates, and crates cannot depend on each other in a circle: move what both need to a third unit");
                        for step in way_back {
                            diagnostic = diagnostic.also(step, "imported the other way");
                        }
                        self.diagnostics.push(diagnostic);
                    }
                }
            }
        }
    }
}

/// The imports that lead from one unit to another.
fn path(edges: &HashMap<UnitId, Vec<(UnitId, Span)>>, from: UnitId, to: UnitId) -> Option<Vec<Span>> {
    let mut reached: HashMap<UnitId, (UnitId, Span)> = HashMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(unit) = queue.pop_front() {
        if unit == to {
            let (mut steps, mut unit) = (Vec::new(), to);
            while unit != from {
                let (before, span) = reached[&unit];
                steps.push(span);
                unit = before;
            }
            steps.reverse();
            return Some(steps);
        }
        for &(next, span) in edges.get(&unit).into_iter().flatten() {
            if next != from && !reached.contains_key(&next) {
                reached.insert(next, (unit, span));
                queue.push_back(next);
            }
        }
    }
    None
}
