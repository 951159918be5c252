//! A server that gives the request back.

use diametric::answer::ErrorAnswer;
use diametric::credit_control::Cca;
use diametric::ro::{RoRequest, RoServer};

struct Echo;

impl RoServer for Echo {
    async fn debit(&self, request: RoRequest) -> Result<Cca, ErrorAnswer> {
        Ok(request.ccr)
    }
}

fn main() {
    let _ = Echo;
}
