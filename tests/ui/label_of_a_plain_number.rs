//! Rating-Group is a number without named values.

use diametric::credit_control::MultipleServicesCreditControl;
use diametric::value::Enumeration;

fn print<E: Enumeration>(value: E) {
    println!("{:?}", value.label());
}

fn main() {
    let service = MultipleServicesCreditControl::new().with_rating_group(7_u32);
    if let Some(group) = service.rating_group {
        print(group);
    }
}
