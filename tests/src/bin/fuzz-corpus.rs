//! Writes the inputs with which fuzzing starts: `cargo run -p diametric-tests --bin fuzz-corpus -- fuzz/corpus`.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let Some(folder) = env::args_os().nth(1) else {
        return Err(io::Error::other("usage: fuzz-corpus FOLDER"));
    };
    for (target, inputs) in diametric_tests::corpus::inputs() {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        for (number, input) in inputs.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number:04}")), input)?;
        }
    }
    Ok(())
}
