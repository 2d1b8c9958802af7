//! The nodes of the cluster: who has what, and whether all is well.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part")]

use std::process::Command;
use std::time::Duration;

use countersign_redis::redis::cluster_routing::Slot;
use tokio::time::sleep;

use crate::common::{port, server, urls};

/// What one node answers, by a client of its own: empty where it does not.
pub fn says(port: &str, words: &[&str]) -> String {
    let output = Command::new("timeout").args(["2", "redis-cli", "-p", port]).args(words).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A line of `CLUSTER NODES`.
#[derive(Clone, Debug)]
struct Node {
    id: String,
    port: String,
    flags: String,
    master: String,
    slots: Vec<(u16, u16)>,
}

/// The cluster as one of its nodes sees it.
#[derive(Clone, Debug)]
pub struct Nodes(Vec<Node>);

impl Nodes {
    pub async fn seen() -> Self {
        for url in urls().iter().cycle().take(60) {
            let nodes = Self::read(&says(&port(url), &["cluster", "nodes"]));
            if nodes.0.len() == 6 {
                return nodes;
            }
            sleep(Duration::from_millis(100)).await;
        }
        unreachable!("no node answers")
    }

    fn read(text: &str) -> Self {
        let lines = text.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let nodes = lines.filter(|words| words.len() >= 8).map(|words| Node {
            id: words[0].into(),
            port: words[1].split(['@', ':']).nth(1).unwrap().into(),
            flags: words[2].into(),
            master: words[3].into(),
            slots: words[8..].iter().filter_map(|range| slots(range)).collect(),
        });
        Self(nodes.collect())
    }

    /// The port of who has this name.
    pub fn master_of(&self, name: &str) -> String {
        let has =
            |node: &&Node| (0..=16383).any(|n| Slot::new(n) == Some(Slot::for_key(name)) && node.has(n));
        self.0.iter().filter(|node| node.is_live("master")).find(has).unwrap().port.clone()
    }

    /// The port of a replica of the node at this one.
    pub fn replica_of(&self, port: &str) -> String {
        let id = &self.0.iter().find(|node| node.port == port).unwrap().id;
        self.0.iter().find(|node| node.is_live("slave") && node.master == *id).unwrap().port.clone()
    }

    pub fn first_slot_of(&self, port: &str) -> u16 {
        let node = self.0.iter().find(|node| node.port == port).unwrap();
        node.slots.iter().map(|(from, _)| *from).min().unwrap()
    }

    pub fn masters(&self) -> Vec<String> {
        self.0.iter().filter(|node| node.is_live("master")).map(|node| node.port.clone()).collect()
    }
}

impl Node {
    fn is_live(&self, role: &str) -> bool {
        self.flags.contains(role) && !self.flags.contains("fail")
    }

    fn has(&self, slot: u16) -> bool {
        self.slots.iter().any(|(from, to)| (*from..=*to).contains(&slot))
    }
}

fn slots(range: &str) -> Option<(u16, u16)> {
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// Waits until the cluster is whole.
pub async fn healthy() {
    tokio::task::spawn_blocking(|| server("ready", "cluster")).await.unwrap();
}
