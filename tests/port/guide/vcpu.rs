// SPDX-License-Identifier: Apache-2.0
// The port guide's ARM64 vcpu state.
#[repr(C)]
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
