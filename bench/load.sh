#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# What a guest does whose exits bench/load counts: processes made and ended, and small files, as make(1) does it with a
# tree of small sources. It stands in place of /init. It waits for a line before and after, while somebody counts.
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mkdir -p /tmp/tree
cd /tmp/tree || exit
echo 'load: ready'
read -r _
i=0
while [ $i -lt 150 ]; do
	/bin/echo "int f$i(void) { return $i; }" >f$i.c
	/bin/cat f$i.c f$i.c >f$i.i
	/bin/sed 's/return/give/' f$i.i >f$i.s
	/bin/sh -c "/bin/md5sum <f$i.s >f$i.o; /bin/true"
	/bin/true
	i=$((i + 1))
done
/bin/cat ./*.o >all
sum=$(/bin/md5sum <all)
/bin/rm -f ./*
echo "load: done $sum"
read -r _
poweroff -f
