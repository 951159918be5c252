//! Where a user is.

use super::{FormatError, PlmnId, end, take};
use crate::value::OctetString;
use std::fmt;

const NAME: &str = "3GPP-User-Location-Info";

const CGI: u8 = 0;
const SAI: u8 = 1;
const RAI: u8 = 2;
const TAI: u8 = 128;
const ECGI: u8 = 129;
const TAI_AND_ECGI: u8 = 130;

/// A cell or service area within a location area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cell {
    /// The network.
    pub plmn: PlmnId,
    /// Location area code.
    pub lac: u16,
    /// Cell identity (CI) or service area code (SAC).
    pub id: u16,
}

/// A routing area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RoutingArea {
    /// The network.
    pub plmn: PlmnId,
    /// Location area code.
    pub lac: u16,
    /// Routing area code.
    pub rac: u8,
}

/// A tracking area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TrackingArea {
    /// The network.
    pub plmn: PlmnId,
    /// Tracking area code.
    pub tac: u16,
}

/// An E-UTRAN cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ecgi {
    /// The network.
    pub plmn: PlmnId,
    /// The cell.
    pub eci: Eci,
}

/// An E-UTRAN cell identity: 28 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Eci(u32);

impl Eci {
    /// The highest identity.
    pub const MAX: u32 = 0x0fff_ffff;

    /// An identity; `None` if it takes more than 28 bits.
    pub fn new(eci: u32) -> Option<Self> {
        (eci <= Self::MAX).then_some(Self(eci))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0
    }
}

/// 3GPP-User-Location-Info (TS 29.061 §16.4.7.2, with the structures of TS 29.274 §8.21): an octet for the kind, and a
/// location of that kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserLocationInfo {
    /// Kind 0: a cell of GERAN or UTRAN; `id` is its CI.
    Cgi(Cell),
    /// Kind 1: a service area; `id` is its SAC.
    Sai(Cell),
    /// Kind 2: a routing area.
    Rai(RoutingArea),
    /// Kind 128: a tracking area.
    Tai(TrackingArea),
    /// Kind 129: an E-UTRAN cell.
    Ecgi(Ecgi),
    /// Kind 130: both.
    TaiAndEcgi(TrackingArea, Ecgi),
    /// Any other kind, as it is.
    Other {
        /// The first octet. One of the kinds above would not be read as `Other` again.
        kind: u8,
        /// What follows.
        location: OctetString,
    },
}

impl UserLocationInfo {
    /// Reads a location. Spare bits are not looked at; the RAC of a routing area takes one octet, or two of which the
    /// second does not count.
    ///
    /// # Errors
    /// If it is shorter or longer than its kind has it, or the network is not in digits.
    pub fn decode(octets: &[u8]) -> Result<Self, FormatError> {
        let [kind] = take(NAME, octets, 0)?;
        let mut reader = Reader { octets, offset: 1 };
        let location = match kind {
            CGI => Self::Cgi(reader.cell()?),
            SAI => Self::Sai(reader.cell()?),
            RAI => {
                let (plmn, lac, [rac]) = (reader.plmn()?, reader.number()?, reader.take()?);
                reader.offset = reader.offset.max(octets.len().min(8));
                Self::Rai(RoutingArea { plmn, lac, rac })
            }
            TAI => Self::Tai(reader.tracking_area()?),
            ECGI => Self::Ecgi(reader.ecgi()?),
            TAI_AND_ECGI => Self::TaiAndEcgi(reader.tracking_area()?, reader.ecgi()?),
            _ => {
                let location = OctetString::copy_from(&octets[reader.offset..]);
                return Ok(Self::Other { kind, location });
            }
        };
        end(NAME, octets, reader.offset)?;
        Ok(location)
    }

