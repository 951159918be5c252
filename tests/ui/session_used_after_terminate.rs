//! Nothing can be sent in a session that was terminated.

use diametric::ro::RoSession;

pub async fn end(session: RoSession) {
    let _ = session.terminate(|_| ()).await;
    let _ = session.update(|_| ()).await;
}

fn main() {}
