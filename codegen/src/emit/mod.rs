//! From the resolved dictionary to the text of Rust files.

mod avp;
mod command;
mod docs;
mod extension;
mod field;
mod form;
mod group;
mod names;

pub use avp::{key_impl, number};
pub use field::Field;
pub use group::{Struct, value_impls};
pub use names::Names;

use diametric_dictionary::model::{AvpId, CommandId, Dictionary, FileId, UnitId};
use diametric_dictionary::shape::Sizes;
use names::{Scope, ident};
use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};
use quote::quote;
use std::collections::{BTreeMap, BTreeSet};

/// Name of the unit whose types the runtime has.
pub(crate) const STANDARD_UNIT: &str = diametric_dictionary::standard::UNIT;

/// The version of the contract with the runtime.
const FORMAT: u32 = 1;

/// Modules of the runtime that generated code calls.
const RUNTIME_MODULES: [&str; 4] = ["codec", "message", "value", "wire"];

/// What is generated from where.
#[derive(Clone, Debug)]
pub(crate) struct Plan<'d> {
    pub(crate) dictionary: &'d Dictionary,
    /// The unit to generate.
    pub(crate) unit: UnitId,
    /// Root of the runtime, as a path.
    pub(crate) runtime: TokenStream,
    /// Roots of the units, as paths, by index.
    pub(crate) roots: Vec<TokenStream>,
    /// Whether the entry file holds the modules itself.
    pub(crate) single_file: bool,
}

/// A generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GeneratedFile {
    /// Its path below the output folder.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The content of one module.
#[derive(Debug, Default)]
struct Module {
    avps: Vec<AvpId>,
    commands: Vec<CommandId>,
    answer_message: bool,
}

