//! The machine driven by hand, with no driver: a map for a store, nobody in the directory, the mail printed.
use std::collections::HashMap;

use countersign::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = |byte: u8| -> Vec<u8> { (byte..).take(32).collect() }; // yours come from a generator
    let policy = Settings::recommended().build()?;
    let machine = Machine::new(policy, LocatorKey::new(&key(1))?, KeyRing::new(&key(2), &[])?);
    let (client, identifier) = (Client::ip("192.0.2.7".parse()?), Identifier::parse("jo@example.com")?);
    let now = Timestamp::from_unix_seconds(1_800_000_000); // yours comes from a clock
    let context = Context { now, entropy: Entropy::from_seed([7; 32]) };

    let mut rows: HashMap<_, Row> = HashMap::new();
    let mut step = machine.begin(SignIn { client, identifier, locale: None }, context);
    let done = loop {
        step = match step {
            Step::Find(find) => find.resume(None),
            Step::Load(load) => {
                let found = load.keys().iter().map(|key| rows.get(key).cloned()).collect();
                load.resume(found)?
            }
            Step::Commit(commit) => {
                let unchanged = rows.get(commit.key()).map(|row| row.version) == commit.expected();
                if let (true, Write::Put { version, bytes, .. }) = (unchanged, commit.write(now)?) {
                    rows.insert(*commit.key(), Row { version, bytes: bytes.to_vec() });
                }
                commit.resume(if unchanged { Committed::Applied } else { Committed::Stale })?
            }
            Step::Prove(_) | Step::Create(_) | Step::Rename(_) | Step::Release(_) => {
                return Err("no password and no new account in this request".into());
            }
            Step::Done(done) => break done,
        };
    };
    println!("{} rows; mail {:?}; {:?}", rows.len(), done.mail, done.outcome.verdict);
    Ok(())
}
