#!/usr/bin/env bash
# Removes the demo's cluster with everything in it.
set -euo pipefail
NAME=fleetwire-demo
if command -v kind >/dev/null && kind get clusters 2>/dev/null | grep -qx "$NAME"; then kind delete cluster --name "$NAME"; fi
if command -v k3d >/dev/null && k3d cluster list "$NAME" >/dev/null 2>&1; then k3d cluster delete "$NAME"; fi
