//! What valgrind is told: which bytes are secret, and when one no longer is.
//!
//! Its memcheck follows every bit that was never written through all that is computed from it, and reports each branch and
//! each address that depends on one. A secret is marked as if never written; so what depends on it is reported. Without
//! valgrind the instructions do nothing.

use std::arch::asm;
use std::hint::black_box;

/// `VG_USERREQ__MAKE_MEM_UNDEFINED` and `…_DEFINED`.
const UNDEFINED: u64 = 0x4d43_0001;
const DEFINED: u64 = 0x4d43_0002;
/// `VG_USERREQ__CHECK_MEM_IS_DEFINED`: a report if it is not.
const CHECK: u64 = 0x4d43_0005;

/// The request in valgrind's own form (`valgrind.h`, amd64): rotations that together do nothing, then an exchange of a register
/// with itself.
fn ask(request: u64, at: *const u8, length: usize) {
    let arguments = [request, at as u64, length as u64, 0, 0, 0];
    // SAFETY: neither valgrind nor the processor changes anything but the marks and the registers named.
    unsafe {
        asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            inout("rdx") 0_u64 => _, in("rax") arguments.as_ptr(), inout("rdi") 0_u64 => _,
        );
    }
}

/// From now on these bytes are secret.
#[inline(never)]
pub fn secret<T: ?Sized>(what: &T) {
    let at: *const T = black_box(what);
    ask(UNDEFINED, at.cast(), size_of_val(what));
}

/// From now on they are public: a verdict that is told, or what goes to a store that may see it.
#[inline(never)]
pub fn declassify<T: ?Sized>(what: &T) {
    let at: *const T = black_box(what);
    ask(DEFINED, at.cast(), size_of_val(what));
}

/// A verdict, made public. That it was not before is reported from here, so that a secret that never came to it is found out.
#[inline(never)]
#[allow(clippy::unnecessary_mut_passed, reason = "so that no copy from before is told")]
pub fn verdict<T>(mut told: T) -> T {
    let at: *const T = black_box(&mut told);
    ask(CHECK, at.cast(), size_of::<T>());
    declassify(black_box(&mut told));
    told
}
