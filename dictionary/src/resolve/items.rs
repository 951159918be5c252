//! Named values: on which types, within which range, each value once.

use super::Resolver;
use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::{AvpId, DataType, FileId, Item};
use crate::reader::ast::{self, Style};
use crate::source::Span;
use std::collections::HashMap;

impl<'a> Resolver<'a, '_> {
    pub(super) fn avp_items(&mut self, syntax: &'a ast::Avp, data_type: DataType) -> Vec<Item> {
        let Some(first) = syntax.data.items.first() else { return Vec::new() };
        if syntax.data.data_type.is_none() {
            return Vec::new();
        }
        if !carries_values(data_type) {
            self.items_not_allowed(first.span, &syntax.name.value, data_type);
            return Vec::new();
        }
        let mut seen = HashMap::new();
        self.items(syntax.span.file, &syntax.data.items, data_type, &mut seen)
    }

    /// Items of an `<extend>`, as far as they are new.
    pub(super) fn extension_items(&mut self, target: AvpId, file: FileId, syntax: &'a [ast::Item]) -> Vec<Item> {
        let Some(first) = syntax.first() else { return Vec::new() };
        let avp = self.dictionary.avp(target);
        let data_type = avp.data_type;
        if !carries_values(data_type) {
            if self.avp_syntax[target.0].data.data_type.is_some() {
                let name = avp.name.clone();
                self.items_not_allowed(first.span, &name, data_type);
            }
            return Vec::new();
        }
        let mut seen = avp.items.iter().map(|item| (item.value, (item.span, item.label.clone()))).collect();
        self.items(file, syntax, data_type, &mut seen)
    }

    fn items_not_allowed(&mut self, span: Span, name: &str, data_type: DataType) {
        let message = format!("`{name}` has named values, but is of type {}", crate::grammar::type_name(data_type));
        self.report(
            self.mistake(catalogue::ITEMS_NOT_ALLOWED, span, message)
                .help("Enumerated, Integer32 and Unsigned32 can have items; change the type, or remove the items"),
        );
    }

    fn items(
        &mut self,
        file: FileId,
        syntax: &'a [ast::Item],
        data_type: DataType,
        seen: &mut HashMap<i64, (Span, String)>,
    ) -> Vec<Item> {
        let range = match data_type {
            DataType::Unsigned32 => 0..=i128::from(u32::MAX),
            _ => i128::from(i32::MIN)..=i128::from(i32::MAX),
        };
        let mut items = Vec::new();
        for item in syntax {
            let Some(given) = &item.value else { continue };
            let Some(value) = i64::try_from(given.value).ok().filter(|_| range.contains(&given.value)) else {
                self.report(
                    Diagnostic::error(
                        catalogue::NUMBER_OUT_OF_RANGE,
                        given.span,
                        format!("{} is no value of {}", given.value, crate::grammar::type_name(data_type)),
                    )
                    .help(format!("it may be {} to {}", range.start(), range.end())),
                );
                continue;
            };
            if let Some((first, label)) = seen.get(&value) {
                if self.style(file) == Style::Go && *label == item.label.value {
                    continue;
                }
                let diagnostic = self
                    .mistake(catalogue::DUPLICATE_ITEM, item.span, format!("the value {value} has a name already"))
                    .also(*first, format!("named `{label}`"))
                    .help("one value has one name; keep the one that the specification prints");
                self.report(diagnostic);
                continue;
            }
            seen.insert(value, (item.span, item.label.value.clone()));
            items.push(Item {
                value,
                label: item.label.value.clone(),
                rust_name: self.item_name(item),
                spec: item.spec.clone(),
                deprecated: item.deprecated.clone(),
                span: item.span,
            });
        }
        items
    }
}

fn carries_values(data_type: DataType) -> bool {
    matches!(data_type, DataType::Enumerated | DataType::Integer32 | DataType::Unsigned32)
}
