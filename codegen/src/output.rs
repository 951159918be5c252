//! Writing what was generated.

use crate::emit::GeneratedFile;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// What one run generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The entry file first, then one for each module.
    pub files: Vec<GeneratedFile>,
    /// Warnings, one line each.
    pub warnings: Vec<String>,
    /// The dictionary files read from disk.
    pub dictionaries: Vec<PathBuf>,
}

impl Output {
    /// Writes the files below `folder`, each only if its content differs from what is there, so that nothing is
    /// compiled again without need. Tells which were written.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut written = Vec::new();
        for file in &self.files {
            let path = folder.join(&file.path);
            if fs::read(&path).is_ok_and(|old| old == file.text.as_bytes()) {
                continue;
            }
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, &file.text)?;
            written.push(path);
        }
        Ok(written)
    }
}
