//! Which rows there are, a few at a time.

use countersign::host::StoreError;
use countersign::record::RecordKey;
use redis::cluster_routing::Slot;
use redis::{Cmd, ErrorKind, RedisError, Value, from_redis_value};

use crate::RedisStore;
use crate::link::{Connection, bounded, broken, failed, first};

/// How many names a server looks at for one answer.
const LOOK_AT: u32 = 1000;

/// Which master has which slots.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Topology(Vec<(u16, u16, String)>);

impl Topology {
    pub(crate) async fn of(connection: &Connection) -> Result<Self, RedisError> {
        let mut slots = redis::cmd("CLUSTER");
        slots.arg("SLOTS");
        let ranges: Vec<Vec<Value>> = from_redis_value(connection.anywhere(&slots).await?)?;
        let mut found = Vec::with_capacity(ranges.len());
        for range in ranges {
            let mut parts = range.into_iter();
            let mut next = || parts.next().unwrap_or_default();
            let (from, to) = (from_redis_value(next())?, from_redis_value(next())?);
            let master: Vec<Value> = from_redis_value(next())?;
            // Address, port, name.
            let name = from_redis_value(master.into_iter().nth(2).unwrap_or_default())?;
            found.push((from, to, name));
        }
        found.sort();
        if found.is_empty() {
            return Err((ErrorKind::ClusterConnectionNotFound, "no node has slots").into());
        }
        Ok(Self(found))
    }

    /// Each master's name, and one slot of it.
    pub(crate) fn masters(&self) -> Vec<(Slot, String)> {
        let mut masters: Vec<(Slot, String)> = Vec::new();
        for (from, _, name) in &self.0 {
            if let Some(slot) = Slot::new(*from)
                && masters.iter().all(|(_, known)| known != name)
            {
                masters.push((slot, name.clone()));
            }
        }
        masters
    }
}

/// How far a listing has come; [`Cursor::default`] begins one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cursor {
    /// Who has which slots, in a cluster; asked when the listing begins.
    topology: Option<Topology>,
    /// Which of the masters.
    node: usize,
    /// Where it is, in its own terms.
    at: u64,
}

/// What is to be listed next.
struct Place {
    slot: Slot,
    /// The name of the node that has to answer, in a cluster.
    name: Option<String>,
    is_last: bool,
}

impl RedisStore {
    /// Some of the keys that there are rows under, and where to go on; `None` when that were all.
    ///
    /// It is for what has to be done with every record, such as sealing them anew after a change of keys. A row that is
    /// there from beginning to end is listed, once or several times; one that comes or goes meanwhile, perhaps. Part of
    /// the answers may be empty. Other names on the server are looked at, and left out.
    ///
    /// ```no_run
    /// # async fn list(store: countersign_redis::RedisStore) -> Result<(), countersign::host::StoreError> {
    /// let mut cursor = Some(countersign_redis::Cursor::default());
    /// while let Some(from) = cursor {
    ///     let (keys, next) = store.keys(from).await?;
    ///     for key in keys {
    ///         // …
    /// #       let _ = key;
    ///     }
    ///     cursor = next;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`StoreError::Failed`], also when a master was replaced, or slots have moved, since the listing began: begin it again
    /// then. Do not move slots meanwhile: rows that are under way between two nodes may be missed.
    pub async fn keys(&self, cursor: Cursor) -> Result<(Vec<RecordKey>, Option<Cursor>), StoreError> {
        bounded(async {
            let mut cursor = cursor;
            if self.connection.is_cluster() && cursor.topology.is_none() {
                cursor.topology = Some(Topology::of(&self.connection).await.map_err(failed)?);
            }
            let place = cursor.place().ok_or_else(|| broken("the listing is over"))?;
            let (at, names) = self.scan(&place, cursor.at).await?;
            let keys = names.iter().filter_map(|name| self.key(name)).collect();
            let is_over = at == 0 && place.is_last;
            if is_over && let Some(topology) = &cursor.topology {
                let now = Topology::of(&self.connection).await.map_err(failed)?;
                if now != *topology {
                    return Err(broken(CHANGED));
                }
            }
            cursor.at = at;
            cursor.node = cursor.node.saturating_add(usize::from(at == 0));
            Ok((keys, (!is_over).then_some(cursor)))
        })
        .await
    }

