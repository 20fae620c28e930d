// SPDX-License-Identifier: Apache-2.0
// The VMX backend's side of the vendor door.
#include "hvm/vmx/vmx.h"

extern const struct hvm_ops vmx_ops;
const struct hvm_ops vmx_ops = {
	.name = "VT-x",
	.second_level_name = "EPT",
	.probe = vmx_probe,
	.features = vmx_features,
	.cpu_enable = vmx_cpu_enable,
	.cpu_disable = vmx_cpu_disable,
	.vm_init = vmx_vm_init,
	.vm_fini = vmx_vm_fini,
	.msr_map_set = vmx_msr_map_set,
	.vm_flush = vmx_vm_flush,
	.vcpu_init = vmx_vcpu_init,
	.vcpu_fini = vmx_vcpu_fini,
	.vcpu_load = vmx_vcpu_load,
	.vcpu_put = vmx_vcpu_put,
	.run = vmx_run,
	.fetch = vmx_fetch,
	.advance = vmx_advance,
	.deadline_set = vmx_deadline_set,
	.inject = vmx_inject,
	.window = vmx_window,
	.vcpu_flush = vmx_vcpu_flush,
	.debug_can = vmx_debug_can,
	.debug_set = vmx_debug_set,
	.step = vmx_run, /* the monitor trap flag is on */
	.apic_offers = vmx_apic_offers,
	.apic_mode_set = vmx_apic_mode_set,
	.apic_vectors_set = vmx_apic_vectors_set,
	.apic_notification_set = vmx_apic_notification_set,
	.apic_level_set = vmx_apic_level_set,
	.explain = vmx_explain,
};
