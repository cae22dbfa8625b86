# One image for the four services and the command: the program is the argument.
#
#   docker build --build-arg BUILD_IMAGE=NODE_20_SLIM@sha256:… --build-arg RUNTIME_IMAGE=DISTROLESS_NODE_20_NONROOT@sha256:… -t fleetwire .
#   docker run --read-only --env-file my.env fleetwire services/decoder/dist/main.js
#   docker run --read-only --env-file my.env fleetwire cli/bin/fleetwire.js topics verify
#
# Both bases are arguments without a default, so that they are always named by digest. The runtime base brings Node as its entry point (distroless does) and glibc
# (the zstd package has a binary for it). The same Node major in both. No shell is needed at run time.
ARG BUILD_IMAGE
ARG RUNTIME_IMAGE

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
# First what an install depends on, so that a change of code alone does not install again. No package runs scripts of its own; our patch is applied by name.
COPY package.json package-lock.json ./
COPY patches patches
COPY libs/protocols/package.json libs/protocols/package.json
COPY libs/service/package.json libs/service/package.json
COPY libs/streaming/package.json libs/streaming/package.json
COPY services/command-dispatcher/package.json services/command-dispatcher/package.json
COPY services/decoder/package.json services/decoder/package.json
COPY services/edge-listener/package.json services/edge-listener/package.json
COPY services/enricher/package.json services/enricher/package.json
COPY schemas/package.json schemas/package.json
COPY cli/package.json cli/package.json
COPY deploy/local/package.json deploy/local/package.json
COPY deploy/validate/package.json deploy/validate/package.json
COPY test/package.json test/package.json
RUN npm ci --include=dev --ignore-scripts --no-audit --no-fund && node node_modules/patch-package/index.js --error-on-fail
COPY tsconfig.base.json ./
COPY libs libs
COPY schemas schemas
COPY services services
COPY deploy/local deploy/local
COPY cli cli
RUN node node_modules/typescript/bin/tsc -b services/edge-listener services/decoder services/enricher services/command-dispatcher cli \
  && npm prune --omit=dev --ignore-scripts --no-audit --no-fund
# What is in it: also at run time, as /app/sbom.cdx.json.
COPY scripts/sbom.mjs scripts/sbom.mjs
ARG SOURCE_DATE_EPOCH=0
RUN SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH} node scripts/sbom.mjs > sbom.cdx.json

FROM ${RUNTIME_IMAGE}
WORKDIR /app
COPY --from=build /src/package.json /src/sbom.cdx.json /app/
COPY --from=build /src/node_modules /app/node_modules
COPY --from=build /src/libs /app/libs
COPY --from=build /src/schemas /app/schemas
COPY --from=build /src/services /app/services
COPY --from=build /src/deploy/local /app/deploy/local
COPY --from=build /src/cli /app/cli
ENV NODE_ENV=production
USER 65532:65532
# Device ports, TCP and UDP; probes and metrics.
EXPOSE 8888/tcp 8888/udp 5103/tcp 5103/udp 5013/tcp 5013/udp 5015/tcp 5015/udp 5044/tcp 5044/udp 9090/tcp
CMD ["cli/bin/fleetwire.js", "--help"]
