//! Time.

use super::{InlineList, ListItem};
use crate::codec::{AvpHeader, AvpValue, Decoder, Encoded, Encoder, Fault, Judged};
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

/// Seconds from 1900-01-01T00:00:00Z, where the NTP eras are counted from, to 1970-01-01T00:00:00Z.
const UNIX_EPOCH: i64 = 2_208_988_800;
/// Seconds in an NTP era.
const ERA: i64 = 1 << 32;

/// A point in time, in seconds (RFC 6733 §4.3.1 Time).
///
/// On the wire these are 32 bits, counted from 1900, which wrap on 2036-02-07. RFC 6733 asks for the extension of SNTP
/// (RFC 4330 §3): with the top bit set the time lies in the first era, from 1968-01-20 on; with it clear, in the second,
/// until 2104-02-26. Only the times that can be said that way exist as values of this type, so that encoding cannot
/// fail, and times compare as points in time across the wrap.
///
/// ```
/// use diametric_protocol::value::Time;
/// use std::time::{Duration, SystemTime};
///
/// let time: Time = "2036-02-07T06:28:16Z".parse()?;
/// assert_eq!(time.ntp_seconds(), 0);
/// assert!(time > Time::try_from(SystemTime::UNIX_EPOCH)?);
/// assert_eq!(Time::from_unix_seconds(1_700_000_000)?.to_string(), "2023-11-14T22:13:20Z");
/// # Ok::<(), diametric_protocol::value::TimeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time(u32);

/// Why something is not a [`Time`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// A time that 32 bits of seconds cannot say.
    #[error("the time is not between {min} and {max}, which is all that a Diameter Time can say", min = Time::MIN, max = Time::MAX)]
    OutOfRange,
    /// Text that is not a date and time.
    #[error("`{0}` is not a time in UTC such as `2023-11-14T22:13:20Z`")]
    Text(String),
}

impl Time {
    /// The earliest time, 1968-01-20T03:14:08Z.
    pub const MIN: Self = Self(0x8000_0000);
    /// The latest time, 2104-02-26T09:42:23Z.
    pub const MAX: Self = Self(0x7fff_ffff);

    /// The time that is `seconds` on the wire.
    #[inline]
    pub const fn from_ntp_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// The time `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// Outside [`Time::MIN`] to [`Time::MAX`].
    pub const fn from_unix_seconds(seconds: i64) -> Result<Self, TimeError> {
        if seconds < Self::MIN.unix_seconds() || seconds > Self::MAX.unix_seconds() {
            return Err(TimeError::OutOfRange);
        }
        Ok(Self((seconds + UNIX_EPOCH) as u32))
    }

    /// The seconds as they are on the wire.
    #[inline]
    pub const fn ntp_seconds(self) -> u32 {
        self.0
    }

    /// Seconds since 1970-01-01T00:00:00Z; negative before.
    #[inline]
    pub const fn unix_seconds(self) -> i64 {
        let era = if self.0 & 0x8000_0000 != 0 { 0 } else { ERA };
        self.0 as i64 + era - UNIX_EPOCH
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.unix_seconds().cmp(&other.unix_seconds())
    }
}

impl From<Time> for SystemTime {
    fn from(time: Time) -> Self {
        let seconds = time.unix_seconds();
        let distance = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { Self::UNIX_EPOCH - distance } else { Self::UNIX_EPOCH + distance }
    }
}

/// Fractions of a second are dropped: the time is the last full second.
impl TryFrom<SystemTime> for Time {
    type Error = TimeError;
    fn try_from(time: SystemTime) -> Result<Self, TimeError> {
        let seconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).ok(),
            Err(before) => {
                let before = before.duration();
                i64::try_from(before.as_secs()).ok().map(|seconds| -seconds - i64::from(before.subsec_nanos() > 0))
            }
        };
        seconds.ok_or(TimeError::OutOfRange).and_then(Self::from_unix_seconds)
    }
}

// The crate that reads and writes RFC 3339 knows no time before 1970. The calendar repeats every 28 years as long as no
// century lies between, so the two years in question are read and written as 1996 and 1997.
const CYCLE_YEARS: i64 = 28;
const CYCLE: i64 = (28 * 365 + 7) * 86_400;

/// RFC 3339, in UTC: `2023-11-14T22:13:20Z`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = |unix_seconds: i64| {
            let since = Duration::from_secs(unix_seconds.unsigned_abs());
            humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since).to_string()
        };
        match self.unix_seconds() {
            seconds @ 0.. => f.pad(&format(seconds)),
            seconds => {
                let later = format(seconds + CYCLE);
                let year = year_of(&later).unwrap_or_default() - CYCLE_YEARS;
                f.pad(&format!("{year}{}", &later[4..]))
            }
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// RFC 3339, in UTC. Fractions of a second are dropped.
impl FromStr for Time {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let parse = |shifted: &str| match humantime::parse_rfc3339(shifted) {
            Ok(time) => Ok(time),
            Err(_) => Err(TimeError::Text(text.into())),
        };
        match year_of(text) {
            Some(year @ 1968..1970) => {
                let later = parse(&format!("{}{}", year + CYCLE_YEARS, &text[4..]))?;
                Self::try_from(later - Duration::from_secs(CYCLE.unsigned_abs()))
            }
            Some(..1968) => parse(&format!("1996{}", &text[4..])).and(Err(TimeError::OutOfRange)),
            _ => parse(text)?.try_into(),
        }
    }
}

