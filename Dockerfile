# One image for the API, the worker and the four services: the command says which (see docker-compose.yml).
ARG NODE_VERSION=24.11.1

FROM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build

FROM node:${NODE_VERSION}-bookworm-slim
# The Temporal SDK's native part reads the system's certificates, which the slim image lacks.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
ENV NODE_ENV=production LISTEN_HOST=0.0.0.0
COPY package.json package-lock.json ./
RUN npm ci --omit=dev && npm cache clean --force
COPY docker/healthcheck.mjs ./
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8000 8001 8002 8003 8004
# The API's; whoever runs another command says another check.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["node", "healthcheck.mjs", "http://127.0.0.1:8000/health/ready"]
CMD ["node", "dist/main/api.js"]
