//! Deadlines. `None` is never.

use std::time::{Duration, Instant};

/// When `wait` has passed. A time beyond what the clock can say is as good as never.
pub(crate) fn after(now: Instant, wait: Duration) -> Option<Instant> {
    now.checked_add(wait)
}

/// What is left until then; nothing once it is [`due`].
pub(crate) fn left(deadline: Option<Instant>, now: Instant) -> Option<Duration> {
    deadline.map(|deadline| deadline.saturating_duration_since(now))
}

pub(crate) fn due(deadline: Option<Instant>, now: Instant) -> bool {
    deadline.is_some_and(|deadline| deadline <= now)
}

pub(crate) fn earliest<const N: usize>(deadlines: [Option<Instant>; N]) -> Option<Instant> {
    deadlines.into_iter().flatten().min()
}
