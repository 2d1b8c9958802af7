//! The memory that hashes work in, kept between them.
//!
//! A hash works in 19 MiB. Asked of the allocator each time, they cost the faults of five thousand fresh pages, and where
//! many threads hash they do not all come back: glibc keeps what a thread gave back for that thread's next request.
//!
//! What is kept is wiped first. From what a hash leaves behind, its first blocks can be computed backwards, and they are
//! the password's plain BLAKE2b: whoever reads them, in a core dump or by a bug elsewhere in the process, guesses a
//! thousand times faster than from the hash itself. Wiping takes as long as the page faults did.

use std::sync::{Mutex, PoisonError};

use argon2::Block;
use countersign::host::HashError;
use zeroize::Zeroize;

/// Buffers of one size, lent one to a hash, and at most so many of them kept.
pub(crate) struct Memory {
    /// Blocks of 1 KiB in each buffer.
    blocks: usize,
    /// The most buffers that are kept.
    most: usize,
    kept: Mutex<Vec<Vec<Block>>>,
    /// How many hashes were computed with it.
    #[cfg(test)]
    pub(crate) lent: std::sync::atomic::AtomicUsize,
}

impl Memory {
    /// No memory yet: buffers of `blocks` KiB come as they are needed, and `most` of them stay.
    pub(crate) const fn new(blocks: usize, most: usize) -> Self {
        Self {
            blocks,
            most,
            kept: Mutex::new(Vec::new()),
            #[cfg(test)]
            lent: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// Memory for one hash of `blocks` KiB.
    ///
    /// # Errors
    /// [`HashError`] if there is none.
    pub(crate) fn lend(&self, blocks: usize) -> Result<Lent<'_>, HashError> {
        #[cfg(test)]
        self.lent.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        // Old hashes that want more have a buffer of their own, which does not stay.
        let size = blocks.max(self.blocks);
        let kept = if size == self.blocks { self.kept().pop() } else { None };
        let buffer = kept.map_or_else(|| fresh(size), Ok)?;
        Ok(Lent { memory: self, buffer, blocks })
    }

    /// Nothing panics while it is locked; were it otherwise, what is kept would be as good as before.
    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl core::fmt::Debug for Memory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Memory(…)")
    }
}

fn fresh(blocks: usize) -> Result<Vec<Block>, HashError> {
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(blocks).map_err(crate::failed)?;
    buffer.resize(blocks, Block::new());
    Ok(buffer)
}

/// A buffer while a hash works in it. Wiped and given back when dropped, whatever became of the hash.
pub(crate) struct Lent<'a> {
    memory: &'a Memory,
    buffer: Vec<Block>,
    /// How much of it the hash gets.
    blocks: usize,
}

impl AsMut<[Block]> for Lent<'_> {
    fn as_mut(&mut self) -> &mut [Block] {
        self.buffer.get_mut(..self.blocks).unwrap_or_default()
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.as_mut().iter_mut().for_each(Zeroize::zeroize);
        let mut kept = self.memory.kept();
        if self.buffer.len() == self.memory.blocks && kept.len() < self.memory.most {
            kept.push(core::mem::take(&mut self.buffer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirty(lent: &mut Lent<'_>) {
        lent.as_mut().iter_mut().for_each(|block| block.as_mut().fill(u64::MAX));
    }

    /// Law 11: what a hash worked in is wiped before another may read it.
    #[test]
    fn law11_what_is_kept_is_wiped() {
        let memory = Memory::new(16, 2);
        for used in [16, 3, 16] {
            let mut lent = memory.lend(used).unwrap();
            assert_eq!(lent.as_mut().len(), used);
            dirty(&mut lent);
            drop(lent);
            let kept = memory.kept();
            assert_eq!((kept.len(), kept[0].len()), (1, 16), "one, used again");
            assert!(kept[0].iter().all(|block| block.as_ref().iter().all(|word| *word == 0)));
        }
    }

    /// Law 13: a burst leaves no more behind than it was allowed to.
    #[test]
    fn law13_no_more_is_kept_than_allowed() {
        for most in 0..4 {
            let memory = Memory::new(8, most);
            let lent: Vec<_> = (0..10).map(|_| memory.lend(8).unwrap()).collect();
            assert_eq!(memory.kept().len(), 0);
            drop(lent);
            assert_eq!(memory.kept().len(), most);
        }
    }

    /// A stored hash with parameters of its own cannot make every later one occupy what it asked for.
    #[test]
    fn what_is_larger_does_not_stay() {
        let memory = Memory::new(8, 2);
        assert_eq!(memory.lend(9).unwrap().as_mut().len(), 9);
        assert_eq!(memory.kept().len(), 0);
        drop(memory.lend(1).unwrap());
        assert_eq!(memory.kept()[0].len(), 8);
    }

    #[test]
    fn no_memory_is_an_error() {
        assert!(Memory::new(8, 2).lend(usize::MAX / 1024).is_err());
        assert!(Memory::new(8, 2).lend(usize::MAX).is_err());
    }
}
