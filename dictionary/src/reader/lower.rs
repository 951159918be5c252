//! From a checked tree of elements to the syntax of a dictionary.

use super::ast::{
    Application, Avp, Body, Command, Data, Document, Extend, Item, Message, Rule, Spanned, Style, Target, Vendor,
};
use super::attributes::{Values, to_u32};
use super::tree::Element;
use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::COMMAND_MAX;

/// What an item's code may be, whatever the type of its AVP.
const ITEM_RANGE: std::ops::RangeInclusive<i128> = i32::MIN as i128..=u32::MAX as i128;

pub(super) fn document(root: &Element, strict: bool, document: &mut Document, diagnostics: &mut Vec<Diagnostic>) {
    let mut values = Values { style: document.style, strict, spec: None, diagnostics };
    document.name = values.filled(root, "name");
    document.module = values.filled(root, "module");
    document.spec = values.filled(root, "spec").map(|spec| spec.value);
    values.spec.clone_from(&document.spec);
    Lowering { values, document }.children(root, None);
}

struct Lowering<'a, 'd> {
    values: Values<'d>,
    document: &'a mut Document,
}

impl Lowering<'_, '_> {
    /// The children of the root or of an application.
    fn children(&mut self, parent: &Element, application: Option<&Spanned<u32>>) {
        for element in &parent.children {
            match element.name.as_str() {
                "import" => {
                    let import = self.values.required_text(element, "dictionary");
                    self.document.imports.extend(import);
                }
                "vendor" => self.vendor(element),
                "application" => self.application(element),
                "avp" => self.avp(element, application),
                "command" => self.command(element, parent, application),
                "extend" => self.extend(element, application),
                "answer-message" => {
                    let message = self.message(element);
                    self.document.answer_messages.push(message);
                }
                _ => {}
            }
        }
    }

    fn vendor(&mut self, element: &Element) {
        let id = self.values.required_unsigned(element, "id");
        let name = self.values.filled(element, "name").map(|name| name.value);
        let code = self.values.filled(element, "code").map(|code| code.value);
        if let Some(id) = id {
            self.document.vendors.push(Vendor { id, name, code, span: element.span });
        }
    }

    fn application(&mut self, element: &Element) {
        let id = self.values.required_unsigned(element, "id");
        let name = match self.values.style {
            Style::Own => self.values.filled(element, "name"),
            Style::Go => self.values.text(element, "name").filter(|name| !name.value.is_empty()),
        };
        let kind = self.values.kind(element);
        let module = self.values.filled(element, "module");
        if let Some(id) = &id {
            self.document.applications.push(Application {
                id: id.value,
                name: name.map(|name| name.value),
                kind,
                module,
                span: element.span,
            });
        }
        self.children(element, id.as_ref());
    }

    fn avp(&mut self, element: &Element, application: Option<&Spanned<u32>>) {
        let name = self.values.required_text(element, "name");
        let code = self.values.required_unsigned(element, "code");
        let vendor = self.values.text(element, "vendor-id").filter(|vendor| !vendor.value.is_empty());
        let must = self.values.flags(element, "must");
        let may = self.values.flags(element, "may");
        let must_not = self.values.flags(element, "must-not");
        let may_encrypt = self.values.encryption(element);
        let spec = self.values.reference(element);
        let deprecated = self.values.filled(element, "deprecated").map(|text| text.value);
        let rust_name = self.values.filled(element, "rust-name");
        let closed = self.values.boolean(element, "closed").is_some_and(|closed| closed.value);
        let boxed = self.values.boolean(element, "boxed").is_some_and(|boxed| boxed.value);
        let doc = self.doc(element);
        let data = match self.only_child(element, "data") {
            Some(data) => {
                let data_type = self.values.data_type(data);
                Data { data_type, items: self.items(data), body: self.body(data) }
            }
            None => {
                self.values.diagnostics.push(
                    Diagnostic::error(
                        catalogue::MISSING_ELEMENT,
                        element.span,
                        "`<avp>` lacks its `<data>`".to_owned(),
                    )
                    .help("add `<data type=\"…\"/>` with the format of the AVP"),
                );
                Data::default()
            }
        };
        let Some(name) = name else { return };
        self.document.avps.push(Avp {
            name,
            code,
            vendor,
            must,
            may,
            must_not,
            may_encrypt,
            spec,
            deprecated,
            rust_name,
            closed,
            boxed,
            doc,
            data,
            application: application.map(|application| application.value),
            span: element.span,
        });
    }

