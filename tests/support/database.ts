import { connect } from "../../db/connect.ts";
import type { Db, Sql } from "../../db/types.ts";

/** A database of a test's own: migrated, empty, gone when the test is over. */
export interface TestDatabase extends AsyncDisposable {
  sql: Sql;
  where: { host: string; database: string; username: string };
  name: string;
  /** The statements sent so far, where they were asked for. */
  statements: string[];
}

/**
 * Copies the migrated template. Only inside `deno task test`, which has a server running.
 *
 * @param options.like the name of a test database that is to be copied in its place; nobody may be connected to it
 */
export async function testDatabase(
  { max = 10, like }: { max?: number; like?: string } = {},
): Promise<TestDatabase> {
  const told = Deno.env.get("HOLDFAST_TEST_DATABASE");
  if (!told) throw new Error("Run the tests with: deno task test");
  const { template, ...server } = JSON.parse(told);
  const name = `t_${crypto.randomUUID().replaceAll("-", "")}`;
  await copy(server, like ?? template, name);
  const where = { ...server, database: name };
  const statements: string[] = [];
  const sql = connect(where, {
    max,
    onStatement: (statement) => DRIVERS_OWN.test(statement) || statements.push(statement),
  });
  return {
    sql,
    where,
    name,
    statements,
    async [Symbol.asyncDispose]() {
      await sql.end({ timeout: 5 });
      await withAdmin(server, (admin) => admin`drop database ${admin(name)} with (force)`);
    },
  };
}

/** The process of PostgreSQL that works for whoever asks. */
export async function pidOf(db: Db): Promise<number> {
  const [{ pid }] = await db<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return pid;
}

// What is asked on each new connection, or first of all: how many there are is chance.
const DRIVERS_OWN = /\bpg_catalog\.pg_type\b|^select 1$/;

// PostgreSQL copies a template for one at a time: others try again in a moment.
async function copy(server: TestDatabase["where"], template: string, name: string) {
  for (let attempt = 1;; attempt++) {
    try {
      await withAdmin(server, (admin) => admin`create database ${admin(name)} template ${admin(template)}`);
      return;
    } catch (error) {
      if ((error as { code?: string }).code !== "55006" || attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 60));
    }
  }
}

async function withAdmin(server: TestDatabase["where"], work: (admin: Sql) => PromiseLike<unknown>) {
  const admin = connect(server, { max: 1 });
  try {
    await work(admin);
  } finally {
    await admin.end({ timeout: 5 });
  }
}
