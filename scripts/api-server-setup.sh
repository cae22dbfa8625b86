#!/usr/bin/env bash
# Builds what `npm run test:api-server` needs, once, into FLEETWIRE_OPS_CACHE (default ~/.cache/fleetwire-ops): kube-apiserver from its Go module (about ten minutes of
# one core, 1 GB) and etcd from the system's packages. kubectl is to be there.
set -euo pipefail
VERSION=1.35.0
CACHE="${FLEETWIRE_OPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fleetwire-ops}"
export PATH="$CACHE/bin:$PATH:/usr/local/go/bin"
mkdir -p "$CACHE/bin"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"

command -v kubectl >/dev/null || { echo "There is no kubectl on the PATH: install it." >&2; exit 1; }
if ! command -v etcd >/dev/null; then
  echo "fetching etcd …" >&2
  apt-get download -qq etcd-server
  dpkg -x etcd-server*.deb etcd
  install etcd/usr/bin/etcd "$CACHE/bin/etcd"
fi
if ! command -v kube-apiserver >/dev/null; then
  echo "building kube-apiserver $VERSION …" >&2
  cat >go.mod <<MOD
module fleetwire.example.com/api-server

go 1.25.0

require k8s.io/kubernetes v$VERSION
MOD
  # The module replaces its own parts by folders that are not in it: they are modules of the same release.
  go mod download "k8s.io/kubernetes@v$VERSION"
  sed -nE "s|^\s*(k8s.io/[a-z0-9-]+) => ./staging.*|replace \1 => \1 v0.${VERSION#1.}|p" "$(go env GOMODCACHE)/k8s.io/kubernetes@v$VERSION/go.mod" >>go.mod
  printf '//go:build tools\n\npackage server\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n' >tools.go
  go mod tidy
  go build -o "$CACHE/bin/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver
fi
echo "everything that test:api-server needs is there" >&2
