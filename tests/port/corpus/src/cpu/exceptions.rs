// SPDX-License-Identifier: Apache-2.0
//! Exceptions taken to EL2: the vectors, and what is done about each class.
use core::arch::{asm, global_asm};
use crate::cpu::vcpu::Vcpu;
use crate::error::VmError;

pub const EC_SHIFT: u32 = 26;
pub const EC_WFX: u64 = 0x01;
pub const EC_HVC64: u64 = 0x16;
pub const EC_SYSREG: u64 = 0x18;
pub const EC_DATA_ABORT_LOWER: u64 = 0x24;
const ISS_MASK: u64 = (1 << 25) - 1;

/// Why the guest left.
pub enum ExitCause {
    Wait,
    Hypercall(u16),
    SystemRegister { register: u32, is_read: bool, transfer: u8 },
    DataAbort { address: u64, is_write: bool },
    Unknown(u64),
}

#[naked]
#[no_mangle]
pub unsafe extern "C" fn exception_vectors() {
    asm!(
        ".align 11",
        "b sync_el2t",
        ".align 7",
        "b irq_el2t",
        ".align 7",
        "b fiq_el2t",
        ".align 7",
        "b serror_el2t",
        options(noreturn)
    )
}

pub fn decode(esr: u64, far: u64) -> ExitCause {
    let class = (esr >> EC_SHIFT) & 0x3f;
    let iss = esr & ISS_MASK;
    match class {
        EC_WFX => ExitCause::Wait,
        EC_HVC64 => ExitCause::Hypercall((iss & 0xffff) as u16),
        EC_SYSREG => ExitCause::SystemRegister {
            register: (iss >> 1) as u32 & 0x1f_ffff,
            is_read: iss & 1 != 0,
            transfer: ((iss >> 5) & 0x1f) as u8,
        },
        EC_DATA_ABORT_LOWER => ExitCause::DataAbort { address: far, is_write: iss & (1 << 6) != 0 },
        _ => ExitCause::Unknown(class),
    }
}

pub fn handle(vcpu: &mut Vcpu, cause: &ExitCause) -> Result<bool, VmError> {
    match cause {
        ExitCause::Wait => Ok(false),
        ExitCause::Hypercall(number) => {
            hypercall(vcpu, *number)?;
            Ok(true)
        }
        ExitCause::DataAbort { address, is_write } => {
            if *is_write && *address < 0x1000 {
                return Err(VmError::Unaligned);
            }
            Ok(true)
        }
        ExitCause::Unknown(class) => Err(VmError::UnknownExit(*class)),
        _ => Err(VmError::NotSupported),
    }
}

fn hypercall(vcpu: &mut Vcpu, number: u16) -> Result<(), VmError> {
    match number {
        0 => Ok(()),
        1..=15 => vcpu.raise(number as u32),
        _ => Err(VmError::NotSupported),
    }
}

pub fn mask_interrupts() {
    unsafe { asm!("msr daifset, #2") }
}

pub fn wait_for_interrupt() {
    unsafe {
        asm!("dsb sy", "wfi");
    }
}
