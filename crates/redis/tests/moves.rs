//! Slots of the cluster move from one master to another under load: whoever writes there is led on, and nothing is lost.
//!
//! In a file of its own, so that cargo runs no other test meanwhile.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "helpers of tests"
)]

#[path = "common/chain.rs"]
mod chain;
mod common;
#[path = "common/nodes.rs"]
mod nodes;

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chain::{Chain, Seen};
use common::{ONE_REPLICA, On, key, prefix};
use countersign_redis::redis::cluster_routing::Slot;
use nodes::{Nodes, healthy};
use tokio::time::sleep;

const CLIENTS: usize = 12;

/// Moves the first of one master's slots to another.
fn shift(from: &str, to: &str, slots: usize) {
    let id = |port| nodes::says(port, &["cluster", "myid"]).trim().to_owned();
    let at = format!("127.0.0.1:{from}");
    let status = Command::new("redis-cli")
        .args(["--cluster", "reshard", &at, "--cluster-from", &id(from), "--cluster-to", &id(to)])
        .args(["--cluster-slots", &slots.to_string(), "--cluster-yes"])
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{slots} slots of {from} to {to}");
}

fn prefixed(prefix: &str, n: u64) -> String {
    format!("{prefix}{}", key(n))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/servers/run starts the servers"]
async fn slots_that_move_take_their_rows_along() {
    healthy().await;
    let prefix = prefix();
    let store = On::Cluster.open(&prefix, ONE_REPLICA).await;
    let masters = Nodes::seen().await.masters();
    let (from, to) = (masters[0].clone(), masters[1].clone());
    // Rows of the slots that move: the first five hundred that this master has.
    let first = Nodes::seen().await.first_slot_of(&from);
    let moves = |n: &u64| {
        let slot = Slot::for_key(prefixed(&prefix, *n));
        (first..first + 500).any(|near| Slot::new(near) == Some(slot))
    };
    let seen = Arc::new(Seen::default());
    let chains: Vec<_> = (0_u64..)
        .filter(moves)
        .take(CLIENTS)
        .map(|key| tokio::spawn(Chain::new(store.clone(), key).write(vec![7; 700], seen.clone())))
        .collect();
    sleep(Duration::from_millis(300)).await;
    let before = seen.answered.load(Ordering::SeqCst);
    let moved = prefixed(&prefix, (0_u64..).find(moves).unwrap());
    tokio::task::spawn_blocking({
        let (from, to) = (from.clone(), to.clone());
        move || shift(&from, &to, 500)
    })
    .await
    .unwrap();
    assert_eq!(Nodes::seen().await.master_of(&moved), to, "other slots were moved");
    // As many back, so that no test finds a master without.
    tokio::task::spawn_blocking(move || shift(&to, &from, 500)).await.unwrap();
    let after = seen.answered.load(Ordering::SeqCst);
    seen.stop.store(true, Ordering::SeqCst);
    let mut lost = 0;
    for chain in chains {
        let mut chain = chain.await.unwrap();
        chain.read().await;
        lost += chain.lost;
    }
    healthy().await;
    println!(
        "{} commits were answered while slots moved, {:?} were not, {lost} are lost",
        after - before,
        seen.errors
    );
    assert_eq!(lost, 0);
    assert!(after > before + 100, "nobody wrote meanwhile");
}
