// SPDX-License-Identifier: Apache-2.0
// The port guide's ARM64 exception vectors.
#[naked]
unsafe extern "C" fn exception_vectors() {
    asm!(
        ".align 11",  // 2KB alignment
        "b sync_el1t",
        ".align 7",   // 128-byte per vector
        "b irq_el1t",
        // ... 16 vectors total
        options(noreturn)
    )
}
