//! A session of an own form is updated with `update_as`, which takes what the form requires.

use diametric::ro::RoSession;
use diametric_tests::acme::CustomCreditControlRequest;

pub async fn update(session: RoSession<CustomCreditControlRequest>) {
    let _ = session.update(|_| ()).await;
}

fn main() {}
