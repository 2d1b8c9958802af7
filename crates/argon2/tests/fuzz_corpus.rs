//! Every committed input of the fuzz target `password_hash`, through the same code, on a stable toolchain.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

#[path = "../../../fuzz/src/password_hash.rs"]
mod password_hash;

#[test]
fn password_hash() {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/password_hash");
    let mut files: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus");
    for file in files {
        println!("{}", file.display());
        password_hash::password_hash(&std::fs::read(file).unwrap());
    }
}
