// SPDX-License-Identifier: Apache-2.0
//! Integers as a release build has them: widths, wrap-around, casts, shifts.

pub fn add_u8(a: u8, b: u8) -> u8 {
    a + b
}

pub fn scale_u16(a: u16) -> u16 {
    a * 300 - 7
}

pub fn sub_i32(a: i32, b: i32) -> i32 {
    a - b
}

pub fn mul_i64(a: i64, b: i64) -> i64 {
    a * b
}

pub fn compare_small(a: u8, b: u8) -> bool {
    a + b < a
}

pub fn invert(a: u8) -> u32 {
    !a as u32
}

pub fn invert_mask(a: u16) -> bool {
    !a == 0xff00
}

pub fn cut(a: u64) -> u32 {
    a as u8 as u32 + a as u16 as u32
}

pub fn extend(a: i8) -> u64 {
    a as i64 as u64
}

pub fn sign(a: u32) -> i64 {
    a as i32 as i64
}

pub fn shift_left(a: u32, n: u32) -> u32 {
    a << n
}

pub fn shift_right_signed(a: i32, n: u32) -> i32 {
    a >> n
}

pub fn high_bit(n: u64) -> u64 {
    1 << n | 1 << 63
}

pub fn precedence(a: u32, b: u32, c: u32) -> bool {
    a & b == c
}

pub fn mix(a: u32, b: u32) -> u32 {
    a | b & 0xf ^ a << 4 + 1
}

pub fn saturate(a: u8, b: u8) -> u8 {
    a.saturating_add(b).saturating_sub(3)
}

pub fn checked(a: u32, b: u32) -> Option<u32> {
    a.checked_mul(b)?.checked_add(1)
}

pub fn zeros(a: u16) -> u32 {
    a.leading_zeros() * 100 + a.trailing_zeros()
}

pub fn average(values: &[u16]) -> u16 {
    let mut sum = 0;
    for v in values {
        sum += *v as u32;
    }
    (sum / values.len() as u32) as u16
}

pub fn wide(a: u64, b: u64) -> u64 {
    ((a as u128 * b as u128) >> 64) as u64
}

pub fn first_above(values: &[u32], limit: u32) -> Option<usize> {
    for (i, v) in values.iter().enumerate() {
        if *v > limit {
            return Some(i);
        }
    }
    None
}

pub fn collatz(start: u64) -> u32 {
    let mut n = start;
    let mut steps: u32 = 0;
    let result = loop {
        if n == 1 {
            break steps;
        }
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        steps += 1;
    };
    result
}

pub fn grid(limit: u32) -> u32 {
    let mut count: u32 = 0;
    'rows: for row in 0..limit {
        for column in 0..limit {
            match row * column {
                0 => continue,
                n if n > 20 => break 'rows,
                6 | 12 => break,
                _ => count += 1,
            }
        }
        count += 100;
    }
    count
}

pub const FOUR_GIB: u64 = 4 * 1024 * 1024 * 1024;

pub fn end_of(base: u64) -> u64 {
    base + 3 * 1024 * 1024 * 1024 - 1
}

pub fn table_bytes(tables: &[u64; 4]) -> u64 {
    let mut sum: u64 = 0;
    for i in 0..3 {
        sum += tables[i + 1] + i as u64 * 0x8000_0000;
    }
    sum + FOUR_GIB
}
