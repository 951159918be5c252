//! `dictionary!`.

use crate::attr::unknown;
use diametric_codegen::Generator;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use std::path::PathBuf;
use std::{env, iter};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Path, Result, Token};

/// `"acme.xml", "more.xml", name = "acme", crate = ::diametric_protocol`.
pub(crate) struct Dictionary {
    paths: Vec<LitStr>,
    name: Option<String>,
    root: Option<Path>,
}

const KEYS: [&str; 2] = ["name", "crate"];

impl Parse for Dictionary {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut dictionary = Self { paths: Vec::new(), name: None, root: None };
        while !input.is_empty() {
            if input.peek(LitStr) {
                dictionary.paths.push(input.parse()?);
            } else {
                let key = input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                match key.to_string().as_str() {
                    "name" => dictionary.name = Some(input.parse::<LitStr>()?.value()),
                    "crate" => dictionary.root = Some(Path::parse_mod_style(input)?),
                    other => return Err(unknown(key.span(), other, &KEYS)),
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if dictionary.paths.is_empty() {
            let message = "which dictionary? Give its path from the package's root: `dictionary!(\"acme.xml\")`";
            return Err(Error::new(Span::call_site(), message));
        }
        Ok(dictionary)
    }
}

pub(crate) fn dictionary(dictionary: &Dictionary) -> TokenStream {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut generator = Generator::new().single_file(true).root(&root);
    for path in &dictionary.paths {
        generator = generator.dictionary(path.value());
    }
    if let Some(name) = &dictionary.name {
        generator = generator.name(name);
    }
    if let Some(path) = &dictionary.root {
        generator = generator.runtime_path(path.to_token_stream().to_string().replace(' ', ""));
    }
    let missing = dictionary.paths.iter().filter(|path| !root.join(path.value()).is_file());
    let missing = missing.map(|path| {
        let message = format!("there is no file `{}` in the folder of this package's Cargo.toml", path.value());
        compile_error(path, &message)
    });
    let missing: TokenStream = missing.collect();
    if !missing.is_empty() {
        return missing;
    }
    // Cargo knows by these that the macro has read the files.
    let read = dictionary.paths.iter().map(|path| {
        let place = if PathBuf::from(path.value()).is_absolute() {
            path.to_token_stream()
        } else {
            quote!(concat!(env!("CARGO_MANIFEST_DIR"), "/", #path))
        };
        quote!(
            const _: &[u8] = include_bytes!(#place);
        )
    });
    let read: TokenStream = read.collect();
    let tokens: TokenStream = match generator.try_generate() {
        Ok(output) => {
            let text: String = output.files.iter().map(|file| file.text.as_str()).collect();
            let tokens = text.parse().unwrap_or_else(|error| compile_error(&dictionary.paths[0], &format!("{error}")));
            let warnings = output.warnings.iter().map(|warning| self::warning(warning));
            warnings.chain(iter::once(tokens)).collect()
        }
        Err(error) => {
            let told = |message: &String| {
                let is_in = |path: &&LitStr| message.contains(&format!("--> {}:", path.value()));
                compile_error(dictionary.paths.iter().find(is_in).unwrap_or(&dictionary.paths[0]), message)
            };
            error.messages().iter().map(told).collect()
        }
    };
    quote!(#read #tokens)
}

fn compile_error(place: &LitStr, message: &str) -> TokenStream {
    // The compiler says itself that it is an error.
    let message = message.strip_prefix("error").unwrap_or(message).replacen("]: ", "] ", 1);
    Error::new(place.span(), message.trim_end()).to_compile_error()
}

/// A warning of the dictionary as one of the compiler, which lets macros give no others: use of something deprecated.
fn warning(warning: &str) -> TokenStream {
    quote! {
        const _: () = {
            #[deprecated(note = #warning)]
            const DICTIONARY: () = ();
            #[warn(deprecated)]
            DICTIONARY
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(arguments: &str) -> String {
        dictionary(&syn::parse_str(arguments).unwrap()).to_string()
    }

    #[test]
    fn the_file_is_tracked_and_generated() {
        let text = expand(r#""../codegen/tests/features/scalar.xml", name = "acme", crate = ::diametric_protocol"#);
        assert!(
            text.contains(r#"include_bytes ! (concat ! (env ! ("CARGO_MANIFEST_DIR") , "/" , "../codegen"#),
            "{text}"
        );
        assert!(text.contains("pub static DICTIONARY : :: diametric_protocol :: codec :: DictionaryTable"), "{text}");
    }

    #[test]
    fn each_mistake_is_an_error_with_its_line() {
        let text = expand(r#""src/tests/broken.xml""#);
        assert_eq!(text.matches("compile_error !").count(), 2, "{text}");
        assert!(text.contains("src/tests/broken.xml:5:"), "{text}");
        assert!(text.contains("did you mean `Custom-Message`?"), "{text}");
    }

    #[test]
    fn a_file_that_is_not_there_is_one_error() {
        let text = expand(r#""nowhere.xml""#);
        assert!(text.contains("there is no file `nowhere.xml` in the folder of this package's Cargo.toml"), "{text}");
    }

    #[test]
    fn a_macro_without_a_path_asks_for_one() {
        let error = syn::parse_str::<Dictionary>("name = \"acme\"").err().unwrap();
        assert!(error.to_string().starts_with("which dictionary? Give its path"), "{error}");
    }
}
