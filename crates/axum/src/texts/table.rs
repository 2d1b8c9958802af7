//! The table of all texts: one row each, with its name and its words in each shipped language.

/// Makes the list of texts out of the table.
macro_rules! texts {
    ($($key:ident $name:literal $english:literal $dutch:literal;)*) => {
        /// A text that an endpoint answers with.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Key {
            $(#[doc = $english] $key,)*
        }

        /// A row of the table.
        pub(super) struct Row {
            /// The name by which a host replaces the text.
            pub(super) name: &'static str,
            pub(super) english: &'static str,
            pub(super) dutch: &'static str,
        }

        /// All texts, in the order of [`Key`].
        pub(super) const TABLE: &[Row] = &[$(Row { name: $name, english: $english, dutch: $dutch }),*];
    };
}

// A `{}` stands for the one value that a text has. A text without a full stop follows the name of a field.
texts! {
    // Signing up.
    CodeSent "code_sent" "A code was sent to your e-mail address."
        "Er is een code naar uw e-mailadres gestuurd.";
    AddressVerified "address_verified" "Your e-mail address is verified." "Uw e-mailadres is bevestigd.";

    // Signing in.
    SignedIn "signed_in" "Signed in." "U bent aangemeld.";
    SecondFactorNeeded "second_factor_needed" "A second factor is needed." "Er is een tweede factor nodig.";
    LinkSent "link_sent" "If there is an account, a link was sent to its address."
        "Als er een account is, is er een link naar het adres ervan gestuurd.";
    EnterMailedCodeJustSent "enter_mailed_code_just_sent"
        "A code was sent to your e-mail address; please enter it."
        "Er is een code naar uw e-mailadres gestuurd; vul die in.";
    EnterMailedCode "enter_mailed_code" "Please enter the code that was sent to your e-mail address."
        "Vul de code in die naar uw e-mailadres is gestuurd.";
    EnterPassword "enter_password" "Please enter your password." "Vul uw wachtwoord in.";
    EnterAppCode "enter_app_code" "Please enter the code of your authenticator app, or a recovery code."
        "Vul de code van uw authenticator-app in, of een herstelcode.";
    NobodySignedIn "nobody_signed_in" "Nobody was signed in." "Er is niemand aangemeld.";
    OneRecoveryCodeLeft "one_recovery_code_left" "Only 1 recovery code is left."
        "Er is nog maar 1 herstelcode over.";
    FewRecoveryCodesLeft "few_recovery_codes_left" "Only {} recovery codes are left."
        "Er zijn nog maar {} herstelcodes over.";
    NoRecoveryCodesLeft "no_recovery_codes_left" "No recovery codes are left. Please make new ones."
        "Er zijn geen herstelcodes meer over. Maak nieuwe aan.";
    RenewLastRecoveryCode "renew_last_recovery_code"
        "Only 1 recovery code is left. Please make new ones."
        "Er is nog maar 1 herstelcode over. Maak nieuwe aan.";
    RenewRecoveryCodes "renew_recovery_codes" "Only {} recovery codes are left. Please make new ones."
        "Er zijn nog maar {} herstelcodes over. Maak nieuwe aan.";

    // Signed in.
    YouAreSignedIn "you_are_signed_in" "You are signed in." "U bent aangemeld.";
    SignedOut "signed_out" "Signed out." "U bent afgemeld.";
    YourSessions "your_sessions" "Your sessions." "Uw sessies.";
    OtherSessionsEnded "other_sessions_ended" "The other sessions were ended."
        "De andere sessies zijn beëindigd.";
    SessionEnded "session_ended" "The session was ended." "De sessie is beëindigd.";
    ScanAppCode "scan_app_code" "Scan the code with your authenticator app, then confirm."
        "Scan de code met uw authenticator-app en bevestig daarna.";
    AppIsOn "app_is_on" "The authenticator app is on. Keep the recovery codes; they are shown only once."
        "De authenticator-app staat aan. Bewaar de herstelcodes; ze worden maar één keer getoond.";
    MailedCodesAreOn "mailed_codes_are_on" "From now on a code is mailed when you sign in."
        "Vanaf nu wordt er een code gemaild als u zich aanmeldt.";

    // Proving it again, and managing an account.
    StepUpDone "step_up_done" "Proven. Use the new token from now on."
        "Bewezen. Gebruik vanaf nu het nieuwe token.";
    AccountSecurity "account_security" "How your account is secured." "Zo is uw account beveiligd.";
    AppIsOff "app_is_off" "The authenticator app and its recovery codes are off."
        "De authenticator-app en de herstelcodes ervan staan uit.";
    MailedCodesAreOff "mailed_codes_are_off" "No code is mailed any more when you sign in."
        "Er wordt geen code meer gemaild als u zich aanmeldt.";
    NewRecoveryCodes "new_recovery_codes"
        "Keep the new recovery codes; they are shown only once. Earlier ones no longer work."
        "Bewaar de nieuwe herstelcodes; ze worden maar één keer getoond. Eerdere werken niet meer.";
    PasswordChanged "password_changed" "The password was changed. Use the new token from now on."
        "Het wachtwoord is veranderd. Gebruik vanaf nu het nieuwe token.";
    CodeSentToNewAddress "code_sent_to_new_address" "A code was sent to the new e-mail address."
        "Er is een code naar het nieuwe e-mailadres gestuurd.";
    AddressChanged "address_changed" "This is the address of your account from now on."
        "Dit is vanaf nu het adres van uw account.";
    AccountDeleted "account_deleted" "The account was deleted." "Het account is verwijderd.";

    // Trusted devices.
    DeviceTrusted "device_trusted" "This device is trusted." "Dit apparaat wordt vertrouwd.";
    YourDevices "your_devices" "Your trusted devices." "Uw vertrouwde apparaten.";
    NoDeviceTrusted "no_device_trusted" "No device is trusted any more."
        "Er wordt geen apparaat meer vertrouwd.";
    DeviceForgotten "device_forgotten" "The device is no longer trusted."
        "Het apparaat wordt niet meer vertrouwd.";

    // A lost password, a lost authenticator app.
    ResetCodeSent "reset_code_sent" "If there is an account, a code was sent to its address."
        "Als er een account is, is er een code naar het adres ervan gestuurd.";
    ChooseNewPassword "choose_new_password" "Now choose a new password." "Kies nu een nieuw wachtwoord.";
    PasswordReset "password_reset" "The password was changed. You can sign in with it now."
        "Het wachtwoord is veranderd. U kunt zich er nu mee aanmelden.";
    AsksNoSecondFactor "asks_no_second_factor" "The account asks for no second factor."
        "Het account vraagt niet om een tweede factor.";
    RecoveryWaits "recovery_waits" "The waiting period has begun. Ask again when it is over."
        "De wachttijd loopt. Vraag het opnieuw als die voorbij is.";
    LostAppIsOff "lost_app_is_off" "The authenticator app is off. Sign in and set up another one."
        "De authenticator-app staat uit. Meld u aan en stel een andere in.";
    RecoveryCancelled "recovery_cancelled" "The recovery was cancelled; the second factor stays on."
        "Het herstel is geannuleerd; de tweede factor blijft aan.";

    // Refusals.
    WrongCode "wrong_code" "The code is wrong or has expired." "De code is onjuist of verlopen.";
    WrongCredentials "wrong_credentials" "The e-mail address or the password is wrong."
        "Het e-mailadres of het wachtwoord is onjuist.";
    WrongPassword "wrong_password" "The password is wrong." "Het wachtwoord is onjuist.";
    TokenEnded "token_ended" "It has expired or was used before; please start again."
        "Het is verlopen of al gebruikt; begin opnieuw.";
    FactorDisabled "factor_disabled" "It was wrong too often and is disabled until it is set up anew."
        "Het was te vaak onjuist en is uitgeschakeld tot het opnieuw wordt ingesteld.";
    NothingPending "nothing_pending" "There is nothing to confirm; please begin again."
        "Er is niets te bevestigen; begin opnieuw.";
    TooManyRequests "too_many_requests" "Too many requests. Please wait before trying again."
        "Te veel verzoeken. Wacht voordat u het opnieuw probeert.";
    ProveAgain "prove_again" "Please prove again who you are." "Bewijs opnieuw wie u bent.";
    ActionRequired "action_required" "Something else has to be done first."
        "Er moet eerst iets anders gebeuren.";
    NotEnrolled "not_enrolled" "The account does not have this second factor."
        "Het account heeft deze tweede factor niet.";
    LastFactor "last_factor" "A second factor is required, and this is the only one."
        "Een tweede factor is verplicht en dit is de enige.";
    FactorNotAllowed "factor_not_allowed" "This second factor is not allowed here."
        "Deze tweede factor is hier niet toegestaan.";
    PleaseSignIn "please_sign_in" "Please sign in." "Meld u aan.";
    Refused "refused" "Refused." "Geweigerd.";

    // The request itself, and the host.
    TooLarge "too_large" "The body may have at most 16384 bytes."
        "De inhoud mag hoogstens 16384 bytes hebben.";
    Unavailable "unavailable" "Please try again later." "Probeer het later opnieuw.";
    TooSlow "too_slow" "The request took too long." "Het verzoek duurde te lang.";
    UnsupportedMedia "unsupported_media" "The body must be sent as application/json."
        "De inhoud moet als application/json worden gestuurd.";
    NoSuchPath "no_such_path" "There is no such path." "Dit pad bestaat niet.";
    NoSuchMethod "no_such_method" "The path does not know this method." "Dit pad kent deze methode niet.";
    ForeignPage "foreign_page" "The request was not made by a page of this site."
        "Het verzoek kwam niet van een pagina van deze site.";

    // Fields: what follows the name of one.
    Required "required" "is required" "is verplicht";
    NotAString "not_a_string" "must be a string" "moet tekst zijn";
    NotAFlag "not_a_flag" "must be true or false" "moet true of false zijn";
    NotANumber "not_a_number" "must be a whole number" "moet een geheel getal zijn";
    NotAnObject "not_an_object" "must be a JSON object" "moet een JSON-object zijn";
    NotJson "not_json" "must be JSON" "moet JSON zijn";
    NotWhole "not_whole" "did not arrive as a whole" "is niet volledig aangekomen";
    Empty "empty" "must not be empty" "mag niet leeg zijn";
    TooLong "too_long" "is too long" "is te lang";
    TooManyCharacters "too_many_characters" "must have at most {} characters"
        "mag hoogstens {} tekens hebben";
    TooFewCharacters "too_few_characters" "must have at least {} characters"
        "moet minstens {} tekens hebben";
    NotALanguage "not_a_language" "must be a language tag such as nl-NL"
        "moet een taalcode zijn, zoals nl-NL";
    AddressEmpty "address_empty" "cannot be used: the address is empty" "is niet bruikbaar: het adres is leeg";
    AddressTooLong "address_too_long" "cannot be used: the address is too long"
        "is niet bruikbaar: het adres is te lang";
    AddressNotOneMailbox "address_not_one_mailbox" "cannot be used: the address is not exactly one mailbox"
        "is niet bruikbaar: het adres is niet precies één postvak";
    AddressForbiddenCharacter "address_forbidden_character"
        "cannot be used: the address holds a character that is not allowed"
        "is niet bruikbaar: het adres bevat een teken dat niet is toegestaan";
    AddressMalformedLocal "address_malformed_local"
        "cannot be used: the part before the @ is malformed"
        "is niet bruikbaar: het deel voor de @ klopt niet";
    AddressMalformedDomain "address_malformed_domain" "cannot be used: the domain is malformed"
        "is niet bruikbaar: het domein klopt niet";
    AddressUnusable "address_unusable" "cannot be used" "is niet bruikbaar";
    PasswordCommon "password_common" "is one of the first that an attacker tries"
        "is een van de eerste die een aanvaller probeert";
    PasswordPredictable "password_predictable" "is a single character or a single sequence"
        "bestaat uit één teken of één reeks";
    PasswordContext "password_context" "is made of the name it belongs to"
        "is afgeleid van de naam waar het bij hoort";
    PasswordCompromised "password_compromised" "is known from a breach" "is bekend uit een datalek";
    PasswordPresent "password_present" "is the one in use now" "is het huidige wachtwoord";
    PasswordListed "password_listed" "is on the list of those not allowed"
        "staat op de lijst van wat niet is toegestaan";

    // Around others.
    AndMore "and_more" "(and {} more)" "(en nog {})";
}
