//! What the snapshots of sessions have in common.

use diametric_protocol::message::{EndToEndId, Header, HopByHopId, Request};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// The version of a snapshot, which its reader checks before anything else. It changes when an older library could not read
/// what a newer one wrote, or would misread it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Version;

const VERSION: u8 = 1;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            VERSION => Ok(Self),
            other => Err(D::Error::custom(format!(
                "this is the state of a session in version {other}, and this library reads version {VERSION}"
            ))),
        }
    }
}

/// What every request of a session repeats, encoded. It has been sent before, so it can be.
pub(crate) fn template<R: Request>(template: &R) -> Vec<u8> {
    let header = Header::of::<R>(HopByHopId::default(), EndToEndId::default());
    diametric_protocol::message::encode(header, template).unwrap_or_default()
}

/// An encoded message: hexadecimal where people may read it, octets elsewhere.
pub(crate) mod message {
    use super::{Deserialize, Deserializer, Error, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            hex::encode(octets).serialize(serializer)
        } else {
            serde_bytes::serialize(octets, serializer)
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        if deserializer.is_human_readable() {
            hex::decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
        } else {
            serde_bytes::deserialize(deserializer)
        }
    }
}
