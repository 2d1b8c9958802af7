//! Nederlands.

use countersign::{Factor, MessageKind};

use super::{Button, Language, Phrases, Words};

pub(super) const DUTCH: Language = Language {
    tag: "nl",
    phrases: Phrases {
        happened: "Dat was om {}.",
        code: "Uw code",
        until: "Te gebruiken tot {}.",
        otherwise: "Was u het niet: {}",
        never_tell: "Geef de code nooit aan iemand anders.",
        sign_in: Button {
            invitation: "Kunt u de code niet gebruiken, open dan deze link en meld u daar aan:",
            label: "Aanmelden",
        },
        choose_password: Button {
            invitation: "Kunt u de code niet gebruiken, open dan deze link en kies daar een wachtwoord:",
            label: "Een wachtwoord kiezen",
        },
        stop: Button { invitation: "Open deze link om het tegen te houden:", label: "Tegenhouden" },
    },
    words,
    on: "op",
    months: [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
};

const IGNORE: &str = "dan hoeft u niets te doen.";
const CHANGE_PASSWORD: &str = "dan kent iemand anders uw wachtwoord. Meld u aan en verander het meteen.";
const SIGN_IN_AND_LOOK: &str =
    "dan is iemand anders aangemeld. Meld u aan, verander uw wachtwoord en kijk uw tweede factoren na.";
const RECOVER: &str = "dan heeft iemand anders uw account overgenomen. Kies meteen een nieuw wachtwoord via \"wachtwoord vergeten\" \
     en laat het ons weten.";

/// Subject, what happened, what to do if it was not you.
const fn words(kind: &MessageKind) -> Words {
    let (subject, opening, otherwise) = match kind {
        MessageKind::SignUpCode => {
            ("Uw code om te registreren", "Iemand, hopelijk u, registreert zich met dit adres.", IGNORE)
        }
        MessageKind::SignInCode => {
            ("Uw code om u aan te melden", "Iemand, hopelijk u, is bezig zich aan te melden.", IGNORE)
        }
        MessageKind::RecoveryCode => (
            "Uw code om uw account te herstellen",
            "Iemand, hopelijk u, is het wachtwoord van uw account kwijt.",
            IGNORE,
        ),
        MessageKind::ActionCode(_) => {
            ("Uw code om te bevestigen", "Bevestig wat u hebt gevraagd.", CHANGE_PASSWORD)
        }
        MessageKind::SignUpTaken => (
            "U hebt al een account",
            "Iemand, misschien u, wilde zich registreren met dit adres, dat al een account heeft. Er is niets veranderd. Was u het, \
             meld u dan gewoon aan.",
            IGNORE,
        ),
        MessageKind::SecondFactorCode => (
            "Uw code om u aan te melden",
            "Iemand, hopelijk u, kent uw wachtwoord en is bezig zich aan te melden.",
            CHANGE_PASSWORD,
        ),
        MessageKind::AddressChangeCode => (
            "Uw code om uw adres te bevestigen",
            "Iemand, hopelijk u, wil dit adres voor een account gebruiken.",
            IGNORE,
        ),
        MessageKind::StepUpCode => (
            "Uw code om te tonen wie u bent",
            "Iemand, hopelijk u, is aangemeld bij uw account en staat op het punt iets belangrijks te veranderen.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::FactorRecoveryCode => (
            "Uw code om een verloren tweede factor uit te zetten",
            "De wachttijd is voorbij. Met deze code en uw wachtwoord wordt de authenticator-app van uw account uitgezet.",
            "dan kent iemand anders uw wachtwoord. Verander het meteen en houd dit tegen met de link in het bericht waarmee het begon.",
        ),
        MessageKind::FactorAdded(Factor::MailedCode) => (
            "Uw account heeft een nieuwe tweede factor",
            "Vanaf nu is voor het aanmelden bij uw account ook een code nodig die naar dit adres wordt gestuurd.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::FactorAdded(_) => (
            "Uw account heeft een nieuwe tweede factor",
            "Vanaf nu is voor het aanmelden bij uw account ook een code van een authenticator-app nodig.",
            RECOVER,
        ),
        MessageKind::FactorRemoved(Factor::MailedCode) => (
            "Een tweede factor van uw account staat uit",
            "Vanaf nu is voor het aanmelden bij uw account geen gemailde code meer nodig.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::FactorRemoved(_) => (
            "Een tweede factor van uw account staat uit",
            "Vanaf nu is voor het aanmelden bij uw account geen code van de authenticator-app meer nodig. De herstelcodes ervan werken \
             niet meer.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::RecoveryCodesIssued => (
            "Uw account heeft nieuwe herstelcodes",
            "Er zijn nieuwe herstelcodes voor uw account gemaakt. De vorige werken niet meer.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::RecoveryCodeUsed { .. } => (
            "Een herstelcode van uw account is gebruikt",
            "Iemand heeft een herstelcode van uw account gebruikt; die werkt niet meer. Aantal codes over: {}.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::PasswordChanged => (
            "Het wachtwoord van uw account is veranderd",
            "Het wachtwoord van uw account is veranderd. Alle anderen die waren aangemeld, zijn afgemeld.",
            RECOVER,
        ),
        MessageKind::PasswordReset => (
            "Het wachtwoord van uw account is vervangen",
            "Iemand die deze mailbox leest, heeft een nieuw wachtwoord voor uw account gekozen. Iedereen die was aangemeld, is \
             afgemeld.",
            "dan leest iemand anders uw mail. Beveilig eerst uw mailbox en kies dan een nieuw wachtwoord via \"wachtwoord vergeten\".",
        ),
        MessageKind::PasswordKnown => (
            "Misschien kent iemand uw wachtwoord",
            "Iemand heeft het juiste wachtwoord van uw account ingevuld en daarna keer op keer de tweede factor niet gehaald. Er is \
             niemand aangemeld.",
            CHANGE_PASSWORD,
        ),
        MessageKind::AddressChangeStarted(_) => (
            "Het adres van uw account gaat veranderen",
            "Iemand die bij uw account is aangemeld, wil het e-mailadres ervan veranderen in {}. Er is nog niets veranderd.",
            SIGN_IN_AND_LOOK,
        ),
        MessageKind::AddressChanged(_) => (
            "Het adres van uw account is veranderd",
            "Het e-mailadres van uw account is nu {}.",
            "dan heeft iemand anders uw account overgenomen. Laat het ons meteen weten.",
        ),
        MessageKind::FactorRecoveryStarted { .. } => (
            "Een tweede factor van uw account wordt uitgezet",
            "Er is gemeld dat uw authenticator-app verloren is. Vanaf {} kan die worden uitgezet door wie uw wachtwoord kent en deze \
             mailbox leest.",
            "dan kent iemand anders uw wachtwoord. Houd het tegen met de link en verander daarna uw wachtwoord.",
        ),
        MessageKind::FactorsReset => (
            "Een verloren tweede factor van uw account staat uit",
            "De als verloren gemelde authenticator-app van uw account staat uit, en de herstelcodes ervan ook. Iedereen die was \
             aangemeld, is afgemeld.",
            "dan kent iemand anders uw wachtwoord en leest uw mail. Beveilig uw mailbox en kies dan een nieuw wachtwoord via \
             \"wachtwoord vergeten\".",
        ),
        MessageKind::AccountDeleted => (
            "Uw account is verwijderd",
            "Uw account is verwijderd, met alles wat erin stond.",
            "dan was iemand anders erbij aangemeld. Laat het ons meteen weten.",
        ),
        _ => ("Over uw account", "Er is iets met uw account.", IGNORE),
    };
    Words { subject, opening, otherwise }
}
