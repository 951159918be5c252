//! A dictionary without a build script.

use diametric_protocol::codec::{Avp, Known};

mod one {
    diametric_derive::dictionary!("../../codegen/tests/features/command.xml", crate = ::diametric_protocol);
}

mod two {
    diametric_derive::dictionary!(
        "../../codegen/tests/features/import.xml",
        "../../codegen/tests/features/two_modules.xml",
        name = "two",
        crate = ::diametric_protocol,
    );
}

#[test]
fn it_gives_what_a_build_script_would() {
    assert_eq!(one::DICTIONARY.name, "diametric-protocol");
    let known = Known::standard().with(&one::DICTIONARY);
    assert_eq!(known.command(16_777_999, 8_388_700, true).unwrap().abbreviation, "MRR");
    assert_eq!(one::acme_meter::AcmeMeterId::NAME, "Acme-Meter-Id");
}

#[test]
fn several_files_are_one_dictionary() {
    assert_eq!(two::DICTIONARY.name, "two");
    let record = two::roaming::RoamingRecord::new(two::roaming::RoamingRecordRequired {
        acme_reading: two::meter::AcmeReading::new().with_acme_unit("kWh"),
    });
    // What one file adds to a group of the other is a member of it.
    assert_eq!(two::acme_common::AcmeReadings::new().with_roaming_record(record).roaming_record.len(), 1);
}
