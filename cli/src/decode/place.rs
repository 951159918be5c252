//! Where a message was found.

use super::text;
use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

/// Where a message was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Number of a line of hexadecimal, counted from 1.
    Line(u64),
    /// Offset in a stream of messages, in octets.
    Offset(u64),
    /// A frame of a capture.
    Frame(Frame),
}

/// The frame of a capture that completed a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// When.
    pub(crate) when: When,
    /// Who sent it.
    pub(crate) source: SocketAddr,
    /// Whom it was sent to.
    pub(crate) destination: SocketAddr,
    /// What carried it.
    pub(crate) transport: Transport,
    /// The connection or association, numbered in the order of appearance.
    pub(crate) connection: u32,
    /// Tells the two directions of the connection apart.
    pub(crate) reverse: bool,
}

/// A frame's number, counted from 1, and when it was captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct When {
    /// The number, counted from 1.
    pub(crate) frame: u64,
    /// Since 1970; some formats of captures do without.
    pub(crate) time: Option<Duration>,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Transport {
    /// TCP.
    Tcp,
    /// SCTP.
    Sctp,
}

impl Transport {
    /// Its name in lower case.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Sctp => "sctp",
        }
    }
}

/// The last second of the year 9999, with which the format of times ends.
const LAST_SECOND: u64 = 253_402_300_799;

/// Writes a time of day in UTC, with nine digits where microseconds do not suffice. A time far in the future, as
/// damaged captures have, is the number of seconds since 1970.
pub(crate) fn time(out: &mut Vec<u8>, time: Duration) {
    if time.as_secs() > LAST_SECOND {
        return text::display(out, format_args!("{}", time.as_secs()));
    }
    let at = UNIX_EPOCH + time;
    if time.subsec_nanos().is_multiple_of(1000) {
        text::display(out, format_args!("{}", humantime::format_rfc3339_micros(at)));
    } else {
        text::display(out, format_args!("{}", humantime::format_rfc3339_nanos(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let written = |at: Duration| {
            let mut out = Vec::new();
            time(&mut out, at);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(Duration::new(1_704_067_200, 123_000)), "2024-01-01T00:00:00.000123Z");
        assert_eq!(written(Duration::new(1_704_067_200, 123_001)), "2024-01-01T00:00:00.000123001Z");
        assert_eq!(written(Duration::from_secs(LAST_SECOND)), "9999-12-31T23:59:59.000000Z");
        assert_eq!(written(Duration::from_secs(LAST_SECOND + 1)), "253402300800");
    }
}
