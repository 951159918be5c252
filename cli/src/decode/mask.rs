//! Identities of subscribers made unrecognisable.

use diametric_dissect::{Definition, Dissector};
use std::hash::{BuildHasher as _, RandomState};

/// How much of an AVP's value is an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Masking {
    /// Nothing.
    Nothing,
    /// All of it.
    Whole,
    /// What follows the first semicolon: a Session-Id begins with the name of the node that made it, and some nodes put
    /// identities behind it.
    BehindHost,
}

/// The AVPs whose values identify subscribers, their devices, whom they communicate with, their addresses or where they
/// are, by name in any case: those of the shipped dictionaries.
const IDENTITIES: [&str; 84] = [
    "3GPP-IMEISV",
    "3GPP-IMSI",
    "3GPP-User-Location-Info",
    "3GPP2-BSID",
    "3GPP2-MEID",
    "API-Content",
    "Access-Network-Information",
    "Acct-Multi-Session-Id",
    "Acct-Session-Id",
    "Address-Data",
    "Alternate-Charged-Party-Address",
    "Application-Provided-Called-Party-Address",
    "Associated-Party-Address",
    "Associated-URI",
    "BSSID",
    "Called-Asserted-Identity",
    "Called-Identity",
    "Called-Party-Address",
    "Calling-Party-Address",
    "Cell-Global-Identity",
    "Cellular-Network-Information",
    "Charged-Party",
    "Civic-Address-Information",
    "Client-Address",
    "E-UTRAN-Cell-Global-Identity",
    "EUI64-Address",
    "Error-Message",
    "Extended-eNodeB-ID",
    "External-ID",
    "External-Identifier",
    "From-Address",
    "Geodetic-Information",
    "Geographical-Information",
    "IMEI",
    "IP-Address",
    "IP-Address-End",
    "IP-Address-Start",
    "ISUP-Location-Number",
    "Instance-Id",
    "LCS-Client-Dialed-By-MS",
    "LCS-Client-External-ID",
    "LCS-Name-String",
    "LCS-Requestor-ID-String",
    "Location-Area-Identity",
    "Location-Estimate",
    "Logical-Access-ID",
    "MAC-Address",
    "MSISDN",
    "Media-Initiator-Party",
    "Monitoring-UE-Identifier",
    "Nr-Cgi",
    "Origin-App-Layer-User-Id",
    "Originator",
    "Outgoing-Session-Id",
    "PDP-Address",
    "Participants-Involved",
    "Physical-Access-ID",
    "PoC-Session-Id",
    "Positioning-Data",
    "ProSe-Source-IP-Address",
    "ProSe-Target-Layer-2-ID",
    "ProSe-UE-ID",
    "ProSe-UE-to-Network-Relay-UE-ID",
    "RAI",
    "Receiver",
    "Requested-Party-Address",
    "Requesting-EPUID",
    "Route-Header-Received",
    "Route-Header-Transmitted",
    "Routing-Area-Identity",
    "SDP-Media-Description",
    "SDP-Session-Description",
    "SSID",
    "Served-Party-IP-Address",
    "Service-Area-Identity",
    "Target-App-Layer-User-Id",
    "Target-ID",
    "Target-IP-Address",
    "Tracking-Area-Identity",
    "UE-Local-IP-Address",
    "User-Data",
    "User-Name",
    "User-Session-Id",
    "eNodeB-ID",
];

/// Those whose names begin so.
const IDENTITY_PREFIXES: [&str; 3] = ["Subscription-Id-", "User-Equipment-Info-", "WLAN-"];

/// Those that dictionaries of users may define: of RFC 7155, RFC 4005 and of other applications of 3GPP.
const IDENTITIES_ELSEWHERE: [&str; 17] = [
    "Calling-Station-Id",
    "Delegated-IPv6-Prefix",
    "Flow-Description",
    "Framed-IP-Address",
    "Framed-IPv6-Address",
    "Framed-IPv6-Prefix",
    "Framed-Interface-Id",
    "Identity-with-Emergency-Registration",
    "Public-Identity",
    "SIP-AOR",
    "SIP-Auth-Data-Item",
    "SIP-Item-Number",
    "TWAN-Identifier",
    "User-Identifier",
    "User-Identity",
    "User-Location-Info",
    "Wildcarded-Public-Identity",
];

