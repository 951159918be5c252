//! Turns `acme.xml` into Rust, and tells dependants where it is.

fn main() {
    diametric_codegen::Generator::new().dictionary("acme.xml").generate();
}
