//! How a server keeps its sessions.

use std::time::Duration;

/// How an online charging server keeps its sessions, for [`NodeBuilder::ro_server_with`](crate::NodeBuilder::ro_server_with).
///
/// ```
/// use diametric::ro::RoServerConfig;
/// use std::time::Duration;
///
/// let config = RoServerConfig::new().supervision(Duration::from_secs(600)).max_sessions(50_000);
/// # assert_eq!(config.max_sessions, 50_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoServerConfig {
    /// Tcc: how long a client may be silent before its session is over. Twice the Validity-Time of the last answer (the
    /// longest, if it has several), and this where it has none (RFC 8506 §13). An hour.
    pub supervision: Duration,
    /// How long the answers of a session or event that is over are kept for repetitions of its requests. Two minutes, after
    /// which clients have given a request up (RFC 8506 §5.7).
    pub keep_answers: Duration,
    /// How many sessions and events there may be, those counted whose answers are kept: they make room when it is needed.
    /// Beyond that, an INITIAL or EVENT is answered DIAMETER_TOO_BUSY, whereupon its client may try another server
    /// (RFC 8506 §5.7). A million.
    pub max_sessions: usize,
    /// Whether to take UPDATE and TERMINATION for sessions that this node did not open, as a server must that keeps its
    /// sessions elsewhere, or takes over those of another. Otherwise they are answered DIAMETER_UNKNOWN_SESSION_ID. No.
    pub adopt_sessions: bool,
}

impl Default for RoServerConfig {
    fn default() -> Self {
        Self {
            supervision: Duration::from_secs(3600),
            keep_answers: Duration::from_secs(120),
            max_sessions: 1_000_000,
            adopt_sessions: false,
        }
    }
}

impl RoServerConfig {
    /// What is said above for each.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`supervision`](Self::supervision).
    #[must_use]
    pub fn supervision(mut self, tcc: Duration) -> Self {
        self.supervision = tcc;
        self
    }

    /// Sets [`keep_answers`](Self::keep_answers).
    #[must_use]
    pub fn keep_answers(mut self, time: Duration) -> Self {
        self.keep_answers = time;
        self
    }

    /// Sets [`max_sessions`](Self::max_sessions).
    #[must_use]
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// Sets [`adopt_sessions`](Self::adopt_sessions).
    #[must_use]
    pub fn adopt_sessions(mut self, adopt: bool) -> Self {
        self.adopt_sessions = adopt;
        self
    }
}
