import { join } from "node:path";
import { fill } from "../../bench/fill.ts";
import { databaseOwnMemory, residentMemory } from "../../bench/processes.ts";
import { afterFirstPage, signInBrowser } from "../../bench/sign_in.ts";
import { numberSlots } from "../../bench/slots.ts";
import { connect } from "../../db/connect.ts";
import { migrate } from "../../db/migrate.ts";
import { stopHashing } from "../../lib/passwords.ts";
import { openPostgres } from "../postgres.ts";
import { freePort } from "../programs.ts";
import { openFolder, type Run } from "../run.ts";
import { type Server, startServer } from "../site.ts";

/** A busy house behind one server or several, with people who are signed in. */
export interface BusyHouse {
  origins: string[];
  databaseUrl: string;
  time_zone: string;
  today: string;
  resources: string[];
  /** From when on nothing is taken. */
  from: string;
  /** Gives out the numbers of slots that are free. */
  slots: (count: number) => number;
  /** Of people who are signed in, each good for another ten minutes. */
  cookies(): Promise<string[]>;
  /** What the servers together keep in memory, and PostgreSQL beside what its processes share, in MB. */
  memory(): Promise<{ server: number; database: number }>;
}

const PEOPLE = 20;
/** A browser renews its token after a quarter of an hour, on the way to a page; those who only come and go sign in. */
const GOOD_FOR_MS = 5 * 60_000;

/** Starts it in the folder of a run, and ends with it. */
export async function openBusyHouse(run: Run, { servers }: { servers: number }): Promise<BusyHouse> {
  run.say("Filling: 50 resources, 20,000 reservations");
  const database = await openPostgres(run.folder);
  run.ends.defer(() => database.stop());
  const now = Temporal.Now.instant().round("microsecond");
  const sql = connect(database.url, { max: 2, name: "prove" });
  await migrate(sql, now);
  const site = await fill(sql, now);
  await sql.end();
  stopHashing();
  const started: Server[] = [];
  for (let i = 1; i <= servers; i++) {
    const env = { DATABASE_URL: database.url, TIME_ZONE: site.time_zone };
    const folder = await openFolder(run, `server-${i}`);
    const server = await startServer({ name: `holdfast-${i}`, folder, port: freePort(), env });
    run.ends.defer(async () => void await server.end());
    started.push(server);
  }
  const signedIn = { cookies: [] as string[], at: -Infinity };
  const cookies = async () => {
    if (performance.now() - signedIn.at < GOOD_FOR_MS) return signedIn.cookies;
    const [{ origin }] = started;
    Object.assign(signedIn, { cookies: [], at: performance.now() });
    for (const { email } of site.people.slice(0, PEOPLE)) {
      signedIn.cookies.push(await afterFirstPage(origin, await signInBrowser(origin, email)));
    }
    return signedIn.cookies;
  };
  const today = now.toZonedDateTimeISO(site.time_zone);
  return {
    ...{ origins: started.map(({ origin }) => origin), databaseUrl: database.url, cookies },
    ...{ time_zone: site.time_zone, today: `${today.toPlainDate()}`, slots: numberSlots() },
    ...{ resources: site.resources, from: `${today.startOfDay().add({ years: 1 }).toInstant()}` },
    async memory() {
      const each = await Promise.all(started.map(({ pid }) => residentMemory(pid)));
      const all = await databaseOwnMemory(join(run.folder, "postgres"));
      return { server: each.reduce<number>((sum, one) => sum + (one ?? NaN), 0), database: all ?? NaN };
    },
  };
}
