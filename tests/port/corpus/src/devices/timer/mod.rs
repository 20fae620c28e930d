// SPDX-License-Identifier: Apache-2.0
//! The generic timer: the host's clock, and a guest's virtual timer.
use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering};

static TICKS: AtomicU64 = AtomicU64::new(0);
pub static mut FREQUENCY: u64 = 0;

macro_rules! read_sysreg {
    ($name:literal) => {{
        let value: u64;
        unsafe { core::arch::asm!(concat!("mrs {}, ", $name), out(reg) value) };
        value
    }};
}

#[inline]
pub fn counter() -> u64 {
    let now: u64;
    unsafe { asm!("isb", "mrs {}, CNTVCT_EL0", out(reg) now) };
    now
}

pub fn frequency() -> u64 {
    let hz: u64;
    unsafe { asm!("mrs {}, CNTFRQ_EL0", out(reg) hz) };
    hz
}

pub struct VirtualTimer {
    pub offset: u64,
    pub deadline: u64,
    pub control: u32,
}

impl VirtualTimer {
    pub const ENABLE: u32 = 1 << 0;
    pub const MASKED: u32 = 1 << 1;
    pub const FIRED: u32 = 1 << 2;

    pub fn is_due(&self, now: u64) -> bool {
        self.control & Self::ENABLE != 0 && now.wrapping_sub(self.offset) >= self.deadline
    }

    pub fn line(&self, now: u64) -> bool {
        self.is_due(now) && (self.control & Self::MASKED) == 0
    }

    pub fn remaining(&self, now: u64) -> Option<u64> {
        if self.control & Self::ENABLE == 0 {
            return None;
        }
        Some(self.deadline.saturating_sub(now.wrapping_sub(self.offset)))
    }

    pub unsafe fn load(&self) {
        asm!("msr CNTVOFF_EL2, {}", in(reg) self.offset);
        asm!("msr CNTV_CVAL_EL0, {}", in(reg) self.deadline);
    }
}

pub fn tick() -> u64 {
    TICKS.fetch_add(1, Ordering::Relaxed) + 1
}

pub fn ticks_to_ns(ticks: u64, hz: u64) -> u64 {
    ((ticks as u128 * 1_000_000_000) / hz as u128) as u64
}
