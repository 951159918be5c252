//! AVP definitions: identity, flags, type and values. Members follow once all AVPs are known.

use super::{Domain, Resolver, lookup};
use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::{Avp, AvpId, DataType, FlagRule, VendorId};
use crate::reader::ast::{self, Document, Flag, Style};
use std::borrow::Cow;
use std::collections::HashMap;

/// Definitions so far, for finding clashes.
#[derive(Default)]
struct Known<'a> {
    codes: HashMap<(Domain, VendorId, u32), AvpId>,
    names: HashMap<(Domain, VendorId, Cow<'a, str>), AvpId>,
}

/// What to do with a definition.
enum Verdict {
    Add,
    /// Add it so that its name is known, and look at it no further.
    AddClashing,
    Skip,
}

impl<'a> Resolver<'a, '_> {
    pub(super) fn avps(&mut self) {
        let mut known = Known::default();
        for document in self.documents {
            for syntax in &document.avps {
                self.avp(document, syntax, &mut known);
            }
        }
    }

    fn avp(&mut self, document: &Document, syntax: &'a ast::Avp, known: &mut Known<'a>) {
        if let Some(id) = syntax.application {
            self.use_application(document.file, id);
        }
        let vendor = match &syntax.vendor {
            Some(reference) => self.vendor(document.file, reference),
            None => Ok(0),
        };
        // An AVP of unknown vendor or code clashes with none.
        let identity = match (vendor, &syntax.code) {
            (Ok(vendor) | Err(Some(vendor)), Some(code)) => Some((vendor, code.value)),
            _ => None,
        };
        let number = vendor.unwrap_or_else(Option::unwrap_or_default);
        let verdict = match identity {
            Some((vendor, code)) => self.judge(document, syntax, vendor, code, known),
            None => Verdict::Add,
        };
        let id = AvpId(self.dictionary.avps.len());
        match verdict {
            Verdict::Skip => return,
            Verdict::AddClashing => {
                self.clashing_avps.insert(id);
            }
            Verdict::Add => {}
        }
        if let Some((vendor, code)) = identity {
            let domain = self.domain(document.file);
            known.codes.entry((domain, vendor, code)).or_insert(id);
            known.names.entry((domain, vendor, canonical(document.style, &syntax.name.value))).or_insert(id);
        }
        let (m, p) = self.flags(syntax, vendor.ok());
        let data_type = match &syntax.data.data_type {
            Some(data_type) => data_type.value,
            None if syntax.data.body.rules.is_empty() => DataType::OctetString,
            None => DataType::Grouped,
        };
        let items = self.avp_items(syntax, data_type);
        self.check_members_allowed(syntax, data_type);
        self.avp_names.entry(&syntax.name.value).or_default().push(id);
        self.avp_syntax.push(syntax);
        self.dictionary.avps.push(Avp {
            name: syntax.name.value.clone(),
            code: syntax.code.as_ref().map_or(0, |code| code.value),
            vendor: number,
            data_type,
            m,
            p,
            items,
            closed: syntax.closed,
            boxed: syntax.boxed,
            members: Vec::new(),
            any: syntax.data.body.any && data_type == DataType::Grouped,
            spec: syntax.spec.clone(),
            deprecated: syntax.deprecated.clone(),
            doc: syntax.doc.clone(),
            rust_name: String::new(),
            application: syntax.application,
            file: document.file,
            span: syntax.span,
        });
    }

    /// Looks for clashes with earlier definitions.
    fn judge(
        &mut self,
        document: &Document,
        syntax: &'a ast::Avp,
        vendor: VendorId,
        code: u32,
        known: &Known<'a>,
    ) -> Verdict {
        let domain = self.domain(document.file);
        let name = canonical(document.style, &syntax.name.value);
        let same_code = known.codes.get(&(domain, vendor, code)).copied();
        let same_name = known.names.get(&(domain, vendor, name.clone())).copied();
        if let Some(id) = same_code {
            let first = self.avp_syntax[id.0];
            let renamed = canonical(document.style, &first.name.value) != name;
            if document.style == Style::Go && !renamed && same_definition(first, syntax) {
                return Verdict::Skip;
            }
            let message = match renamed {
                true => format!("AVP code {code} ({}) is already defined", self.vendor_label(vendor)),
                false => format!(
                    "AVP `{}` (code {code}, {}) is already defined{}",
                    syntax.name.value,
                    self.vendor_label(vendor),
                    if document.style == Style::Go { ", differently" } else { "" }
                ),
            };
            let first_defined = match renamed {
                true => format!("first defined, as `{}`,", first.name.value),
                false => "first defined".to_owned(),
            };
            self.report(
                self.mistake(catalogue::DUPLICATE_CODE, syntax.span, message)
                    .also(first.span, first_defined)
                    .help("a (vendor, code) pair names one AVP; change one of the two, or import the first"),
            );
            return match (renamed, document.style) {
                (false, _) => Verdict::Skip,
                (true, Style::Own) => Verdict::AddClashing,
                (true, Style::Go) => Verdict::Add,
            };
        }
        let Some(id) = same_name else { return Verdict::Add };
        let first = self.avp_syntax[id.0];
        let message =
            format!("{} has an AVP `{}` already, with another code", self.vendor_label(vendor), syntax.name.value);
        self.report(
            self.mistake(catalogue::DUPLICATE_NAME, syntax.span, message)
                .also(first.span, "first defined")
                .help("names are unique within a vendor; rename one of the two"),
        );
        // go-diameter's files may give a name to one AVP in one application and to another in another.
        match document.style == Style::Go && first.application != syntax.application {
            true => Verdict::Add,
            false => Verdict::Skip,
        }
    }

    /// The rules for M and P; checks those for V.
    fn flags(&mut self, syntax: &ast::Avp, vendor: Option<VendorId>) -> (FlagRule, FlagRule) {
        for forbidden in &syntax.must_not {
            let Some(demanded) = syntax.must.iter().find(|demanded| demanded.value == forbidden.value) else {
                continue;
            };
            let message = format!("the flag {:?} is both in `must` and in `must-not`", forbidden.value);
            self.report(
                self.mistake(catalogue::FLAG_CONFLICT, forbidden.span, message)
                    .also(demanded.span, "`must` stands")
                    .help("remove it from one of them"),
            );
        }
        let has = |flags: &[ast::Spanned<Flag>], flag| flags.iter().find(|given| given.value == flag).map(|f| f.span);
        let (demanded, forbidden) = (has(&syntax.must, Flag::V), has(&syntax.must_not, Flag::V));
        let mistake = match vendor {
            Some(0) => demanded.filter(|_| forbidden.is_none()).map(|span| {
                (span, "`must` has V, but the AVP has no vendor".to_owned(), "add `vendor-id`, or remove V from `must`")
            }),
            Some(vendor) => forbidden.filter(|_| demanded.is_none()).map(|span| {
                let message = format!("`must-not` has V, but the AVP belongs to {}", self.vendor_label(vendor));
                (span, message, "AVPs of a vendor are sent with V; remove it from `must-not`")
            }),
            None => None,
        };
        if let Some((span, message, help)) = mistake {
            self.report(self.mistake(catalogue::VENDOR_FLAG, span, message).help(help));
        }
        let rule = |flag| {
            if has(&syntax.must, flag).is_some() {
                FlagRule::Must
            } else if has(&syntax.must_not, flag).is_some() {
                FlagRule::MustNot
            } else {
                FlagRule::May
            }
        };
        let p = match rule(Flag::P) {
            FlagRule::May if syntax.may_encrypt == Some(false) && has(&syntax.may, Flag::P).is_none() => {
                FlagRule::MustNot
            }
            rule => rule,
        };
        (rule(Flag::M), p)
    }

    fn check_members_allowed(&mut self, syntax: &ast::Avp, data_type: DataType) {
        let body = &syntax.data.body;
        let (true, Some(given)) = (data_type != DataType::Grouped, &syntax.data.data_type) else { return };
        if body.rules.is_empty() && !body.any {
            return;
        }
        let span = body.rules.first().map_or(given.span, |rule| rule.span);
        let message = format!("`{}` has members, but is not Grouped", syntax.name.value);
        self.report(
            self.mistake(catalogue::RULES_NOT_ALLOWED, span, message)
                .also(given.span, format!("`type=\"{}\"` stands", crate::grammar::type_name(data_type)))
                .help("write `type=\"Grouped\"`, or remove the rules"),
        );
    }
}

