#!/usr/bin/env bash
# A further opinion on the rendered manifests: kube-linter with its default checks, from its Go module. What we do not take is said on the objects, with the reason.
# Not part of test:ops: the module is not to be had from every proxy.
set -euo pipefail
cd "$(dirname "$0")/.."
CACHE="${FLEETWIRE_OPS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fleetwire-ops}"
export PATH="$CACHE/bin:$PATH:/usr/local/go/bin"
command -v kube-linter >/dev/null || GOBIN="$CACHE/bin" go install golang.stackrox.io/kube-linter/cmd/kube-linter@v0.7.6
for overlay in local production large-fleet behind-proxy device-tls; do
  echo "$overlay" >&2
  kube-linter lint "deploy/k8s/rendered/$overlay.yaml"
done
