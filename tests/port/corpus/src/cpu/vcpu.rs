// SPDX-License-Identifier: Apache-2.0
//! State of one virtual CPU, and how it is started, stopped and written back.
use core::arch::asm;
use crate::error::VmError;

pub const MAX_VCPUS: usize = 8;
const STACK_BYTES: u64 = 16 * 1024;

/// What the scheduler knows of a vcpu.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum VcpuRunState {
    Stopped = 0,
    Ready = 1,
    Running = 2,
    Blocked,
}

#[repr(C)]
#[derive(Default)]
pub struct VcpuState {
    // General-purpose
    pub x: [u64; 31],
    pub pc: u64,
    pub sp_el0: u64,
    pub sp_el1: u64,

    // System registers
    pub elr_el1: u64,
    pub spsr_el1: u64,
    pub sctlr_el1: u64,
    pub ttbr0_el1: u64,
    pub ttbr1_el1: u64,

    // FP/SIMD
    pub v: [u128; 32],
    pub fpsr: u32,
    pub fpcr: u32,
}

pub struct Vcpu {
    pub id: u32,
    pub run_state: VcpuRunState,
    pub state: VcpuState,
    exits: u64,
    pending_irqs: [u32; 4],
    vmid: u16,
}

impl Vcpu {
    pub fn reset(&mut self, entry: u64, stack: u64) {
        self.state.pc = entry;
        self.state.sp_el1 = stack & !0xf;
        self.state.ttbr0_el1 = 0;
        self.state.sctlr_el1 = 0x30d0_0800;
        self.run_state = VcpuRunState::Ready;
        self.exits = 0;
        for word in self.pending_irqs.iter_mut() {
            *word = 0;
        }
    }

    pub fn raise(&mut self, irq: u32) -> Result<(), VmError> {
        let word = (irq / 32) as usize;
        if word >= self.pending_irqs.len() {
            return Err(VmError::InvalidIrq);
        }
        self.pending_irqs[word] |= 1 << (irq % 32);
        if self.run_state == VcpuRunState::Blocked {
            self.run_state = VcpuRunState::Ready;
        }
        Ok(())
    }

    pub fn next_pending(&self) -> Option<u32> {
        for (i, word) in self.pending_irqs.iter().enumerate() {
            if *word != 0 {
                return Some(i as u32 * 32 + word.trailing_zeros());
            }
        }
        None
    }

    pub fn deliver(&mut self) -> Result<u32, VmError> {
        let irq = self.next_pending().ok_or(VmError::NotFound)?;
        let word = (irq / 32) as usize;
        self.pending_irqs[word] &= !(1 << (irq % 32));
        Ok(irq)
    }

    pub fn is_runnable(&self) -> bool {
        match self.run_state {
            VcpuRunState::Ready | VcpuRunState::Running => true,
            _ => false,
        }
    }

    pub fn advance_pc(&mut self, is_32bit: bool) {
        let step = if is_32bit { 4u64 } else { 2u64 };
        self.state.pc = self.state.pc.wrapping_add(step);
    }

    /// Load the registers that are not switched by hardware.
    pub unsafe fn restore(&self) {
        asm!("msr TTBR0_EL1, {}", in(reg) self.state.ttbr0_el1);
        asm!("msr ELR_EL2, {0}", "isb", in(reg) self.state.pc);
    }
}

pub fn read_exit_syndrome() -> u64 {
    let esr: u64;
    unsafe { asm!("mrs {}, ESR_EL2", out(reg) esr) };
    esr
}

pub fn fault_address() -> u64 {
    let far: u64;
    let hpfar: u64;
    unsafe {
        asm!("mrs {}, FAR_EL2", out(reg) far);
        asm!("mrs {}, HPFAR_EL2", out(reg) hpfar);
    }
    ((hpfar & 0x0fff_ffff_fff0) << 8) | (far & 0xfff)
}

pub fn stack_top(base: u64, cpu: u32) -> u64 {
    base + (cpu as u64 + 1) * STACK_BYTES
}
