//! What an application keeps with a charging session.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Names and values of the application's own. Shared by all handles of a session, and part of its snapshot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes(Arc<Mutex<BTreeMap<String, String>>>);

impl Attributes {
    pub(crate) fn new(attributes: BTreeMap<String, String>) -> Self {
        Self(Arc::new(Mutex::new(attributes)))
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.lock().get(name).cloned()
    }

    /// Gives back what it was.
    pub(crate) fn set(&self, name: String, value: String) -> Option<String> {
        self.lock().insert(name, value)
    }

    /// All of them, as they are now.
    pub(crate) fn all(&self) -> BTreeMap<String, String> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
