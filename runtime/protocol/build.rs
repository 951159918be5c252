//! Generates the standard messages.

fn main() {
    diametric_codegen::Generator::standard().generate();
}
