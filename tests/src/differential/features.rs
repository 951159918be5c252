//! What in a message two codecs may judge differently, each for a reason that `docs/differences.md` gives.

use diametric_dictionary::index::Index;
use diametric_dictionary::model::{AvpId, DataType, Dictionary, Member, MemberKind};
use diametric_protocol::wire::{AvpReader, HEADER_LEN, Header, RawAvp};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// Something of a message that others judge differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the text says it")]
pub enum Feature {
    MandatoryInExtensionPoint,
    UnlistedInClosedGroup,
    MandatoryInOptionalGroup,
    NoPaddingAtEnd,
    VendorZero,
    ApplicationIds,
    Text,
    Uri,
    AddressFamily,
    ExcessValue,
    EnumerationLength,
    FailedAvp,
    Misplaced,
    LeastInteger,
    SeveralMissing,
}

impl Feature {
    /// Whether it explains that one codec says `ours` and Erlang/OTP's `theirs`; both begin with a Result-Code.
    pub fn explains(self, ours: &str, theirs: &str) -> bool {
        let (ours, theirs) = (&ours[..4], &theirs[..4]);
        match self {
            Self::MandatoryInExtensionPoint => theirs == "5001",
            Self::UnlistedInClosedGroup => theirs == "5008",
            Self::MandatoryInOptionalGroup => matches!(ours, "5001" | "5008"),
            Self::NoPaddingAtEnd | Self::AddressFamily => theirs == "5014",
            // To the other side it is no AVP of the dictionary, whatever is wrong with it.
            Self::VendorZero => true,
            Self::SeveralMissing => (ours, theirs) == ("5005", "5005"),
            Self::ApplicationIds => matches!(ours, "5005" | "5009"),
            Self::Text => ours == "5004",
            Self::Uri => ours == "5004" || theirs == "5004" || ours == theirs,
            Self::ExcessValue => ours == "5009",
            Self::EnumerationLength => (ours, theirs) == ("5014", "5004"),
            Self::FailedAvp => theirs == "5014",
            Self::Misplaced => ours == "5008",
            Self::LeastInteger => ours == theirs,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MandatoryInExtensionPoint => "a known AVP with M at `* [ AVP ]`",
            Self::UnlistedInClosedGroup => "an AVP without M in a group without `* [ AVP ]`",
            Self::MandatoryInOptionalGroup => "an AVP with M in a group without M",
            Self::NoPaddingAtEnd => "a group that ends without padding",
            Self::VendorZero => "Vendor-Id 0 on the wire",
            Self::ApplicationIds => "Vendor-Specific-Application-Id with none or both application ids",
            Self::Text => "a DiameterIdentity or a filter rule that is empty or not ASCII",
            Self::Uri => "a DiameterURI",
            Self::AddressFamily => "an address of a reserved family",
            Self::EnumerationLength => "a closed enumeration of another length than four octets",
            Self::FailedAvp => "a Failed-AVP whose content is not framed",
            Self::Misplaced => "a known AVP with M in a group without `* [ AVP ]`",
            Self::LeastInteger => "the least number of Integer32 or Integer64",
            Self::SeveralMissing => "a group that lacks several members",
            Self::ExcessValue => "one instance too many, with an invalid value",
        })
    }
}

/// Finds them.
#[derive(Debug)]
pub struct Finder<'d> {
    dictionary: &'d Dictionary,
    index: Index,
    found: BTreeSet<Feature>,
}

impl<'d> Finder<'d> {
    /// By the definitions of `dictionary`.
    pub fn new(dictionary: &'d Dictionary) -> Self {
        Self { dictionary, index: Index::new(dictionary), found: BTreeSet::new() }
    }

    /// What there is in a message.
    pub fn find(&mut self, frame: &[u8]) -> BTreeSet<Feature> {
        self.found.clear();
        let Some(header) = Header::peek(frame) else { return BTreeSet::new() };
        let dictionary = self.dictionary;
        let message = if header.flags.is_error() && !header.flags.is_request() {
            dictionary.answer_message.as_ref()
        } else {
            self.index.command(header.application, header.command).map(|id| {
                let command = dictionary.command(id);
                if header.flags.is_request() { &command.request } else { &command.answer }
            })
        };
        if let Some(message) = message {
            self.group(&frame[HEADER_LEN..], &message.members, message.any, true, 0);
        }
        std::mem::take(&mut self.found)
    }

