import { createMiddleware } from "hono/factory";
import { TooMany } from "../../domain/errors.ts";
import type { Env } from "../env.ts";
import { neighbour } from "../guesses.ts";

/**
 * Lets a person, or an address where nobody is signed in, call so often and no more, and says how often they still may
 * (draft-ietf-httpapi-ratelimit-headers). Each call takes from one allowance: behind a proxy everybody has its address,
 * and must not pay for each other.
 *
 * @throws {TooMany}
 */
export function limited() {
  return createMiddleware<Env>(async (c, next) => {
    const { calls } = c.get("house").limits;
    if (!calls) return await next();
    const actor = c.get("actor");
    const name = actor ? "person" : "address";
    const { points, seconds } = calls[name];
    const { allowed, remaining, reset } = await calls[name].take(actor?.id ?? neighbour(c));
    c.header("RateLimit-Policy", `"${name}";q=${points};w=${seconds}`);
    c.header("RateLimit", `"${name}";r=${remaining};t=${reset}`);
    if (!allowed) {
      throw new TooMany(`At most ${points} calls in ${seconds} seconds: wait ${reset} seconds`, reset);
    }
    await next();
  });
}
