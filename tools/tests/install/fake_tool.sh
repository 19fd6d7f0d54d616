#!/bin/sh
# Runs the script beside the link that this was called by: `bin/go` runs `bin/go.sh`.
PATH=/usr/bin:/bin
. "$0.sh"
