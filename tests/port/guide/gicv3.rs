// SPDX-License-Identifier: Apache-2.0
// The port guide's ARM64 interrupt injection.
pub struct GicV3 {
    gicd_base: usize,  // Distributor
    gicr_base: usize,  // Redistributor
}

impl GicV3 {
    fn inject_irq(&mut self, vcpu: &mut Vcpu, irq: u32) {
        // Use ICH_LR registers (list registers)
        unsafe {
            asm!("msr ICH_LR0_EL2, {}", in(reg) (irq | (1 << 28)));
        }
    }
}
