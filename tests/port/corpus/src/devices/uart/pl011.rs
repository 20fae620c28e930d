// SPDX-License-Identifier: Apache-2.0
//! PL011: a guest's serial port.

const UARTDR: u64 = 0x00;
const UARTFR: u64 = 0x18;
const UARTIMSC: u64 = 0x38;
const UARTRIS: u64 = 0x3c;
const UARTICR: u64 = 0x44;
const FR_RXFE: u32 = 1 << 4;
const FR_TXFF: u32 = 1 << 5;
const INT_RX: u32 = 1 << 4;
const FIFO: usize = 16;

pub struct Pl011 {
    rx: [u8; FIFO],
    head: usize,
    fill: usize,
    mask: u32,
    raw: u32,
}

impl Pl011 {
    pub fn push(&mut self, byte: u8) -> bool {
        if self.fill == FIFO {
            return false;
        }
        let at = (self.head + self.fill) % FIFO;
        self.rx[at] = byte;
        self.fill += 1;
        self.raw |= INT_RX;
        true
    }

    fn pop(&mut self) -> Option<u8> {
        if self.fill == 0 {
            return None;
        }
        let byte = self.rx[self.head];
        self.head = (self.head + 1) % FIFO;
        self.fill -= 1;
        if self.fill == 0 {
            self.raw &= !INT_RX;
        }
        Some(byte)
    }

    pub fn read(&mut self, offset: u64) -> u32 {
        match offset {
            UARTDR => {
                if let Some(byte) = self.pop() {
                    byte as u32
                } else {
                    0
                }
            }
            UARTFR => {
                if self.fill == 0 { FR_RXFE } else { 0 }
            }
            UARTIMSC => self.mask,
            UARTRIS => self.raw,
            _ => 0,
        }
    }

    pub fn write(&mut self, offset: u64, value: u32) -> Option<u8> {
        match offset {
            UARTDR => return Some(value as u8),
            UARTIMSC => self.mask = value & 0x7ff,
            UARTICR => self.raw &= !value,
            _ => {}
        }
        None
    }

    pub fn line(&self) -> bool {
        self.raw & self.mask != 0
    }

    pub fn checksum(bytes: &[u8]) -> u8 {
        let mut sum: u8 = 0;
        for b in bytes {
            sum = sum.wrapping_add(*b);
        }
        sum
    }
}
