//! Any bytes as a row: an error or a decision, never a panic, and nothing granted.

use std::sync::OnceLock;

use countersign::host::Clock;
use countersign::host::{HashError, PasswordHasher};
use countersign::record::{RecordKey, RecordKind, Version};
use countersign::*;

use crate::common::{IntoResult, START, World, seed, sign_up, totp_shown, verify};

/// A world in which something of everything was stored, and the tickets that lead to it.
struct Full {
    rows: Vec<(RecordKey, Row)>,
    machine: Machine,
    visitor: Started,
    account: Started,
    session: Ticket<Session>,
    device: Ticket<Device>,
    grant: Ticket<ResetGrant>,
    link: Ticket<RecoveryLink>,
    id: AccountId,
    now: Timestamp,
}

const WHO: &str = "jo@example.com";

fn full() -> &'static Full {
    static FULL: OnceLock<Full> = OnceLock::new();
    FULL.get_or_init(|| {
        let world = World::recommended();
        let id = world.member(WHO);
        let (session, device) = at_home(&world);
        let recover = world.start(Purpose::Recover, WHO).unwrap();
        let granted = world.verify(Purpose::Recover, &recover.session, &world.last_code()).unwrap();
        let grant = granted.grant.unwrap().grant;
        let account = world.start(Purpose::ConfirmAction, WHO).unwrap();
        let _ = world.verify(Purpose::ConfirmAction, &account.session, "000000");
        let visitor = world.start(Purpose::SignIn, WHO).unwrap();
        let _ = world.verify(Purpose::SignIn, &visitor.session, "000000");
        world.seconds(60);
        world.start(Purpose::SignUp, WHO).unwrap();
        world.start(Purpose::Recover, WHO).unwrap();
        let Some(MailedLink::Recovery(link)) = world.last_mail().link else { panic!("a link") };
        let _ = world.ask(Cancel { client: Client::named(b"c"), session: world_ticket(&visitor) });
        let visitor = world.start(Purpose::SignIn, WHO).unwrap();
        let metered = world.ask(SignIn { client: Client::named(b"c"), ..sign_in() });
        drop(metered);
        let rows =
            world.seen.rows.lock().unwrap().iter().map(|(key, (row, _))| (*key, row.clone())).collect();
        let now = world.clock.now().unwrap();
        let machine = world.sentry.machine.clone();
        Full { rows, machine, visitor, account, session, device, grant, link, id, now }
    })
}

fn password() -> Password {
    Password::typed("MyPassword1!").unwrap()
}

fn label() -> Label {
    Label::new("a browser")
}

fn by_password(device: Option<Ticket<Device>>) -> PasswordSignIn {
    let (client, identifier) = (Client::unmetered(), Identifier::parse(WHO).unwrap());
    let (password, label, locale) = (password(), label(), None);
    PasswordSignIn { client, identifier, password, steps: Steps::Stepwise, label, locale, device }
}

/// A session of somebody who has an app, recovery codes, an enrolment that waits, and a device.
fn at_home(world: &World) -> (Ticket<Session>, Ticket<Device>) {
    let client = Client::unmetered;
    let signed_in = world.ask(by_password(None)).into_result().unwrap().signed_in().unwrap();
    let session = signed_in.session().clone();
    let enrol = || EnrolTotp { client: client(), session: session.clone(), password: password() };
    let secret = world.ask(enrol()).into_result().unwrap().secret;
    let code = totp_shown(world, &secret);
    world.ask(ConfirmTotp { client: client(), session: session.clone(), code }).into_result().unwrap();
    world.seconds(30);
    let proof = Proof::Totp(totp_shown(world, &secret));
    let step_up = StepUp { client: client(), session: session.clone(), proof, label: label() };
    let session = world.ask(step_up).into_result().unwrap().session().clone();
    let trust = TrustDevice { client: client(), session: session.clone(), label: label() };
    let device = world.ask(trust).into_result().unwrap().device;
    let enrol = EnrolTotp { client: client(), session: session.clone(), password: password() };
    world.ask(enrol).into_result().unwrap();
    (session, device)
}

fn world_ticket(started: &Started) -> Ticket<OtpSession> {
    started.session.clone()
}

fn sign_in() -> SignIn {
    SignIn { client: Client::unmetered(), identifier: Identifier::parse(WHO).unwrap(), locale: None }
}

