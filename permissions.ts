import { resolve } from "node:path";
import { socketOf } from "./db/embedded_files.ts";

// Prints what `deno task start` may reach, from the settings: where it listens, its database, its folder; no more.
// A setting that is no good opens nothing: the program itself says what is wrong with it.

/** What it reads of itself while it runs: what it sends, and what its threads are made of. */
const OWN = [
  ...["static", "db/migrations"],
  ...["lib/passwords_worker.ts", "lib/password_cost.ts", "lib/compress_worker.ts", "lib/squeeze.ts"],
];

/** The permissions of the server as arguments of `deno run`. */
export async function permissionsFor(setting: (name: string) => string | undefined): Promise<string[]> {
  const given = (name: string, otherwise: string) => setting(name)?.trim() || otherwise;
  const folder = given("DATA_DIR", "data");
  if (/[\s,]/.test(folder)) throw new Error("DATA_DIR may have no blanks and no commas in it");
  const host = given("HOST", "127.0.0.1");
  const port = given("PORT", "8000");
  const listens = isHost(host) && isPort(port) ? [`${bracketed(host)}:${port}`] : [];

  const url = setting("DATABASE_URL")?.trim();
  const places = url ? await placesOf(url) : [await socketOf(resolve(folder))];
  const sockets = places.filter((place) => place.startsWith("/"));
  const net = [...listens, ...places.map((place) => place.startsWith("/") ? `unix:${place}` : place)];
  // What the embedded database is started by, and its socket where the path of the folder is too long for one.
  const away = url ? [] : sockets.map((path) => path.slice(0, path.lastIndexOf("/")))
    .filter((path) => !`${path}/`.startsWith(`${resolve(folder)}/`));
  const write = [folder, ...(url ? sockets : away)];
  return [
    ...net.length > 0 ? [`--allow-net=${net.join(",")}`] : [],
    `--allow-read=${[...OWN, ...write].join(",")}`,
    `--allow-write=${write.join(",")}`,
    ...url ? [] : ["--allow-run=/bin/sh"],
    "--allow-sys=statfs",
    "--no-remote",
  ];
}

// Asks the driver itself how it reads an address: it has several forms, and variables of its own (PGHOST, PGPORT).
async function placesOf(url: string): Promise<string[]> {
  const { default: postgres } = await import("postgres");
  try {
    const { host, port, path } = postgres(url, { user: "somebody" }).options as Options;
    if (path) return [path].filter((path) => !/[\s,]/.test(path));
    return host.flatMap((name, i) => {
      const at = String(port[i] ?? port[0]);
      return isHost(name) && isPort(at) ? [`${bracketed(name)}:${at}`] : [];
    });
  } catch {
    return [];
  }
}

interface Options {
  host: string[];
  port: number[];
  path?: string | false;
}

const isHost = (text: string) => /^[\w:][\w.:-]*$/.test(text) || /^\[[\da-f:.]+\]$/i.test(text);
const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) <= 65535;
const bracketed = (host: string) => host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;

if (import.meta.main) {
  try {
    console.log((await permissionsFor((name) => Deno.env.get(name))).join(" "));
  } catch (error) {
    console.error(`Holdfast cannot start: ${error instanceof Error ? error.message : error}`);
    Deno.exit(1);
  }
}
