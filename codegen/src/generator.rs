//! The options, and the run in a build script.

use crate::emit::{self, Plan, STANDARD_UNIT};
use crate::output::Output;
use diametric_dictionary::diagnostics::{Diagnostic, Severity, catalogue};
use diametric_dictionary::model::{FileId, UnitId};
use diametric_dictionary::source::Span;
use diametric_dictionary::{Loaded, Loader};
use proc_macro2::TokenStream;
use quote::ToTokens;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::{env, fmt, fs};
use syn::parse::Parser;

/// Generates Rust from dictionaries.
#[derive(Clone, Debug)]
pub struct Generator {
    name: Option<String>,
    dictionaries: Vec<PathBuf>,
    /// What the dictionaries' paths start from, where it is not the working folder.
    root: Option<PathBuf>,
    imports: Vec<Import>,
    runtime: String,
    out_dir: Option<PathBuf>,
    strict: bool,
    single_file: bool,
    standard: bool,
    /// What is wrong with the options.
    mistakes: Vec<String>,
}

#[derive(Clone, Debug)]
struct Import {
    name: String,
    rust_path: String,
    dictionary: PathBuf,
}

/// Why nothing was generated.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The dictionaries have mistakes.
    Dictionary {
        /// Everything that is wrong, in source order, warnings included.
        diagnostics: Vec<Diagnostic>,
        /// The same for people, as `rustc` would show it.
        rendered: String,
        /// Each error alone, in the same look.
        errors: Vec<String>,
    },
    /// An option is not what it should be.
    Option(String),
    /// A file cannot be written.
    Io(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dictionary { rendered, .. } => f.write_str(rendered),
            Self::Option(message) => f.write_str(message),
            Self::Io(error) => write!(f, "cannot write generated code: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// Each mistake alone, for what shows several errors in a way of its own, such as a macro.
    pub fn messages(&self) -> Vec<String> {
        match self {
            Self::Dictionary { errors, .. } => errors.clone(),
            other => vec![other.to_string()],
        }
    }
}

impl Default for Generator {
    fn default() -> Self {
        Self::new()
    }
}

impl Generator {
    /// Without any dictionary yet.
    pub fn new() -> Self {
        Self {
            name: None,
            dictionaries: Vec::new(),
            root: None,
            imports: Vec::new(),
            runtime: "::diametric".to_owned(),
            out_dir: None,
            strict: false,
            single_file: false,
            standard: false,
            mistakes: Vec::new(),
        }
    }

    /// For the crate that has the standard messages.
    #[doc(hidden)]
    pub fn standard() -> Self {
        Self { runtime: "crate".to_owned(), standard: true, ..Self::new() }
    }

    /// Adds a dictionary to generate, by its path from the package's root.
    #[must_use]
    pub fn dictionary(mut self, path: impl Into<PathBuf>) -> Self {
        self.dictionaries.push(path.into());
        self
    }

    /// What the paths of dictionaries start from, for a process that does not run in the package's root.
    #[doc(hidden)]
    #[must_use]
    pub fn root(mut self, folder: impl Into<PathBuf>) -> Self {
        self.root = Some(folder.into());
        self
    }

    /// Names the generated table, and the crate in diagnostics; the package's name where not given.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Lets the dictionaries refer to one whose types another crate has: `name` is the crate's, `rust_path` the module
    /// in which it includes its generated code (such as `::acme_dictionary`), `dictionary` the XML file.
    #[must_use]
    pub fn import(
        mut self,
        name: impl Into<String>,
        rust_path: impl Into<String>,
        dictionary: impl Into<PathBuf>,
    ) -> Self {
        self.imports.push(Import { name: name.into(), rust_path: rust_path.into(), dictionary: dictionary.into() });
        self
    }

    /// Lets the dictionaries refer to that of a dependency, which exported it under its `links` name.
    ///
    /// A crate exports its dictionaries by having a `links` key in its `Cargo.toml`, such as
    /// `links = "acme_dictionary"`; [`generate`](Self::generate) does the rest. `rust_path` is the module in which that
    /// crate includes its generated code.
    #[must_use]
    pub fn import_crate(mut self, links: &str, rust_path: impl Into<String>) -> Self {
        let variable = format!("DEP_{}_DICTIONARY", links.to_ascii_uppercase().replace('-', "_"));
        let rust_path = rust_path.into();
        match env::var_os(&variable) {
            Some(paths) => self.imports.extend(env::split_paths(&paths).map(|dictionary| Import {
                name: links.to_owned(),
                rust_path: rust_path.clone(),
                dictionary,
            })),
            None => self.mistakes.push(format!(
                "`{variable}` is not set: is the crate with `links = \"{links}\"` a direct dependency, and does its build \
                 script generate a dictionary?"
            )),
        }
        self
    }

    /// The crate that has the runtime, `::diametric` where not given.
    #[must_use]
    pub fn runtime_path(mut self, path: impl Into<String>) -> Self {
        self.runtime = path.into();
        self
    }

    /// Where files are written, `OUT_DIR` where not given.
    #[must_use]
    pub fn out_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(folder.into());
        self
    }

    /// Puts all modules into the one file `diametric.rs`, which then does not depend on where it is: to read it, or to
    /// keep it among a crate's sources.
    #[must_use]
    pub fn single_file(mut self, single_file: bool) -> Self {
        self.single_file = single_file;
        self
    }

    /// Refuses the liberties that files in the go-diameter format may otherwise take.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Generates, without writing anything.
    ///
    /// # Errors
    /// If the dictionaries have mistakes, or an option is wrong.
    pub fn try_generate(&self) -> Result<Output, Error> {
        if let Some(mistake) = self.mistakes.first() {
            return Err(Error::Option(mistake.clone()));
        }
        let mut loader = Loader::new();
        loader.strict(self.strict);
        let standard = loader.add_standard((!self.standard).then_some(self.runtime.as_str()));
        for import in &self.imports {
            let unit = loader.unit(&import.name, Some(&import.rust_path));
            // What cannot be read is told by `load`, with everything else.
            let _ = loader.add_file(unit, &import.dictionary);
        }
        let unit = if self.standard { standard } else { loader.unit(&self.unit_name(), None) };
        for path in &self.dictionaries {
            let _ = self.add_file(&mut loader, unit, path);
        }
        let mut loaded = loader.load();
        check_names(&mut loaded, unit);
        if loaded.has_errors() {
            let rendered = loaded.render();
            let errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
            let errors = errors.map(|diagnostic| loaded.renderer().one(diagnostic)).collect();
            return Err(Error::Dictionary { rendered, errors, diagnostics: loaded.diagnostics });
        }
        Ok(Output {
            files: emit::files(&self.plan(&loaded, unit)?),
            warnings: warnings(&loaded),
            dictionaries: self.dictionaries.clone(),
        })
    }

    /// Adds a file, which diagnostics show by the path that was given.
    fn add_file(&self, loader: &mut Loader, unit: UnitId, path: &Path) -> Option<FileId> {
        let Some(root) = &self.root else { return loader.add_file(unit, path).ok() };
        match fs::read_to_string(root.join(path)) {
            Ok(text) => Some(loader.add_text(unit, &path.display().to_string(), &text)),
            Err(_) => loader.add_file(unit, &root.join(path)).ok(),
        }
    }

    fn plan<'d>(&self, loaded: &'d Loaded, unit: UnitId) -> Result<Plan<'d>, Error> {
        let dictionary = &loaded.dictionary;
        let runtime = parse_path(&self.runtime)?;
        let roots = dictionary.units.iter().map(|unit| match &unit.rust_path {
            Some(path) if unit.name != STANDARD_UNIT => parse_path(path),
            _ => Ok(runtime.clone()),
        });
        let roots = roots.collect::<Result<_, _>>()?;
        Ok(Plan { dictionary, unit, runtime, roots, single_file: self.single_file })
    }

    /// The package's name, else the first dictionary's.
    fn unit_name(&self) -> String {
        let stem = || Some(self.dictionaries.first()?.file_stem()?.to_string_lossy().into_owned());
        let package = || env::var("CARGO_PKG_NAME").ok();
        self.name.clone().or_else(package).or_else(stem).unwrap_or_else(|| "dictionary".to_owned())
    }

    /// Generates into `OUT_DIR`, from a build script.
    ///
    /// Mistakes in the dictionaries are shown to the user and end the build.
    pub fn generate(self) {
        if let Err(error) = self.run() {
            // Cargo shows this whole, as it is; `cargo::error` would take it apart into lines.
            let _ = writeln!(io::stderr(), "{error}");
            std::process::exit(1);
        }
    }

    fn run(&self) -> Result<(), Error> {
        let folder = match &self.out_dir {
            Some(folder) => folder.clone(),
            None => env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| {
                Error::Option("OUT_DIR is not set: run from a build script, or give an `out_dir`".to_owned())
            })?,
        };
        let mut instructions = vec!["rerun-if-changed=build.rs".to_owned()];
        for path in self.dictionaries.iter().chain(self.imports.iter().map(|import| &import.dictionary)) {
            instructions.push(format!("rerun-if-changed={}", path.display()));
        }
        tell_cargo(&instructions)?;
        let output = self.try_generate()?;
        output.write(&folder).map_err(Error::Io)?;
        let mut instructions: Vec<_> = output.warnings.iter().map(|warning| format!("warning={warning}")).collect();
        instructions.extend(self.export()?);
        tell_cargo(&instructions)
    }

    /// What tells dependants where the dictionaries are, for a package with a `links` key.
    fn export(&self) -> Result<Option<String>, Error> {
        if env::var_os("CARGO_MANIFEST_LINKS").is_none() {
            return Ok(None);
        }
        let root = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
        let paths = env::join_paths(self.dictionaries.iter().map(|path| root.join(path)))
            .map_err(|error| Error::Option(format!("the path of a dictionary cannot be exported: {error}")))?;
        Ok(Some(format!("metadata=dictionary={}", paths.display())))
    }
}

