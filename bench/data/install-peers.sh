#!/usr/bin/env bash
# Builds the registries that the benchmark of the data plane measures beside Berth, where Go is: into .bench, which git ignores.
# docker-registry and nginx are Debian's (apt-get install docker-registry nginx). What cannot be had is named and left out.
set -uo pipefail
cd "$(dirname "$0")/../.."
DISTRIBUTION=${DISTRIBUTION:-v3.1.1}
ZOT=${ZOT:-v2.1.20}
# The newest of zot whose sources the module proxy has where it does not serve zot's own domain.
ZOT_SOURCES=${ZOT_SOURCES:-v1.4.3}
bin=$PWD/.bench/bin
mkdir -p "$bin"
command -v go >/dev/null || PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || { echo "Go is not installed: nothing is built"; exit 0; }

built() { [ -x "$bin/$1" ] && echo "$1 is there"; }
missing() { echo "$1 could not be built: $(tail -n 1 .bench/log)"; }

built distribution || {
  GOBIN=$bin go install "github.com/distribution/distribution/v3/cmd/registry@$DISTRIBUTION" >.bench/log 2>&1 \
    && mv "$bin/registry" "$bin/distribution"
} || missing distribution

# Under its own name, or from its sources by the name of their repository, which is not that of the module.
zot() {
  GOBIN=$bin go install "zotregistry.dev/zot/v2/cmd/$1@$ZOT" >.bench/log 2>&1 && return
  if [ ! -d .bench/zot ]; then
    folder=$(go mod download -json "github.com/project-zot/zot@$ZOT_SOURCES" 2>/dev/null | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
    [ -n "$folder" ] || return 1
    cp -r "$folder" .bench/zot && chmod -R u+w .bench/zot
  fi
  (cd .bench/zot && CGO_ENABLED=0 go build -tags containers_image_openpgp -o "$bin/$1" "./cmd/$1") >.bench/log 2>&1
}
built zot || zot zot || missing zot
built zb || zot zb || missing zb
