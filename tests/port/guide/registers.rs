// SPDX-License-Identifier: Apache-2.0
// The port guide's ARM64 system register access, as functions.
use core::arch::asm;

pub fn read_hcr() -> u64 {
    // Read HCR_EL2
    let hcr: u64;
    unsafe { asm!("mrs {}, HCR_EL2", out(reg) hcr) }
    hcr
}

pub fn write_hcr(value: u64) {
    // Write HCR_EL2
    unsafe { asm!("msr HCR_EL2, {}", in(reg) value) }
}
