import { openSite, type Site } from "./app.ts";
import { type Cast, makeCast, NOW } from "./cast.ts";
import { type TestDatabase, testDatabase } from "./database.ts";

/** A site over a database of its own, with the cast signed up. */
export type Scene = TestDatabase & { site: Site; cast: Cast };

/** Opens a site for one test. `settings` are as in the environment. */
export async function openScene(settings: Record<string, string> = {}): Promise<Scene> {
  const database = await testDatabase();
  const cast = await makeCast(database.sql);
  const site = await openSite(database.sql, NOW, { TIME_ZONE: "Europe/Berlin", ...settings });
  return {
    ...database,
    site,
    cast,
    async [Symbol.asyncDispose]() {
      await site[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
