//! Where a user's clock stands.

use super::{FormatError, end, take};
use crate::value::OctetString;
use std::fmt;

const NAME: &str = "3GPP-MS-TimeZone";
/// In the first octet: west of Greenwich.
const NEGATIVE: u8 = 0x08;
/// What two decimal digits hold, the first below 8.
const MAX_QUARTERS: i8 = 79;

/// By how much the offset from UTC includes daylight saving time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DaylightSaving {
    /// Not at all.
    #[default]
    None,
    /// One hour.
    OneHour,
    /// Two hours.
    TwoHours,
}

/// 3GPP-MS-TimeZone (TS 29.061 §16.4.7.2): the offset from UTC in quarters of an hour, daylight saving time included, as
/// in TS 23.040 §9.2.3.11; and how much of it is daylight saving time.
///
/// ```
/// use diametric_protocol::tgpp::{DaylightSaving, MsTimeZone};
///
/// let summer = MsTimeZone::decode(&[0x80, 0x01])?;
/// assert_eq!(summer.minutes(), 120);
/// assert_eq!(summer.daylight_saving(), DaylightSaving::OneHour);
/// assert_eq!(summer.to_string(), "UTC+02:00, 1 h of it daylight saving");
/// assert_eq!(MsTimeZone::from_minutes(-300)?.encode().as_slice(), [0x0a, 0x00]);
/// # Ok::<(), diametric_protocol::tgpp::FormatError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MsTimeZone {
    quarters: i8,
    daylight_saving: DaylightSaving,
}

impl MsTimeZone {
    /// An offset from UTC in minutes, daylight saving time included.
    ///
    /// # Errors
    /// If it is not a number of quarters of an hour, or more than 79 of them.
    pub fn from_minutes(minutes: i32) -> Result<Self, FormatError> {
        let quarters = i8::try_from(minutes / 15).ok().filter(|quarters| quarters.abs() <= MAX_QUARTERS);
        match quarters {
            Some(quarters) if minutes % 15 == 0 => Ok(Self { quarters, daylight_saving: DaylightSaving::None }),
            _ => {
                let problem = format!("{minutes} minutes are not at most {MAX_QUARTERS} quarters of an hour");
                Err(FormatError::new(NAME, 0, problem))
            }
        }
    }

    /// The same, with so much daylight saving time in it.
    #[must_use]
    pub fn with_daylight_saving(mut self, daylight_saving: DaylightSaving) -> Self {
        self.daylight_saving = daylight_saving;
        self
    }

    /// Reads two octets. Spare bits are not looked at.
    ///
    /// # Errors
    /// If there are not two, the offset is not decimal, or the daylight saving time is the reserved value 3.
    pub fn decode(octets: &[u8]) -> Result<Self, FormatError> {
        let [zone, saving] = take(NAME, octets, 0)?;
        end(NAME, octets, 2)?;
        let (tens, ones) = (zone & 0x07, zone >> 4);
        if ones > 9 {
            return Err(FormatError::new(NAME, 0, format!("{ones:#x} is no decimal digit")));
        }
        let quarters = (tens * 10 + ones) as i8;
        let daylight_saving = match saving & 0x03 {
            0 => DaylightSaving::None,
            1 => DaylightSaving::OneHour,
            2 => DaylightSaving::TwoHours,
            _ => return Err(FormatError::new(NAME, 1, "daylight saving time 3 is reserved")),
        };
        Ok(Self { quarters: if zone & NEGATIVE == 0 { quarters } else { -quarters }, daylight_saving })
    }

    /// Writes two octets.
    pub fn encode(self) -> OctetString {
        let quarters = self.quarters.unsigned_abs();
        let sign = if self.quarters < 0 { NEGATIVE } else { 0 };
        let (tens, ones) = (quarters / 10, quarters % 10);
        OctetString::copy_from(&[ones << 4 | sign | tens, self.daylight_saving as u8])
    }

    /// The offset from UTC in minutes, daylight saving time included.
    pub fn minutes(self) -> i32 {
        i32::from(self.quarters) * 15
    }

    /// How much of it is daylight saving time.
    pub fn daylight_saving(self) -> DaylightSaving {
        self.daylight_saving
    }
}

impl fmt::Display for MsTimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, minutes) = (if self.quarters < 0 { '-' } else { '+' }, self.minutes().abs());
        write!(f, "UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)?;
        match self.daylight_saving {
            DaylightSaving::None => Ok(()),
            saving => write!(f, ", {} h of it daylight saving", saving as u8),
        }
    }
}

impl TryFrom<&OctetString> for MsTimeZone {
    type Error = FormatError;

    fn try_from(octets: &OctetString) -> Result<Self, FormatError> {
        Self::decode(octets)
    }
}

impl From<MsTimeZone> for OctetString {
    fn from(zone: MsTimeZone) -> Self {
        zone.encode()
    }
}
