# SPDX-License-Identifier: Apache-2.0
# Whether KVM on this host would give a guest what ETERNA stands on: VMX, or SVM with nested paging. The device alone says
# nothing: it exists without nested virtualization, too.
import fcntl
import os
import struct

KVM_GET_SUPPORTED_CPUID = 0xC008AE05  # _IOWR(0xAE, 0x05, struct kvm_cpuid2), linux/kvm.h
ENTRIES_MOST = 256
CPUID_1_ECX_VMX = 1 << 5
CPUID_80000001_ECX_SVM = 1 << 2
CPUID_8000000A_EDX_NPT = 1 << 0


class NoKvm(Exception):
    """KVM can't be asked; says why in a few words."""


def supported_cpuid(kvm):
    """{leaf: (ecx, edx)} of what KVM can offer to a guest."""
    header = struct.Struct("=II")
    entry = struct.Struct("=10I")  # function, index, flags, eax, ebx, ecx, edx, padding[3]
    table = bytearray(header.pack(ENTRIES_MOST, 0) + bytes(ENTRIES_MOST * entry.size))
    fcntl.ioctl(kvm, KVM_GET_SUPPORTED_CPUID, table)
    found, _ = header.unpack_from(table)
    rows = (entry.unpack_from(table, header.size + i * entry.size) for i in range(found))
    return {row[0]: (row[5], row[6]) for row in rows if row[1] == 0}


def kvm_leaves():
    """supported_cpuid() of this host; NoKvm where there is none."""
    try:
        kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NoKvm("this host has no /dev/kvm") from None
    except OSError as error:
        raise NoKvm(f"/dev/kvm can't be opened ({error.strerror})") from None
    try:
        return supported_cpuid(kvm)
    except OSError as error:
        raise NoKvm(f"/dev/kvm does not tell its features ({error.strerror})") from None
    finally:
        os.close(kvm)


def kvm_offer():
    """(whether a guest of KVM can run ETERNA, what it is offered or lacks)."""
    try:
        leaves = kvm_leaves()
    except NoKvm as reason:
        return False, str(reason)
    none = (0, 0)
    if leaves.get(1, none)[0] & CPUID_1_ECX_VMX:
        return True, "this host's KVM offers nested VT-x"
    if not leaves.get(0x80000001, none)[0] & CPUID_80000001_ECX_SVM:
        return False, "this host's KVM offers no nested virtualization"
    if not leaves.get(0x8000000A, none)[1] & CPUID_8000000A_EDX_NPT:
        return False, "this host's KVM offers nested AMD-V without nested paging"
    return True, "this host's KVM offers nested AMD-V"
