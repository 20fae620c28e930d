// SPDX-License-Identifier: Apache-2.0
// The SVM backend's side of the vendor door.
#include "hvm/svm/svm.h"

extern const struct hvm_ops svm_ops;
const struct hvm_ops svm_ops = {
	.name = "AMD-V",
	.second_level_name = "NPT",
	.probe = svm_probe,
	.features = svm_features,
	.cpu_enable = svm_cpu_enable,
	.cpu_disable = svm_cpu_disable,
	.vm_init = svm_vm_init,
	.vm_fini = svm_vm_fini,
	.msr_map_set = svm_msr_map_set,
	.vm_flush = svm_vm_flush,
	.vcpu_init = svm_vcpu_init,
	.vcpu_fini = svm_vcpu_fini,
	.vcpu_load = svm_vcpu_load,
	.vcpu_put = svm_vcpu_put,
	.run = svm_run,
	.fetch = svm_fetch,
	.advance = svm_advance,
	.deadline_set = svm_deadline_set,
	.inject = svm_inject,
	.window = svm_window,
	.vcpu_flush = svm_vcpu_flush,
	.debug_can = svm_debug_can,
	.debug_set = svm_debug_set,
	.step = svm_step,
	.explain = svm_explain,
};
