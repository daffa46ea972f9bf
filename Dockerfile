# Every service from one file: docker build --build-arg SERVICE=blackhole -t ringdown/blackhole .
# The command line tools and the making of secrets: docker build --target cli -t ringdown/cli .
# What does not depend on SERVICE is built once for all of them.

FROM node:24-trixie-slim AS node
WORKDIR /app

# The manifests alone: as long as they stay the same, the dependencies are not installed again.
FROM node AS manifests
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete \
  && find . -type d -empty -delete

FROM node AS dependencies
COPY --from=manifests /app ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --loglevel=error

FROM dependencies AS build
COPY tsconfig.base.json ./
COPY libs libs
COPY services services
RUN node_modules/.bin/tsc -b services/standalone
# What runs: no declarations, nothing for tests.
RUN find libs services -path '*/dist/*' \
    \( -name '*.d.ts' -o -name '*.d.ts.map' -o -name .tsbuildinfo -o -path '*/testing/*' \) -type f -delete

# The dependencies of one service in production, and of the libraries it uses. Optional ones are for the embedded database.
FROM node AS production
ARG SERVICE
COPY docker/production-manifests.mjs /tmp/
COPY --from=manifests /app /manifests
RUN node /tmp/production-manifests.mjs /manifests . "$SERVICE"
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=optional --ignore-scripts --loglevel=error \
  && find . -path '*/node_modules/*' -type f \( -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.map' -o -name '*.md' \) -delete
RUN --mount=type=bind,from=build,source=/app,target=/built \
  for manifest in libs/*/package.json services/*/package.json; do \
    cp -r "/built/${manifest%package.json}dist" "${manifest%package.json}"; \
  done \
  && ln -s "services/$SERVICE/dist/main.js" main.js \
  && rm package-lock.json .npmrc

FROM node AS cli
COPY --from=dependencies /app/node_modules/ws node_modules/ws
# Modes are set, because a clone made under a strict umask has files that only their owner may read.
COPY --chmod=0755 scripts scripts
COPY --chmod=0755 docker/init docker/init
LABEL org.opencontainers.image.title="Ringdown command line tools" \
  org.opencontainers.image.licenses="Apache-2.0"
USER node
ENTRYPOINT ["node", "scripts/cli.mjs"]

FROM node AS service
ARG SERVICE
COPY --from=production /app ./
COPY --chmod=0755 docker/healthcheck.sh docker/
ENV NODE_ENV=production SERVICE=$SERVICE RINGDOWN_HOST=0.0.0.0 RINGDOWN_LOG_FORMAT=json
LABEL org.opencontainers.image.title="Ringdown $SERVICE" \
  org.opencontainers.image.licenses="Apache-2.0"
USER node
# No start interval: engines before 25 do not know it. `channels` reads a full log before it is ready.
HEALTHCHECK --interval=5s --timeout=5s --start-period=120s --retries=3 CMD ["docker/healthcheck.sh"]
CMD ["node", "--enable-source-maps", "main.js"]
