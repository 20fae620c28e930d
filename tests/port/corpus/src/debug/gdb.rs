// SPDX-License-Identifier: Apache-2.0
//! A GDB stub: packets of the remote serial protocol.
use crate::error::VmError;

pub const BUFFER: usize = 256;

pub struct Packet {
    data: [u8; BUFFER],
    length: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Idle,
    Data,
    Checksum1,
    Checksum2,
}

pub struct Parser {
    state: State,
    packet: Packet,
    sum: u8,
    wanted: u8,
}

pub fn hex_digit(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    }
}

pub fn to_hex(value: u8) -> u8 {
    match value & 0xf {
        d @ 0..=9 => b'0' + d,
        d => b'a' + d - 10,
    }
}

impl Parser {
    /// True when a whole packet has arrived.
    pub fn feed(&mut self, c: u8) -> Result<bool, VmError> {
        match self.state {
            State::Idle => {
                if c == b'$' {
                    self.packet.length = 0;
                    self.sum = 0;
                    self.state = State::Data;
                }
            }
            State::Data if c == b'#' => self.state = State::Checksum1,
            State::Data => {
                if self.packet.length >= BUFFER {
                    self.state = State::Idle;
                    return Err(VmError::OutOfMemory);
                }
                self.packet.data[self.packet.length] = c;
                self.packet.length += 1;
                self.sum = self.sum.wrapping_add(c);
            }
            State::Checksum1 => {
                self.wanted = hex_digit(c).ok_or(VmError::NotSupported)? << 4;
                self.state = State::Checksum2;
            }
            State::Checksum2 => {
                self.state = State::Idle;
                let low = hex_digit(c).ok_or(VmError::NotSupported)?;
                return Ok(self.wanted | low == self.sum);
            }
        }
        Ok(false)
    }

    pub fn body(&self) -> &[u8] {
        &self.packet.data[..self.packet.length]
    }
}

pub fn parse_hex(text: &[u8]) -> Result<u64, VmError> {
    let mut value: u64 = 0;
    let mut i = 0;
    while i < text.len() {
        let digit = hex_digit(text[i]).ok_or(VmError::NotSupported)?;
        value = value << 4 | digit as u64;
        i += 1;
    }
    Ok(value)
}

pub fn set_breakpoint(slot: u32, address: u64) -> Result<(), VmError> {
    match slot {
        0 => unsafe { core::arch::asm!("msr DBGBVR0_EL1, {}", in(reg) address) },
        1 => unsafe { core::arch::asm!("msr DBGBVR1_EL1, {}", in(reg) address) },
        _ => return Err(VmError::NotFound),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits() {
        assert_eq!(super::hex_digit(b'f'), Some(15));
    }
}
