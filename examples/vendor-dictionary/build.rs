//! Turns `acme.xml` into Rust. A mistake in it is shown as the compiler shows one, and ends the build.

fn main() {
    diametric_codegen::Generator::new().dictionary("acme.xml").generate();
}
