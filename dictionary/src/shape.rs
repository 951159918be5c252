//! What a definition becomes in Rust: which kind of type, how large, and how a member is held.
//!
//! The generator writes what is decided here, and [`diff`](crate::diff) tells where two dictionaries decide otherwise.

use crate::model::{Avp, AvpId, DataType, Dictionary, Member};
use std::collections::{HashMap, HashSet};

/// Above this size, in octets, a group that may be absent is held in a `Box`.
const BOX_FROM: u32 = 200;

/// Kinds of Rust types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An uninhabited key, and a value of a type of the runtime.
    Scalar(DataType),
    /// A newtype over its number, with constants.
    Open(Raw),
    /// A Rust enum.
    Closed(Raw),
    /// A struct.
    Group,
    /// An uninhabited key, and an undecoded group.
    RawGroup,
}

/// The number behind an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw {
    /// `i32`.
    Signed,
    /// `u32`.
    Unsigned,
}

/// The shape of an AVP.
pub fn shape(avp: &Avp) -> Shape {
    let raw = if avp.data_type == DataType::Unsigned32 { Raw::Unsigned } else { Raw::Signed };
    match avp.data_type {
        // What failed cannot be decoded by its grammar in general.
        DataType::Grouped if (avp.vendor, avp.code) == (0, 279) => Shape::RawGroup,
        DataType::Grouped if avp.members.is_empty() && !avp.any => Shape::RawGroup,
        DataType::Grouped => Shape::Group,
        DataType::Enumerated | DataType::Integer32 | DataType::Unsigned32 if !avp.items.is_empty() => {
            if avp.closed {
                Shape::Closed(raw)
            } else {
                Shape::Open(raw)
            }
        }
        other => Shape::Scalar(other),
    }
}

/// How a struct holds a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// `T`: exactly one.
    Required,
    /// `Option<T>`: at most one.
    Optional,
    /// `Option<Box<T>>`: at most one, large or recursive.
    OptionalBoxed,
    /// `List<T>`: several.
    List,
}

impl Hold {
    /// The type of a field, for a value of type `T`.
    pub fn type_of_field(self) -> &'static str {
        match self {
            Self::Required => "T",
            Self::Optional => "Option<T>",
            Self::OptionalBoxed => "Option<Box<T>>",
            Self::List => "List<T>",
        }
    }
}

/// Estimated sizes, from which follows what is boxed. They need not be exact, only always the same.
#[derive(Debug, Default)]
pub struct Sizes {
    groups: HashMap<AvpId, u32>,
    /// Groups that can hold themselves.
    recursive: HashSet<AvpId>,
    /// Groups that are boxed whatever their size: these, and those of which the dictionary says so.
    apart: HashSet<AvpId>,
}

impl Sizes {
    /// Those of all groups in a dictionary.
    pub fn new(dictionary: &Dictionary) -> Self {
        let ids = || (0..dictionary.avps.len()).map(AvpId).filter(|id| shape(dictionary.avp(*id)) == Shape::Group);
        let recursive: HashSet<_> = ids().filter(|id| is_recursive(dictionary, *id)).collect();
        let apart = ids().filter(|id| recursive.contains(id) || dictionary.avp(*id).boxed).collect();
        let mut sizes = Self { groups: HashMap::new(), recursive, apart };
        for id in ids() {
            sizes.group(dictionary, id, &mut Vec::new());
        }
        sizes
    }

    /// How `member` is held.
    pub fn hold(&self, member: &Member) -> Hold {
        if !member.is_single() {
            return Hold::List;
        }
        if member.min > 0 {
            return Hold::Required;
        }
        let size = self.groups.get(&member.avp);
        if size.is_some_and(|size| self.boxed(member.avp, *size)) { Hold::OptionalBoxed } else { Hold::Optional }
    }

    fn boxed(&self, group: AvpId, size: u32) -> bool {
        size > BOX_FROM || self.apart.contains(&group)
    }

    fn group(&mut self, dictionary: &Dictionary, id: AvpId, path: &mut Vec<AvpId>) -> u32 {
        if let Some(size) = self.groups.get(&id) {
            return *size;
        }
        if path.contains(&id) {
            return 8;
        }
        path.push(id);
        let members: u32 = dictionary.avp(id).members.iter().map(|member| self.member(dictionary, member, path)).sum();
        path.pop();
        let size = members + 8;
        // Inside a cycle the size depends on where the cycle was entered; only its outermost group is sure.
        if path.is_empty() || !self.recursive.contains(&id) {
            self.groups.insert(id, size);
        }
        size
    }

    fn member(&mut self, dictionary: &Dictionary, member: &Member, path: &mut Vec<AvpId>) -> u32 {
        if !member.is_single() {
            return 24;
        }
        let avp = dictionary.avp(member.avp);
        let optional = member.min == 0;
        match shape(avp) {
            Shape::Group => {
                let size = self.group(dictionary, member.avp, path);
                if optional && self.boxed(member.avp, size) { 8 } else { size }
            }
            Shape::RawGroup => 24,
            Shape::Open(_) | Shape::Closed(_) => 4 + if optional { 4 } else { 0 },
            Shape::Scalar(data_type) => match data_type {
                DataType::Integer32 | DataType::Unsigned32 | DataType::Float32 | DataType::Enumerated => {
                    4 + if optional { 4 } else { 0 }
                }
                DataType::Integer64 | DataType::Unsigned64 | DataType::Float64 => 8 + if optional { 8 } else { 0 },
                DataType::Time => 16,
                DataType::Address => 24,
                _ => 32,
            },
        }
    }
}

/// Whether a group can hold itself, directly or not.
fn is_recursive(dictionary: &Dictionary, id: AvpId) -> bool {
    let mut seen = vec![false; dictionary.avps.len()];
    let mut todo = vec![id];
    while let Some(at) = todo.pop() {
        if shape(dictionary.avp(at)) != Shape::Group {
            continue;
        }
        for member in &dictionary.avp(at).members {
            if member.avp == id {
                return true;
            }
            if !std::mem::replace(&mut seen[member.avp.0], true) {
                todo.push(member.avp);
            }
        }
    }
    false
}
