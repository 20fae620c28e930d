// SPDX-License-Identifier: Apache-2.0
//! Idioms: aliases, unions, options, closures, slices, patterns, messages, assertions.
use alloc::vec::Vec;
/// An alias.
pub type Ipa = u64;
pub type Handler = fn(u32, u64) -> u64;
pub struct Holder { list: Vec<u32>, pub count: u32, handler: Option<Handler>, name: &'static str, next: Option<&'static Holder>, r: core::ops::Range<u64> }
static TABLE: [u16; 3] = [1, 2, 3];
const NAMES: [&str; 2] = ["a", "b"];
static mut GLOBAL: u32 = 7;
union Word { a: u32, b: [u8; 4] }
impl Holder {
    /// Calls it.
    pub fn call(&self, a: Ipa) -> u64 {
        // a comment in front
        if let Some(h) = self.handler {
            return h(self.count, a); // behind
        }
        /* block */
        let x: [u8; 4] = [0; 4];
        let y = x[1];
        unsafe { GLOBAL += 1; }
        match self.next { Some(n) => n.call(a), None => y as u64 }
    }
    pub fn swap(&mut self) { core::mem::swap(&mut self.count, &mut 3); }
    pub fn text(&self) -> &'static str { match self.count { 0 => "zero", _ => self.name } }
    pub fn closure(&self) -> u32 { let f = |x: u32| x + 1; f(2) }
    pub fn sum(&self) -> u32 { TABLE.iter().map(|x| *x as u32).sum() }
    pub fn opt(&mut self, v: Option<u32>) -> u32 {
        let mut w = v;
        if w.is_none() { w = Some(3); }
        match w { Some(n) if n > 2 => n, Some(_) => 1, None => 0 }
    }
    pub fn lett(&self, v: Option<u32>) -> Result<u32, ()> {
        let Some(n) = v else { return Err(()); };
        while let Some(k) = v { if k > 3 { break; } }
        Ok(n)
    }
    fn range(&self, x: u32) -> bool { (1..=5).contains(&x) && !(x == 3) || x > 7 && self.count < 2 }
}
impl Drop for Holder { fn drop(&mut self) {} }
fn generic<T: Copy>(x: T) -> T { x }
pub fn strings(s: &str) -> bool { s == "abc" }
pub fn ptrs(p: *mut u32, n: usize) { unsafe { *p.add(n) = 4; p.write_volatile(3); let q = p as usize; *(q as *mut u64) = 5; } }
pub fn tup(a: u32) -> (u32, bool) { (a, a > 3) }
pub fn usetup() -> u32 { let (a, b) = tup(4); if b { a } else { 0 } }
pub fn arr(b: &mut [u8], s: &[u8]) { b[..4].copy_from_slice(&s[1..5]); for x in b.iter_mut() { *x ^= 0xff; } for (i, c) in s.iter().enumerate() { b[i] = *c; } }
pub fn wfi_loop() -> ! { loop { unsafe { core::arch::asm!("wfi") } } }
pub fn messages(id: u32, name: &str, at: u64, ok: bool, p: *const u8) {
    println!("vm {} at {:#x}", id, at);
    log::info!("{name}: {id} {{braces}} 100% {:?}", ok);
    warn!("no values");
    error!("{:x} {:p} {}", at, p, name);
}
pub fn assertions(a: u32, b: u32, left: Option<u32>) -> u32 {
    assert!(a > 3, "a is {}", a);
    debug_assert_eq!(a, b);
    assert_ne!(a + 1, b);
    if matches!(left, Some(n) if n > 3) {
        unreachable!();
    }
    let value = left.unwrap();
    match value {
        0 => panic!("nothing left of {}", a),
        1 => todo!(),
        _ => value.min(b).max(a).count_ones() + left.unwrap_or(3),
    }
}
pub fn flags(w: u32) -> bool {
    matches!(w & 7, 1 | 3..=5) && !w.is_power_of_two()
}
pub fn hidden(x: u32) -> u32 {
    const LIMIT: u32 = 10;
    let (low, high) = (x & 0xf, x >> 4);
    let total = low.wrapping_add(high).saturating_sub(1);
    if total > LIMIT { LIMIT } else { total }
}
