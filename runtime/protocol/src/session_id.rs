//! Session-Ids (RFC 6733 §8.8).

use std::sync::atomic::{AtomicU64, Ordering};

/// Makes Session-Ids: `identity;high;low`, where high and low are the halves of a number that only grows.
///
/// Ids are unique for ever if each run of a node starts with a larger `high` than the one before, such as its start time
/// in seconds: a run would have to make more than 2^32 ids in each second of its life to run into the next.
///
/// ```
/// # use diametric_protocol::session_id::SessionIds;
/// let ids = SessionIds::new("ctf.example.com", 3_900_000_000);
/// assert_eq!(ids.next(None), "ctf.example.com;3900000000;0");
/// assert_eq!(ids.next(Some("mobile")), "ctf.example.com;3900000000;1;mobile");
/// ```
#[derive(Debug)]
pub struct SessionIds {
    identity: Box<str>,
    next: AtomicU64,
}

impl SessionIds {
    /// Ids of the node `identity`, its DiameterIdentity, from `high` and 0 on.
    pub fn new(identity: &str, high: u32) -> Self {
        Self { identity: identity.into(), next: AtomicU64::new(u64::from(high) << 32) }
    }

    /// The same from `low` on, such as the fraction of the second at which the node started: a node that starts twice within a
    /// second then has other ids each time.
    #[must_use]
    pub fn from_low(self, low: u32) -> Self {
        Self { next: AtomicU64::new(self.next.into_inner() + u64::from(low)), ..self }
    }

    /// The next id, with the optional value of the specification behind it.
    pub fn next(&self, optional: Option<&str>) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (number >> 32, number & u64::from(u32::MAX));
        match optional {
            Some(optional) => format!("{};{high};{low};{optional}", self.identity),
            None => format!("{};{high};{low}", self.identity),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SessionIds;
    use std::collections::HashSet;

    #[test]
    fn low_carries_into_high() {
        let ids = SessionIds::new("ctf.example.com", 7);
        ids.next.store(u64::from(7u32) << 32 | u64::from(u32::MAX), std::sync::atomic::Ordering::Relaxed);
        assert_eq!(ids.next(None), "ctf.example.com;7;4294967295");
        assert_eq!(ids.next(None), "ctf.example.com;8;0");
    }

    #[test]
    fn ids_start_where_they_are_told() {
        let ids = SessionIds::new("ctf.example.com", 7).from_low(u32::MAX);
        assert_eq!(ids.next(None), "ctf.example.com;7;4294967295");
        assert_eq!(ids.next(None), "ctf.example.com;8;0");
    }

    #[test]
    fn threads_never_get_the_same_id() {
        let ids = SessionIds::new("ctf.example.com", 7);
        let made: Vec<Vec<String>> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..1000).map(|_| ids.next(None)).collect::<Vec<_>>())).collect();
            threads.into_iter().map(|thread| thread.join().expect("no thread panics")).collect()
        });
        let distinct: HashSet<&String> = made.iter().flatten().collect();
        assert_eq!(distinct.len(), 4000);
    }
}
