//! What may happen in a story of somebody signing in.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "tests")]

/// One thing that happens. Numbers that choose among things are taken modulo how many there are, counted from the newest.
#[derive(Clone, Debug)]
pub enum Op {
    Password {
        who: u8,
        password: Pw,
        steps: Way,
        client: u8,
    },
    /// A password, on a device that somebody trusted.
    OnDevice {
        device: u8,
        who: u8,
        password: Pw,
        steps: Way,
    },
    Prove {
        login: u8,
        proof: Proof,
        client: u8,
    },
    ResendCode {
        login: u8,
    },
    Start {
        who: u8,
    },
    Verify {
        session: u8,
        code: Mailed,
        /// Whether a right code is to sign in.
        enter: bool,
    },
    /// Somebody says that the password is lost.
    Recover {
        who: u8,
    },
    /// Somebody uses the link of a recovery's message.
    RedeemRecovery {
        link: u8,
    },
    /// Somebody sets another password in place of the lost one.
    Reset {
        grant: u8,
        new: NewPw,
        proof: Option<Proof>,
    },
    /// Whoever signs in says that the app is lost, or goes on with that.
    LoseApp {
        login: u8,
    },
    /// A lost app is turned off by the code that was mailed.
    TurnOff {
        login: u8,
        code: Mailed,
    },
    /// Somebody uses the link that stops the recovery of an app.
    Stop {
        link: u8,
    },
    /// The operator starts the reset of an app.
    StartFactorReset {
        who: u8,
    },
    /// Somebody begins to sign up.
    SignUp {
        who: u8,
        password: NewPw,
    },
    /// Somebody has the code of a sign-up mailed again, with a session or without.
    SignUpAgain {
        who: u8,
        password: NewPw,
        session: Option<u8>,
    },
    /// A wrong code is typed for a sign-up.
    WrongSignUpCode {
        session: u8,
    },
    /// Whoever is signed in wants the account to be no more.
    Delete {
        session: u8,
        password: Option<Pw>,
    },
    /// Whoever is signed in wants another address, or to prove the one that there is.
    ChangeAddress {
        session: u8,
        password: Option<Pw>,
        to: u8,
    },
    /// The code is typed that was mailed to the new address.
    VerifyAddress {
        session: u8,
        code: Mailed,
    },
    /// Somebody uses the link of a sign-in's message.
    Redeem {
        link: u8,
    },
    Check {
        session: u8,
    },
    List {
        session: u8,
    },
    End {
        session: u8,
        which: u8,
    },
    Enrol {
        session: u8,
        password: Pw,
    },
    Confirm {
        session: u8,
        code: App,
    },
    EnableMail {
        session: u8,
        password: Pw,
    },
    StepUp {
        session: u8,
        proof: Proof,
    },
    ChangePassword {
        session: u8,
        current: Pw,
        new: NewPw,
    },
    DisableApp {
        session: u8,
        password: Option<Pw>,
    },
    DisableMail {
        session: u8,
        password: Option<Pw>,
    },
    NewCodes {
        session: u8,
        password: Option<Pw>,
    },
    Trust {
        session: u8,
    },
    /// All devices, or one that nobody has.
    Forget {
        session: u8,
        all: bool,
    },
    Factors {
        session: u8,
    },
    /// A code is mailed to step up with.
    StepUpCode {
        session: u8,
    },
    /// The host asks whether a factor, or all that a sign-in takes, was proven within so many seconds.
    Fresh {
        session: u8,
        factor: Option<u8>,
        seconds: u8,
    },
    Devices {
        session: u8,
    },
    /// The operator asks for another password.
    AskPassword {
        who: u8,
    },
    Suspend {
        who: u8,
        on: bool,
    },
    /// The clock moves by so many milliseconds.
    Move(i32),
    /// The clock jumps to a known deadline, give or take a millisecond.
    Jump {
        deadline: u8,
        off: i8,
    },
    /// The clock goes to when the last answer said that more is allowed, give or take a millisecond.
    Wait {
        off: i8,
    },
    /// The store drops the rows that have expired, by a clock that is ahead by some part of the tolerance.
    Sweep {
        ahead: u8,
    },
    /// Before the given stage of `first`, the clock moves and `by` runs from start to end; then `first` goes on.
    Overtaken {
        first: Box<Op>,
        by: Box<Op>,
        stage: u8,
        millis: i16,
    },
    /// The ring gets another present key.
    Rotate,
    /// The host has every row sealed under the ring's present key.
    Rewrap,
    /// One after the other, where there is room for one.
    Several(Vec<Op>),
    /// Something goes wrong at the given stage.
    Trouble {
        op: Box<Op>,
        stage: u8,
        trouble: Trouble,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum Pw {
    Right,
    Wrong,
    /// That of another person.
    OfAnother,
    /// The one from the beginning.
    First,
}

/// What is to be the password.
#[derive(Clone, Copy, Debug)]
pub enum NewPw {
    Another(bool),
    Short,
    Common,
}

/// How a second factor is given.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    Stepwise,
    AtOnce { app: Option<App>, mailed: Option<Mailed>, drawer: Option<Drawer> },
}

#[derive(Clone, Copy, Debug)]
pub enum Proof {
    App(App),
    Mailed(Mailed),
    Drawer(Drawer),
    Password(Pw),
}

/// What is typed as a code of an authenticator app.
#[derive(Clone, Copy, Debug)]
pub enum App {
    /// The code of the step that is so many after the present one.
    Step(i8),
    /// The code of the step that was used last.
    Replayed,
    /// A code of the app that waits to be confirmed.
    OfPending,
    /// The present code with spaces in it.
    Spaced,
    Wrong,
    Malformed(u8),
}

/// What is typed as a mailed code.
#[derive(Clone, Copy, Debug)]
pub enum Mailed {
    /// The newest code of the session, or of the sign-in.
    Newest,
    /// Any code that was ever mailed.
    Any(u8),
    Spaced,
    Wrong,
    Malformed(u8),
}

/// What is typed as a recovery code.
#[derive(Clone, Copy, Debug)]
pub enum Drawer {
    /// One of the last issue, used or not.
    Issued(u8),
    /// One that is left.
    Left,
    /// The same as people type it.
    LeftInLowerCase,
    /// Any that was ever issued, to anybody.
    Any(u8),
    Wrong,
    Malformed(u8),
}

#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    Fails,
    AnswerLost,
    Crash,
}
