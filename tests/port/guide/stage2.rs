// SPDX-License-Identifier: Apache-2.0
// The port guide's ARM64 page table.
pub struct Stage2PageTable {
    root: PhysAddr,
    // 4-level: 512GB → 1GB → 2MB → 4KB
}

impl Stage2PageTable {
    fn map_ipa_to_pa(&mut self, ipa: u64, pa: u64, flags: u64) {
        // Walk TTBR0_EL2-based tables
    }
}
