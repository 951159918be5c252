//! What connections cost. Alone in its process, since the memory is that of the process.
#![cfg(target_os = "linux")]

mod common;

use common::{Raw, address, server};

#[tokio::test]
async fn idle_connections_cost_little() {
    const COUNT: usize = 400;
    /// Kilobytes of memory that this process uses.
    fn memory() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).expect("a Linux of this century");
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
    let ocs = server("ocs.example.net").await;
    let mut peers = Vec::new();
    for index in 0..20 {
        peers.push(Raw::open(address(&ocs), &format!("warm-{index}.example.com")).await);
    }
    let before = memory();
    for index in 0..COUNT {
        peers.push(Raw::open(address(&ocs), &format!("idle-{index}.example.com")).await);
    }
    let each = memory().saturating_sub(before) * 1024 / COUNT;
    // Both ends, and whatever the allocator keeps.
    assert!(each < 32 * 1024, "{each} octets for each connection");
    assert_eq!(ocs.peers().len(), COUNT + 20);
}
