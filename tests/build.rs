//! Generates the vendor dictionary that the tests use, and lists every type of the standard dictionaries.

use diametric_dictionary::Loader;
use diametric_dictionary::model::{AvpId, CommandId};
use std::path::Path;

fn main() {
    diametric_codegen::Generator::new().dictionary("acme.xml").generate();

    let dictionary = Loader::with_standard().load().dictionary;
    let path = |module: &str, name: &str| format!("::diametric_protocol::{module}::{name}");
    let avps = (0..dictionary.avps.len()).map(AvpId).map(|id| {
        let avp = dictionary.avp(id);
        format!("    avp!({});\n", path(dictionary.avp_module(id), &avp.rust_name))
    });
    let commands = (0..dictionary.commands.len()).map(CommandId).flat_map(|id| {
        let (command, module) = (dictionary.command(id), dictionary.command_module(id));
        [&command.request, &command.answer]
            .map(|message| format!("    message!({});\n", path(module, &message.rust_name)))
    });
    let list = format!("{{\n{}{}}}\n", avps.collect::<String>(), commands.collect::<String>());
    let out = std::env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR");
    std::fs::write(Path::new(&out).join("standard_types.rs"), list).expect("OUT_DIR can be written");
}
