//! Guessing: how often somebody is told "wrong".

use core::time::Duration;

use countersign::policy::{Odds, Price};
use countersign::*;

use super::{Effort, Figure};
use crate::common::{IntoResult, World, wrong};
use crate::owner::{APP, MAILED, NONE};
use crate::people::{Has, PASSWORD, Person, WRONG_PASSWORD, knock, proving};

const WHO: &str = "jo@example.com";
pub(super) const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// What came of trying to guess.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    Wrong,
    /// Not before then, by that rule.
    Shut(Timestamp, &'static str),
    Disabled,
}

/// What is guessed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    /// A mailed code at a stranger's door, for each of the purposes in turn.
    Alone(&'static [Purpose]),
    Password,
    Totp,
    MailedSecond,
    Confirmation,
}

/// How the attacker goes about it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Strategy {
    /// Guesses taken after the one that locks, one for each lock, before all is left to be forgotten; `None`: never the one that locks.
    locks: Option<u32>,
    /// The owner proves the factor whenever one more failure would disable it.
    owner: bool,
}

struct Attack<'a> {
    world: World,
    person: Person,
    settings: &'a Settings,
    target: Target,
    session: Option<(Purpose, Ticket<OtpSession>, String)>,
    login: Option<(Ticket<Login>, Option<String>)>,
    turn: usize,
}

fn shut(refusal: Refusal) -> Answer {
    match refusal {
        Refusal::Limited { retry_at, rule, .. } => Answer::Shut(retry_at, rule),
        Refusal::FactorDisabled => Answer::Disabled,
        other => panic!("nobody is refused like this here: {other:?}"),
    }
}

impl<'a> Attack<'a> {
    fn new(settings: &'a Settings, target: Target) -> Self {
        let mut settled = settings.clone();
        // Not what is priced, and in the way of the people of these tests.
        settled.passwords.min_code_points = 8;
        settled.factors.required = false;
        let world = World::new(settled);
        let has = match target {
            Target::Totp => Has { codes: false, ..APP },
            Target::MailedSecond => MAILED,
            _ => NONE,
        };
        let has = Has { codes: has.totp, ..has };
        let person = world.owner(WHO, has);
        // Whatever that left at the door is forgotten.
        world.seconds(400 * 86_400);
        Self { world, person, settings, target, session: None, login: None, turn: 0 }
    }

    fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// One guess, with all that has to be done before it.
    fn guess(&mut self) -> Answer {
        match self.target {
            Target::Alone(purposes) => self.mailed(purposes),
            Target::Confirmation => self.mailed(&[Purpose::ConfirmAction]),
            Target::Password => {
                match self.world.ask(knock(WHO, WRONG_PASSWORD, Steps::Stepwise)).into_result() {
                    Err(Refusal::InvalidCredentials) => Answer::Wrong,
                    Err(other) => shut(other),
                    Ok(_) => panic!("a wrong password"),
                }
            }
            Target::Totp | Target::MailedSecond => self.second(),
        }
    }

    fn mailed(&mut self, purposes: &[Purpose]) -> Answer {
        for _ in 0..4 {
            if let Some((purpose, session, code)) = &self.session {
                match self.world.verify(*purpose, session, &wrong_of(code)) {
                    Err(Refusal::InvalidCode(_)) => return Answer::Wrong,
                    Err(Refusal::InvalidSession | Refusal::CodeExpired(_)) => self.session = None,
                    Err(other) => return shut(other),
                    Ok(_) => panic!("a wrong code"),
                }
            }
            // Any purpose will do: the first that opens.
            let mut first: Option<Answer> = None;
            for _ in purposes {
                let purpose = purposes[self.turn % purposes.len()];
                match self.world.start(purpose, WHO) {
                    Ok(started) => {
                        let code = self.world.last_mail().code.map(|code| code.expose().to_owned());
                        let code = code.unwrap_or_else(|| "1".repeat(self.settings.codes.digits.into()));
                        self.session = Some((purpose, started.session, code));
                        break;
                    }
                    Err(refusal) => {
                        self.turn += 1;
                        let answer = shut(refusal);
                        first = Some(match (first, answer) {
                            (Some(Answer::Shut(a, by)), Answer::Shut(b, _)) if a <= b => Answer::Shut(a, by),
                            _ => answer,
                        });
                    }
                }
            }
            if self.session.is_none() {
                return first.expect("refused");
            }
        }
        panic!("no session lives long enough to guess");
    }

