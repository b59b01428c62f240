import { type Config, readConfig, SETTING_NAMES } from "../config.ts";
import type { Where } from "../db/connect.ts";
import type { Sql } from "../db/types.ts";

/** The clock of the operator's commands. */
export const now = () => Temporal.Now.instant().round("microsecond");

/** @throws {BadSettings} */
export function settings(): Config {
  return readConfig(Object.fromEntries(SETTING_NAMES.map((name) => [name, Deno.env.get(name)])));
}

/** Does something beside the database of the settings, which a server may have open meanwhile. */
export async function withDatabase<T>(
  work: (sql: Sql, config: Config, where: Where) => Promise<T>,
): Promise<T> {
  const { joinDatabase } = await import("../house.ts");
  const { connect } = await import("../db/connect.ts");
  const { stopHashing } = await import("../lib/passwords.ts");
  const config = settings();
  const database = await joinDatabase(config);
  const sql = connect(database.where, { max: 4, name: "holdfast command" });
  try {
    return await work(sql, config, database.where);
  } finally {
    stopHashing();
    await sql.end({ timeout: 5 });
    await database.close();
  }
}
