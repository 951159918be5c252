//! The derive macros without the compiler, as functions of text: the root of the crate `diametric-fuzz-derive`, since a
//! crate of macros can export nothing else.

mod ast;
mod attr;
mod draft;
mod expand;
mod table;
mod valid;

use proc_macro2::TokenStream;
use syn::{DeriveInput, Error};

/// Runs every macro on `input`, the text of an item or of the arguments of `dictionary_table!`. Tells what each made of
/// it: the code, or the mistakes. Empty if `input` is no Rust.
pub fn expand(input: &str) -> Vec<Result<TokenStream, Error>> {
    let mut results = Vec::new();
    if let Ok(item) = syn::parse_str::<DeriveInput>(input) {
        results.extend([
            ast::Key::read(&item).and_then(valid::key).map(|key| expand::key(&key)),
            ast::Group::read(&item).and_then(valid::group).map(|group| expand::group(&group)),
            ast::Enumeration::read(&item).and_then(valid::enumeration).map(|item| expand::enumeration(&item)),
            ast::Command::read(&item).and_then(valid::command).map(|command| expand::command(&command)),
        ]);
        // What stands for the implementation when there is a mistake.
        results.extend([
            Ok(expand::key_in_error(&item)),
            Ok(expand::group_in_error(&item)),
            Ok(expand::enumeration_in_error(&item)),
            Ok(expand::command_in_error(&item)),
        ]);
    }
    if let Ok(table) = syn::parse_str::<table::Table>(input) {
        let table = table::table(&table);
        results.push(Ok(quote::quote!(const TABLE: Table = #table;)));
    }
    results
}