/// The entry file and one file for each module.
pub(crate) fn files(plan: &Plan<'_>) -> Vec<GeneratedFile> {
    let modules = modules(plan);
    let sizes = Sizes::new(plan.dictionary);
    let importable = importable(plan, &modules);
    let bodies = modules.iter().map(|(name, module)| (*name, body(plan, &sizes, &importable, name, module)));
    let bodies: Vec<_> = bodies.collect();
    let lints = lints(plan);
    if plan.single_file {
        let declarations = modules.iter().zip(bodies).map(|((name, module), (_, body))| {
            let (docs, name) = (module_docs(plan, name, module), ident(name));
            quote!(#docs #lints pub mod #name { #body })
        });
        let declarations = quote!(#(#declarations)*);
        return vec![entry(plan, &modules, declarations)];
    }
    let declarations = modules.iter().map(|(name, module)| {
        let (docs, path, name) = (module_docs(plan, name, module), format!("/{}", module_path(name)), ident(name));
        quote! {
            #docs
            #lints
            pub mod #name {
                include!(concat!(env!("OUT_DIR"), #path));
            }
        }
    });
    let declarations = quote!(#(#declarations)*);
    let mut files = vec![entry(plan, &modules, declarations)];
    files.extend(
        bodies.into_iter().map(|(name, body)| GeneratedFile {
            path: module_path(name),
            text: print(&header(plan, Some(name)), body),
        }),
    );
    files
}

/// Modules that other modules can import by name: those of the unit and the standard ones, but for names that occur
/// twice.
fn importable(plan: &Plan<'_>, modules: &BTreeMap<&str, Module>) -> BTreeMap<String, UnitId> {
    let dictionary = plan.dictionary;
    let mut importable: BTreeMap<String, UnitId> = modules.keys().map(|name| ((*name).to_owned(), plan.unit)).collect();
    let standard = dictionary.units.iter().position(|unit| unit.name == STANDARD_UNIT).map(UnitId);
    if let Some(standard) = standard.filter(|standard| *standard != plan.unit) {
        for name in self::modules(&Plan { unit: standard, ..plan.clone() }).into_keys() {
            match importable.remove(name) {
                Some(_) => {}
                None => drop(importable.insert(name.to_owned(), standard)),
            }
        }
    }
    importable.retain(|name, _| !RUNTIME_MODULES.contains(&name.as_str()));
    importable
}

/// What of a dictionary is used, and by whom, is up to the crate that includes it.
fn lints(plan: &Plan<'_>) -> TokenStream {
    if plan.dictionary.units[plan.unit.0].name == STANDARD_UNIT {
        return TokenStream::new();
    }
    quote!(#[allow(dead_code, unreachable_pub)])
}

fn module_path(name: &str) -> String {
    format!("diametric/{name}.rs")
}

fn modules<'d>(plan: &Plan<'d>) -> BTreeMap<&'d str, Module> {
    let dictionary = plan.dictionary;
    let mut modules: BTreeMap<&str, Module> = BTreeMap::new();
    for id in (0..dictionary.avps.len()).map(AvpId) {
        if dictionary.unit_of(dictionary.avp(id).file) == plan.unit {
            modules.entry(dictionary.avp_module(id)).or_default().avps.push(id);
        }
    }
    for id in (0..dictionary.commands.len()).map(CommandId) {
        if dictionary.unit_of(dictionary.command(id).file) == plan.unit {
            modules.entry(dictionary.command_module(id)).or_default().commands.push(id);
        }
    }
    let extending = dictionary.extensions.iter().map(|extension| extension.file);
    for file in extending.chain(dictionary.value_extensions.iter().map(|extension| extension.file)) {
        if dictionary.unit_of(file) == plan.unit {
            modules.entry(&dictionary.files[file.0].module).or_default();
        }
    }
    if let Some(message) = &dictionary.answer_message
        && dictionary.unit_of(message.span.file) == plan.unit
    {
        modules.entry(answer_message_module(dictionary)).or_default().answer_message = true;
    }
    modules
}

/// The answer-message belongs to the base protocol.
fn answer_message_module(dictionary: &Dictionary) -> &str {
    dictionary.application(0).map_or("base", |application| &application.module)
}

/// The content of a module's file.
fn body(
    plan: &Plan<'_>,
    sizes: &Sizes,
    importable: &BTreeMap<String, UnitId>,
    name: &str,
    module: &Module,
) -> TokenStream {
    let dictionary = plan.dictionary;
    let names = Names::imported(plan.runtime.clone());
    let scope = Scope { dictionary, unit: plan.unit, module: Some(name), roots: &plan.roots, importable, names };
    let mut body = TokenStream::new();
    body.extend(module.commands.iter().map(|id| command::command(&scope, sizes, *id)));
    if let Some(message) = dictionary.answer_message.as_ref().filter(|_| module.answer_message) {
        body.extend(command::answer_message(&scope, sizes, message));
    }
    body.extend(module.avps.iter().map(|id| avp::avp(&scope, sizes, *id)));
    let here = |file: FileId| is_of(plan, file) && dictionary.files[file.0].module == name;
    for extended in extension::by_target(dictionary, here) {
        body.extend(extension::members(&scope, &extended));
    }
    let mut values: Vec<(AvpId, FileId, Vec<_>)> = Vec::new();
    for extension in dictionary.value_extensions.iter().filter(|extension| here(extension.file)) {
        match values.iter_mut().find(|(avp, ..)| *avp == extension.avp) {
            Some((.., items)) => items.extend(&extension.items),
            None => values.push((extension.avp, extension.file, extension.items.iter().collect())),
        }
    }
    body.extend(values.iter().map(|(avp, file, items)| extension::values(&scope, *avp, *file, items)));

    let uses = uses(plan, importable, name, &body);
    quote!(#uses #body)
}

/// Imports for what `body` mentions.
fn uses(plan: &Plan<'_>, importable: &BTreeMap<String, UnitId>, here: &str, body: &TokenStream) -> TokenStream {
    let own =
        importable.iter().filter(|(name, unit)| **unit == plan.unit && *name != here).map(|(name, _)| name.as_str());
    let standard = importable.iter().filter(|(_, unit)| **unit != plan.unit).map(|(name, _)| name.as_str());
    let mut heads = BTreeSet::new();
    path_heads(body.clone(), &mut heads);
    let is_used = |name: &&str| heads.contains(*name);
    let mut own: Vec<&str> = own.filter(is_used).collect();
    let mut runtime: Vec<&str> = RUNTIME_MODULES.into_iter().chain(standard).filter(is_used).collect();
    if plan.dictionary.units[plan.unit.0].name == STANDARD_UNIT {
        runtime.append(&mut own);
    }
    runtime.sort_unstable();
    let import = |root: &TokenStream, names: Vec<&str>| {
        let idents: Vec<_> = names.into_iter().map(ident).collect();
        match idents.as_slice() {
            [] => TokenStream::new(),
            [only] => quote!(use #root::#only;),
            several => quote!(use #root::{#(#several),*};),
        }
    };
    let (own, runtime) = (import(&quote!(super), own), import(&plan.runtime, runtime));
    quote!(#own #runtime)
}

fn is_of(plan: &Plan<'_>, file: FileId) -> bool {
    plan.dictionary.unit_of(file) == plan.unit
}

/// Collects what paths in `tokens` begin with: `codec` of `codec::Avp`.
fn path_heads(tokens: TokenStream, heads: &mut BTreeSet<String>) {
    let mut last_ident: Option<Ident> = None;
    let mut in_path = false;
    // The first colon of `::` is joint; one that stands alone comes before a type.
    let mut half = false;
    for tree in tokens {
        match tree {
            TokenTree::Group(group) => {
                path_heads(group.stream(), heads);
                (last_ident, in_path) = (None, false);
            }
            TokenTree::Ident(ident) => last_ident = (!in_path).then_some(ident),
            TokenTree::Punct(punct) => {
                let joint = punct.as_char() == ':' && punct.spacing() == Spacing::Joint;
                in_path = punct.as_char() == ':' && half;
                half = joint && !half;
                if let Some(head) = last_ident.take().filter(|_| joint) {
                    heads.insert(head.to_string());
                }
            }
            TokenTree::Literal(_) => (last_ident, in_path) = (None, false),
        }
    }
}

fn entry(plan: &Plan<'_>, modules: &BTreeMap<&str, Module>, declarations: TokenStream) -> GeneratedFile {
    let dictionary = plan.dictionary;
    let runtime = &plan.runtime;
    // The runtime's own modules stand beside the generated ones.
    let is_runtime = dictionary.units[plan.unit.0].name == STANDARD_UNIT;
    let names = if is_runtime { Names::imported(runtime.clone()) } else { Names::absolute(runtime.clone()) };
    let codec = &names.codec;
    let scope = Scope {
        dictionary,
        unit: plan.unit,
        module: None,
        roots: &plan.roots,
        importable: &BTreeMap::new(),
        names: names.clone(),
    };
    let mut avps: Vec<AvpId> = modules.values().flat_map(|module| &module.avps).copied().collect();
    avps.sort_by_key(|id| (dictionary.avp(*id).vendor, dictionary.avp(*id).code));
    let avps = avps.into_iter().map(|id| {
        let key = scope.avp(id);
        quote!(AvpInfo::of::<#key>(),)
    });
    let avps: Vec<_> = avps.collect();
    // An own form has the identity of its standard command, by which messages are known: that one is in a table already.
    let commands =
        modules.values().flat_map(|module| &module.commands).filter(|id| dictionary.command(**id).like.is_none());
    let commands = commands.flat_map(|id| {
        let messages = command::messages(dictionary.command(*id));
        messages.into_iter().map(|message| scope.message(*id, &message.rust_name)).collect::<Vec<_>>()
    });
    let commands: Vec<_> = commands.map(|path| quote!(CommandInfo::of::<#path>(),)).collect();
    let extended = extension::by_target(dictionary, |file| is_of(plan, file));
    let allowed = extended.iter().flat_map(|extended| extension::allowed(&scope, extended));
    let allowed: Vec<_> = allowed.collect();
    let used = [
        (!allowed.is_empty(), "AllowedMember"),
        (!avps.is_empty(), "AvpInfo"),
        (!commands.is_empty(), "CommandInfo"),
        (true, "DictionaryTable"),
    ];
    let used = used.into_iter().filter(|(is_used, _)| *is_used).map(|(_, name)| ident(name));
    let name = &dictionary.units[plan.unit.0].name;
    let docs = docs::comment([format!("Everything that the dictionary `{name}` defines, for what decodes messages.")]);
    let lints = lints(plan);
    let format = proc_macro2::Literal::u32_unsuffixed(FORMAT);
    let tokens = quote! {
        const _: () = #codec::assert_generated_format(#format);
        #declarations
        #docs
        #lints
        pub static DICTIONARY: #codec::DictionaryTable = {
            use #codec::{#(#used),*};
            DictionaryTable {
                name: #name,
                avps: &[#(#avps)*],
                commands: &[#(#commands)*],
                allowed: &[#(#allowed),*],
            }
        };
    };
    GeneratedFile { path: "diametric.rs".to_owned(), text: print(&header(plan, None), tokens) }
}

fn module_docs(plan: &Plan<'_>, name: &str, module: &Module) -> TokenStream {
    let dictionary = plan.dictionary;
    let application = dictionary.applications.iter().find(|application| application.module == name);
    let what = match (module.commands.is_empty(), module.avps.is_empty()) {
        (false, _) => "Commands and AVPs",
        (true, false) => "AVPs",
        (true, true) => "Extensions",
    };
    let application = application
        .map(|application| format!(" of application {} ({})", application.id, docs::prose(&application.name)));
    let specs = specs(plan, name);
    let from = if specs.is_empty() { String::new() } else { format!(": {}", docs::prose(&specs.join(", "))) };
    docs::comment([format!("{what}{}{from}.", application.unwrap_or_default())])
}

/// The specifications of the files that contribute to a module.
fn specs(plan: &Plan<'_>, name: &str) -> Vec<String> {
    let mut specs: Vec<String> = Vec::new();
    for file in contributing(plan, Some(name)) {
        specs.extend(plan.dictionary.files[file.0].spec.clone().filter(|spec| !specs.contains(spec)));
    }
    specs
}

/// The files of the unit that contribute to a module, or to any, in load order.
fn contributing(plan: &Plan<'_>, module: Option<&str>) -> Vec<FileId> {
    let dictionary = plan.dictionary;
    let is_here = |other: &str| module.is_none_or(|module| module == other);
    let avps = (0..dictionary.avps.len()).map(AvpId).filter(|id| is_here(dictionary.avp_module(*id)));
    let commands = (0..dictionary.commands.len()).map(CommandId).filter(|id| is_here(dictionary.command_module(*id)));
    let own = (0..dictionary.files.len()).map(FileId).filter(|file| is_here(&dictionary.files[file.0].module));
    let mut files: Vec<FileId> = avps
        .map(|id| dictionary.avp(id).file)
        .chain(commands.map(|id| dictionary.command(id).file))
        .chain(own)
        .filter(|file| is_of(plan, *file))
        .collect();
    files.sort();
    files.dedup();
    files
}

/// The comment at the top of a file.
fn header(plan: &Plan<'_>, module: Option<&str>) -> String {
    let mut out = String::from("// @generated by diametric-codegen. Do not edit.\n//");
    let mut width = 2;
    let files = contributing(plan, module);
    for (index, file) in files.iter().enumerate() {
        let name = &plan.dictionary.files[file.0].name;
        let first = if index == 0 { " From the dictionaries: " } else { " " };
        if width + name.len() > 100 {
            out.push_str("\n//");
            width = 2;
        }
        let comma = if index + 1 == files.len() { "." } else { "," };
        out.push_str(first);
        out.push_str(name);
        out.push_str(comma);
        width += first.len() + name.len() + 1;
    }
    out.push_str("\n\n");
    out
}

fn print(header: &str, tokens: TokenStream) -> String {
    let file = syn::parse2(tokens).expect("generated code is well-formed Rust");
    separated(header.to_owned(), &prettyplease::unparse(&file))
}

/// Adds blank lines between items and between functions, which the formatter leaves out.
fn separated(mut out: String, text: &str) -> String {
    const ITEMS: [&str; 4] = ["pub struct ", "pub type ", "use ", "pub static "];
    let (mut after_item, mut in_item) = (false, false);
    for line in text.lines() {
        let content = line.trim_start();
        let is_statement = content.starts_with(['}', ')', ']', '.']) || content.starts_with("_ =>");
        let begins_item = ["///", "#[", "fn ", "pub ", "impl ", "impl<", "const ", "crate::", "::", "}"];
        if after_item && !is_statement && begins_item.iter().any(|begin| content.starts_with(begin)) {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
        if content.ends_with('{') {
            in_item = ITEMS.iter().any(|item| content.starts_with(item));
        }
        after_item = content == "}"
            || content == "};" && in_item
            || content.starts_with("const _")
            || content.ends_with("{}")
            || content.ends_with(';') && ITEMS.iter().any(|item| content.starts_with(item));
    }
    out
}
