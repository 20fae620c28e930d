/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a server of four nodes, as its kernel printed it (triton-inference-server issue 4154): hot-pluggable all
 * of it, and node 0 on both sides of the others. For iasl: a data table. */
[0004]          Signature : "SRAT"
[0004]       Table Length : 00000000
[0001]           Revision : 03
[0001]           Checksum : 00
[0006]             Oem ID : "ETERNA"
[0008]       Oem Table ID : "MACHINE1"
[0004]       Oem Revision : 00000001
[0004]    Asl Compiler ID : "INTL"
[0004] Asl Compiler Revision : 00000001
[0004]     Table Revision : 00000001
[0008]           Reserved : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000000
[0002]          Reserved1 : 0000
[0008]       Base Address : 0000000000000000
[0008]     Address Length : 0000000040000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000000
[0002]          Reserved1 : 0000
[0008]       Base Address : 0000000100000000
[0008]     Address Length : 0000000EE0000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000000
[0002]          Reserved1 : 0000
[0008]       Base Address : 0000010FE0000000
[0008]     Address Length : 0000002920000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000001
[0002]          Reserved1 : 0000
[0008]       Base Address : 0000013900000000
[0008]     Address Length : 0000003840000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000002
[0002]          Reserved1 : 0000
[0008]       Base Address : 0000017140000000
[0008]     Address Length : 0000003840000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000003
[0002]          Reserved1 : 0000
[0008]       Base Address : 000001A980000000
[0008]     Address Length : 0000003840000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000000
[0002]          Reserved1 : 0000
[0008]       Base Address : 000001E1C0000000
[0008]     Address Length : 0000000790000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000000
[0002]          Reserved1 : 0000
[0008]       Base Address : 0000020000000000
[0008]     Address Length : 0000008000000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000000
[0002]          Reserved1 : 0000
[0008]       Base Address : 0000040000000000
[0008]     Address Length : 0000010000000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000

[0001]      Subtable Type : 01
[0001]             Length : 28
[0004]   Proximity Domain : 00000000
[0002]          Reserved1 : 0000
[0008]       Base Address : 0000080000000000
[0008]     Address Length : 0000020000000000
[0004]          Reserved2 : 00000000
[0004] Flags (decoded below) : 00000003
                  Enabled : 1
            Hot Pluggable : 1
             Non-Volatile : 0
[0008]          Reserved3 : 0000000000000000
