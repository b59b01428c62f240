import postgres from "postgres";
import { startEmbedded } from "../../db/embedded.ts";

// Opens the folder it is given, says "ready" and the server's process id, then inserts rows and says "row" and the
// number of each that was acknowledged, until it is killed. After SIGINT it asks the server once more and stops it.

const [folder] = Deno.args;
const server = await startEmbedded(folder, { info: () => {}, warn: (message) => say("warn", message) });
const sql = postgres({ ...server.connection, max: 4, onnotice: () => {} });
await sql`create table if not exists rows (id bigint generated always as identity primary key, worker int)`;

let interrupted = false;
Deno.addSignalListener("SIGINT", () => interrupted = true);
say("ready", await server.pid());
await Promise.all([1, 2, 3, 4].map(insertRows));
await sql`select 1`;
say("answers", await server.pid());
await sql.end();
await server.stop();
Deno.exit();

async function insertRows(worker: number) {
  while (!interrupted) {
    const [row] = await sql`insert into rows (worker) values (${worker}) returning id`;
    say("row", row.id);
  }
}

function say(what: string, value: string | number) {
  Deno.stdout.writeSync(new TextEncoder().encode(`${what} ${value}\n`));
}
