//! The machine driven by hand, with no driver: a map for a store, one user in the directory, the mail printed.
//! `cargo run -p countersign --example by_hand`
use std::collections::HashMap;

use countersign::record::RecordKey;
use countersign::{
    AccountId, Client, Committed, Context, DirectoryEntry, Entropy, Envelope, Identifier, KeyRing, Label,
    LocatorKey, Machine, Outcome, PasswordHash, Progress, Purpose, Request, Row, Settings, SignIn, Step,
    Timestamp, Verdict, Verify, Write,
};

type Failure = Box<dyn std::error::Error>;

struct Host {
    machine: Machine,
    rows: HashMap<RecordKey, Row>,
    /// Whether the answer of the store to the next commit is lost.
    loses_an_answer: bool,
    /// Yours come from a generator: 32 fresh bytes for each request.
    seed: u8,
    mail: Vec<Envelope>,
}

impl Host {
    /// Writes a row if nobody else has written it since. An error means: applied or not, nobody knows.
    fn commit(&mut self, key: &RecordKey, unchanged: bool, write: Write<'_>) -> Result<Committed, Failure> {
        match write {
            _ if !unchanged => return Ok(Committed::Stale),
            Write::Delete => drop(self.rows.remove(key)),
            Write::Put { version, bytes, .. } => {
                self.rows.insert(*key, Row { version, bytes: bytes.to_vec() });
            }
        }
        if std::mem::take(&mut self.loses_an_answer) {
            return Err("the connection to the store broke".into());
        }
        Ok(Committed::Applied)
    }

    fn run<R: Request>(&mut self, request: R) -> Result<Outcome<R::Output>, Failure> {
        self.seed = self.seed.wrapping_add(1);
        let now = Timestamp::from_unix_seconds(1_800_000_000); // yours comes from a clock
        let mut step =
            self.machine.begin(request, Context { now, entropy: Entropy::from_seed([self.seed; 32]) });
        loop {
            step = match step {
                Step::Find(find) => {
                    let (account, address) = (AccountId::new("user-1")?, find.identifier().address().clone());
                    // A user of the host's own, with a password hash that the host already has.
                    let legacy = Some(PasswordHash::new("$example$")?);
                    let identifier = "jo@example.com".to_owned();
                    let jo = DirectoryEntry { identifier, account, address, legacy, address_proven: true };
                    let is_jo = find.identifier().as_str() == "jo@example.com";
                    find.resume(is_jo.then_some(jo))
                }
                Step::Load(load) => {
                    let found = load.keys().iter().map(|key| self.rows.get(key).cloned()).collect();
                    load.resume(found)?
                }
                Step::Commit(commit) => {
                    let version = self.rows.get(commit.key()).map(|row| row.version);
                    match self.commit(commit.key(), version == commit.expected(), commit.write(now)?) {
                        Ok(answer) => commit.resume(answer)?,
                        // Neither write again nor give up: the machine reads the row and sees what became of the commit.
                        Err(why) => {
                            println!("{why}; the row is read again");
                            commit.unsure()
                        }
                    }
                }
                Step::Done(done) => {
                    self.mail.extend(done.mail);
                    return Ok(done.outcome);
                }
                _ => return Err("no password and no new account in these requests".into()),
            };
        }
    }
}

pub(crate) fn main() -> Result<(), Failure> {
    let key = |byte: u8| -> Vec<u8> { (byte..).take(32).collect() }; // yours come from `host::generate_key`
    let policy = Settings::recommended().build()?;
    let machine = Machine::new(policy, LocatorKey::new(&key(1))?, KeyRing::new(&key(2), &[])?);
    let mut host = Host { machine, rows: HashMap::new(), loses_an_answer: true, seed: 0, mail: Vec::new() };
    let (client, identifier) = (Client::ip("192.0.2.7".parse()?), Identifier::parse("jo@example.com")?);

    let asked = SignIn { client: client.clone(), identifier, locale: None };
    let started = host.run(asked)?.granted().ok_or("no code was sent")?;
    let code = host.mail.pop().and_then(|mail| mail.code).ok_or("no mail")?;
    println!("mailed to {}: {}", started.sent_to, code.expose());

    let enter = Some(Label::new("Firefox on Linux"));
    let (purpose, session) = (Purpose::SignIn, started.session);
    let typed = Verify { client, purpose, session, code, identifier: None, enter };
    match host.run(typed)?.verdict {
        Verdict::Granted(verified) => {
            let signed_in = verified.progress.and_then(Progress::signed_in);
            let session = signed_in.ok_or("a second factor is missing")?.session().expose();
            println!("{} is signed in, with the session {session}", verified.account.as_str());
            Ok(())
        }
        Verdict::Refused(refusal) => Err(format!("refused: {refusal:?}").into()),
    }
}
