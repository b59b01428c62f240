import type { Sql } from "../db/types.ts";
import type { DriverAnswer, DriverJob } from "./driver.ts";
import { startHelper } from "./helper.ts";
import { databaseTime } from "./processes.ts";
import type { Row, Section } from "./report.ts";
import type { Bench } from "./setting.ts";
import { farAhead } from "./slots.ts";

const CONNECTIONS = 16;

/** What is taken from the database, one after the other; there is no way back. */
const LESS: readonly { name: string; take(sql: Sql): Promise<unknown> }[] = [
  { name: "as it is", take: () => Promise.resolve() },
  {
    name: "… not waiting for the disk",
    take: async (sql) => {
      const [{ name }] = await sql`select current_database() as name`;
      await sql`alter database ${sql(name)} set synchronous_commit = off`;
    },
  },
  { name: "… without foreign keys", take: dropForeignKeys },
  {
    name: "… without the indexes that the record is searched by",
    take: (sql) => dropIndexes(sql, "history"),
  },
  {
    name: "… without the indexes that lists and jobs go by",
    take: (sql) => dropIndexes(sql, "reservations"),
  },
  {
    name: "… with a plain index in place of the guard",
    take: (sql) =>
      sql.begin(async (tx) => {
        await tx`alter table allocations drop constraint allocations_never_overlap`;
        await tx`create index on allocations using gist (resource_id, unit, period) where holds`;
      }),
  },
];

/**
 * What stands in the way of more reservations a second: the statement that stores one, with ever less of what it is
 * for. It spoils the database, and comes last.
 */
export async function measureFloor(bench: Omit<Bench, "server">, dataDir: string): Promise<Section> {
  const { sql } = bench;
  const from = farAhead();
  const rows: Row[] = [];
  let whole: number | undefined;
  for (const { name, take } of LESS) {
    await take(sql);
    const { rate, database } = await stored(bench, dataDir, from);
    whole ??= rate;
    rows.push({
      ...{ name, value: rate, unit: "stored/s" },
      ratio: rate === whole ? undefined : [{ value: rate / whole, of: "the whole" }],
      note: database ? `PostgreSQL ${database.toFixed(0)} µs` : undefined,
    });
  }
  return {
    title: `What stands in the way: the bare statement at ${CONNECTIONS} connections, with ever less of it`,
    rows,
  };
}

/** Reservations a second, and for how many microseconds each kept PostgreSQL on a core. */
async function stored({ effort, site, slots, where }: Omit<Bench, "server">, dataDir: string, from: string) {
  const actor = { ...site.people[1], role: "user" as const, time_zone: site.time_zone };
  // A session has its settings from its begin: a driver of its own.
  const driver = startHelper<DriverJob, DriverAnswer>("driver.ts");
  try {
    const run = (seconds: number) =>
      driver.ask({
        ...{ where, actor, kind: "statement", slots: { resources: site.resources, from } },
        ...{ first: slots(30_000), seconds, connections: CONNECTIONS },
      });
    await run(effort.warmUp);
    const before = await databaseTime(dataDir);
    const { stored, seconds } = await run(effort.seconds);
    const after = await databaseTime(dataDir);
    return { rate: stored / seconds, database: before && after ? 1000 * (after - before) / stored : 0 };
  } finally {
    await driver.close();
  }
}

async function dropForeignKeys(sql: Sql): Promise<void> {
  const keys = await sql`
    select conrelid::regclass::text as table_name, conname as name from pg_constraint
    where contype = 'f' and conrelid in ('reservations'::regclass, 'allocations'::regclass, 'history'::regclass, 'outbox'::regclass)`;
  for (const { table_name, name } of keys) {
    await sql`alter table ${sql(table_name)} drop constraint ${sql(name)}`;
  }
}

async function dropIndexes(sql: Sql, table: string): Promise<void> {
  const indexes = await sql`
    select i.indexrelid::regclass::text as name from pg_index i
    where i.indrelid = ${table}::regclass and not exists (
      select from pg_constraint k where k.conindid = i.indexrelid)`;
  for (const { name } of indexes) await sql`drop index ${sql(name)}`;
}