/// The year at the start of `text`.
fn year_of(text: &str) -> Option<i64> {
    let year = text.get(..4)?;
    if year.bytes().all(|octet| octet.is_ascii_digit()) { year.parse().ok() } else { None }
}

impl AvpValue for Time {
    const MIN_PAYLOAD: usize = 4;

    #[inline]
    fn blank() -> Self {
        Self(0)
    }

    #[inline]
    fn decode_value(&mut self, data: &[u8], _: &mut Decoder<'_>) -> Judged {
        let octets = data.try_into().map_err(|_| &Fault::Length { expected: "4" })?;
        self.0 = u32::from_be_bytes(octets);
        Ok(())
    }

    #[inline]
    fn encode_value(&self, out: &mut Encoder) -> Encoded {
        out.octets(&self.0.to_be_bytes());
        Ok(())
    }

    #[inline]
    fn encode_avp(&self, header: AvpHeader, out: &mut Encoder) -> Encoded {
        out.fixed(header, self.0.to_be_bytes())
    }
}

impl ListItem for Time {
    type Storage = InlineList<[Self; 4]>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: [(u32, i64, &str); 9] = [
        (0x8000_0000, -61_505_152, "1968-01-20T03:14:08Z"),
        (2_147_483_648 + 3_500_000, -58_005_152, "1968-02-29T15:27:28Z"),
        (2_208_988_799, -1, "1969-12-31T23:59:59Z"),
        (2_208_988_800, 0, "1970-01-01T00:00:00Z"),
        (3_908_988_800, 1_700_000_000, "2023-11-14T22:13:20Z"),
        (u32::MAX, 2_085_978_495, "2036-02-07T06:28:15Z"),
        (0, 2_085_978_496, "2036-02-07T06:28:16Z"),
        (1, 2_085_978_497, "2036-02-07T06:28:17Z"),
        (0x7fff_ffff, 4_233_462_143, "2104-02-26T09:42:23Z"),
    ];

    #[test]
    fn seconds_and_text_agree() {
        for (ntp, unix, text) in TIMES {
            let time = Time::from_ntp_seconds(ntp);
            assert_eq!(time.unix_seconds(), unix, "{text}");
            assert_eq!(Time::from_unix_seconds(unix), Ok(time));
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse(), Ok(time));
            assert_eq!(Time::try_from(SystemTime::from(time)), Ok(time));
        }
        assert!(TIMES.is_sorted_by_key(|(ntp, ..)| Time::from_ntp_seconds(*ntp)));
        assert_eq!((Time::MIN.unix_seconds(), Time::MAX.unix_seconds()), (TIMES[0].1, TIMES[8].1));
    }

    #[test]
    fn every_day_before_1970_is_written_and_read() {
        for day in -711..0 {
            let time = Time::from_unix_seconds(day * 86_400 + 1).unwrap();
            assert_eq!(time.to_string().parse(), Ok(time));
        }
    }

    #[test]
    fn out_of_range() {
        let out_of_range = Err(TimeError::OutOfRange);
        assert_eq!(Time::from_unix_seconds(Time::MIN.unix_seconds() - 1), out_of_range);
        assert_eq!(Time::from_unix_seconds(Time::MAX.unix_seconds() + 1), out_of_range);
        assert_eq!(Time::from_unix_seconds(i64::MIN), out_of_range);
        for text in ["1900-01-01T00:00:00Z", "1968-01-20T03:14:07Z", "2104-02-26T09:42:24Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(text.parse::<Time>(), out_of_range, "{text}");
        }
        assert_eq!(
            TimeError::OutOfRange.to_string(),
            "the time is not between 1968-01-20T03:14:08Z and 2104-02-26T09:42:23Z, which is all that a Diameter Time can say"
        );
    }

    #[test]
    fn not_a_time() {
        for text in ["", "1", "soon", "1969", "1900", "2023-13-01T00:00:00Z", "1969-02-29T00:00:00Z", "日本日本日本日"]
        {
            assert_eq!(text.parse::<Time>(), Err(TimeError::Text(text.into())));
        }
    }

    #[test]
    fn fractions_are_dropped() {
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1_500);
        assert_eq!(Time::try_from(before).map(Time::unix_seconds), Ok(-2));
        assert_eq!("1969-12-31T23:59:58.5Z".parse::<Time>().map(Time::unix_seconds), Ok(-2));
        assert_eq!("1970-01-01T00:00:01.999Z".parse::<Time>().map(Time::unix_seconds), Ok(1));
    }
}
