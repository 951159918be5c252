//! Which elements and attributes there are, which of them are ours only, and the check of a tree against that.

use super::ast::Style;
use super::tree::Element;
use crate::diagnostics::{Code, Diagnostic, Severity, catalogue, did_you_mean, nearest};
use crate::source::Span;

/// Where a thing comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The go-diameter format.
    Go,
    /// Our superset: a file that uses it is held to our rules.
    Own,
}
use Origin::{Go, Own};

/// An element in one kind of place.
struct Schema {
    name: &'static str,
    origin: Origin,
    attributes: &'static [(&'static str, Origin)],
    children: &'static [&'static Schema],
}

const fn leaf(name: &'static str, origin: Origin, attributes: &'static [(&'static str, Origin)]) -> Schema {
    Schema { name, origin, attributes, children: &[] }
}

static DOC: Schema = leaf("doc", Own, &[]);
static ANY: Schema = leaf("any", Own, &[]);
static IMPORT: Schema = leaf("import", Own, &[("dictionary", Go)]);
const VENDOR_ATTRIBUTES: &[(&str, Origin)] = &[("id", Go), ("name", Go), ("code", Own)];
static VENDOR: Schema = leaf("vendor", Go, VENDOR_ATTRIBUTES);
static ROOT_VENDOR: Schema = leaf("vendor", Own, VENDOR_ATTRIBUTES);
static RULE: Schema = leaf(
    "rule",
    Go,
    &[
        ("avp", Go),
        ("required", Go),
        ("fixed", Own),
        ("min", Go),
        ("max", Go),
        ("vendor", Own),
        ("rust-name", Own),
        ("spec", Own),
    ],
);
static ITEM: Schema =
    leaf("item", Go, &[("code", Go), ("name", Go), ("rust-name", Own), ("spec", Own), ("deprecated", Own)]);
static DATA: Schema = Schema { name: "data", origin: Go, attributes: &[("type", Go)], children: &[&ITEM, &RULE, &ANY] };
static REQUEST: Schema = Schema {
    name: "request",
    origin: Go,
    attributes: &[("name", Own), ("short", Own), ("rust-name", Own)],
    children: &[&RULE, &ANY],
};
static ANSWER: Schema = Schema {
    name: "answer",
    origin: Go,
    attributes: &[("name", Own), ("short", Own), ("rust-name", Own)],
    children: &[&RULE, &ANY],
};
const AVP_ATTRIBUTES: &[(&str, Origin)] = &[
    ("name", Go),
    ("code", Go),
    ("vendor-id", Go),
    ("must", Go),
    ("may", Go),
    ("must-not", Go),
    ("may-encrypt", Go),
    ("spec", Own),
    ("deprecated", Own),
    ("rust-name", Own),
    ("closed", Own),
    ("boxed", Own),
];
static AVP: Schema = Schema { name: "avp", origin: Go, attributes: AVP_ATTRIBUTES, children: &[&DATA, &DOC] };
static ROOT_AVP: Schema = Schema { name: "avp", origin: Own, attributes: AVP_ATTRIBUTES, children: &[&DATA, &DOC] };
static COMMAND: Schema = Schema {
    name: "command",
    origin: Go,
    attributes: &[
        ("code", Go),
        ("short", Go),
        ("name", Go),
        ("proxiable", Own),
        ("spec", Own),
        ("like", Own),
        ("rust-name", Own),
    ],
    children: &[&REQUEST, &ANSWER, &DOC],
};
static ROOT_COMMAND: Schema = Schema {
    name: "command",
    origin: Own,
    attributes: &[
        ("code", Go),
        ("short", Go),
        ("name", Go),
        ("application", Go),
        ("proxiable", Own),
        ("spec", Own),
        ("like", Own),
        ("rust-name", Own),
    ],
    children: &[&REQUEST, &ANSWER, &DOC],
};
static EXTEND: Schema = Schema {
    name: "extend",
    origin: Own,
    attributes: &[("command", Go), ("application", Go), ("avp", Go), ("vendor", Go)],
    children: &[&REQUEST, &ANSWER, &RULE, &ITEM],
};
static APPLICATION: Schema = Schema {
    name: "application",
    origin: Go,
    attributes: &[("id", Go), ("name", Go), ("type", Go), ("module", Own)],
    children: &[&VENDOR, &COMMAND, &AVP, &EXTEND],
};
static ANSWER_MESSAGE: Schema = Schema {
    name: "answer-message",
    origin: Own,
    attributes: &[("name", Go), ("short", Go), ("rust-name", Go)],
    children: &[&RULE, &ANY],
};
static ROOT: Schema = Schema {
    name: "diameter",
    origin: Go,
    attributes: &[("name", Own), ("module", Own), ("spec", Own)],
    children: &[&IMPORT, &ROOT_VENDOR, &APPLICATION, &ROOT_AVP, &ROOT_COMMAND, &EXTEND, &ANSWER_MESSAGE],
};

/// Checks the elements and attributes of a file. What is misspelt is reported and set right, so that the rest of the
/// reader sees what was meant; what has no meaning is reported and removed. `None` if the root is something else.
pub(super) fn check(root: &mut Element, strict: bool, diagnostics: &mut Vec<Diagnostic>) -> Option<Style> {
    if root.name != ROOT.name {
        let help = match root.name.as_str() {
            "dictionary" => "this looks like Wireshark's format; convert it with `diametric dictionary import`",
            _ => "a dictionary is one `<diameter>` element",
        };
        diagnostics.push(
            Diagnostic::error(
                catalogue::UNKNOWN_ELEMENT,
                root.span,
                format!("the root element is `<{}>`, not `<diameter>`", root.name),
            )
            .help(help),
        );
        return None;
    }
    let style = if uses_own(root, &ROOT) { Style::Own } else { Style::Go };
    let severity = super::severity(style, strict);
    Checker { style, severity, diagnostics }.check(root, &ROOT);
    Some(style)
}

fn uses_own(element: &Element, schema: &Schema) -> bool {
    let own = |name: &str| schema.attributes.iter().any(|(known, origin)| *known == name && *origin == Own);
    element.attributes.iter().any(|attribute| own(&attribute.name))
        || element.children.iter().any(|child| {
            let Some(schema) = schema.children.iter().find(|schema| schema.name == child.name) else { return false };
            schema.origin == Own || uses_own(child, schema)
        })
}

struct Checker<'d> {
    style: Style,
    severity: Severity,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl Checker<'_> {
    fn check(&mut self, element: &mut Element, schema: &'static Schema) {
        self.attributes(element, schema);
        let name = std::mem::take(&mut element.name);
        element.children.retain_mut(|child| {
            let Some(schema) = self.child(&name, child, schema) else { return false };
            self.check(child, schema);
            true
        });
        element.name = name;
        if let Some(span) = element.text_span.filter(|_| schema.name != "doc") {
            self.report(catalogue::UNEXPECTED_TEXT, span, format!("text inside `<{}>`", element.name), None, || {
                "remove it, or make it a comment: `<!-- … -->`".to_owned()
            });
        }
    }

    fn child(&mut self, parent: &str, child: &mut Element, schema: &'static Schema) -> Option<&'static Schema> {
        if let Some(known) = schema.children.iter().find(|known| known.name == child.name) {
            return Some(known);
        }
        let names = || schema.children.iter().map(|known| known.name);
        let message = format!("`<{}>` has no meaning inside `<{parent}>`", child.name);
        let suggestion = did_you_mean(&child.name, names());
        self.report(catalogue::UNKNOWN_ELEMENT, child.span, message, suggestion, || {
            match names().map(|name| format!("`<{name}>`")).collect::<Vec<_>>().join(", ") {
                known if known.is_empty() => format!("`<{parent}>` has no children"),
                known => format!("here may stand {known}"),
            }
        });
        let meant = nearest(&child.name, names())?;
        meant.clone_into(&mut child.name);
        schema.children.iter().copied().find(|known| known.name == meant)
    }

    fn attributes(&mut self, element: &mut Element, schema: &'static Schema) {
        let known = |name: &str| schema.attributes.iter().any(|(known, _)| *known == name);
        // Namespace declarations and hints to validators belong to XML, not to us.
        let mut attributes = std::mem::take(&mut element.attributes);
        attributes.retain(|attribute| attribute.name != "xmlns" && !attribute.name.contains(':'));
        let mut taken: Vec<String> = attributes
            .iter()
            .filter(|attribute| known(&attribute.name))
            .map(|attribute| attribute.name.clone())
            .collect();
        attributes.retain_mut(|attribute| {
            if known(&attribute.name) {
                return true;
            }
            if self.style == Style::Go
                && attribute.name == "map"
                && known("may")
                && !taken.iter().any(|name| name == "may")
            {
                "may".clone_into(&mut attribute.name);
                taken.push("may".to_owned());
                return true;
            }
            let free =
                || schema.attributes.iter().map(|(name, _)| *name).filter(|name| !taken.iter().any(|t| t == name));
            let message = format!("`<{}>` has no attribute `{}`", element.name, attribute.name);
            let suggestion = did_you_mean(&attribute.name, free());
            self.report(catalogue::UNKNOWN_ATTRIBUTE, attribute.span, message, suggestion, || {
                match schema.attributes.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ") {
                    known if known.is_empty() => format!("`<{}>` has no attributes", element.name),
                    known => format!("its attributes are {known}"),
                }
            });
            match nearest(&attribute.name, free()) {
                Some(meant) => {
                    meant.clone_into(&mut attribute.name);
                    taken.push(meant.to_owned());
                    true
                }
                None => false,
            }
        });
        element.attributes = attributes;
    }

    fn report(
        &mut self,
        code: Code,
        span: Span,
        message: String,
        help: Option<String>,
        otherwise: impl Fn() -> String,
    ) {
        let help = help.unwrap_or_else(otherwise);
        self.diagnostics.push(Diagnostic::new(code, self.severity, span, message).help(help));
    }
}
