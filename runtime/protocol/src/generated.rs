//! Where generated code comes in.

/// Includes what `diametric_codegen::Generator` generated in this package's build script.
///
/// Stands at the root of a crate, or in a module of its own; the modules of the dictionaries and the static `DICTIONARY`
/// appear where it stands.
#[macro_export]
macro_rules! include_dictionary {
    () => {
        include!(concat!(env!("OUT_DIR"), "/diametric.rs"));
    };
}