fn tell_cargo(instructions: &[String]) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    instructions.iter().try_for_each(|instruction| writeln!(out, "cargo::{instruction}")).map_err(Error::Io)
}

/// Names that generated code takes from the prelude, and that a type beside it would hide.
const PRELUDE: [&str; 9] = ["Box", "Default", "FnMut", "Into", "None", "Ok", "Option", "Result", "Some"];

fn check_names(loaded: &mut Loaded, unit: UnitId) {
    let dictionary = &loaded.dictionary;
    let avps = dictionary.avps.iter().map(|avp| (&avp.rust_name, avp.span));
    let messages = dictionary.commands.iter().flat_map(|command| [&command.request, &command.answer]);
    let messages = messages.map(|message| (&message.rust_name, message.span));
    let is_hiding =
        |(name, span): &(&String, Span)| dictionary.unit_of(span.file) == unit && PRELUDE.contains(&name.as_str());
    let diagnostics: Vec<_> = avps
        .chain(messages)
        .filter(is_hiding)
        .map(|(name, span)| {
            let message = format!("a type `{name}` would hide Rust's own");
            Diagnostic::error(catalogue::ILLEGAL_RUST_NAME, span, message).help("give it a `rust-name`")
        })
        .collect();
    loaded.diagnostics.extend(diagnostics);
    loaded.diagnostics.sort_by_key(|diagnostic| diagnostic.span);
}

fn parse_path(path: &str) -> Result<TokenStream, Error> {
    let parsed = syn::Path::parse_mod_style
        .parse_str(path)
        .map_err(|error| Error::Option(format!("`{path}` is not the path of a Rust module: {error}")))?;
    Ok(parsed.to_token_stream())
}

/// Warnings, one line each: cargo shows no more.
fn warnings(loaded: &Loaded) -> Vec<String> {
    let warnings = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Warning);
    let line = |diagnostic: &Diagnostic| {
        let span = diagnostic.span;
        let path = &loaded.dictionary.files[span.file.0].path;
        let help = diagnostic.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{path}:{}:{}: {}{help} [{}]", span.line, span.column, diagnostic.message, diagnostic.code)
    };
    warnings.map(line).collect()
}
