//! What is inside values that 3GPP specifications define octet by octet.
//!
//! The AVPs hold the raw value, which is what is sent on; these types read it and write it:
//!
//! | AVP | type |
//! |---|---|
//! | 3GPP-User-Location-Info (TS 29.061 §16.4.7.2) | [`UserLocationInfo`] |
//! | 3GPP-MS-TimeZone (TS 29.061 §16.4.7.2) | [`MsTimeZone`] |
//! | 3GPP-RAT-Type (TS 29.061 §16.4.7.2) | [`RatType`] |
//! | 3GPP-SGSN-MCC-MNC, 3GPP-GGSN-MCC-MNC, 3GPP-IMSI-MCC-MNC (TS 29.061 §16.4.7.2) | [`PlmnId`], as text |
//! | MSISDN (TS 29.329 §6.3.2) | [`Tbcd`] |
//!
//! ```
//! use diametric_protocol::tgpp::{Cell, MsTimeZone, PlmnId, UserLocationInfo};
//! use diametric_protocol::ts32299::PsInformation;
//!
//! let plmn: PlmnId = "00142".parse()?;
//! let place = UserLocationInfo::Cgi(Cell { plmn, lac: 0x1f40, id: 0x2a31 });
//! let information = PsInformation::new()
//!     .with_tgpp_user_location_info(place)
//!     .with_tgpp_ms_timezone(MsTimeZone::from_minutes(60)?);
//!
//! let raw = information.tgpp_user_location_info.as_ref().ok_or("the location is there")?;
//! assert_eq!(raw.as_slice(), [0x00, 0x00, 0xf1, 0x24, 0x1f, 0x40, 0x2a, 0x31]);
//! let UserLocationInfo::Cgi(cell) = UserLocationInfo::decode(raw)? else { panic!("a cell") };
//! assert_eq!((cell.plmn.mcc(), cell.plmn.mnc()), ("001", "42"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod location;
mod plmn;
mod rat_type;
mod tbcd;
mod time_zone;

pub use location::{Cell, Ecgi, Eci, RoutingArea, TrackingArea, UserLocationInfo};
pub use plmn::PlmnId;
pub use rat_type::RatType;
pub use tbcd::Tbcd;
pub use time_zone::{DaylightSaving, MsTimeZone};

/// Why a value is not what its specification says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}, octet {offset}: {problem}")]
pub struct FormatError {
    what: &'static str,
    offset: usize,
    problem: String,
}

impl FormatError {
    fn new(what: &'static str, offset: usize, problem: impl Into<String>) -> Self {
        Self { what, offset, problem: problem.into() }
    }

    /// The place of the first octet, or character of a text, that is wrong, counted from 0. That of the end, if something
    /// is missing.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The same, of a value that begins `by` octets before.
    fn further(mut self, by: usize) -> Self {
        self.offset += by;
        self
    }
}

/// Takes `N` octets at `offset`.
fn take<const N: usize>(what: &'static str, octets: &[u8], offset: usize) -> Result<[u8; N], FormatError> {
    let taken = octets.get(offset..).and_then(|rest| rest.first_chunk());
    taken.copied().ok_or_else(|| {
        let missing = offset + N - octets.len().min(offset + N);
        FormatError::new(what, octets.len(), format!("{missing} more expected"))
    })
}

/// Nothing may follow at `offset`.
fn end(what: &'static str, octets: &[u8], offset: usize) -> Result<(), FormatError> {
    match octets.len().checked_sub(offset) {
        None | Some(0) => Ok(()),
        Some(more) => Err(FormatError::new(what, offset, format!("{more} more than expected"))),
    }
}