    fn second(&mut self) -> Answer {
        for _ in 0..4 {
            if let Some((login, code)) = self.login.take() {
                let guess = match &code {
                    Some(code) => Proof::MailedCode(Code::typed(&wrong_of(code))),
                    None => self.person.wrong_totp(&self.world),
                };
                match self.world.ask(proving(&login, guess)).into_result() {
                    Err(Refusal::InvalidProof { .. }) => {
                        self.login = Some((login, code));
                        return Answer::Wrong;
                    }
                    Err(Refusal::InvalidSession | Refusal::NothingPending) => continue,
                    Err(Refusal::CodeExpired(_)) => continue,
                    Err(other) => {
                        self.login = Some((login, code));
                        return shut(other);
                    }
                    Ok(_) => panic!("a wrong proof"),
                }
            }
            match self.world.stepwise(WHO, PASSWORD) {
                Ok(Progress::SecondFactor(second)) => {
                    let code = second.mailed.then(|| self.world.last_code());
                    if self.target == Target::MailedSecond && code.is_none() {
                        let retry = second.state.and_then(|state| state.resend_at);
                        return Answer::Shut(
                            retry.unwrap_or(self.now().saturating_add(Duration::from_secs(60))),
                            "sends",
                        );
                    }
                    self.login = second.login.map(|login| (login, code));
                }
                Ok(Progress::SignedIn(_)) => panic!("a second factor is on"),
                Err(refusal) => return shut(refusal),
            }
        }
        Answer::Shut(self.now().saturating_add(Duration::from_secs(60)), "no login")
    }

    /// The owner proves the factor: the row of failures ends.
    fn owner_comes(&mut self) -> bool {
        match self.target {
            Target::Totp => {
                self.world.seconds(90);
                let Ok(Progress::SecondFactor(second)) = self.world.stepwise(WHO, PASSWORD) else {
                    return false;
                };
                let proof = self.person.totp(&self.world);
                let done = self.world.prove(&second.login.unwrap(), proof).is_ok();
                self.world.seconds(90);
                done
            }
            Target::MailedSecond => {
                let Ok(Progress::SecondFactor(second)) = self.world.stepwise(WHO, PASSWORD) else {
                    return false;
                };
                if !second.mailed {
                    return false;
                }
                self.login = None;
                let code = Proof::MailedCode(Code::typed(&self.world.last_code()));
                self.world.prove(&second.login.unwrap(), code).is_ok()
            }
            Target::Confirmation => {
                let Ok(started) = self.world.start(Purpose::ConfirmAction, WHO) else { return false };
                self.session = None;
                self.world.verify(Purpose::ConfirmAction, &started.session, &self.world.last_code()).is_ok()
            }
            _ => false,
        }
    }

    /// How many codes would be right for the guess that is about to be made, asked of the machine itself.
    fn live(&mut self) -> u64 {
        self.world.seconds(1);
        match self.target {
            Target::Alone(_) | Target::Confirmation => {
                let purpose = match self.target {
                    Target::Alone(purposes) => purposes[0],
                    _ => Purpose::ConfirmAction,
                };
                let started = self.world.start(purpose, WHO).unwrap();
                let mut codes = vec![self.world.last_code()];
                self.world.clock.advance_millis(self.settings.sends.cooldown.as_millis() as i64);
                if self.world.resend(&started.session).is_ok() {
                    codes.push(self.world.last_code());
                }
                let right = |code: &&String| {
                    self.world.trying(|| self.world.verify(purpose, &started.session, code).is_ok())
                };
                codes.iter().filter(right).count() as u64
            }
            Target::MailedSecond => {
                let Ok(Progress::SecondFactor(second)) = self.world.stepwise(WHO, PASSWORD) else { return 0 };
                let login = second.login.unwrap();
                let mut codes = vec![self.world.last_code()];
                self.world.clock.advance_millis(self.settings.sends.cooldown.as_millis() as i64);
                let request = ResendFactorCode { client: Client::unmetered(), login: login.clone() };
                if self.world.ask(request).into_result().is_ok() {
                    codes.push(self.world.last_code());
                }
                let proof = |code: &String| Proof::MailedCode(Code::typed(code));
                let right =
                    |code: &&String| self.world.trying(|| self.world.prove(&login, proof(code)).is_ok());
                codes.iter().filter(right).count() as u64
            }
            Target::Totp => {
                let login = self.world.login(WHO);
                let app = self.person.app.clone().unwrap();
                let right = |steps: &i64| {
                    let code = app.code(self.world.now(), *steps);
                    let proof = Proof::Totp(Code::typed(&code));
                    self.world.trying(|| self.world.prove(&login, proof).is_ok())
                };
                (-4..=4).filter(right).count() as u64
            }
            Target::Password => 0,
        }
    }

