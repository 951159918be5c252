//! Result-Code has no such name.

use diametric::base::ResultCode;

pub fn refuse() -> ResultCode {
    ResultCode::DIAMETER_UNABLE_TO_COMPLY
}

fn main() {}
