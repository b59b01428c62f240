# One process, not root, its database on a volume. With DATABASE_URL set, the volume holds next to nothing.
FROM denoland/deno:debian-2.9.6

WORKDIR /app
ENV DENO_DIR=/deno-cache HOST=0.0.0.0 DATA_DIR=/data LOG_FORMAT=json

COPY . .
RUN deno install --frozen --entrypoint main.ts permissions.ts cli.ts db/demo.ts lib/passwords_worker.ts lib/compress_worker.ts \
  && mkdir -p /data && chown -R deno:deno /data /deno-cache

USER deno
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
  CMD ["deno", "eval", "--no-lock", "const r = await fetch(`http://127.0.0.1:${Deno.env.get('PORT') ?? 8000}/health`); Deno.exit(r.ok ? 0 : 1)"]

# What it may reach comes from the settings, as in `deno task start`.
CMD ["/bin/sh", "-c", "set -f; exec deno run --no-prompt --cached-only --frozen \
  --v8-flags=--no-parallel-scavenge,--min-semi-space-size=16,--max-semi-space-size=32 \
  --allow-env=PORT,HOST,DATABASE_URL,DATA_DIR,BASE_URL,SECRET_KEY,ADMIN_EMAIL,ADMIN_PASSWORD,TIME_ZONE,REGISTRATION,REQUIRE_SECOND_FACTOR,RATE_LIMIT,CORS_ORIGINS,TRUSTED_PROXIES,LOG_FORMAT,BACKUP_AT,BACKUP_KEEP,METRICS_TOKEN,PG* \
  $(deno run --no-prompt --cached-only --frozen --allow-env=PORT,HOST,DATABASE_URL,DATA_DIR,PG* permissions.ts) main.ts"]
