//! Generates the vendor dictionary that the tests use.

fn main() {
    diametric_codegen::Generator::new().dictionary("acme.xml").generate();
}
