#!/bin/sh
# Runs the script beside the link by which this was called: `bin/go` runs `bin/go.sh`.
PATH=/usr/bin:/bin
. "$0.sh"
