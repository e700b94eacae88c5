#!/bin/sh
# Writes the Swift file $2: the commit that the package at $1 is built from. Untouched when it says so already, so that
# nothing is compiled again. Without git, or in another project's repository, the revision is empty.
set -eu
package=$1 output=$2
export GIT_OPTIONAL_LOCKS=0
revision=
if top=$(git -C "$package" rev-parse --show-toplevel 2>/dev/null) && [ "$top" -ef "$package" ] &&
    revision=$(git -C "$package" rev-parse --short=7 HEAD 2>/dev/null); then
    changes=$(git -C "$package" status --porcelain -- Package.swift Sources CMicroHTTPD 2>/dev/null) || changes=unknown
    [ -z "$changes" ] || revision=$revision-dirty
fi
text="func writtenRevision() -> String { \"$revision\" }"
[ "$(cat "$output" 2>/dev/null)" = "$text" ] || printf '%s\n' "$text" >"$output"