    fn command(&mut self, element: &Element, parent: &Element, application: Option<&Spanned<u32>>) {
        let application = match application {
            Some(application) => Some(application.clone()),
            None if parent.name == "application" => None,
            None => self.values.required_unsigned(element, "application"),
        };
        let name = self.values.required_text(element, "name");
        let like = self.values.filled(element, "like");
        if like.is_none() && element.attribute("code").is_none() {
            self.values.missing(element, "code");
        }
        let code = self.values.number(element, "code", 0..=i128::from(COMMAND_MAX)).and_then(to_u32);
        let short = match &like {
            Some(_) => self.values.filled(element, "short"),
            None => self.values.required_text(element, "short"),
        };
        let proxiable = self.values.boolean(element, "proxiable").map(|proxiable| proxiable.value);
        let spec = self.values.reference(element);
        let rust_name = self.values.filled(element, "rust-name");
        let doc = self.doc(element);
        let request = self.only_child(element, "request").map(|message| self.message(message));
        let answer = self.only_child(element, "answer").map(|message| self.message(message));
        let Some(name) = name else { return };
        self.document.commands.push(Command {
            name,
            code,
            short: short.map(|short| short.value),
            application,
            proxiable,
            like,
            spec,
            rust_name,
            doc,
            request,
            answer,
            span: element.span,
        });
    }

    fn extend(&mut self, element: &Element, enclosing: Option<&Spanned<u32>>) {
        let target = match (element.attribute("command"), element.attribute("avp")) {
            (Some(_), None) => self.extend_command(element, enclosing),
            (None, Some(_)) => self.extend_avp(element),
            (Some(_), Some(avp)) => {
                let diagnostic = Diagnostic::error(
                    catalogue::BAD_VALUE,
                    avp.span,
                    "`<extend>` has both `command` and `avp`".to_owned(),
                );
                self.values.diagnostics.push(diagnostic.help("extend the one in one element and the other in another"));
                None
            }
            (None, None) => {
                let diagnostic = Diagnostic::error(
                    catalogue::MISSING_ATTRIBUTE,
                    element.span,
                    "`<extend>` does not say what it extends".to_owned(),
                );
                self.values.diagnostics.push(diagnostic.help("add `command=\"…\" application=\"…\"` or `avp=\"…\"`"));
                None
            }
        };
        let Some(target) = target else { return };
        self.document.extends.push(Extend { target, span: element.span });
    }

    fn extend_command(&mut self, element: &Element, enclosing: Option<&Spanned<u32>>) -> Option<Target> {
        let name = self.values.filled(element, "command");
        let application = match (element.attribute("application"), enclosing) {
            (None, Some(enclosing)) => Some(enclosing.clone()),
            _ => self.values.required_unsigned(element, "application"),
        };
        self.misplaced(element, &["rule", "item"], "a command is extended in `<request>` and `<answer>`");
        let request = self.only_child(element, "request").map(|message| Box::new(self.message(message)));
        let answer = self.only_child(element, "answer").map(|message| Box::new(self.message(message)));
        for message in [&request, &answer].into_iter().flatten().filter(|message| message.body.any) {
            let diagnostic = Diagnostic::error(
                catalogue::MISPLACED_ANY,
                message.span,
                "an extension cannot open a message to any AVP".to_owned(),
            );
            self.values.diagnostics.push(diagnostic.help("remove `<any/>`, or write it where the command is defined"));
        }
        Some(Target::Command { name: name?, application, request, answer })
    }

    fn extend_avp(&mut self, element: &Element) -> Option<Target> {
        let name = self.values.filled(element, "avp");
        let vendor = self.values.filled(element, "vendor");
        self.misplaced(element, &["request", "answer"], "an AVP is extended by rules or items");
        let (body, items) = (self.body(element), self.items(element));
        Some(Target::Avp { name: name?, vendor, body, items })
    }

