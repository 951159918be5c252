//! Generates the types of the demo's vendor dictionary.

fn main() {
    diametric_codegen::Generator::new().dictionary("dictionary/acme.xml").generate();
}
