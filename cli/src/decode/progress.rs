//! How far reading a long file has come, for whoever watches.

use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, IsTerminal as _};
use std::path::Path;

/// From how many octets on a file is long: less is read before anybody looks.
const LONG: u64 = 1 << 26;

/// A bar for a long file, if standard error is a terminal and messages are not printed on one.
pub(crate) fn bar(path: Option<&Path>, prints_messages: bool) -> Option<ProgressBar> {
    if !io::stderr().is_terminal() || (prints_messages && io::stdout().is_terminal()) {
        return None;
    }
    let metadata = std::fs::metadata(path?).ok()?;
    (metadata.is_file() && metadata.len() >= LONG).then(|| {
        let style = ProgressStyle::with_template("{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left");
        ProgressBar::new(metadata.len()).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
    })
}
