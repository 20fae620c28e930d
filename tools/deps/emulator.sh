# SPDX-License-Identifier: Apache-2.0
# What the scripts that build emulators share: faults of a line each mended in the source, a log, and a sign of life.
# Sourced behind cache.sh; $scratch, $log, $entry and $objects_expected are the script's.

# mend_behind FILE LINE ADDED: ADDED behind the one line of FILE that is LINE but for blanks around it. It is an error if
# that line is not there once: another version may not have the fault, or have it elsewhere.
mend_behind() {
	[ "$(sed 's/^[ \t]*//;s/[ \t]*$//' "$1" | grep -c -x -F -e "$2")" = 1 ] ||
		die "the source of $entry has changed: in $1 the line \"$2\" is not there once; does the fault still exist?"
	mend_at=$(sed 's/^[ \t]*//;s/[ \t]*$//' "$1" | grep -n -x -F -e "$2" | cut -d: -f1)
	sed -i "${mend_at}a $3" "$1"
}

# mend_line FILE LINE NEW: NEW in place of the one line of FILE that is LINE but for blanks around it.
mend_line() {
	mend_behind "$1" "$2" "$3"
	sed -i "${mend_at}d" "$1"
}

# run_logged COMMAND...: its output goes to the log, of which the end is shown when it fails.
run_logged() {
	"$@" >>"$log" 2>&1 9>&- || {
		tail -n 30 "$log" >&2
		die "building failed; the whole log is $log"
	}
}

# One line that moves on a terminal, a line every half minute elsewhere.
show_progress() {
	before='' after='\n' seconds=30
	[ ! -t 2 ] || before='\r' after=' ' seconds=1
	while sleep "$seconds"; do
		compiled=$(find "$scratch/source" -name '*.o' | wc -l)
		# shellcheck disable=SC2059
		printf "${before}${0##*/}: %d of about %d files compiled$after" "$compiled" "$objects_expected" >&2
	done
}

# compile_shown COMMAND...: run_logged, and how far it is. What a make above us hands down (no built-in rules, its job
# server) is not for this one.
compile_shown() {
	show_progress &
	progress=$!
	trap 'kill $progress 2>/dev/null || :' EXIT
	run_logged env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL "$@"
	kill "$progress"
	wait "$progress" 2>/dev/null || :
	trap - EXIT
	[ ! -t 2 ] || printf '\n' >&2
}
