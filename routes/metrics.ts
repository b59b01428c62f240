import { timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import type { Context, Env } from "./env.ts";
import { neighbour } from "./guesses.ts";

/** What Prometheus asks for: figures, and nobody's name. */
export const metrics = new Hono<Env>();

metrics.get("/metrics", async (c, next) => {
  if (!mayRead(c)) return await next();
  const { instruments, figures } = c.var.house;
  return c.body(await figures(), 200, { "Content-Type": instruments.contentType });
});

/** What a proxy adds to a request that it hands on. */
const HANDED_ON = ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/**
 * Who has the token of the settings; where there is none, a program of this machine that asks by itself. All others
 * are told what they are told of an address that leads nowhere.
 */
function mayRead(c: Context): boolean {
  const { METRICS_TOKEN } = c.var.house.config;
  if (METRICS_TOKEN) return same(c.req.header("authorization") ?? "", `Bearer ${METRICS_TOKEN}`);
  const here = /^(127\.|::1$|::ffff:127\.)/.test(neighbour(c));
  return here && !HANDED_ON.some((name) => c.req.header(name) !== undefined);
}

function same(given: string, right: string): boolean {
  const [one, other] = [given, right].map((text) => new TextEncoder().encode(text));
  return one.length === other.length && timingSafeEqual(one, other);
}
