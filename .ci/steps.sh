# What `.ci/run` and `.ci/full` share: running steps, measuring them, installing what is missing.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Backtraces need lines and no more; the rest takes time and most of the disk.
export CARGO_PROFILE_DEV_DEBUG=line-tables-only
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0 RUST_BACKTRACE=1
# Where builds go.
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

# install PACKAGE…
install() {
  local root
  root=$([ "$(id -u)" = 0 ] || echo sudo)
  $root apt-get update -q
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends "$@"
}

# need PROGRAM=PACKAGE…: installs the packages of the programs that are not there.
need() {
  local pair missing=()
  for pair; do type -P "${pair%%=*}" >/dev/null || missing+=("${pair#*=}"); done
  [ ${#missing[@]} = 0 ] || install "${missing[@]}"
}

fail() { echo "$*" >&2; exit 1; }

took=() running=
table() {
  local line
  [ -z "$running" ] || took+=("$(printf '%-12s %5s s  FAILED' "$running" $((SECONDS - begun)))")
  printf '\n== seconds of each step\n'
  for line in "${took[@]}"; do echo "$line"; done
  printf '%-12s %5s s\n' total "$SECONDS"
}

# steps "NAME: what it is"… -- NAME…: runs the steps that are named after the dashes, or all. A step
# is a function, run in a shell of its own, so that its variables, folder and traps end with it.
steps() {
  local known=() chosen=() step name
  while [ "$1" != -- ]; do known+=("$1"); shift; done
  shift
  for name; do
    for step in "${known[@]}"; do
      [ "${step%%:*}" != "$name" ] || { chosen+=("$step"); continue 2; }
    done
    printf '%s\n' "no step is named $name; there are:" "${known[@]}" >&2
    exit 2
  done
  [ $# -gt 0 ] || chosen=("${known[@]}")
  trap table EXIT
  for step in "${chosen[@]}"; do
    running=${step%%:*} begun=$SECONDS
    printf '\n== %s (at %s s)\n' "$step" "$SECONDS"
    ("$running")
    took+=("$(printf '%-12s %5s s' "$running" $((SECONDS - begun)))") running=
  done
}
