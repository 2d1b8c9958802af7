//! Law 14: what a policy says an attack comes to is what an attack comes to.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use countersign::Settings;
use countersign::policy::{Limit, Price};
use countersign_proof::price::{Effort, Figure, figures};

/// Which of the figures do not hold beside a price.
fn failing(figures: &[Figure], price: &Price) -> Vec<&'static str> {
    figures.iter().filter(|figure| !figure.beside(price).holds()).map(|figure| figure.what).collect()
}

/// With the recommended settings; more policies, and more ways to attack them, are tried by the program `price`.
///
/// Planted: prices that are those of other policies, which answer less or more. Each is found out by the figure that is wrong.
#[test]
fn law14_the_price_is_what_an_attack_comes_to() {
    let settings = Settings::recommended();
    let figures = figures(&settings, Effort::Test);
    let own = settings.clone().build().unwrap().price();
    assert!(failing(&figures, &own).is_empty(), "{figures:#?}");

    type Edit = fn(&mut Settings);
    let planted: [(&str, Edit); 9] = [
        ("guesses a year: a password, strangers", |s| s.guesses.long.count = 98),
        ("guesses a year: a password, strangers", |s| s.guesses.long.count = 102),
        ("guesses a year: a mailed code, strangers", |s| s.guesses.long.count = 98),
        ("guesses a year, owner coming: an app", |s| s.guesses.long.count = 98),
        ("odds a year, owner coming: an app (10⁻¹²)", |s| s.totp.steps_back = 0),
        ("guesses in a row: a confirmation", |s| s.guesses.consecutive = 98),
        ("mails a day, by strangers", |s| s.sends.long = Limit { count: 19, ..s.sends.long }),
        ("longest lock, seconds", |s| s.guesses.longest_lock /= 2),
        ("rows a day, by one client", |s| s.clients.every.count = 59),
    ];
    for (what, edit) in planted {
        let mut other = settings.clone();
        edit(&mut other);
        let found = failing(&figures, &Price::of(&other));
        assert!(found.contains(&what), "{what}: {found:?}");
    }
}
