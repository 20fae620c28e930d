# SPDX-License-Identifier: Apache-2.0
# The cache of fetched and built dependencies: where it is, how an entry is locked, checked and published.
#
# An entry is a directory with two files of ours beside its content:
#   .recipe    what it was made from and how; another recipe makes the entry stale
#   .manifest  sha256 of every file in it; a file lost or changed makes the entry damaged
# An entry is made under a temporary name and renamed into place whole, so it is there completely or not at all.
# Sourced by the scripts of this folder, which run under `set -eu`.

cache_dir="${XDG_CACHE_HOME:-$HOME/.cache}/eterna"

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

die() {
	say "$*"
	exit 1
}

# cache_lock NAME: from here to the end of the script no other run works on entry NAME.
cache_lock() {
	mkdir -p "$cache_dir/lock"
	exec 9>"$cache_dir/lock/$1"
	flock -n 9 && return
	say "another run is preparing $1; waiting for it"
	flock 9
}

# cache_valid ENTRY RECIPE: is the entry there, made by this recipe, and undamaged?
cache_valid() {
	[ -f "$cache_dir/$1/.manifest" ] &&
		[ "$(cat "$cache_dir/$1/.recipe" 2>/dev/null)" = "$2" ] &&
		(cd "$cache_dir/$1" && sha256sum --check --status .manifest)
}

# cache_scratch ENTRY: prints a fresh directory beside the entries. Locked, so one left behind by a killed run goes.
cache_scratch() {
	rm -rf "${cache_dir:?}/$1.new"
	mkdir -p "$cache_dir/$1.new"
	printf '%s\n' "$cache_dir/$1.new"
}

# cache_publish FROM ENTRY RECIPE: seals directory FROM and makes it the entry.
cache_publish() {
	printf '%s\n' "$3" >"$1/.recipe"
	(cd "$1" && find . -type f ! -name .manifest -print0 | sort -z | xargs -0 sha256sum >.manifest)
	rm -rf "${cache_dir:?}/$2"
	mv "$1" "$cache_dir/$2"
}
