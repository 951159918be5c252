//! What the two charging servers, `ocs` and `cdf`, have in common.

use crate::report::{Outcome, UNWRITTEN};
use crate::signals;
use anyhow::{Context, Result};
use diametric::{Accept, Config, NodeBuilder};
use std::io::Write;
use std::net::SocketAddr;

/// Where a server listens, in which realm it is, and whom it serves.
#[derive(Debug, clap::Args)]
pub(crate) struct Serving {
    /// Address and port to listen on; the system chooses port 0.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:3868")]
    listen: SocketAddr,
    /// Origin-Realm.
    #[arg(long, value_name = "REALM", default_value = "example.net")]
    origin_realm: String,
    /// Serve this peer, named by its Origin-Host; may be repeated. Others are refused with 3010. Without this, any peer is
    /// served.
    #[arg(long = "peer", value_name = "HOST")]
    peers: Vec<String>,
}

impl Serving {
    /// A node of this Origin-Host.
    pub(crate) fn config(&self, origin_host: &str) -> Config {
        let config = Config::new(origin_host, self.origin_realm.as_str()).listen(self.listen);
        if self.peers.is_empty() {
            return config;
        }
        self.peers.iter().fold(config.accept(Accept::Listed), |config, peer| config.known_peer(peer.as_str()))
    }
}

/// Starts a node, tells where it listens, and shuts it down on SIGINT or SIGTERM.
pub(crate) fn serve(node: NodeBuilder) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        let stop = signals::stop()?;
        let node = node.start().await?;
        for address in node.listening() {
            let mut out = std::io::stdout().lock();
            let written = writeln!(out, "listening on {address}").and_then(|()| out.flush());
            written.context(UNWRITTEN)?;
        }
        stop.await;
        node.shutdown().await;
        Ok(Outcome::Clean)
    })
}
