//! Turns `nova.xml` into Rust. What it imports comes from the crate with `links = "acme_dictionary"`.

fn main() {
    diametric_codegen::Generator::new()
        .import_crate("acme_dictionary", "::acme_dictionary")
        .dictionary("nova.xml")
        .generate();
}
