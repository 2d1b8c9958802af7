//! What a template is given.

use countersign::{Action, Address, Envelope, Factor, MessageKind, Timestamp};

use crate::Links;
use crate::words::{Language, LinkUse, Round, moment};

/// A message before it has words.
pub(crate) struct Matter<'a> {
    pub(crate) kind: &'a MessageKind,
    pub(crate) to: &'a str,
    pub(crate) code: Option<&'a str>,
    pub(crate) link: Option<(LinkUse, String)>,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) link_expires_at: Option<Timestamp>,
}

impl<'a> Matter<'a> {
    pub(crate) fn of(envelope: &'a Envelope, links: &Links) -> Self {
        Self {
            kind: &envelope.kind,
            to: envelope.to.as_str(),
            code: envelope.code.as_ref().map(|code| code.expose()),
            link: envelope.link.as_ref().map(LinkUse::from).zip(links.link(envelope)),
            issued_at: envelope.issued_at,
            expires_at: envelope.expires_at,
            link_expires_at: envelope.link_expires_at,
        }
    }

    /// What a template is given, by name; in a language that is shipped with sentences of ours. What a message does not have is
    /// not there: to write it is an error, to ask for it is not.
    pub(crate) fn facts(&self, tag: &str, language: Option<&Language>) -> Vec<(&'static str, String)> {
        let time = |at| moment(at, Round::Down, language);
        let action = match self.kind {
            MessageKind::ActionCode(action) => Some(action.as_str().to_owned()),
            _ => None,
        };
        let facts = [
            ("kind", Some(self.kind.name().to_owned())),
            ("language", Some(tag.to_owned())),
            ("to", Some(self.to.to_owned())),
            ("code", self.code.map(Into::into)),
            ("link", self.link.as_ref().map(|(_, link)| link.clone())),
            ("issued_at", Some(time(self.issued_at))),
            ("expires_at", self.code_ends().map(time)),
            ("link_expires_at", self.link_ends().map(time)),
            ("value", value_of(self.kind, language)),
            ("action", action),
        ];
        let sentences = language.map(|language| self.sentences(language));
        let all = facts.into_iter().chain(sentences.into_iter().flatten());
        all.filter_map(|(name, fact)| fact.map(|fact| (name, fact))).collect()
    }

    fn code_ends(&self) -> Option<Timestamp> {
        self.expires_at.filter(|_| self.code.is_some())
    }

    fn link_ends(&self) -> Option<Timestamp> {
        self.link_expires_at.filter(|_| self.link.is_some())
    }

    fn sentences(&self, language: &Language) -> [(&'static str, Option<String>); 10] {
        let (phrases, words) = (&language.phrases, (language.words)(self.kind));
        let timed = |phrase, at| fill(phrase, Some(&moment(at, Round::Down, Some(language))));
        let until = |at: Option<Timestamp>| at.map(|at| timed(phrases.until, at));
        let button = self.link.as_ref().map(|(of, _)| phrases.button(*of));
        let value = value_of(self.kind, Some(language));
        let happened = self.code.is_none().then(|| timed(phrases.happened, self.issued_at));
        [
            ("subject", Some(words.subject.into())),
            ("opening", Some(fill(words.opening, value.as_deref()))),
            ("happened", happened),
            ("code_label", self.code.map(|_| phrases.code.into())),
            ("code_until", until(self.code_ends())),
            ("invitation", button.map(|button| button.invitation.into())),
            ("link_label", button.map(|button| button.label.into())),
            ("link_until", until(self.link_ends())),
            ("otherwise", Some(fill(phrases.otherwise, Some(words.otherwise)))),
            ("never_tell", self.code.map(|_| phrases.never_tell.into())),
        ]
    }
}

/// The sentence with its value. What is put in is not looked at again.
pub(crate) fn fill(sentence: &str, value: Option<&str>) -> String {
    sentence.replacen("{}", value.unwrap_or_default(), 1)
}

/// The one value that a kind of message has beside code and link.
pub(crate) fn value_of(kind: &MessageKind, language: Option<&Language>) -> Option<String> {
    match kind {
        MessageKind::RecoveryCodeUsed { left } => Some(left.to_string()),
        MessageKind::AddressChangeStarted(to) | MessageKind::AddressChanged(to) => Some(to.as_str().into()),
        MessageKind::FactorRecoveryStarted { ready_at } => Some(moment(*ready_at, Round::Up, language)),
        _ => None,
    }
}

/// One of every kind of message, and more where its words differ. What a host's templates are tried on.
pub(crate) fn samples() -> Vec<MessageKind> {
    let address = Address::parse("new@example.com").ok();
    let ready_at = Timestamp::from_unix_seconds(1_795_291_200);
    let mut kinds = vec![
        MessageKind::SignUpCode,
        MessageKind::SignInCode,
        MessageKind::SecondFactorCode,
        MessageKind::RecoveryCode,
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
        MessageKind::FactorRecoveryStarted { ready_at },
        MessageKind::FactorsReset,
        MessageKind::AccountDeleted,
    ];
    kinds.extend(Action::new("pay").ok().map(MessageKind::ActionCode));
    kinds.extend(address.clone().map(MessageKind::AddressChangeStarted));
    kinds.extend(address.map(MessageKind::AddressChanged));
    kinds
}

/// Whether messages of a kind carry a code.
pub(crate) const fn has_code(kind: &MessageKind) -> bool {
    matches!(
        kind,
        MessageKind::SignUpCode
            | MessageKind::SignInCode
            | MessageKind::SecondFactorCode
            | MessageKind::RecoveryCode
            | MessageKind::ActionCode(_)
            | MessageKind::AddressChangeCode
            | MessageKind::StepUpCode
            | MessageKind::FactorRecoveryCode
    )
}

/// What the link of a kind is for, if messages of it may carry one.
pub(crate) const fn link_of(kind: &MessageKind) -> Option<LinkUse> {
    match kind {
        MessageKind::SignUpCode | MessageKind::RecoveryCode => Some(LinkUse::ChoosePassword),
        MessageKind::SignInCode => Some(LinkUse::SignIn),
        MessageKind::FactorRecoveryStarted { .. } => Some(LinkUse::Stop),
        _ => None,
    }
}
