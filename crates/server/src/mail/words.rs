//! What the messages say.
//!
//! A security notice says what happened and what to do if it was not the owner (NIST 800-63B-4 §4.6); when it happened and, where
//! there is one, the link that stops it are put in for all.

use std::borrow::Cow;

use countersign::{Factor, MessageKind};

use super::render::readable;

/// The parts of a message that depend on what it is about.
pub(super) struct Words {
    pub(super) subject: &'static str,
    /// What happened.
    pub(super) opening: Cow<'static, str>,
    /// What to do if it was not the reader.
    pub(super) otherwise: &'static str,
}

const IGNORE: &str = "ignore this message.";
const CHANGE_PASSWORD: &str = "somebody else knows your password. Sign in and change it at once.";
const SIGN_IN_AND_LOOK: &str =
    "somebody else is signed in. Sign in, change your password, and look at your second factors.";
const RECOVER: &str = "somebody else has taken your account. Choose a new password by \"forgot password\" at once, and tell us.";

/// The words for a kind of message.
pub(super) fn words(kind: &MessageKind) -> Words {
    let (subject, opening, otherwise) = fixed(kind);
    let opening = match kind {
        MessageKind::RecoveryCodeUsed { left } => {
            format!("Somebody used a recovery code of your account; it works no more. Codes left: {left}.").into()
        }
        MessageKind::AddressChangeStarted(to) => {
            let to = to.as_str();
            format!("Somebody signed in to your account wants to change its e-mail address to {to}. Nothing has changed yet.").into()
        }
        MessageKind::AddressChanged(to) => {
            format!("The e-mail address of your account is now {}.", to.as_str()).into()
        }
        MessageKind::FactorRecoveryStarted { ready_at } => format!(
            "Your authenticator app was said to be lost. From {} on, it can be turned off by whoever knows your password and reads \
             this mailbox.",
            readable(*ready_at)
        )
        .into(),
        _ => opening.into(),
    };
    Words { subject, opening, otherwise }
}

/// Subject, what happened, what to do if it was not you. Where the second is empty it is made in [`words`].
const fn fixed(kind: &MessageKind) -> (&'static str, &'static str, &'static str) {
    match kind {
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
        MessageKind::RecoveryCodeUsed { .. } => {
            ("A recovery code of your account was used", "", SIGN_IN_AND_LOOK)
        }
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
        MessageKind::AddressChangeStarted(_) => {
            ("The address of your account is to change", "", SIGN_IN_AND_LOOK)
        }
        MessageKind::AddressChanged(_) => (
            "The address of your account has changed",
            "",
            "somebody else has taken your account. Tell us at once.",
        ),
        MessageKind::FactorRecoveryStarted { .. } => (
            "A second factor of your account is to be turned off",
            "",
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
    }
}

#[cfg(test)]
mod tests {
    use countersign::{Action, Address, Timestamp};

    use super::*;

    #[test]
    fn every_message_says_what_happened_and_what_to_do() {
        let address = || Address::parse("new@example.com").unwrap();
        let ready_at = Timestamp::from_unix_seconds(1_795_291_200);
        let kinds = [
            MessageKind::SignUpCode,
            MessageKind::SignInCode,
            MessageKind::SecondFactorCode,
            MessageKind::RecoveryCode,
            MessageKind::ActionCode(Action::new("pay").unwrap()),
            MessageKind::SignUpTaken,
            MessageKind::FactorAdded(Factor::Totp),
            MessageKind::FactorAdded(Factor::MailedCode),
            MessageKind::AddressChangeCode,
            MessageKind::StepUpCode,
            MessageKind::FactorRecoveryCode,
            MessageKind::FactorRemoved(Factor::Totp),
            MessageKind::FactorRemoved(Factor::MailedCode),
            MessageKind::RecoveryCodesIssued,
            MessageKind::RecoveryCodeUsed { left: 7 },
            MessageKind::PasswordChanged,
            MessageKind::PasswordReset,
            MessageKind::PasswordKnown,
            MessageKind::AddressChangeStarted(address()),
            MessageKind::AddressChanged(address()),
            MessageKind::FactorRecoveryStarted { ready_at },
            MessageKind::FactorsReset,
            MessageKind::AccountDeleted,
        ];
        let mut openings: Vec<_> = kinds.iter().map(|kind| words(kind).opening.into_owned()).collect();
        for (kind, opening) in kinds.iter().zip(&openings) {
            let Words { subject, otherwise, .. } = words(kind);
            assert!(subject != "About your account" && opening.len() > 20, "{kind:?}");
            assert!(!subject.is_empty() && otherwise.ends_with('.'), "{kind:?}");
            assert!(!opening.contains('\n') && !opening.contains("  "), "{opening:?}");
        }
        let told = |part: &str| openings.iter().any(|opening| opening.contains(part));
        assert!(
            told("Codes left: 7.") && told("now new@example.com") && told("From 2026-11-21 20:00:00 UTC on")
        );
        let count = openings.len();
        openings.sort();
        openings.dedup();
        assert_eq!(openings.len(), count, "each its own");
    }
}
