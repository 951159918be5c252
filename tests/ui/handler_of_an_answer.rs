//! A node handles requests.

use diametric::answer::ErrorAnswer;
use diametric::credit_control::Cca;
use diametric::{Incoming, NodeBuilder};

pub fn build(node: NodeBuilder) -> NodeBuilder {
    node.handle(4, |incoming: Incoming<Cca>| async move { Err::<Cca, ErrorAnswer>(refuse(incoming)) })
}

fn refuse(_: Incoming<Cca>) -> ErrorAnswer {
    unreachable!()
}

fn main() {}
