// SPDX-License-Identifier: Apache-2.0
//! Errors that the hypervisor's parts return.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VmError {
    InvalidIrq,
    NotFound,
    OutOfMemory,
    Unaligned,
    NotSupported,
    UnknownExit(u64),
}

impl VmError {
    pub fn is_fatal(&self) -> bool {
        matches!(self, VmError::OutOfMemory | VmError::UnknownExit(_))
    }

    pub fn code(&self) -> u32 {
        match self {
            VmError::InvalidIrq => 1,
            VmError::NotFound => 2,
            VmError::OutOfMemory => 3,
            VmError::Unaligned => 4,
            VmError::NotSupported => 5,
            VmError::UnknownExit(_) => 0xff,
        }
    }
}
