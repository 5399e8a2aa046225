#!/usr/bin/env bash
# Builds the S3 servers that the tests run against, where Go is: into the folder named, or where Go puts programs.
# What cannot be had is named and left out; its tests are skipped then, and say so.
set -uo pipefail
VERSITYGW=${VERSITYGW:-v1.7.0}
MINIO=${MINIO:-latest}
command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || { echo "Go is not installed: no S3 server is built"; exit 0; }
bin=${1:-$(go env GOBIN)}
bin=${bin:-$(go env GOPATH)/bin}
mkdir -p "$bin"
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Without what debuggers need, and without C, as the clients are built: both share what is compiled, and it takes a fifth less.
build() {
  if [ -x "$bin/$1" ] || command -v "$1" >/dev/null; then echo "$1 is there"; return; fi
  GOBIN=$bin CGO_ENABLED=0 go install -ldflags='-s -w' -gcflags=all=-dwarf=false "$2" >"$log" 2>&1 && echo "$1 is built" || echo "$1 could not be built: $(tail -n 1 "$log")"
}
build versitygw "github.com/versity/versitygw/cmd/versitygw@$VERSITYGW"
build minio "github.com/minio/minio@$MINIO"
