// SPDX-License-Identifier: Apache-2.0
//! Stage-2 translation: four levels of 512 entries, 4 KiB granule.
use bitflags::bitflags;
use core::arch::asm;
use crate::error::VmError;

pub const PAGE_SIZE: u64 = 4096;
pub const ENTRIES: usize = 512;
const ADDRESS_MASK: u64 = 0x0000_ffff_ffff_f000;

bitflags! {
    /// Attributes of a leaf.
    pub struct S2Flags: u64 {
        const VALID = 1 << 0;
        const TABLE = 1 << 1;
        const READ = 1 << 6;
        const WRITE = 1 << 7;
        const ACCESS = 1 << 10;
        const NO_EXECUTE = 1 << 54;
        const RW = Self::READ.bits() | Self::WRITE.bits();
    }
}

#[repr(C, align(4096))]
pub struct Table {
    entries: [u64; ENTRIES],
}

pub struct Stage2PageTable {
    root: PhysAddr,
    vmid: u16,
    tables: *mut Table,
    table_count: usize,
    tables_used: usize,
}

fn index_of(ipa: u64, level: u32) -> usize {
    ((ipa >> (39 - 9 * level)) & 0x1ff) as usize
}

impl Table {
    pub fn clear(&mut self) {
        for entry in self.entries.iter_mut() {
            *entry = 0;
        }
    }

    pub fn entry(&self, index: usize) -> u64 {
        self.entries[index]
    }
}

impl Stage2PageTable {
    pub fn map_page(&mut self, ipa: u64, pa: u64, flags: S2Flags) -> Result<(), VmError> {
        if ipa & (PAGE_SIZE - 1) != 0 || pa & (PAGE_SIZE - 1) != 0 {
            return Err(VmError::Unaligned);
        }
        let mut table = self.tables;
        for level in 0..3 {
            table = self.descend(table, index_of(ipa, level))?;
        }
        let leaf = (pa & ADDRESS_MASK) | flags.bits() | S2Flags::VALID.bits() | S2Flags::TABLE.bits();
        unsafe {
            (*table).entries[index_of(ipa, 3)] = leaf;
        }
        Ok(())
    }

    fn descend(&mut self, table: *mut Table, index: usize) -> Result<*mut Table, VmError> {
        let entry = unsafe { (*table).entries[index] };
        if entry & S2Flags::VALID.bits() != 0 {
            return Ok((entry & ADDRESS_MASK) as *mut Table);
        }
        if self.tables_used == self.table_count {
            return Err(VmError::OutOfMemory);
        }
        let next = unsafe { self.tables.add(self.tables_used) };
        self.tables_used += 1;
        unsafe {
            (*next).clear();
            (*table).entries[index] = next as u64 | S2Flags::VALID.bits() | S2Flags::TABLE.bits();
        }
        Ok(next)
    }

    pub fn is_writable(flags: S2Flags) -> bool {
        flags.contains(S2Flags::RW) && !flags.is_empty()
    }

    pub fn activate(&self) {
        let vttbr = self.root.0 | ((self.vmid as u64) << 48);
        unsafe {
            asm!("msr VTTBR_EL2, {}", "isb", in(reg) vttbr);
        }
    }

    pub fn flush(&self) {
        unsafe {
            asm!("dsb ishst", "tlbi vmalls12e1is", "dsb ish", "isb");
        }
    }
}
