// SPDX-License-Identifier: Apache-2.0
//! GICv3: the distributor, list registers, and their emulation for a guest.
use core::arch::asm;
use core::ptr::{read_volatile, write_volatile};

pub const GICD_CTLR: usize = 0x0000;
pub const GICD_TYPER: usize = 0x0004;
pub const GICD_ISENABLER: usize = 0x0100;
pub const GICD_IPRIORITYR: usize = 0x0400;
pub const LIST_REGISTERS: usize = 4;
const LR_STATE_PENDING: u64 = 1 << 62;
const LR_GROUP1: u64 = 1 << 60;

pub struct Distributor {
    base: usize,
    lines: u32,
}

impl Distributor {
    unsafe fn read(&self, offset: usize) -> u32 {
        read_volatile((self.base + offset) as *const u32)
    }

    unsafe fn write(&self, offset: usize, value: u32) {
        write_volatile((self.base + offset) as *mut u32, value)
    }

    pub fn init(&mut self) {
        unsafe {
            self.write(GICD_CTLR, 0);
            self.lines = 32 * ((self.read(GICD_TYPER) & 0x1f) + 1);
            let mut i = 32;
            while i < self.lines {
                self.write(GICD_IPRIORITYR + i as usize, 0xa0a0_a0a0);
                i += 4;
            }
            self.write(GICD_CTLR, 0x13);
        }
    }

    pub fn enable(&self, line: u32) {
        let offset = GICD_ISENABLER + (line / 32 * 4) as usize;
        unsafe { self.write(offset, 1 << (line % 32)) }
    }
}

/// The list registers of one vcpu while it does not run.
pub struct VirtualInterface {
    lr: [u64; LIST_REGISTERS],
    used: u8,
}

impl VirtualInterface {
    pub fn inject(&mut self, intid: u32, priority: u8) -> bool {
        for i in 0..LIST_REGISTERS {
            if self.used & (1 << i) == 0 {
                self.lr[i] = LR_STATE_PENDING | LR_GROUP1 | (priority as u64) << 48 | intid as u64;
                self.used |= 1 << i;
                return true;
            }
        }
        false
    }

    pub unsafe fn load(&self) {
        asm!("msr ICH_LR0_EL2, {}", in(reg) self.lr[0]);
        asm!("msr ICH_LR1_EL2, {}", in(reg) self.lr[1]);
        asm!("msr ICH_HCR_EL2, {}", in(reg) 1u64);
    }
}

pub fn acknowledge() -> u32 {
    let intid: u64;
    unsafe { asm!("mrs {}, ICC_IAR1_EL1", out(reg) intid) };
    intid as u32
}

pub fn end_of_interrupt(intid: u32) {
    unsafe { asm!("msr ICC_EOIR1_EL1, {}", in(reg) intid as u64) }
}