/// The name under which a definition is compared: go-diameter's files spell the digit of `3GPP`.
fn canonical(style: Style, name: &str) -> Cow<'_, str> {
    match style {
        Style::Go if name.starts_with("TGPP") => lookup::alias(name).map_or(Cow::Borrowed(name), Cow::Owned),
        _ => Cow::Borrowed(name),
    }
}

/// Whether two definitions of one (vendor, code) say the same.
fn same_definition(first: &ast::Avp, second: &ast::Avp) -> bool {
    let data_type = |avp: &ast::Avp| avp.data.data_type.as_ref().map(|data_type| data_type.value);
    let mandatory = |avp: &ast::Avp| avp.must.iter().any(|flag| flag.value == Flag::M);
    let items = |avp: &ast::Avp| {
        let item = |item: &ast::Item| (item.value.as_ref().map(|value| value.value), item.label.value.clone());
        avp.data.items.iter().map(item).collect::<Vec<_>>()
    };
    let rules = |avp: &ast::Avp| {
        let rule = |rule: &ast::Rule| {
            let required = rule.required.as_ref().is_some_and(|required| required.value);
            let name = canonical(Style::Go, &rule.avp.value).into_owned();
            (name, required, rule.min.as_ref().map(|min| min.value), rule.max.as_ref().map(|max| max.value))
        };
        avp.data.body.rules.iter().map(rule).collect::<Vec<_>>()
    };
    data_type(first) == data_type(second)
        && mandatory(first) == mandatory(second)
        && items(first) == items(second)
        && rules(first) == rules(second)
}

impl Resolver<'_, '_> {
    pub(super) fn boxed_value(&mut self, id: AvpId) {
        let avp = self.dictionary.avp(id);
        if avp.boxed && avp.data_type != DataType::Grouped {
            let message = format!("`{}` is boxed, but is no group", avp.name);
            self.report(
                Diagnostic::error(catalogue::BAD_VALUE, avp.span, message)
                    .help("remove `boxed`: other values are held as they are"),
            );
        }
    }

    pub(super) fn closed_without_values(&mut self, id: AvpId) {
        let (avp, syntax) = (self.dictionary.avp(id), self.avp_syntax[id.0]);
        if avp.closed && avp.items.is_empty() && syntax.data.items.is_empty() && syntax.data.data_type.is_some() {
            let message = format!("`{}` is closed, but has no values", avp.name);
            self.report(
                Diagnostic::error(catalogue::BAD_VALUE, avp.span, message)
                    .help("list its values with `<item>`, or remove `closed`"),
            );
        }
    }
}
