#!/usr/bin/env bash
# A whole Fleetwire in a cluster on this machine: kind or k3d, Strimzi with one node, registry, the overlay `local`, a simulated fleet, Prometheus and Grafana.
# Needs Docker, kubectl, and kind or k3d. BUILD_IMAGE and RUNTIME_IMAGE name other bases; STRIMZI another source of the operator. Ends with an address and a position.
set -euo pipefail
cd "$(dirname "$0")"
NAME=fleetwire-demo
STRIMZI="${STRIMZI:-https://strimzi.io/install/latest?namespace=fleetwire}"
BUILD_IMAGE="${BUILD_IMAGE:-node:20-bookworm-slim}"
RUNTIME_IMAGE="${RUNTIME_IMAGE:-node:20-bookworm-slim}"
say() { printf '\n== %s\n' "$*" >&2; }
need() { command -v "$1" >/dev/null || { echo "There is no $1: install it first." >&2; exit 1; }; }
need docker
need kubectl
docker info >/dev/null 2>&1 || { echo "Docker does not answer: start it first." >&2; exit 1; }

if command -v kind >/dev/null; then
  kind get clusters 2>/dev/null | grep -qx "$NAME" || { say "cluster (kind)"; kind create cluster --name "$NAME" --config kind.yaml --wait 180s; }
  CONTEXT="kind-$NAME"
  load() { kind load docker-image --name "$NAME" "$1"; }
elif command -v k3d >/dev/null; then
  k3d cluster list "$NAME" >/dev/null 2>&1 || { say "cluster (k3d)"; k3d cluster create --config k3d.yaml --wait; }
  CONTEXT="k3d-$NAME"
  load() { k3d image import --cluster "$NAME" "$1"; }
else
  echo "There is neither kind nor k3d: install one of them." >&2
  exit 1
fi
k() { kubectl --context "$CONTEXT" "$@"; }
apply() { k apply --server-side --force-conflicts "$@"; }

say "image"
docker build --build-arg BUILD_IMAGE="$BUILD_IMAGE" --build-arg RUNTIME_IMAGE="$RUNTIME_IMAGE" -t fleetwire:demo ../../..
load fleetwire:demo

say "namespace and brokers"
apply -f ../base/namespace.yaml
apply -f "$STRIMZI" -n fleetwire
k -n fleetwire rollout status deploy/strimzi-cluster-operator --timeout=300s
apply -k ../kafka/local
k -n fleetwire wait kafka/fleetwire --for=condition=Ready --timeout=600s

say "services"
k -n fleetwire create configmap demo-rules --from-file=../tests/rules.generated.yaml --dry-run=client -o yaml | apply -f -
k -n fleetwire delete job setup --ignore-not-found
apply -k .
k -n fleetwire wait job/setup --for=condition=Complete --timeout=600s
for name in command-dispatcher enricher decoder edge-listener simulated-fleet prometheus grafana; do
  k -n fleetwire rollout status "deploy/$name" --timeout=300s
done

say "a decoded position"
k -n fleetwire exec deploy/simulated-fleet -- node cli/bin/fleetwire.js tail telemetry-enriched --json --max 1 \
  --brokers fleetwire-kafka-bootstrap.fleetwire.svc:9092 --registry http://schema-registry.fleetwire.svc:8080/apis/ccompat/v7
say "Grafana: http://127.0.0.1:3000   trackers: 127.0.0.1:8888, TCP and UDP   end it: $(pwd)/down.sh"
