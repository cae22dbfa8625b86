#!/usr/bin/env bash
# Builds the image twice from nothing and compares the digests: the same sources must give the same image. Takes a few minutes; needs buildah. BUILD_IMAGE and
# RUNTIME_IMAGE name the bases; without them stand-ins are made of this machine's Node.
set -euo pipefail
cd "$(dirname "$0")/.."
FOLDER="$(mktemp -d)"
STORAGE=(--root "$FOLDER/storage" --runroot "$FOLDER/run")
trap 'rm -rf "$FOLDER"' EXIT
PULL=(--pull-never)
if [ -z "${BUILD_IMAGE:-}" ]; then
  scripts/substitute-bases.sh "${STORAGE[@]}"
  BUILD_IMAGE=localhost/fleetwire-base-build
  RUNTIME_IMAGE=localhost/fleetwire-base-runtime
else
  PULL=(--pull)
fi
for round in 1 2; do
  echo "building, round $round …" >&2
  buildah --storage-driver vfs "${STORAGE[@]}" bud --quiet --isolation chroot --network host --no-cache --timestamp 0 "${PULL[@]}" \
    --build-arg BUILD_IMAGE="$BUILD_IMAGE" --build-arg RUNTIME_IMAGE="$RUNTIME_IMAGE" -t "localhost/fleetwire:$round" . >/dev/null
done
digest() { buildah --storage-driver vfs "${STORAGE[@]}" inspect --type image --format '{{.FromImageDigest}}' "localhost/fleetwire:$1"; }
first="$(digest 1)"
second="$(digest 2)"
echo "$first"
echo "$second"
[ "$first" = "$second" ] || { echo "The digests differ." >&2; exit 1; }
