//! A handle can update a session; only the session itself ends it.

use diametric::ro::SessionHandle;

pub async fn end(handle: SessionHandle) {
    let _ = handle.terminate(|_| ()).await;
}

fn main() {}