    fn group(&mut self, data: &[u8], members: &[Member], any: bool, mandatory: bool, depth: usize) {
        let mut counts: HashMap<AvpId, u32> = HashMap::new();
        let mut reader = AvpReader::new(data);
        while let Some(avp) = reader.next() {
            let Ok(avp) = avp else { break };
            let end = reader.offset() == data.len();
            if end && !(avp.header_len() + avp.data.len()).is_multiple_of(4) && !data.len().is_multiple_of(4) {
                self.found.insert(Feature::NoPaddingAtEnd);
            }
            if avp.flags.is_vendor() && avp.vendor == 0 {
                self.found.insert(Feature::VendorZero);
            }
            let id = self.index.avp(avp.vendor, avp.code);
            let member = members.iter().find(|member| Some(member.avp) == id);
            if let Some(member) = member {
                let count = counts.entry(member.avp).or_default();
                *count += 1;
                if member.max.is_some_and(|max| *count > max) {
                    self.found.insert(Feature::ExcessValue);
                }
            } else if any && avp.flags.is_mandatory() && id.is_some() {
                self.found.insert(Feature::MandatoryInExtensionPoint);
            } else if !any && !avp.flags.is_mandatory() {
                self.found.insert(Feature::UnlistedInClosedGroup);
            } else if !any && id.is_some() {
                self.found.insert(Feature::Misplaced);
            }
            if member.is_none() && avp.flags.is_mandatory() && !mandatory {
                self.found.insert(Feature::MandatoryInOptionalGroup);
            }
            if let Some(id) = id {
                self.value(&avp, id, mandatory && avp.flags.is_mandatory(), depth);
            }
        }
        let is_missing = |member: &&Member| {
            let least = if member.kind == MemberKind::Optional { member.min } else { member.min.max(1) };
            counts.get(&member.avp).copied().unwrap_or(0) < least
        };
        if members.iter().filter(is_missing).count() > 1 {
            self.found.insert(Feature::SeveralMissing);
        }
        let application = |code| {
            counts.keys().any(|id| {
                let avp = self.dictionary.avp(*id);
                (avp.vendor, avp.code) == (0, code)
            })
        };
        let ids = (application(258), application(259));
        if members.len() == 3
            && ids.0 == ids.1
            && members.iter().any(|member| self.dictionary.avp(member.avp).code == 259)
        {
            self.found.insert(Feature::ApplicationIds);
        }
    }

    fn value(&mut self, avp: &RawAvp<'_>, id: AvpId, mandatory: bool, depth: usize) {
        let definition = self.dictionary.avp(id);
        let data = avp.data;
        let is_group = !definition.members.is_empty() || definition.any;
        let found = match definition.data_type {
            DataType::Grouped if (avp.vendor, avp.code) == (0, 279) => {
                let unframed = avp.members().any(|avp| avp.is_err()) || !data.len().is_multiple_of(4);
                unframed.then_some(Feature::FailedAvp)
            }
            DataType::Grouped if depth < 32 && is_group => {
                return self.group(data, &definition.members, definition.any, mandatory, depth + 1);
            }
            DataType::Enumerated if definition.closed && data.len() != 4 => Some(Feature::EnumerationLength),
            DataType::Integer32 | DataType::Integer64 | DataType::Enumerated => {
                let least = |(first, rest): (&u8, &[u8])| *first == 0x80 && rest.iter().all(|octet| *octet == 0);
                data.split_first().is_some_and(least).then_some(Feature::LeastInteger)
            }
            DataType::DiameterUri => Some(Feature::Uri),
            DataType::DiameterIdentity => {
                (data.is_empty() || !data.iter().all(u8::is_ascii_graphic)).then_some(Feature::Text)
            }
            DataType::IpFilterRule | DataType::QosFilterRule => {
                (data.is_empty() || !data.is_ascii()).then_some(Feature::Text)
            }
            DataType::Address => matches!(data, [0, 0, ..] | [255, 255, ..]).then_some(Feature::AddressFamily),
            _ => None,
        };
        self.found.extend(found);
    }
}
