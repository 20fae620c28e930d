// SPDX-License-Identifier: Apache-2.0
//! What a large hypervisor is full of, and C has not: crates, containers, locks, traits, iterators.


extern crate alloc;
use alloc::{boxed::Box, string::String, sync::Arc, vec::Vec, collections::BTreeMap};
use core::fmt::{self, Display, Write};
use spin::{Mutex, Once, RwLock};
use tock_registers::{interfaces::{Readable, Writeable}, register_bitfields, registers::{ReadOnly, ReadWrite}};
lazy_static! { static ref VMS: Mutex<Vec<Arc<Vm>>> = Mutex::new(Vec::new()); }
static INIT: Once<()> = Once::new();
register_bitfields! [ u32, pub UARTFR [ TXFF OFFSET(5) NUMBITS(1) [] ] ];
#[repr(C)] pub struct Regs { pub dr: ReadWrite<u32>, _pad: [u32; 5], pub fr: ReadOnly<u32, UARTFR::Register> }
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VmId(pub u16);
pub struct Vm { id: VmId, name: String, vcpus: Vec<Box<Vcpu>>, devs: BTreeMap<u64, Box<dyn Device + Send>>, lock: RwLock<u32> }
pub trait Device { const SIZE: usize = 0x1000; type Err; fn read(&mut self, off: u64, w: u8) -> Result<u64, Self::Err>; fn name(&self) -> &str { "dev" } }
pub struct Vcpu { id: usize, vm: *const Vm, ctx: Context, state: State, timer: Option<u64> }
#[repr(C, align(16))] #[derive(Default, Clone, Copy)] pub struct Context { pub gpr: [u64; 31], pub elr: u64, pub spsr: u64, pub sp_el0: u64 }
#[derive(Clone, Copy)] pub enum State { Ready, Running(usize), Blocked { until: u64 } }
impl Display for VmId { fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result { write!(f, "vm{}", self.0) } }
impl From<u16> for VmId { fn from(v: u16) -> Self { VmId(v) } }
impl<'a> Iterator for Walk<'a> { type Item = &'a u64; fn next(&mut self) -> Option<Self::Item> { let x = self.s.get(self.i)?; self.i += 1; Some(x) } }
pub struct Walk<'a> { s: &'a [u64], i: usize }
impl Vm {
    pub fn new(id: VmId, name: &str) -> Arc<Self> { Arc::new(Self { id, name: String::from(name), vcpus: Vec::new(), devs: BTreeMap::new(), lock: RwLock::new(0) }) }
    pub fn vcpu(&self, i: usize) -> Option<&Vcpu> { self.vcpus.get(i).map(|b| b.as_ref()) }
    pub fn mmio(&mut self, addr: u64, w: u8) -> Result<u64, Error> {
        let (base, dev) = self.devs.range_mut(..=addr).next_back().ok_or(Error::NoDevice)?;
        dev.read(addr - base, w).map_err(|_| Error::Io)
    }
    pub fn run_all(&self) { for v in self.vcpus.iter().filter(|v| matches!(v.state, State::Ready)) { v.run(); } }
}
impl Vcpu {
    pub const MAX: usize = 8;
    pub fn run(&self) { unsafe { enter(&self.ctx as *const Context as *mut Context); } }
    pub fn set_state(&mut self, s: State) { self.state = s; if let State::Blocked { until } = self.state { self.timer = Some(until); } else { self.timer = None; } }
    pub fn is_due(&self, now: u64) -> bool { self.timer.map_or(false, |t| t <= now) }
    pub fn arg(&self, n: usize) -> u64 { if n < 31 { self.ctx.gpr[n] } else { 0 } }
    pub fn ret(&mut self, v: u64) -> &mut Self { self.ctx.gpr[0] = v; self }
    pub fn hvc(&mut self) -> Result<(), Error> {
        let id = self.ctx.gpr[0] as u32;
        match (id >> 24 & 0x3f, id & 0xffff) {
            (4, 0) => { self.ret(0x1_0001); }
            (4, n @ 1..=9) if n != 5 => self.ctx.gpr[0] = !0,
            (_, _) => return Err(Error::Unknown { id, hint: "hvc" }),
        }
        Ok(())
    }
    pub fn until(&self) -> u64 { match self.state { State::Blocked { until: t } if t > 5 => t, State::Running(cpu) => cpu as u64, _ => u64::MAX } }
}
#[derive(Debug)] pub enum Error { NoDevice, Io, Unknown { id: u32, hint: &'static str } }
impl core::error::Error for Error {}
pub fn init() { INIT.call_once(|| { VMS.lock().push(Vm::new(VmId(1), "a")); }); }
pub unsafe fn enter(ctx: *mut Context) -> u64 { let r: u64; core::arch::asm!("mov x0, {0}", "bl __enter", "mov {1}, x0", in(reg) ctx, out(reg) r, clobber_abi("C")); r }
global_asm!(include_str!("boot.S"));
const fn align_up(x: usize, a: usize) -> usize { (x + a - 1) & !(a - 1) }
pub fn checksum(d: &[u8]) -> u32 { d.iter().fold(0u32, |a, b| a.wrapping_mul(31).wrapping_add(*b as u32)) }
pub fn split(v: u64) -> [u32; 2] { [(v >> 32) as u32, v as u32] }
pub fn parse(b: &[u8]) -> Option<u32> { let a: [u8; 4] = b[0..4].try_into().ok()?; Some(u32::from_be_bytes(a)) }
pub fn regs(base: usize) -> &'static Regs { unsafe { &*(base as *const Regs) } }
pub fn put(c: u8) { let r = regs(0x900_0000); while r.fr.is_set(UARTFR::TXFF) {} r.dr.set(c as u32); }
pub mod el2 { use super::*; pub fn hcr() -> u64 { let mut v = HCR_EL2.get(); v |= 1 << 31 | 1; HCR_EL2.set(v); HCR_EL2.modify(HCR_EL2::VM::Enable + HCR_EL2::RW::EL1IsAarch64); v }
  pub mod deep { pub fn esr_ec(esr: u64) -> u8 { ((esr >> 26) & 0x3f) as u8 } pub static mut TABLE: [[u64; 512]; 3] = [[0; 512]; 3]; } }
pub struct Ring<const N: usize> { b: [u8; N], h: usize }
impl<const N: usize> Ring<N> { pub const fn new() -> Self { Self { b: [0; N], h: 0 } } }
pub fn labeled() -> u32 { let mut n = 0u32; 'a: while n < 10 { loop { n += 1; if n == 5 { break 'a; } if n > 2 { continue 'a; } } } n }
pub fn opt_chain(v: Option<u32>) -> u32 { v.filter(|x| *x > 1).unwrap_or_default() }
pub fn shadow(x: u32) -> u32 { let x = x + 1; let x = x * 2; { let x = 5u32; let _ = x; } x }
pub fn neg(x: i64) -> u64 { (-x) as u64 + (x.abs() as u64) }
pub fn chars(c: char) -> bool { c.is_ascii_digit() || c == 'x' || c as u32 == 0x41 }
pub fn early(x: Option<&mut Vcpu>) { let Some(v) = x else { return }; v.id = 3; }
pub type Cb = unsafe extern "C" fn(*mut Context, usize) -> i32;
pub static HANDLERS: [Option<Cb>; 4] = [None; 4];
#[cfg(feature = "x")] pub fn gated() {}
#[inline(always)] pub fn isb() { unsafe { core::arch::asm!("isb", options(nostack, preserves_flags)) } }