    /// Reports children that do not fit the kind of extension.
    fn misplaced(&mut self, element: &Element, names: &[&str], help: &str) {
        if let Some(child) = element.children.iter().find(|child| names.contains(&child.name.as_str())) {
            self.values.diagnostics.push(
                Diagnostic::error(
                    catalogue::UNKNOWN_ELEMENT,
                    child.span,
                    format!("`<{}>` has no meaning in this `<extend>`", child.name),
                )
                .help(help),
            );
        }
    }

    fn message(&mut self, element: &Element) -> Message {
        Message {
            name: self.values.filled(element, "name").map(|name| name.value),
            short: self.values.filled(element, "short").map(|short| short.value),
            rust_name: self.values.filled(element, "rust-name"),
            body: self.body(element),
            span: element.span,
        }
    }

    fn body(&mut self, element: &Element) -> Body {
        let mut body = Body::default();
        let mut any: Option<&Element> = None;
        let mut reported = false;
        for child in &element.children {
            match child.name.as_str() {
                // The placeholder of the RFC's grammar, where a file writes it out.
                "rule" if self.is_placeholder(child) => body.any = true,
                "rule" | "any" => {
                    if let Some(any) = any.filter(|_| !reported) {
                        reported = true;
                        let what = if child.name == "any" { "a second `<any/>`" } else { "a rule after `<any/>`" };
                        self.values.diagnostics.push(
                            Diagnostic::error(catalogue::MISPLACED_ANY, child.span, what.to_owned())
                                .also(any.span, "`<any/>` stands")
                                .help("the extension point `* [ AVP ]` stands once, after all rules"),
                        );
                    }
                    if child.name == "any" {
                        any = Some(child);
                        body.any = true;
                    } else {
                        let rule = self.rule(child);
                        body.rules.extend(rule);
                    }
                }
                _ => {}
            }
        }
        body
    }

    fn is_placeholder(&self, rule: &Element) -> bool {
        self.values.style == Style::Go && rule.attribute("avp").is_some_and(|attribute| attribute.value == "AVP")
    }

    fn rule(&mut self, element: &Element) -> Option<Rule> {
        let avp = self.values.required_text(element, "avp");
        let rule = Rule {
            vendor: self.values.filled(element, "vendor"),
            required: self.values.boolean(element, "required"),
            fixed: self.values.boolean(element, "fixed"),
            min: self.values.unsigned(element, "min"),
            max: self.values.maximum(element),
            rust_name: self.values.filled(element, "rust-name"),
            spec: self.values.reference(element),
            span: element.span,
            avp: avp?,
        };
        Some(rule)
    }

    fn items(&mut self, element: &Element) -> Vec<Item> {
        let mut items = Vec::new();
        for child in element.children_named("item") {
            if child.attribute("code").is_none() {
                self.values.missing(child, "code");
            }
            let value = self.values.number(child, "code", ITEM_RANGE);
            let label = self.values.required_text(child, "name");
            let rust_name = self.values.filled(child, "rust-name");
            let spec = self.values.reference(child);
            let deprecated = self.values.filled(child, "deprecated").map(|text| text.value);
            let Some(label) = label else { continue };
            items.push(Item { value, label, rust_name, spec, deprecated, span: child.span });
        }
        items
    }

    fn doc(&mut self, element: &Element) -> Option<String> {
        let doc = self.only_child(element, "doc")?;
        let text = doc.text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!text.is_empty()).then_some(text)
    }

    /// The child of that name; a second one is reported and ignored.
    fn only_child<'e>(&mut self, element: &'e Element, name: &'e str) -> Option<&'e Element> {
        let mut children = element.children_named(name);
        let first = children.next()?;
        for other in children {
            self.values.diagnostics.push(
                Diagnostic::error(
                    catalogue::REPEATED_ELEMENT,
                    other.span,
                    format!("`<{}>` has a second `<{name}>`", element.name),
                )
                .also(first.span, "the first stands")
                .help("merge the two, or remove one"),
            );
        }
        Some(first)
    }
}