    /// How many guesses are answered within a span from the first one.
    fn within(mut self, span: Duration, strategy: Strategy) -> u64 {
        let guesses = &self.settings.guesses;
        let (free, start) = (guesses.free, self.now());
        let end = start.saturating_add(span);
        let mut answered: Vec<Timestamp> = vec![];
        let (mut in_a_row, mut locks) = (0, 0);
        let counted = |target| !matches!(target, Target::Alone(_) | Target::Password);
        while self.now() < end {
            if strategy.owner && counted(self.target) && in_a_row + 1 >= guesses.consecutive {
                if self.owner_comes() {
                    in_a_row = 0;
                } else {
                    self.world.seconds(300);
                }
                self.tidy();
                continue;
            }
            let recent = answered.iter().rev().take_while(|at| self.now().since(**at) < free.window).count();
            let would_lock = recent + 1 >= free.count as usize;
            let long_left = guesses.long.count as usize
                - answered.iter().rev().take_while(|at| self.now().since(**at) < guesses.long.window).count();
            match strategy.locks {
                // The last that the long rule lets through may lock: there is nothing to be had before that lock is over.
                None if would_lock && long_left > 1 && free.count > 1 => {
                    let oldest = answered[answered.len() + 1 - free.count as usize];
                    self.world.clock.set(oldest.saturating_add(free.window));
                    continue;
                }
                Some(most) if locks > most => {
                    // All locks over, and the step forgotten.
                    let rest = guesses.longest_lock.saturating_add(guesses.forget_lock_after);
                    self.world.clock.set(self.now().saturating_add(rest.min(span)));
                    locks = 0;
                    continue;
                }
                _ => {}
            }
            match self.guess() {
                Answer::Wrong => {
                    answered.push(self.now());
                    in_a_row += 1;
                    locks += u32::from(would_lock || locks > 0);
                }
                Answer::Shut(retry_at, _) => {
                    assert!(retry_at > self.now(), "shut until {retry_at}, now is {}", self.now());
                    self.world.clock.set(retry_at);
                }
                Answer::Disabled => break,
            }
            self.tidy();
        }
        answered.iter().filter(|at| **at < end).count() as u64
    }

    fn tidy(&self) {
        self.world.calls();
        self.world.events();
        let mut mail = self.world.seen.mail.lock().unwrap();
        let keep = mail.len().saturating_sub(4);
        mail.drain(..keep);
    }
}

/// A wrong one of as many digits.
fn wrong_of(code: &str) -> String {
    if code.len() == 6 {
        return wrong(code);
    }
    let number: u64 = code.parse().unwrap();
    format!("{:0width$}", (number + 1) % 10_u64.pow(code.len() as u32), width = code.len())
}

/// The best of all strategies.
fn best(
    settings: &Settings,
    target: Target,
    span: Duration,
    (owner, effort): (bool, Effort),
) -> (u64, String) {
    let patience = [None, Some(u32::MAX), Some(0), Some(1), Some(2), Some(5)];
    let tried = if effort == Effort::Full { 6 } else { 2 };
    let all = patience.into_iter().take(tried).map(|locks| {
        let got = Attack::new(settings, target).within(span, Strategy { locks, owner });
        let by = match locks {
            None => "never locked".to_owned(),
            Some(u32::MAX) => "every lock waited out".to_owned(),
            Some(locks) => format!("{locks} more after a lock"),
        };
        (got, by)
    });
    all.max_by_key(|(got, _)| *got).unwrap()
}

const PACED: &str = "free windows and locks are added up, as `guesses_per_year` says: nobody has both";