    /// A part of what one master has, if it is still that master.
    async fn scan(&self, place: &Place, at: u64) -> Result<(u64, Vec<Vec<u8>>), StoreError> {
        let mut scan = redis::cmd("SCAN");
        scan.arg(at).arg("MATCH").arg(format!("{}*", self.shared.options.prefix_text()));
        scan.arg("COUNT").arg(LOOK_AT);
        let mut asked: Vec<Cmd> = vec![redis::cmd("ROLE"), scan];
        if place.name.is_some() {
            let mut name = redis::cmd("CLUSTER");
            name.arg("MYID");
            asked.push(name);
        }
        let answers = self.connection.in_row(place.slot, asked).await.map_err(failed)?;
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or_default().extract_error().map_err(failed);
        let odd = |_| broken("the server answered something else than a listing");
        let role: Vec<Value> = from_redis_value(next()?).map_err(odd)?;
        let role: String = from_redis_value(role.into_iter().next().unwrap_or_default()).map_err(odd)?;
        let listed = from_redis_value(next()?).map_err(odd)?;
        if role != "master" {
            return Err(broken(CHANGED));
        }
        if let Some(name) = &place.name
            && from_redis_value::<String>(next()?).map_err(odd)? != *name
        {
            return Err(broken(CHANGED));
        }
        Ok(listed)
    }

    /// The key of a row of this name, if there could be one.
    fn key(&self, name: &[u8]) -> Option<RecordKey> {
        let digits = name.strip_prefix(self.shared.options.prefix_text().as_bytes())?;
        read(digits).map(RecordKey::from_bytes)
    }
}

const CHANGED: &str = "the servers changed meanwhile: begin the listing again";

impl Cursor {
    fn place(&self) -> Option<Place> {
        let Some(topology) = &self.topology else {
            return (self.node == 0).then(|| Place { slot: first(), name: None, is_last: true });
        };
        let masters = topology.masters();
        let (slot, name) = masters.get(self.node)?.clone();
        let is_last = self.node.saturating_add(1) == masters.len();
        Some(Place { slot, name: Some(name), is_last })
    }
}

/// Sixteen bytes from their hexadecimal form, as it is written: in lower case.
fn read(digits: &[u8]) -> Option<[u8; 16]> {
    let value = |digit: &u8| match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    };
    let digits: &[u8; 32] = digits.try_into().ok()?;
    let mut bytes = [0; 16];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(high)? << 4 | value(low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_nothing_else_is() {
        for number in [0, 1, u128::MAX, 0x0123_4567_89ab_cdef_0f1e_2d3c_4b5a_6978] {
            let key = RecordKey::from_bytes(number.to_be_bytes());
            assert_eq!(read(key.to_string().as_bytes()).map(RecordKey::from_bytes), Some(key));
        }
        for odd in
            ["", "0", &"0".repeat(31), &"0".repeat(33), &"F".repeat(32), &"g".repeat(32), &":".repeat(32)]
        {
            assert_eq!(read(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn each_master_is_listed_once_whatever_ranges_it_has() {
        let range = |from, to, name: &str| (from, to, name.to_owned());
        let topology = Topology(vec![range(0, 9, "a"), range(10, 99, "b"), range(100, 16383, "a")]);
        let masters: Vec<_> = topology.masters().into_iter().map(|(_, name)| name).collect();
        assert_eq!(masters, ["a", "b"]);
        let mut cursor = Cursor { topology: Some(topology), node: 0, at: 0 };
        assert_eq!(cursor.place().map(|place| place.is_last), Some(false));
        cursor.node = 1;
        assert_eq!(cursor.place().map(|place| place.is_last), Some(true));
        cursor.node = 2;
        assert!(cursor.place().is_none());
    }
}
