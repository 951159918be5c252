//! A request of a session goes out when its future is awaited.

#![deny(unused_must_use)]

use diametric::ro::RoSession;

pub async fn update(session: RoSession) {
    session.update(|_| ());
}

fn main() {}
