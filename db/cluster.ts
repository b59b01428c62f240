import { connect } from "./connect.ts";
import { standsFor } from "./pool.ts";
import type { Sql } from "./types.ts";

/** Several PostgreSQL of which one takes changes, and another takes its place when it fails. */
export interface Cluster {
  /** The pool of the one that takes changes, whichever it is at present. */
  sql: Sql;
  /** Where to read while nobody takes changes; undefined while somebody does, and where nobody can be read either. */
  standby(): Sql | undefined;
  close(): Promise<void>;
}

export interface ClusterLog {
  info(message: string): void;
  warn(message: string): void;
}

/** Thrown where none of the hosts takes changes. */
export class NoPrimary extends Error {
  override name = "NoPrimary";
}

type Role = "primary" | "standby" | "silent";

/** How often one looks: while all is well, and while nobody takes changes. In milliseconds. */
const CALM = 1_000;
const ANXIOUS = 200;
/** Who does not answer within this time is silent. */
const PATIENCE = 1_500;
/** What is under way at one that is left is given so long, in seconds. */
const FAREWELL = 1;

/**
 * Finds the one of these addresses that takes changes.
 *
 * @throws {NoPrimary} when none does within `seconds`
 */
export async function findPrimary(addresses: readonly string[], seconds = 30): Promise<string> {
  const probes = addresses.map(probe);
  try {
    const deadline = performance.now() + seconds * 1_000;
    while (true) {
      const roles = await Promise.all(probes.map((one) => one.role()));
      const found = roles.indexOf("primary");
      if (found >= 0) return addresses[found];
      if (performance.now() > deadline) {
        const hosts = addresses.map((address) => new URL(address).host).join(", ");
        throw new NoPrimary(`None of ${hosts} takes changes: promote a standby, or start the primary`);
      }
      await new Promise((resolve) => setTimeout(resolve, ANXIOUS));
    }
  } finally {
    await Promise.all(probes.map((one) => one.close()));
  }
}

/**
 * Follows the one that takes changes from one address to the next, and keeps a standby to read from while nobody does.
 * The driver can do the same only when it connects: it would wait for a primary without end, and it takes a standby for
 * one that is to be written to. Two that take changes are not told apart: whoever promotes has to fence the other.
 *
 * @throws {NoPrimary} where nobody takes changes at the start
 */
export async function follow(addresses: readonly string[], log: ClusterLog): Promise<Cluster> {
  const probes = addresses.map(probe);
  const pools = new Map<string, Sql>();
  const ears: Parameters<Sql["listen"]>[] = [];
  const farewells: Promise<void>[] = [];
  let primary = await findPrimary(addresses);
  let away = false;
  /** Whether those who waited for the primary have been sent away. */
  let left = false;
  let spare: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: Promise<void> | undefined;
  let closed = false;

  const poolOf = (address: string): Sql => {
    const kept = pools.get(address);
    if (kept) return kept;
    // A connection that ends is the first sign that something is wrong.
    const made = connect(address, { onClose: () => void soon() });
    pools.set(address, made);
    return made;
  };
  const leave = (address: string) => {
    const pool = pools.get(address);
    pools.delete(address);
    if (pool) farewells.push(pool.end({ timeout: FAREWELL }).catch(() => {}));
  };

  async function look() {
    const role = await probes[addresses.indexOf(primary)].role();
    if (role === "primary") return arrive(primary);
    const roles = await Promise.all(
      addresses.map((address, i) => address === primary ? role : probes[i].role()),
    );
    const found = roles.indexOf("primary");
    if (closed) return;
    if (found >= 0) return arrive(addresses[found]);
    const standby = roles.indexOf("standby");
    spare = standby < 0 ? undefined : addresses[standby];
    if (!away) log.warn("No database takes changes: pages are read from a standby");
    away = true;
    // Whoever waits for one that is silent would wait for as long as it is; they may ask again, and be answered.
    if (spare && !left) leave(primary);
    left ||= Boolean(spare);
  }

  function arrive(address: string) {
    if (closed) return;
    const before = primary;
    primary = address;
    if (before !== address) {
      log.info(`The database at ${new URL(address).host} takes the changes now`);
      leave(before);
      // What it was read from as a standby may hold connections that were opened before.
      leave(address);
    } else if (away) log.info("The database takes changes again");
    if (before !== address || left) {
      for (const ear of ears) void poolOf(address).listen(...ear).catch(() => {});
    }
    [away, left] = [false, false];
    if (spare && spare !== address) leave(spare);
    spare = undefined;
  }

  function soon() {
    if (closed) return;
    clearTimeout(timer);
    looking ??= look().catch(() => {}).finally(() => {
      looking = undefined;
      if (!closed) timer = setTimeout(soon, away ? ANXIOUS : CALM);
    });
    return looking;
  }
  soon();

  const sql = new Proxy((() => {}) as unknown as Sql, {
    apply: (_target, self, given) => Reflect.apply(poolOf(primary), self, given),
    has: (_target, name) => name in poolOf(primary),
    get(_target, name) {
      if (name !== "listen") return Reflect.get(poolOf(primary), name);
      return (...ear: Parameters<Sql["listen"]>) => {
        ears.push(ear);
        return poolOf(primary).listen(...ear);
      };
    },
  });
  standsFor(sql, () => poolOf(primary));
  return {
    sql,
    standby: () => away && spare ? poolOf(spare) : undefined,
    async close() {
      closed = true;
      clearTimeout(timer);
      await looking;
      await Promise.all([
        ...farewells,
        ...probes.map((one) => one.close()),
        ...[...pools.values()].map((pool) => pool.end({ timeout: 5 })),
      ]);
    },
  };
}

/** Asks one of them, over one connection that it keeps, whether it takes changes. */
function probe(address: string) {
  let sql: Sql | undefined;
  const drop = async () => {
    const gone = sql;
    sql = undefined;
    await gone?.end({ timeout: 0 }).catch(() => {});
  };
  return {
    async role(): Promise<Role> {
      sql ??= connect(address, { max: 1, name: "holdfast watch" });
      let alarm: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        alarm = setTimeout(() => reject(new Error("late")), PATIENCE);
      });
      try {
        const asked = sql<{ standby: boolean }[]>`select pg_is_in_recovery() as standby`;
        const [{ standby }] = await Promise.race([asked, late]);
        return standby ? "standby" : "primary";
      } catch {
        // What may hang is left behind: the next question goes over a new connection.
        void drop();
        return "silent";
      } finally {
        clearTimeout(alarm);
      }
    },
    close: drop,
  };
}
