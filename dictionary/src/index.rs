//! Fast look-ups in a resolved dictionary, for whoever takes messages apart at run time.

use crate::model::{AvpId, CommandId, Dictionary, VendorId};
use std::collections::HashMap;

/// Base commands that are sent with the application id of the session they concern: RAR, ASR, STR.
const SESSION_COMMANDS: [u32; 3] = [258, 274, 275];
/// The base application.
const BASE: u32 = 0;
/// Accounting-Request may be sent with the application id of the service; its grammar is that of base accounting.
const ACCOUNTING_REQUEST: u32 = 271;
/// Diameter base accounting.
const ACCOUNTING: u32 = 3;

/// Finds AVPs and commands by what the wire carries, or by name.
///
/// Where several units define one AVP or command, as go-diameter's files may, the first loaded answers.
#[derive(Clone, Debug, Default)]
pub struct Index {
    avps: HashMap<(VendorId, u32), AvpId>,
    avp_names: HashMap<String, Vec<AvpId>>,
    commands: HashMap<(u32, u32), CommandId>,
    command_names: HashMap<String, Vec<CommandId>>,
}

impl Index {
    /// Indexes a dictionary.
    pub fn new(dictionary: &Dictionary) -> Self {
        let mut index = Self::default();
        for (position, avp) in dictionary.avps.iter().enumerate() {
            let id = AvpId(position);
            index.avps.entry((avp.vendor, avp.code)).or_insert(id);
            index.avp_names.entry(folded(&avp.name)).or_default().push(id);
        }
        for (position, command) in dictionary.commands.iter().enumerate() {
            let id = CommandId(position);
            if command.like.is_none() {
                index.commands.entry((command.application, command.code)).or_insert(id);
            }
            let names = [
                &command.name,
                &command.short,
                &command.request.name,
                &command.request.abbreviation,
                &command.answer.name,
                &command.answer.abbreviation,
            ];
            for name in names.into_iter().filter(|name| !name.is_empty()) {
                let ids = index.command_names.entry(folded(name)).or_default();
                if ids.last() != Some(&id) {
                    ids.push(id);
                }
            }
        }
        index
    }

    /// The AVP with this vendor and code.
    pub fn avp(&self, vendor: VendorId, code: u32) -> Option<AvpId> {
        self.avps.get(&(vendor, code)).copied()
    }

    /// All AVPs of this name, whatever their vendor. Case does not matter, and `TGPP-` means `3GPP-`.
    pub fn avp_by_name(&self, name: &str) -> Vec<AvpId> {
        self.avp_names.get(&folded(name)).cloned().unwrap_or_default()
    }

    /// The command with this code in an application.
    ///
    /// RAR, ASR and STR of an application that does not define them are those of the base protocol, and ACR is that of base
    /// accounting. Own forms (`<command like=…>`) are never found: on the wire they are the command they start from.
    pub fn command(&self, application: u32, code: u32) -> Option<CommandId> {
        let get = |application| self.commands.get(&(application, code)).copied();
        get(application).or_else(|| match code {
            _ if SESSION_COMMANDS.contains(&code) => get(BASE),
            ACCOUNTING_REQUEST => get(ACCOUNTING).or_else(|| get(BASE)),
            _ => None,
        })
    }

    /// All commands of this name in any application, own forms included. The name may be that of the command, of its
    /// request or answer, or the abbreviation of one of these; case does not matter.
    pub fn command_by_name(&self, name: &str) -> Vec<CommandId> {
        self.command_names.get(&folded(name)).cloned().unwrap_or_default()
    }
}

/// A name as it is compared.
fn folded(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("tgpp") {
        Some(rest) => format!("3gpp{rest}"),
        None => name,
    }
}
