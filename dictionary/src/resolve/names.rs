//! Rust names: legal, and no two the same in one scope.

use super::Resolver;
use crate::diagnostics::{Diagnostic, catalogue};
use crate::model::{AvpId, CommandId, DataType, Item, Message, UnitId};
use crate::naming;
use crate::reader::ast::{self, Rule, Spanned, Style};
use crate::source::Span;
use std::collections::HashMap;

/// Types of all modules: the module, then the name.
type Types = HashMap<(UnitId, String), HashMap<String, (Span, String)>>;

impl<'a> Resolver<'a, '_> {
    /// Names of types: AVPs, messages, their companions and the abbreviations of commands.
    pub(super) fn type_names(&mut self) {
        for document in self.documents {
            if let Some(module) = &document.module {
                self.check_module(module);
            }
        }
        let mut types = Types::new();
        for index in 0..self.dictionary.avps.len() {
            self.avp_type(AvpId(index), &mut types);
        }
        for index in 0..self.dictionary.commands.len() {
            self.command_types(CommandId(index), &mut types);
        }
        if let Some(mut message) = self.dictionary.answer_message.take() {
            let documents: &'a [_] = self.documents;
            let rust_name = documents
                .iter()
                .find_map(|document| document.answer_messages.first())
                .and_then(|syntax| syntax.rust_name.as_ref());
            message.rust_name = self.type_of(message.span, &message.name, rust_name);
            let file = &self.dictionary.files[message.span.file.0];
            let module = (file.unit, file.module.clone());
            self.claim_message(&mut message, &module, &mut types);
            self.dictionary.answer_message = Some(message);
        }
    }

    fn avp_type(&mut self, id: AvpId, types: &mut Types) {
        let syntax = self.avp_syntax[id.0];
        let rust_name = self.type_of(syntax.name.span, &syntax.name.value, syntax.rust_name.as_ref());
        let avp = &mut self.dictionary.avps[id.0];
        avp.rust_name = rust_name;
        if self.clashing_avps.contains(&id) {
            return;
        }
        let avp = self.dictionary.avp(id);
        let module = (self.dictionary.unit_of(avp.file), self.dictionary.avp_module(id).to_owned());
        let mut names = vec![avp.rust_name.clone()];
        if avp.data_type == DataType::Grouped {
            names.push(naming::required_name(&avp.rust_name));
        }
        let what = format!("AVP `{}`", avp.name);
        let (span, suffix) = (avp.span, avp.code.to_string());
        if !self.claim(&module, &names, span, &what, types) {
            let scope = types.entry(module).or_default();
            let rust_name = claim_free(scope, &names[0], &suffix, names.len() > 1, span, &what);
            self.dictionary.avps[id.0].rust_name = rust_name;
        }
    }

    fn command_types(&mut self, id: CommandId, types: &mut Types) {
        let syntax = self.command_syntax[id.0];
        let command = self.dictionary.command(id);
        let module = (self.dictionary.unit_of(command.file), self.dictionary.command_module(id).to_owned());
        for word in ["Request", "Answer"] {
            let is_request = word == "Request";
            let half = if is_request { syntax.request.as_ref() } else { syntax.answer.as_ref() };
            let command = &mut self.dictionary.commands[id.0];
            let mut message = if is_request { command.request.clone() } else { command.answer.clone() };
            message.rust_name = match (half.and_then(|half| half.rust_name.as_ref()), &syntax.rust_name) {
                (None, Some(rust_name)) => format!("{}{word}", rust_name.value),
                (rust_name, _) => self.type_of(message.span, &message.name, rust_name),
            };
            if !self.clashing_commands.contains(&id) {
                self.claim_message(&mut message, &module, types);
            }
            let command = &mut self.dictionary.commands[id.0];
            if is_request {
                command.request = message;
            } else {
                command.answer = message;
            }
        }
    }

    fn claim_message(&mut self, message: &mut Message, module: &(UnitId, String), types: &mut Types) {
        let names = [message.rust_name.clone(), naming::required_name(&message.rust_name)];
        let what = format!("message `{}`", message.name);
        if !self.claim(module, &names, message.span, &what, types) {
            let scope = types.entry(module.clone()).or_default();
            message.rust_name = claim_free(scope, &names[0], "Form", true, message.span, &what);
        }
        if message.abbreviation.is_empty() {
            return;
        }
        match naming::type_name(&message.abbreviation) {
            // A message named by its abbreviation needs no alias.
            Ok(alias) if alias == message.rust_name => {}
            Ok(alias) => {
                let what = format!("abbreviation `{}`", message.abbreviation);
                if !self.claim(module, &[alias], message.span, &what, types) {
                    message.abbreviation.clear();
                }
            }
            Err(error) => {
                self.illegal(message.span, &error.to_string(), "give the message a `short` of letters and digits");
                message.abbreviation.clear();
            }
        }
    }

    /// Takes names in a module. `false` if one was taken and another has to be found.
    fn claim(
        &mut self,
        module: &(UnitId, String),
        names: &[String],
        span: Span,
        what: &str,
        types: &mut Types,
    ) -> bool {
        let scope = types.entry(module.clone()).or_default();
        let taken = names.iter().find_map(|name| scope.get(name).map(|first| (name, first.clone())));
        if let Some((name, (first, first_what))) = taken {
            if self.style(span.file) == Style::Go && !self.strict {
                return false;
            }
            let message = format!("the Rust type `{name}` of {what} is taken by {first_what} in module `{}`", module.1);
            self.report(
                Diagnostic::error(catalogue::TYPE_NAME_COLLISION, span, message)
                    .also(first, "first used")
                    .help("give one of the two a `rust-name`, or a message another `short`"),
            );
            return true;
        }
        for name in names {
            scope.insert(name.clone(), (span, what.to_owned()));
        }
        true
    }

    /// The type name of an AVP or message; something legal if it had to be reported.
    fn type_of(&mut self, span: Span, name: &str, given: Option<&Spanned<String>>) -> String {
        if let Some(given) = given {
            return self.check_type(given);
        }
        naming::type_name(name).unwrap_or_else(|error| {
            self.illegal(span, &error.to_string(), "add `rust-name=\"…\"` with a name in CamelCase");
            naming::forced_type_name(name)
        })
    }

    /// Checks a type name given by hand, and gives it back if it is one.
    pub(super) fn check_type(&mut self, given: &Spanned<String>) -> String {
        match naming::check_type_name(&given.value) {
            Ok(()) => given.value.clone(),
            Err(reason) => {
                let message = format!("`{}` cannot be a Rust type: {reason}", given.value);
                self.illegal(given.span, &message, "write the name in CamelCase");
                naming::forced_type_name(&given.value)
            }
        }
    }

    /// The field name of a member.
    pub(super) fn member_field(&mut self, rule: &Rule, id: AvpId) -> String {
        if let Some(given) = &rule.rust_name {
            if let Err(reason) = naming::check_field_name(&given.value) {
                let message = format!("`{}` cannot be a Rust field: {reason}", given.value);
                self.illegal(given.span, &message, "write the name in snake_case");
            }
            return given.value.clone();
        }
        let syntax = self.avp_syntax[id.0];
        let field = match &syntax.rust_name {
            Some(type_name) => naming::field_of_type(&type_name.value),
            None => naming::field_name(&syntax.name.value),
        };
        field.unwrap_or_else(|error| {
            // An AVP whose own name is the trouble has been reported where it is defined.
            if syntax.rust_name.is_none() && naming::type_name(&syntax.name.value).is_ok() {
                self.illegal(
                    rule.avp.span,
                    &error.to_string(),
                    "add `rust-name=\"…\"` to the rule, with a name in snake_case",
                );
            }
            naming::forced_field_name(&syntax.name.value)
        })
    }

    /// The constant name of a value.
    pub(super) fn item_name(&mut self, item: &ast::Item) -> String {
        if let Some(given) = &item.rust_name {
            if let Err(reason) = naming::check_const_name(&given.value) {
                let message = format!("`{}` cannot be the Rust name of a value: {reason}", given.value);
                self.illegal(given.span, &message, "write the name in UPPER_CASE");
            }
            return given.value.clone();
        }
        naming::const_name(&item.label.value).unwrap_or_else(|error| {
            self.illegal(item.label.span, &error.to_string(), "add `rust-name=\"…\"` with a name in UPPER_CASE");
            let value = item.value.as_ref().map_or(0, |value| value.value);
            if value < 0 { format!("VALUE_MINUS_{}", -value) } else { format!("VALUE_{value}") }
        })
    }

    fn illegal(&mut self, span: Span, message: &str, help: &str) {
        self.report(self.mistake(catalogue::ILLEGAL_RUST_NAME, span, message).help(help));
    }

    /// Names of values: of each enumeration, then of what other units add to it.
    pub(super) fn value_names(&mut self) {
        for index in 0..self.dictionary.avps.len() {
            let closed = self.dictionary.avps[index].closed;
            let mut items = std::mem::take(&mut self.dictionary.avps[index].items);
            self.check_values(&mut items, closed, &mut HashMap::new());
            self.dictionary.avps[index].items = items;
        }
        let mut by_target: HashMap<(UnitId, AvpId), HashMap<String, (Span, String)>> = HashMap::new();
        for index in 0..self.dictionary.value_extensions.len() {
            let extension = &mut self.dictionary.value_extensions[index];
            let (target, file) = (extension.avp, extension.file);
            let mut items = std::mem::take(&mut extension.items);
            let seen = by_target.entry((self.dictionary.unit_of(file), target)).or_insert_with(|| {
                let items = self.dictionary.avps[target.0].items.iter();
                items.map(|item| (item.rust_name.clone(), (item.span, item.label.clone()))).collect()
            });
            let mut seen = std::mem::take(seen);
            self.check_values(&mut items, false, &mut seen);
            by_target.insert((self.dictionary.unit_of(file), target), seen);
            self.dictionary.value_extensions[index].items = items;
        }
    }

    fn check_values(&mut self, items: &mut [Item], closed: bool, seen: &mut HashMap<String, (Span, String)>) {
        // A closed enumeration has variants, whose names may meet where those of constants do not.
        let key = |item: &Item| match closed {
            true => naming::variant_name(&item.rust_name).unwrap_or_else(|_| item.rust_name.clone()),
            false => item.rust_name.clone(),
        };
        for item in items {
            if let Some((first, label)) = seen.get(&key(item)) {
                if self.style(item.span.file) == Style::Go && !self.strict {
                    let sign = if item.value < 0 { "MINUS_" } else { "" };
                    item.rust_name = format!("{}_{sign}{}", item.rust_name, item.value.unsigned_abs());
                    while seen.contains_key(&key(item)) {
                        item.rust_name.push_str("_X");
                    }
                } else {
                    let message = format!("another value has the Rust name `{}` already", key(item));
                    let diagnostic = Diagnostic::error(catalogue::VALUE_COLLISION, item.span, message)
                        .also(*first, format!("first used, for `{label}`,"))
                        .help("give one of the two items a `rust-name`");
                    self.report(diagnostic);
                    continue;
                }
            }
            seen.insert(key(item), (item.span, item.label.clone()));
        }
    }
}

/// Makes a name distinct by appending to it, and takes it, with that of its companion if it has one.
fn claim_free(
    scope: &mut HashMap<String, (Span, String)>,
    base: &str,
    suffix: &str,
    companion: bool,
    span: Span,
    what: &str,
) -> String {
    let mut name = format!("{base}{suffix}");
    while scope.contains_key(&name) || companion && scope.contains_key(&naming::required_name(&name)) {
        name.push_str(suffix);
    }
    if companion {
        scope.insert(naming::required_name(&name), (span, what.to_owned()));
    }
    scope.insert(name.clone(), (span, what.to_owned()));
    name
}
