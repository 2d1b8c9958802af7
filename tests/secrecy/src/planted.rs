//! Comparisons as they must not be: each has to be reported, or the silence of the others means nothing.

use std::hint::black_box;

use crate::marks::secret;

fn digests() -> ([u8; 16], [u8; 16]) {
    let stored = black_box([7; 16]);
    secret(&stored);
    (stored, black_box([7; 16]))
}

/// Leaves at the first difference.
pub fn early_exit() {
    let (stored, typed) = digests();
    let mut same = true;
    for at in 0..black_box(16) {
        if black_box(stored[at]) != typed[at] {
            same = false;
            break;
        }
    }
    black_box(same);
}

/// What `==` on bytes does is up to the library.
pub fn equal_sign() {
    let (stored, typed) = digests();
    let same = black_box(&stored[..]) == black_box(&typed[..]);
    black_box(if same { 1 } else { 2 });
}

/// Reads where the secret says.
pub fn secret_index() {
    let (stored, _) = digests();
    let table: Vec<u8> = (0..=255).collect();
    black_box(table[usize::from(black_box(stored[3]))]);
}

/// A branch on one bit of it.
pub fn secret_branch() {
    let (stored, _) = digests();
    let told = if black_box(stored[0]) & 1 == 1 { black_box("odd") } else { black_box("even") };
    black_box(told.len());
}
