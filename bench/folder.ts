import { connect } from "../db/connect.ts";
import { startEmbedded } from "../db/embedded.ts";
import { migrate } from "../db/migrate.ts";
import { stopHashing } from "../lib/passwords.ts";
import { fill } from "./fill.ts";
import { startServer } from "./server.ts";

/** A data folder in the system's folder for what is temporary, gone at the end. */
export async function makeFolder(name: string, ends: AsyncDisposableStack): Promise<string> {
  const dataDir = await Deno.makeTempDir({ prefix: `holdfast-${name}-` });
  ends.defer(() => Deno.remove(dataDir, { recursive: true }));
  await Deno.chmod(dataDir, 0o711);
  return dataDir;
}

/** Starts Holdfast for the first time on a folder, and fills it with a busy house. */
export async function fillFolder(dataDir: string, say: (words: string) => void) {
  const now = Temporal.Now.instant().round("microsecond");
  say("Starting on an empty folder");
  const first = await startServer(dataDir, "UTC");
  await first.stop();
  say("Filling: 50 resources, 20,000 reservations");
  const embedded = await startEmbedded(dataDir, { info: () => {}, warn: say });
  const sql = connect(embedded.connection, { max: 2, name: "bench" });
  try {
    await migrate(sql, now);
    return { first, site: await fill(sql, now), where: embedded.connection };
  } finally {
    await sql.end();
    await embedded.stop();
    stopHashing();
  }
}