pub fn record_decode(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let full = full();
    let mutated = |key: &RecordKey, row: &Row| -> Vec<u8> {
        match mode % 4 {
            // Any bytes at all.
            0 => data.to_vec(),
            // Any bytes behind the right beginning, so that the decoder is reached.
            1 => [&row.bytes[..2], data].concat(),
            // A valid row with some bytes changed: a place and a byte each.
            2 => {
                let mut bytes = row.bytes.clone();
                for change in data.chunks_exact(3) {
                    let place = usize::from(u16::from_le_bytes([change[0], change[1]])) % bytes.len();
                    bytes[place] ^= change[2];
                }
                bytes
            }
            // A valid row cut short, or with bytes behind it, or in another's place.
            _ => match data {
                [at, rest @ ..] if *at < 200 => {
                    [&row.bytes[..usize::from(*at).min(row.bytes.len())], rest].concat()
                }
                _ => {
                    let other = full.rows.iter().find(|(other, _)| other.kind() != key.kind());
                    [&other.unwrap().1.bytes[..], data].concat()
                }
            },
        }
    };
    let changed = |kind: RecordKind| mode / 4 % 2 == 0 || kind == RecordKind::Meter;
    let row = |key: &RecordKey| {
        let (_, row) = full.rows.iter().find(|(known, _)| known == key)?;
        let bytes = if key.kind().is_some_and(changed) { mutated(key, row) } else { row.bytes.clone() };
        Some(Row { version: Version::from_bytes([7; 16]), bytes })
    };
    let rows = |keys: &[RecordKey]| keys.iter().map(row).collect::<Vec<_>>();
    let whole = |keys: &[RecordKey]| {
        let unchanged =
            |key: &RecordKey| full.rows.iter().any(|(k, row)| k == key && mutated(k, row) == row.bytes);
        keys.iter().all(|key| !key.kind().is_some_and(changed) || unchanged(key))
    };
    let known = |kind| full.rows.iter().filter(move |(key, _)| key.kind() == Some(kind)).map(|(key, _)| *key);

    let client = Client::named(b"c");
    let (visitor, account) = (&full.visitor.session, &full.account.session);
    run(full, SignIn { client: client.clone(), ..sign_in() }, &rows);
    run(full, sign_in(), &rows);
    run(full, sign_up(WHO), &rows);
    let action = Action::new("pay:1").unwrap();
    let confirm =
        ConfirmAction { client: Client::unmetered(), account: full.id.clone(), action, locale: None };
    run(full, confirm, &rows);
    for session in [visitor, account] {
        let (client, session) = (Client::unmetered(), session.clone());
        run(full, Resend { client: client.clone(), session: session.clone() }, &rows);
        run(full, Cancel { client, session }, &rows);
    }
    for (purpose, session) in [(Purpose::SignIn, visitor), (Purpose::ConfirmAction, account)] {
        let answer = run(full, verify(purpose, session, "123456"), &rows);
        let granted = answer.and_then(Outcome::granted);
        let keys: Vec<_> = known(RecordKind::Visitor).chain(known(RecordKind::Account)).collect();
        assert!(granted.is_none() || whole(&keys), "law 10 (fail closed): a damaged row granted {granted:?}");
    }
    signed_in(full, &rows);
    for row in known(RecordKind::Visitor).chain(known(RecordKind::Account)) {
        run(full, flow::Rewrap { row }, &rows);
    }
}

/// What whoever is signed in asks for, or lost something, over rows of any kind.
fn signed_in(full: &Full, rows: &dyn Fn(&[RecordKey]) -> Vec<Option<Row>>) {
    let (client, session) = (Client::unmetered, || full.session.clone());
    run(full, by_password(None), rows);
    run(full, by_password(Some(full.device.clone())), rows);
    run(full, CheckSession { client: client(), session: session() }, rows);
    run(full, ListSessions { client: client(), session: session() }, rows);
    run(full, ListFactors { client: client(), session: session() }, rows);
    run(full, ListDevices { client: client(), session: session() }, rows);
    run(full, TrustDevice { client: client(), session: session(), label: label() }, rows);
    run(full, DisableTotp { client: client(), session: session(), password: None }, rows);
    let code = Code::typed("123456");
    run(full, ConfirmTotp { client: client(), session: session(), code }, rows);
    let proof = Proof::RecoveryCode(RecoveryCode::typed("7K3M-0QXZ-H9TB-2WVC"));
    run(full, StepUp { client: client(), session: session(), proof, label: label() }, rows);
    let to = Identifier::parse("joanne@example.com").unwrap();
    run(full, ChangeAddress { client: client(), session: session(), password: None, to, locale: None }, rows);
    let new = Password::typed("another password").unwrap();
    let change = ChangePassword {
        client: client(),
        session: session(),
        current: password(),
        password: new.clone(),
        label: label(),
    };
    run(full, change, rows);
    run(full, RedeemRecovery { client: client(), link: full.link.clone() }, rows);
    let grant = full.grant.clone();
    run(full, ResetPassword { client: client(), grant, password: new, proof: None, label: label() }, rows);
    run(full, DeleteAccount { client: client(), session: session(), password: None }, rows);
}

/// A hasher without work: every password is like every other.
struct Fixed;
impl PasswordHasher for Fixed {
    fn hash(&self, _: &Password, _: &Salt) -> Result<PasswordHash, HashError> {
        Ok(PasswordHash::new("$test$00").unwrap())
    }
    fn verify(&self, _: &Password, _: &PasswordHash) -> Result<bool, HashError> {
        Ok(true)
    }
    fn rehash_due(&self, _: &PasswordHash) -> bool {
        false
    }
}

/// Runs a request over the given rows, every commit taken as applied.
fn run<R: Request>(
    full: &Full,
    request: R,
    rows: &dyn Fn(&[RecordKey]) -> Vec<Option<Row>>,
) -> Option<Outcome<R::Output>> {
    let now = full.now.max(START);
    let mut step = full.machine.begin(request, Context { now, entropy: seed(99) });
    loop {
        step = match step {
            Step::Find(find) => {
                let address = Address::parse(WHO).unwrap();
                let identifier = find.identifier().as_str().to_owned();
                find.resume(Some(DirectoryEntry {
                    identifier,
                    account: full.id.clone(),
                    address,
                    legacy: None,
                    address_proven: true,
                }))
            }
            Step::Load(load) => {
                let rows = rows(load.keys());
                load.resume(rows).ok()?
            }
            Step::Prove(prove) => {
                let hashed = prove.work().run(&Fixed).unwrap();
                prove.resume(hashed).ok()?
            }
            Step::Commit(commit) => {
                if let Write::Put { bytes, .. } = commit.write(now).ok()? {
                    assert!(bytes.len() <= record::MAX_RECORD_BYTES, "law 13 (bounded)");
                }
                commit.resume(Committed::Applied).ok()?
            }
            Step::Create(create) => create.resume(Created::Taken),
            Step::Rename(rename) => rename.resume(Created::Taken),
            Step::Release(release) => release.resume(),
            Step::Done(done) => return Some(done.outcome),
        };
    }
}
