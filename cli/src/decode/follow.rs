//! Reading what is still being written.

use crate::signals;
use anyhow::{Context as _, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a shell reports of a command that was ended by SIGINT.
const INTERRUPTED: i32 = 130;

/// Whether somebody has asked to stop.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Watches for signals from now on. The first ends waiting for more, a second one ends the command at once.
    pub(crate) fn watch() -> Result<Self> {
        let interrupt = Self(Arc::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot watch for signals")?;
        let first = {
            let _guard = runtime.enter();
            signals::stop()?
        };
        let has_come = interrupt.clone();
        std::thread::spawn(move || {
            runtime.block_on(async {
                first.await;
                has_come.0.store(true, Ordering::Relaxed);
                // Somebody may not want to wait until a file that grows quickly has been read to its end.
                if let Ok(second) = signals::stop() {
                    second.await;
                    std::process::exit(INTERRUPTED);
                }
            });
        });
        Ok(interrupt)
    }

    /// Whether a signal has come.
    pub(crate) fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
