//! English.

use countersign::{Factor, MessageKind};

use super::{Button, Language, Phrases, Words};

pub(super) const ENGLISH: Language = Language {
    tag: "en",
    phrases: Phrases {
        happened: "That was at {}.",
        code: "Your code",
        until: "It can be used until {}.",
        otherwise: "If it was not you: {}",
        never_tell: "Never tell anybody the code.",
        sign_in: Button {
            invitation: "If you cannot use the code, open this link and sign in there:",
            label: "Sign in",
        },
        choose_password: Button {
            invitation: "If you cannot use the code, open this link and choose a password there:",
            label: "Choose a password",
        },
        stop: Button { invitation: "To stop it, open this link:", label: "Stop it" },
    },
    words,
    on: "on",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
};

const IGNORE: &str = "ignore this message.";
const CHANGE_PASSWORD: &str = "somebody else knows your password. Sign in and change it at once.";
const SIGN_IN_AND_LOOK: &str =
    "somebody else is signed in. Sign in, change your password, and look at your second factors.";
const RECOVER: &str = "somebody else has taken your account. Choose a new password by \"forgot password\" at once, and tell us.";

/// Subject, what happened, what to do if it was not you.
const fn words(kind: &MessageKind) -> Words {
    let (subject, opening, otherwise) = match kind {
        MessageKind::SignUpCode => {
            ("Your code to sign up", "Somebody, hopefully you, is signing up with this address.", IGNORE)
        }
        MessageKind::SignInCode => {
            ("Your code to sign in", "Somebody, hopefully you, is signing in.", IGNORE)
        }
        MessageKind::RecoveryCode => (
            "Your code to recover your account",
            "Somebody, hopefully you, has lost the password of your account.",
            IGNORE,
        ),
        MessageKind::ActionCode(_) => {
            ("Your code to confirm", "Please confirm what you asked for.", CHANGE_PASSWORD)
        }
        MessageKind::SignUpTaken => (
            "You already have an account",
            "Somebody, perhaps you, tried to sign up with this address, which already has an account. Nothing has changed. If it \
             was you, sign in instead.",
            IGNORE,
        ),
        MessageKind::SecondFactorCode => (
            "Your code to sign in",
            "Somebody, hopefully you, knows your password and is signing in.",
            CHANGE_PASSWORD,
        ),
        MessageKind::AddressChangeCode => (
            "Your code to confirm your address",
            "Somebody, hopefully you, wants to use this address for an account.",
            IGNORE,
        ),
        MessageKind::StepUpCode => (
            "Your code to prove who you are",
            "Somebody, hopefully you, is signed in to your account and about to change something that matters.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::FactorRecoveryCode => (
            "Your code to turn a lost second factor off",
            "The waiting period is over. With this code and your password the authenticator app of your account is turned off.",
            "somebody else knows your password. Change it at once, and stop this by the link of the message with which it began.",
        ),
        MessageKind::FactorAdded(Factor::MailedCode) => (
            "Your account has a new second factor",
            "From now on, signing in to your account also takes a code that is mailed to this address.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::FactorAdded(_) => (
            "Your account has a new second factor",
            "From now on, signing in to your account also takes a code from an authenticator app.",
            RECOVER,
        ),
        MessageKind::FactorRemoved(Factor::MailedCode) => (
            "A second factor of your account is off",
            "From now on, signing in to your account takes no mailed code any more.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::FactorRemoved(_) => (
            "A second factor of your account is off",
            "From now on, signing in to your account takes no code from the authenticator app any more. Its recovery codes are dead.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::RecoveryCodesIssued => (
            "Your account has new recovery codes",
            "New recovery codes were made for your account. Those from before are dead.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::RecoveryCodeUsed { .. } => (
            "A recovery code of your account was used",
            "Somebody used a recovery code of your account; it works no more. Codes left: {}.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::PasswordChanged => (
            "The password of your account was changed",
            "The password of your account was changed. Everybody else who was signed in is signed out.",
            RECOVER,
        ),
        MessageKind::PasswordReset => (
            "The password of your account was replaced",
            "Somebody who reads this mailbox chose a new password for your account. Everybody who was signed in is signed out.",
            "somebody else reads your mail. Secure your mailbox first, then choose a new password by \"forgot password\".",
        ),
        MessageKind::PasswordKnown => (
            "Somebody may know your password",
            "Somebody typed the right password of your account, and then failed its second factor again and again. Nobody was \
             signed in.",
            CHANGE_PASSWORD,
        ),
        MessageKind::AddressChangeStarted(_) => (
            "The address of your account is to change",
            "Somebody signed in to your account wants to change its e-mail address to {}. Nothing has changed yet.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::AddressChanged(_) => (
            "The address of your account has changed",
            "The e-mail address of your account is now {}.",
            "somebody else has taken your account. Tell us at once.",
        ),
        MessageKind::FactorRecoveryStarted { .. } => (
            "A second factor of your account is to be turned off",
            "Your authenticator app was said to be lost. From {} on, it can be turned off by whoever knows your password and reads \
             this mailbox.",
            "somebody else knows your password. Stop it by the link, then change your password.",
        ),
        MessageKind::FactorsReset => (
            "A lost second factor of your account is off",
            "The authenticator app of your account, said to be lost, is off, and so are its recovery codes. Everybody who was signed \
             in is signed out.",
            "somebody else knows your password and reads your mail. Secure your mailbox, then choose a new password by \"forgot \
             password\".",
        ),
        MessageKind::AccountDeleted => (
            "Your account was deleted",
            "Your account was deleted, with all that was in it.",
            "somebody else was signed in to it. Tell us at once.",
        ),
        _ => ("About your account", "Something concerns your account.", IGNORE),
    };
    Words { subject, opening, otherwise }
}
