//! Octets as they arrive: from a file or standard input, once or as the file grows.

use super::follow::Interrupt;
use anyhow::{Context as _, Result};
use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use std::fs::File;
use std::io::{self, BufRead, Cursor, Read};
use std::path::Path;
use std::time::Duration;

/// How much is read at a time, in octets: much enough to make calls rare, little enough to stay in the processor's cache.
const CHUNK: usize = 1 << 18;

/// How often a file that is followed is looked at.
const POLL: Duration = Duration::from_millis(100);

/// A window on the input that is moved over it.
pub(crate) struct Source {
    reader: Box<dyn Read>,
    name: String,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of the window in the input.
    position: u64,
    /// What ends waiting at the end of a file that grows.
    follow: Option<Interrupt>,
    is_followed: bool,
}

impl Source {
    /// Opens `path`; none and `-` are standard input. What is followed has no end until somebody interrupts it; of
    /// standard input, the end remains the end.
    pub(crate) fn open(path: Option<&Path>, follow: Option<&Interrupt>) -> Result<Self> {
        let mut source = match path {
            Some(path) if path != Path::new("-") => {
                let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
                let mut source = Self::new(Box::new(file), path.display().to_string());
                source.follow = follow.cloned();
                source
            }
            _ => Self::new(Box::new(io::stdin()), "standard input".to_owned()),
        };
        source.is_followed = follow.is_some();
        Ok(source)
    }

    /// Reads from anything; errors call it `name`.
    pub(crate) fn new(reader: Box<dyn Read>, name: String) -> Self {
        let (buffer, follow) = (Vec::new(), None);
        Self { reader, name, buffer, start: 0, end: 0, position: 0, follow, is_followed: false }
    }

    /// Shows how far reading has come.
    pub(crate) fn show(&mut self, progress: &ProgressBar) {
        let reader = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(progress.wrap_read(reader));
    }

    /// Whether the input is read while it is written, so that what is incomplete at its end is no defect.
    pub(crate) fn is_followed(&self) -> bool {
        self.is_followed
    }

    /// What has arrived and has not been consumed.
    pub(crate) fn window(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Offset of the window in the input.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Reads to the end of a line, and returns how long it is, its end included.
    pub(crate) fn read_line(&mut self, line: &mut Vec<u8>) -> Result<usize> {
        let length = self.read_until(b'\n', line);
        length.with_context(|| format!("cannot read {}", self.name))
    }

    /// Reads what is compressed by gzip from here on.
    pub(crate) fn decompress(&mut self) {
        let begun = Cursor::new(self.window().to_vec());
        let reader = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(MultiGzDecoder::new(begun.chain(reader)));
        (self.start, self.end, self.position) = (0, 0, 0);
    }

    /// Moves the beginning of the window.
    pub(crate) fn skip(&mut self, length: usize) {
        self.start += length;
        self.position += length as u64;
    }

    /// Makes the window longer, waiting for more if need be; false at the end of the input.
    pub(crate) fn more(&mut self) -> Result<bool> {
        Ok(self.read_more().with_context(|| format!("cannot read {}", self.name))? > 0)
    }

    fn read_more(&mut self) -> io::Result<usize> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < CHUNK / 2 {
            self.buffer.resize((self.buffer.len() * 2).max(CHUNK), 0);
        }
        loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) if self.follow.as_ref().is_some_and(|interrupt| !interrupt.has_come()) => {
                    std::thread::sleep(POLL);
                }
                Ok(length) => {
                    self.end += length;
                    return Ok(length);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            self.read_more()?;
        }
        Ok(self.window())
    }

    fn consume(&mut self, length: usize) {
        self.skip(length);
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(out)?;
        self.consume(length);
        Ok(length)
    }
}
