//! A session of online charging sends forms of the Credit-Control-Request.

use diametric::accounting::AccountingRequest;
use diametric::ro::RoSession;

pub fn keep(_: RoSession<AccountingRequest>) {}

fn main() {}
