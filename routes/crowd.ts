import { createMiddleware } from "hono/factory";
import { TooCrowded } from "./refused.ts";
import type { Env } from "./env.ts";
import { inTime, takesFiles } from "./uploads.ts";

/**
 * Turns a request away at once where more come than can be served. What a slow client still sends does not count as
 * being served: with a few of those nobody could keep others out. Neither do files, which have a limit of their own.
 *
 * @throws {TooCrowded}
 * @throws {Refused} where it does not come in within the patience of the house
 */
export function notTooMany() {
  return createMiddleware<Env>(async (c, next) => {
    if (takesFiles(c)) return await next();
    // Whoever reads it later finds what was read here.
    if (c.req.raw.body) await inTime(c, c.req.arrayBuffer());
    const { crowd } = c.get("house");
    if (!crowd.enter()) throw new TooCrowded();
    try {
      await next();
    } finally {
      crowd.leave();
    }
  });
}
