# Two images of one build: `runtime` for the API, the engine and all workers but one; `shell` for the worker that runs scripts.
#   docker build --target runtime -t distri-workflow .
#   docker build --target shell -t distri-workflow-shell .

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts && npm rebuild @swc/core esbuild protobufjs
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY migrations ./migrations
COPY src ./src
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim AS runtime
ENV NODE_ENV=production
# Connections to Temporal trust the certificates of the system; Node has its own.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY migrations ./migrations
COPY providers ./providers
COPY schema ./schema
# A named volume takes over owner and mode of the folder that it is mounted on.
RUN install -d -o node -g node -m 0770 /var/lib/distri/payloads
USER node
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["--help"]

FROM runtime AS shell
USER root
RUN apt-get update \
  && apt-get install --yes --no-install-recommends curl git jq zsh \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --system --create-home --shell /usr/sbin/nologin scripts
# The worker starts scripts as another user, which only root may do; the compose file takes all other powers from it. By its group it
# shares the payloads with the other services.
USER root:node
ENV DISTRI_SCRIPT_USER=scripts
CMD ["worker", "--skills", "native:shell", "--no-engine"]
