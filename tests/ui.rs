//! What must not compile, one mistake a file in `ui`, with what the compiler says; and in `ui_pass` the right way.
//!
//! `TRYBUILD=overwrite cargo test -p diametric-tests --test ui` writes what the compiler says anew. Read it before it is
//! committed: does it say what to do? The recorded text is that of the reference compiler, which the workspace names.

#[test]
fn mistakes_are_told_and_the_right_way_compiles() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*.rs");
    cases.pass("ui_pass/*.rs");
}
