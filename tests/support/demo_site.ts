import { fillDemo } from "../../db/demo.ts";
import type { Sql } from "../../db/types.ts";
import { serveSite } from "./app.ts";
import { openBrowser } from "./browser.ts";
import { testDatabase } from "./database.ts";

/** A Monday morning in Berlin. */
export const MONDAY = Temporal.Instant.from("2026-05-04T07:30:00Z");
export const BOB = "bob@demo.example";
export const ALICE = "alice@demo.example";
export const SAM = "sam@demo.example";
export const ADA = "ada@demo.example";

/** A server over a small demo site, and a browser to look at it with. */
export async function openDemoSite(settings: Record<string, string> = {}) {
  const stack = new AsyncDisposableStack();
  const database = stack.use(await testDatabase());
  await fillDemo(database.sql, { now: MONDAY, timeZone: "Europe/Berlin", reservations: 600 });
  const server = stack.use(
    await serveSite(database.sql, MONDAY, { TIME_ZONE: "Europe/Berlin", ...settings }),
  );
  const browser = stack.use(await openBrowser());
  return {
    sql: database.sql,
    site: server.site,
    origin: server.origin,
    browser,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The id of a resource by its name. */
export async function idOf(sql: Sql, name: string): Promise<string> {
  const [{ id }] = await sql<{ id: string }[]>`select id from resources where name = ${name}`;
  return id;
}
