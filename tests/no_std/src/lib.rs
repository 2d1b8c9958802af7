//! Shows that the library needs no `std`: a static library with a panic handler and an allocator of its own. If anything
//! below linked `std`, the two handlers would collide and this would not build.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};

struct Nothing;

// SAFETY: it never hands out memory.
unsafe impl GlobalAlloc for Nothing {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: Nothing = Nothing;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Uses the library, so that it is linked.
#[unsafe(no_mangle)]
pub extern "C" fn countersign_begin() -> bool {
    countersign::Settings::recommended().build().is_ok()
}
