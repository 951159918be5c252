//! From Wireshark's types to those of RFC 6733.

use super::raw::RawAvp;
use crate::model::DataType;
use std::collections::HashMap;

/// How long a chain of derived types may be.
const MAX_CHAIN: usize = 16;

/// The types that Wireshark's own code knows, in lower case.
const KNOWN: &[(&str, DataType)] = &[
    ("octetstring", DataType::OctetString),
    ("octetstringorutf8", DataType::OctetString),
    ("mipregistrationrequest", DataType::OctetString),
    ("utf8string", DataType::Utf8String),
    ("integer32", DataType::Integer32),
    ("integer64", DataType::Integer64),
    ("unsigned32", DataType::Unsigned32),
    ("unsigned64", DataType::Unsigned64),
    ("appid", DataType::Unsigned32),
    ("vendorid", DataType::Unsigned32),
    ("float32", DataType::Float32),
    ("float64", DataType::Float64),
    ("grouped", DataType::Grouped),
    ("ipaddress", DataType::Address),
    ("address", DataType::Address),
    ("time", DataType::Time),
    ("diameteridentity", DataType::DiameterIdentity),
    ("diameteruri", DataType::DiameterUri),
    ("enumerated", DataType::Enumerated),
    ("ipfilterrule", DataType::IpFilterRule),
    ("qosfilterrule", DataType::QosFilterRule),
];

/// The types that the files derive from others.
pub(super) struct Types<'a>(HashMap<&'a str, Option<&'a str>>);

impl<'a> Types<'a> {
    pub(super) fn new(types: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let mut parents = HashMap::new();
        for (name, parent) in types {
            parents.entry(name).or_insert(parent);
        }
        Self(parents)
    }

    /// The format behind a name, which may be that of a derived type.
    fn format(&self, name: &str) -> Option<DataType> {
        let mut name = name;
        for _ in 0..MAX_CHAIN {
            let folded = name.to_ascii_lowercase();
            if let Some((_, data_type)) = KNOWN.iter().find(|(known, _)| *known == folded) {
                return Some(*data_type);
            }
            name = (*self.0.get(name)?)?;
        }
        None
    }

    /// The format of an AVP of a vendor; `Err` tells why it has to be guessed.
    pub(super) fn of(&self, avp: &RawAvp, vendor: u32) -> Result<DataType, String> {
        if avp.grouped {
            return Ok(DataType::Grouped);
        }
        let Some(name) = &avp.type_name else {
            return Err(format!("`{}` has no type; taken as OctetString", avp.name));
        };
        match self.format(&name.value) {
            // Addresses of RADIUS have no family in front.
            Some(DataType::Address) if vendor == 0 && avp.code < 256 => Ok(DataType::OctetString),
            Some(data_type) => Ok(data_type),
            None => Err(format!("there is no type `{}`; `{}` is taken as OctetString", name.value, avp.name)),
        }
    }
}