    /// Writes the location. A RAC takes two octets, the second all ones.
    pub fn encode(&self) -> OctetString {
        let mut out = vec![self.kind()];
        match self {
            Self::Cgi(cell) | Self::Sai(cell) => {
                out.extend(cell.plmn.encode());
                out.extend(cell.lac.to_be_bytes());
                out.extend(cell.id.to_be_bytes());
            }
            Self::Rai(area) => {
                out.extend(area.plmn.encode());
                out.extend(area.lac.to_be_bytes());
                out.extend([area.rac, 0xff]);
            }
            Self::Tai(area) => write_area(&mut out, area),
            Self::Ecgi(cell) => write_ecgi(&mut out, cell),
            Self::TaiAndEcgi(area, cell) => {
                write_area(&mut out, area);
                write_ecgi(&mut out, cell);
            }
            Self::Other { location, .. } => out.extend(location.as_slice()),
        }
        out.into()
    }

    /// The first octet.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Cgi(_) => CGI,
            Self::Sai(_) => SAI,
            Self::Rai(_) => RAI,
            Self::Tai(_) => TAI,
            Self::Ecgi(_) => ECGI,
            Self::TaiAndEcgi(..) => TAI_AND_ECGI,
            Self::Other { kind, .. } => *kind,
        }
    }

    /// The network.
    pub fn plmn(&self) -> Option<PlmnId> {
        match self {
            Self::Cgi(cell) | Self::Sai(cell) => Some(cell.plmn),
            Self::Rai(area) => Some(area.plmn),
            Self::Tai(area) => Some(area.plmn),
            Self::Ecgi(cell) | Self::TaiAndEcgi(_, cell) => Some(cell.plmn),
            Self::Other { .. } => None,
        }
    }
}

fn write_area(out: &mut Vec<u8>, area: &TrackingArea) {
    out.extend(area.plmn.encode());
    out.extend(area.tac.to_be_bytes());
}

fn write_ecgi(out: &mut Vec<u8>, cell: &Ecgi) {
    out.extend(cell.plmn.encode());
    out.extend(cell.eci.0.to_be_bytes());
}

struct Reader<'a> {
    octets: &'a [u8],
    offset: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let taken = take(NAME, self.octets, self.offset)?;
        self.offset += N;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u16, FormatError> {
        self.take().map(u16::from_be_bytes)
    }

    fn plmn(&mut self) -> Result<PlmnId, FormatError> {
        let start = self.offset;
        let octets: [u8; 3] = self.take()?;
        PlmnId::decode(&octets).map_err(|error| error.further(start))
    }

    fn cell(&mut self) -> Result<Cell, FormatError> {
        Ok(Cell { plmn: self.plmn()?, lac: self.number()?, id: self.number()? })
    }

    fn tracking_area(&mut self) -> Result<TrackingArea, FormatError> {
        Ok(TrackingArea { plmn: self.plmn()?, tac: self.number()? })
    }

    fn ecgi(&mut self) -> Result<Ecgi, FormatError> {
        let plmn = self.plmn()?;
        let eci = u32::from_be_bytes(self.take()?);
        Ok(Ecgi { plmn, eci: Eci(eci & Eci::MAX) })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:04x}-{:04x}", self.plmn, self.lac, self.id)
    }
}

impl fmt::Display for RoutingArea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:04x}-{:02x}", self.plmn, self.lac, self.rac)
    }
}

impl fmt::Display for TrackingArea {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:04x}", self.plmn, self.tac)
    }
}

impl fmt::Display for Ecgi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:07x}", self.plmn, self.eci.0)
    }
}

/// The kind, and the numbers in hexadecimal: `CGI 00142-1f40-2a31`.
impl fmt::Display for UserLocationInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cgi(cell) => write!(f, "CGI {cell}"),
            Self::Sai(cell) => write!(f, "SAI {cell}"),
            Self::Rai(area) => write!(f, "RAI {area}"),
            Self::Tai(area) => write!(f, "TAI {area}"),
            Self::Ecgi(cell) => write!(f, "ECGI {cell}"),
            Self::TaiAndEcgi(area, cell) => write!(f, "TAI {area}, ECGI {cell}"),
            Self::Other { kind, location } => write!(f, "location of kind {kind}: {location:?}"),
        }
    }
}

impl TryFrom<&OctetString> for UserLocationInfo {
    type Error = FormatError;

    fn try_from(octets: &OctetString) -> Result<Self, FormatError> {
        Self::decode(octets)
    }
}

impl From<UserLocationInfo> for OctetString {
    fn from(location: UserLocationInfo) -> Self {
        location.encode()
    }
}
