//! How a charging data function keeps its sessions.

use diametric_engine::rf::server::ServerConfig;
use std::time::Duration;

/// How a charging data function keeps its sessions, for [`NodeBuilder::rf_server_with`](crate::NodeBuilder::rf_server_with).
///
/// ```
/// use diametric::rf::RfServerConfig;
/// use std::time::Duration;
///
/// let config = RfServerConfig::new().supervision(Duration::from_secs(24 * 3600)).max_sessions(50_000);
/// # assert_eq!(config.max_sessions, 50_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RfServerConfig {
    /// Whether the server is stateful (RFC 6733 §8.2), and if so, how long a session may be silent (Ts) that has no
    /// Acct-Interim-Interval. With one, it may be silent for twice that. `None`, the default, is what TS 32.299 asks for: a
    /// stateless server, which closes nothing by itself.
    pub supervision: Option<Duration>,
    /// How many sessions may be open at a time, if the server is stateful. Beyond that, records that would open another
    /// are answered DIAMETER_OUT_OF_SPACE. A million.
    pub max_sessions: usize,
    /// For how many sessions and events, besides those that are open, it is remembered which records were processed, so that
    /// repeated ones are not processed again. In memory. 65 536.
    pub remembered: usize,
}

impl Default for RfServerConfig {
    fn default() -> Self {
        let ServerConfig { supervision, max_sessions, remembered, .. } = ServerConfig::default();
        Self { supervision, max_sessions, remembered }
    }
}

impl RfServerConfig {
    /// What is said above for each.
    pub fn new() -> Self {
        Self::default()
    }

    /// Has the server supervise sessions: sets [`supervision`](Self::supervision).
    #[must_use]
    pub fn supervision(mut self, ts: Duration) -> Self {
        self.supervision = Some(ts);
        self
    }

    /// Sets [`max_sessions`](Self::max_sessions).
    #[must_use]
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.max_sessions = sessions;
        self
    }

    /// Sets [`remembered`](Self::remembered).
    #[must_use]
    pub fn remembered(mut self, sessions: usize) -> Self {
        self.remembered = sessions;
        self
    }

    pub(super) fn machine(&self) -> ServerConfig {
        let mut config = ServerConfig::default();
        config.supervision = self.supervision;
        config.max_sessions = self.max_sessions;
        config.remembered = self.remembered;
        config
    }
}
