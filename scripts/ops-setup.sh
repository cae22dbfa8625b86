#!/usr/bin/env bash
# Installs what `npm run test:ops` needs beside Node and the broker's Java or Docker: packages of a Debian-like system, and tools in Go at pinned versions.
# What is there already is left alone. Go tools are built once, into FLEETWIRE_OPS_CACHE (default ~/.cache/fleetwire-ops); `test:ops` looks there too.
set -euo pipefail

CACHE="${FLEETWIRE_OPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fleetwire-ops}"
export PATH="$CACHE/bin:$PATH:/usr/sbin:/usr/local/go/bin"

# command → package that brings it
PACKAGES=(promtool:prometheus prometheus:prometheus haproxy:haproxy buildah:buildah runc:runc openssl:openssl)
# command → module at a version
MODULES=(
  kubeconform:github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
  kube-score:github.com/zegl/kube-score/cmd/kube-score@v1.20.0
)
# One builder of kustomizations is enough: kubectl has one built in.
command -v kubectl >/dev/null || MODULES+=(kustomize:sigs.k8s.io/kustomize/kustomize/v5@v5.8.1)

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

missing=()
for entry in "${PACKAGES[@]}"; do
  command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}")
done
go_missing=()
for entry in "${MODULES[@]}"; do
  command -v "${entry%%:*}" >/dev/null || go_missing+=("${entry#*:}")
done
if [ "${#go_missing[@]}" -gt 0 ] && ! command -v go >/dev/null; then missing+=(golang-go); fi

if [ "${#missing[@]}" -gt 0 ]; then
  mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
  if ! command -v apt-get >/dev/null; then
    echo "There is no apt-get here: install by hand ${missing[*]}." >&2
    exit 1
  fi
  echo "installing ${missing[*]} …" >&2
  # The packages bring services of the system: they are not to be started.
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
for module in "${go_missing[@]}"; do
  echo "building $module …" >&2
  GOBIN="$CACHE/bin" GOFLAGS=-buildvcs=false go install "$module"
done
echo "everything that test:ops needs is there" >&2