/// A second factor, and where it stands in a price.
struct Second {
    target: Target,
    what: [&'static str; 3],
    digits: u8,
    odds: fn(&Price) -> u64,
}

fn seconds(settings: &Settings) -> Vec<Second> {
    let all = [
        Second {
            target: Target::Totp,
            what: [
                "guesses in a row: an app",
                "guesses a year, owner coming: an app",
                "odds a year, owner coming: an app (10⁻¹²)",
            ],
            digits: settings.totp.digits,
            odds: |price| price.totp.per_year_with_owner.parts_per_trillion(),
        },
        Second {
            target: Target::MailedSecond,
            what: [
                "guesses in a row: a mailed second factor",
                "guesses a year, owner coming: a mailed second factor",
                "odds a year, owner coming: a mailed second factor (10⁻¹²)",
            ],
            digits: settings.codes.digits,
            odds: |price| price.mailed_second_factor.per_year_with_owner.parts_per_trillion(),
        },
        Second {
            target: Target::Confirmation,
            what: [
                "guesses in a row: a confirmation",
                "guesses a year, owner coming: a confirmation",
                "odds a year, owner coming: a confirmation (10⁻¹²)",
            ],
            digits: settings.codes.digits,
            odds: |price| price.confirmation.per_year_with_owner.parts_per_trillion(),
        },
    ];
    let can = |second: &Second| second.target != Target::MailedSecond || settings.factors.mailed_code;
    all.into_iter().filter(can).collect()
}

pub(super) fn figures(settings: &Settings, price: &Price, effort: Effort) -> Vec<Figure> {
    const DOORS: &[Purpose] = &[Purpose::SignIn, Purpose::Recover, Purpose::SignUp];
    let mut figures = Vec::new();
    let windows = YEAR.as_nanos().div_ceil(settings.guesses.long.window.as_nanos()) as u64;
    let paced = (price.guesses_per_year < windows * u64::from(settings.guesses.long.count)).then_some(PACED);
    let mut figure = |what, of: fn(&Price) -> u64, (simulated, by), loose| {
        figures.push(Figure { what, of, computed: of(price), simulated, by, loose });
    };
    let a_year: fn(&Price) -> u64 = |price| price.guesses_per_year;
    let odds = |got: u64, live: u64, digits: u8| {
        Odds::of(got * live, 10_u64.pow(digits.into())).parts_per_trillion()
    };
    let alone = best(settings, Target::Alone(DOORS), YEAR, (false, effort));
    let mail_paced = mailed_too_slowly(settings, alone.0, price.guesses_per_year);
    figure("guesses a year: a mailed code, strangers", a_year, alone.clone(), paced.or(mail_paced));
    let password = best(settings, Target::Password, YEAR, (false, effort));
    figure("guesses a year: a password, strangers", a_year, password, paced);
    let live = Attack::new(settings, Target::Alone(DOORS)).live();
    figure(
        "odds a year: a mailed code alone (10⁻¹²)",
        |price| price.mailed_code_alone_per_year.parts_per_trillion(),
        (odds(alone.0, live, settings.codes.digits), format!("{live} live")),
        paced.or(mail_paced),
    );
    for Second { target, what: [in_a_row, with_owner, chance], digits, odds: of } in seconds(settings) {
        let live = Attack::new(settings, target).live();
        let row = best(settings, target, YEAR * 3, (false, effort));
        let slow = mailed_too_slowly(settings, 0, 1).filter(|_| target != Target::Totp);
        figure(in_a_row, |price| price.guesses_until_disabled, row, slow);
        let owner = best(settings, target, YEAR, (true, effort));
        let got = (odds(owner.0, live, digits), format!("{live} live, {}", owner.1));
        figure(with_owner, a_year, owner, paced.or(slow));
        figure(chance, of, got, paced.or(slow));
    }
    figures
}

const MAIL: &str = "as many guesses take more mails than are sent: each code is good for so many wrong ones";

/// Whether the mails of a long window do not carry the guesses of one.
fn mailed_too_slowly(settings: &Settings, got: u64, computed: u64) -> Option<&'static str> {
    if got >= computed {
        return None;
    }
    let windows = settings.guesses.long.window.as_nanos() / settings.sends.long.window.as_nanos().max(1);
    let mails = (windows as u64).saturating_mul(u64::from(settings.sends.long.count));
    let last = YEAR.as_nanos() % settings.guesses.long.window.as_nanos();
    let last = (last / settings.sends.long.window.as_nanos().max(1)) as u64 + 1;
    let carried = |mails: u64| mails.saturating_mul(u64::from(settings.codes.max_attempts));
    let most = u64::from(settings.guesses.long.count);
    (carried(mails) < most || carried(last * u64::from(settings.sends.long.count)) < most).then_some(MAIL)
}
