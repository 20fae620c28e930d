# SPDX-License-Identifier: Apache-2.0
# Whether KVM on this host would give a guest VMX. The device alone says nothing: it exists without nested VT-x, too.
import fcntl
import os
import struct

KVM_GET_SUPPORTED_CPUID = 0xC008AE05  # _IOWR(0xAE, 0x05, struct kvm_cpuid2), linux/kvm.h
ENTRIES_MOST = 256
CPUID_1_ECX_VMX = 1 << 5
CPUID_80000001_ECX_SVM = 1 << 2


def supported_cpuid(kvm):
    """{leaf: ecx} of what KVM can offer to a guest."""
    header = struct.Struct("=II")
    entry = struct.Struct("=10I")  # function, index, flags, eax, ebx, ecx, edx, padding[3]
    table = bytearray(header.pack(ENTRIES_MOST, 0) + bytes(ENTRIES_MOST * entry.size))
    fcntl.ioctl(kvm, KVM_GET_SUPPORTED_CPUID, table)
    found, _ = header.unpack_from(table)
    rows = (entry.unpack_from(table, header.size + i * entry.size) for i in range(found))
    return {row[0]: row[5] for row in rows if row[1] == 0}


def kvm_lacks_vmx():
    """None where a guest of KVM would have VMX, else the reason in a few words."""
    try:
        kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return "this host has no /dev/kvm"
    except OSError as error:
        return f"/dev/kvm can't be opened ({error.strerror})"
    try:
        ecx = supported_cpuid(kvm)
    except OSError as error:
        return f"/dev/kvm does not tell its features ({error.strerror})"
    finally:
        os.close(kvm)
    if ecx.get(1, 0) & CPUID_1_ECX_VMX:
        return None
    if ecx.get(0x80000001, 0) & CPUID_80000001_ECX_SVM:
        return "this host's KVM offers AMD-V to guests, not VT-x"
    return "this host's KVM offers no nested VT-x"
