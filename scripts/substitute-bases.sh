#!/usr/bin/env bash
# Makes stand-ins for the two base images of the Dockerfile out of this machine's own Node, shell and libraries, for building where no image registry can be reached:
#   localhost/fleetwire-base-build    Node, npm, a shell and the basic tools
#   localhost/fleetwire-base-runtime  Node and its libraries alone, Node as the entry point, like distroless
# For tests only: a release names its bases by digest. Arguments go to every call of buildah (where its storage is).
set -euo pipefail
BUILDAH=(buildah --storage-driver vfs "$@")
NODE="$(readlink -f "$(command -v node)")"
NPM="$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")"

# Copies programs with the libraries that they load, at the same paths.
copy_programs() {
  local root="$1" file
  shift
  for file in "$@" $(ldd "$@" 2>/dev/null | grep -o '/[^ ]*\.so[^ :]*' | sort -u); do
    mkdir -p "$root$(dirname "$file")"
    cp -L --preserve=mode "$file" "$root$file"
  done
}
# Names are looked up by the C library's own modules, which nothing links to.
resolver() { find /lib /usr/lib -name 'libnss_dns.so.2' -o -name 'libnss_files.so.2' -o -name 'libresolv.so.2' | head -6; }

root_files() {
  mkdir -p "$1/etc/ssl/certs" "$1/tmp" "$1/root"
  chmod 1777 "$1/tmp"
  cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
  printf 'root:x:0:0:root:/root:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n' >"$1/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$1/etc/group"
  printf 'hosts: files dns\n' >"$1/etc/nsswitch.conf"
}

container="$("${BUILDAH[@]}" from scratch)"
root="$("${BUILDAH[@]}" mount "$container")"
root_files "$root"
tools=(sh env cat cp mv rm mkdir ls ln chmod dirname basename uname sed grep tr sort)
paths=()
for one in "${tools[@]}"; do paths+=("$(command -v "$one")"); done
copy_programs "$root" "${paths[@]}" "$(readlink -f "$(command -v sh)")" "$NODE" $(resolver)
mkdir -p "$root/bin" "$root/usr/bin" "$root/usr/lib/node_modules"
[ -e "$root/bin/sh" ] || cp -L /bin/sh "$root/bin/sh"
[ -e "$root/usr/bin/env" ] || cp -L /usr/bin/env "$root/usr/bin/env"
[ -e "$root/usr/bin/node" ] || ln -s "$NODE" "$root/usr/bin/node"
cp -R "$NPM" "$root/usr/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
"${BUILDAH[@]}" config --env PATH=/usr/local/bin:/usr/bin:/bin --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
  --env npm_config_cafile=/etc/ssl/certs/ca-certificates.crt "$container"
"${BUILDAH[@]}" commit --quiet --timestamp 0 --rm "$container" localhost/fleetwire-base-build >/dev/null

container="$("${BUILDAH[@]}" from scratch)"
root="$("${BUILDAH[@]}" mount "$container")"
root_files "$root"
copy_programs "$root" "$NODE" $(resolver)
mkdir -p "$root/nodejs/bin"
mv "$root$NODE" "$root/nodejs/bin/node"
"${BUILDAH[@]}" config --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt --entrypoint '["/nodejs/bin/node"]' --user 65532 "$container"
"${BUILDAH[@]}" commit --quiet --timestamp 0 --rm "$container" localhost/fleetwire-base-runtime >/dev/null
