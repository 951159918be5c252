//! Where results go.

use crate::report::UNWRITTEN;
use anyhow::{Context as _, Result};
use std::io::{self, Write as _};
use std::path::Path;

/// Writes a result to a file, or to standard output if none is given.
pub(crate) fn write(file: Option<&Path>, text: &str) -> Result<()> {
    match file {
        Some(path) => std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display())),
        None => {
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush()).context(UNWRITTEN)
        }
    }
}
