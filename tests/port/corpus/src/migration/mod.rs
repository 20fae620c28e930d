// SPDX-License-Identifier: Apache-2.0
//! Live migration: dirty pages in rounds, then the rest while the guest stands still.
use crate::error::VmError;

pub struct Ring<T, const N: usize> {
    items: [Option<T>; N],
    head: usize,
}

impl<T: Copy, const N: usize> Ring<T, N> {
    pub fn push(&mut self, item: T) {
        self.items[self.head % N] = Some(item);
        self.head += 1;
    }
}

pub trait Channel {
    fn send(&mut self, bytes: &[u8]) -> Result<usize, VmError>;
    fn flush(&mut self) -> Result<(), VmError>;
}

pub enum Phase {
    Idle,
    Copying { round: u32, left: u64 },
    Stopped(u64),
    Done,
}

pub struct Migration {
    phase: Phase,
    dirty: [u64; 64],
    sent_pages: u64,
    limit: u64,
}

#[repr(C, packed)]
pub struct PageHeader {
    pub magic: u32,
    pub number: u64,
    pub checksum: u32,
}

const MAGIC: u32 = 0x4554_4d47;

impl Migration {
    pub fn count_dirty(&self) -> u64 {
        let mut count: u64 = 0;
        for word in self.dirty.iter() {
            count += word.count_ones() as u64;
        }
        count
    }

    pub fn mark(&mut self, page: u64) -> Result<(), VmError> {
        let word = (page / 64) as usize;
        if word >= self.dirty.len() {
            return Err(VmError::NotFound);
        }
        self.dirty[word] |= 1 << (page % 64);
        Ok(())
    }

    pub fn next_round(&mut self) {
        let left = self.count_dirty();
        match self.phase {
            Phase::Idle => self.phase = Phase::Copying { round: 1, left },
            Phase::Copying { round, .. } => {
                if left <= self.limit || round == 30 {
                    self.phase = Phase::Stopped(left);
                } else {
                    self.phase = Phase::Copying { round: round + 1, left };
                }
            }
            Phase::Stopped(_) => self.phase = Phase::Done,
            Phase::Done => {}
        }
    }

    pub fn header(number: u64, bytes: &[u8]) -> PageHeader {
        let mut sum: u32 = 0;
        for b in bytes.iter() {
            sum = sum.rotate_left(5) ^ *b as u32;
        }
        PageHeader { magic: MAGIC, number, checksum: sum }
    }

    pub fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Done)
    }

    pub fn progress(&self) -> Option<u32> {
        let total = self.sent_pages.checked_add(self.count_dirty())?;
        if total == 0 {
            return None;
        }
        Some((self.sent_pages * 100 / total) as u32)
    }
}
