// SPDX-License-Identifier: Apache-2.0
//! PSCI: a guest's calls to switch its CPUs and itself on and off.

pub mod function {
    pub const VERSION: u32 = 0x8400_0000;
    pub const CPU_OFF: u32 = 0x8400_0002;
    pub const CPU_ON64: u32 = 0xc400_0003;
    pub const SYSTEM_OFF: u32 = 0x8400_0008;

    pub mod version {
        pub const MAJOR: u32 = 1;
        pub const MINOR: u32 = 1;

        pub fn word() -> u32 {
            MAJOR << 16 | MINOR
        }
    }
}

pub const SUCCESS: i64 = 0;
pub const NOT_SUPPORTED: i64 = -1;
pub const ALREADY_ON: i64 = -4;

#[derive(Clone, Copy, PartialEq)]
pub enum Power {
    Off,
    On,
    Pending,
}

pub struct Machine {
    power: [Power; 8],
    entry: [u64; 8],
    is_off: bool,
}

impl Machine {
    pub fn call(&mut self, caller: usize, id: u32, target: u64, entry: u64) -> i64 {
        match id {
            function::VERSION => function::version::word() as i64,
            function::CPU_OFF => {
                self.power[caller] = Power::Off;
                SUCCESS
            }
            function::CPU_ON64 => self.cpu_on(target, entry),
            function::SYSTEM_OFF => {
                self.is_off = true;
                SUCCESS
            }
            _ => NOT_SUPPORTED,
        }
    }

    fn cpu_on(&mut self, target: u64, entry: u64) -> i64 {
        let index = (target & 0xff) as usize;
        if index >= self.power.len() {
            return NOT_SUPPORTED;
        }
        if self.power[index] != Power::Off {
            return ALREADY_ON;
        }
        self.entry[index] = entry;
        self.power[index] = Power::Pending;
        SUCCESS
    }
}