/// How much of the value of the AVP with this name is an identity.
pub(crate) fn masking(name: &str) -> Masking {
    let is = |names: &[&str]| names.iter().any(|identity| identity.eq_ignore_ascii_case(name));
    // The kind of an identity tells nobody whose it is.
    let is_kind = name.ends_with("-Type") || name.ends_with("-Extension");
    let begins = |prefix: &&str| name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    if name.eq_ignore_ascii_case("Session-Id") {
        Masking::BehindHost
    } else if is(&IDENTITIES) || is(&IDENTITIES_ELSEWHERE) || (IDENTITY_PREFIXES.iter().any(begins) && !is_kind) {
        Masking::Whole
    } else {
        Masking::Nothing
    }
}

/// Gives the same mask to the same octets for as long as the command runs, and tells nothing of them: the key is random
/// and forgotten.
#[derive(Debug)]
pub(crate) struct Mask {
    key: RandomState,
    /// By the id of the definition.
    maskings: Vec<Masking>,
}

impl Mask {
    /// What masks the AVPs that a dissector knows.
    pub(crate) fn new(dissector: &Dissector) -> Self {
        let maskings = dissector.definitions().iter().map(|definition| masking(definition.name())).collect();
        Self { key: RandomState::new(), maskings }
    }

    /// What stands for these octets.
    pub(crate) fn of(&self, octets: &[u8]) -> u64 {
        self.key.hash_one(octets)
    }

    /// What a value keeps and what stands for the rest of it, if it is an identity.
    pub(crate) fn identity<'a>(&self, definition: &Definition, data: &'a [u8]) -> Option<(&'a str, u64)> {
        let kept = match self.maskings[definition.id().0] {
            Masking::Nothing => return None,
            Masking::Whole => 0,
            Masking::BehindHost => data.iter().position(|octet| *octet == b';').map_or(0, |at| at + 1),
        };
        Some(match std::str::from_utf8(&data[..kept]) {
            Ok(text) => (text, self.of(&data[kept..])),
            Err(_) => ("", self.of(data)),
        })
    }
}

/// The reason of an error without what it quotes.
pub(crate) fn unquoted(message: &str) -> String {
    match (message.find('`'), message.rfind('`')) {
        (Some(begin), Some(end)) if begin < end => format!("{}masked{}", &message[..=begin], &message[end..]),
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_of_the_shipped_dictionaries() {
        let loaded = crate::dictionary::load::beside_standard(&[]).expect("the standard dictionaries load");
        let is_known = |name: &str| loaded.dictionary.avps.iter().any(|avp| avp.name == name);
        let unknown: Vec<_> = IDENTITIES.iter().filter(|name| !is_known(name)).collect();
        assert_eq!(unknown, Vec::<&&str>::new());
        let known: Vec<_> = IDENTITIES_ELSEWHERE.iter().filter(|name| is_known(name)).collect();
        assert_eq!(known, Vec::<&&str>::new());
    }

    #[test]
    fn kinds_and_groups_of_identities_are_none() {
        for name in
            ["Subscription-Id-Type", "User-Equipment-Info-Type", "Subscription-Id", "User-Equipment-Info-Extension"]
        {
            assert_eq!(masking(name), Masking::Nothing, "{name}");
        }
        assert_eq!(masking("subscription-id-data"), Masking::Whole);
    }

    #[test]
    fn a_mask_depends_on_the_octets_and_on_nothing_else() {
        let dissector = Dissector::standard();
        let mask = Mask::new(&dissector);
        assert_eq!(mask.of(b"a"), mask.of(b"a"));
        assert_ne!(mask.of(b"a"), mask.of(b"b"));
        assert_ne!(mask.of(b"a"), Mask::new(&dissector).of(b"a"));
    }

    #[test]
    fn quotations_are_left_out() {
        assert_eq!(unquoted("`a` and `b` are no good"), "`masked` are no good");
        assert_eq!(unquoted("missing"), "missing");
    }
}
