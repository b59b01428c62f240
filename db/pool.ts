import { type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type postgres from "postgres";
import { type Line, onLine, tellsOfLoss } from "./lost.ts";

/** How the connections of a pool are at this moment. */
export interface Pool {
  /** So many there may be. */
  size: number;
  /** So many work for a statement or a transaction. */
  in_use: number;
  /** So many statements and transactions were asked for, and nobody works for them yet. */
  waiting: number;
}

/** What the driver's promise of a statement has beside what its types tell. */
interface Statement {
  handler: ((query: Statement) => unknown) & { debug?: unknown };
  /** Whether a connection works for it now, and not for one that was sent before it. */
  active: boolean;
  strings: readonly string[];
  resolve(value: unknown): unknown;
  reject(error: unknown): unknown;
}

/** A transaction, or a connection kept for somebody. */
interface Holder {
  begun: boolean;
}

const pools = new WeakMap<object, () => Pool>();
const tracer = trace.getTracer("holdfast");

/** How a pool is that `connect` opened. */
export function poolOf(sql: object): Pool {
  const read = pools.get(sql);
  if (!read) throw new Error("This pool is not watched");
  return read();
}

/** Has `poolOf` answer for something that stands for one pool after the other, as the one that it stands for now. */
export function standsFor(stand: object, current: () => object): void {
  pools.set(stand, () => poolOf(current()));
}

/**
 * The same pool, of which `poolOf` knows how busy it is: the driver keeps that to itself. Where traces are wanted, each
 * statement and each transaction is a span, with its text and never with its values.
 */
export function watchPool<S extends postgres.Sql>(sql: S, size: number): S {
  const statements = new Set<Statement>();
  const holders = new Set<Holder>();
  const meet = introduction(sql);
  const watched = new Proxy(sql, {
    apply(target, self, args) {
      const made = Reflect.apply(target, self, args);
      if (Array.isArray(args[0]?.raw)) watch(made as Statement, statements, meet);
      return made;
    },
    get(target, name) {
      if (name === "begin") return (...args: unknown[]) => begin(target, args, holders, meet);
      if (name === "reserve") return () => reserve(target, holders, meet);
      return Reflect.get(target, name);
    },
  });
  pools.set(watched, () => {
    const active = [...statements].filter((one) => one.active).length;
    const begun = [...holders].filter((one) => one.begun).length;
    return {
      ...{ size, in_use: active + begun },
      waiting: statements.size - active + holders.size - begun,
    };
  });
  return watched;
}

/** Resolves when a pool knows the types of its database; undefined where it does already. */
type Meet = () => Promise<void> | undefined;

// The driver asks the first connection which types are arrays, and may send the first statement before it has taken
// notice of the answer: an array in it would go out as plain text. So the first statement is one without any. Where
// that fails, whoever waits for it finds out by itself.
function introduction(sql: postgres.Sql): Meet {
  let met = false;
  let meeting: Promise<void> | undefined;
  return () => {
    if (met) return;
    meeting ??= sql`select 1`.then(() => {
      met = true;
    }, () => {
      meeting = undefined;
    });
    return meeting;
  };
}

// A part of another statement is never handed to a connection by itself, and so is not counted.
function watch(statement: Statement, statements: Set<Statement>, meet: Meet) {
  const { handler, resolve, reject } = statement;
  statement.handler = (query) => {
    const span = spanOf(statement);
    statements.add(statement);
    statement.resolve = (value) => {
      statements.delete(statement);
      span.end();
      return resolve(value);
    };
    statement.reject = (error) => {
      statements.delete(statement);
      fail(span, error);
      return reject(error);
    };
    const meeting = meet();
    return meeting ? meeting.then(() => handler(query)) : handler(query);
  };
}

async function begin(sql: postgres.Sql, args: unknown[], holders: Set<Holder>, meet: Meet) {
  const work = args.pop() as (tx: postgres.TransactionSql) => unknown;
  const holder = { begun: false };
  const span = tracer.startSpan("transaction", { kind: SpanKind.CLIENT });
  holders.add(holder);
  try {
    await meet();
    const done = await Reflect.apply(sql.begin, sql, [...args, (tx: postgres.TransactionSql) => {
      holder.begun = true;
      return work(tx);
    }]);
    span.end();
    return done;
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    holders.delete(holder);
  }
}

async function reserve(sql: postgres.Sql, holders: Set<Holder>, meet: Meet) {
  const holder = { begun: false };
  holders.add(holder);
  try {
    await meet();
    const { connection, release } = await keep(sql);
    holder.begun = true;
    return Object.assign(connection, {
      release() {
        holders.delete(holder);
        release();
      },
    });
  } catch (error) {
    holders.delete(holder);
    throw error;
  }
}

/** What the driver has of a connection that is kept, and hands to whoever asks for it as it sends a statement. */
interface Driven {
  /** Where `release` is true, it stays kept when a statement ends outside of a transaction. */
  reserved: { release?: boolean } | null;
}

interface Over {
  options: { onexecute?: (driver: Driven) => boolean };
}

// The driver's own `reserve` and the renewal of connections do not go together. Where one that was kept had grown too
// old, it was closed after the next statement of somebody else, and another that was sent to it meanwhile failed; and who
// waited for one when another was renewed waited for ever. Those of transactions are renewed well: so this is one that
// is over at once, and gives its connection back much later.
async function keep(sql: postgres.Sql) {
  const kept = Promise.withResolvers<postgres.ReservedSql>();
  const released = Promise.withResolvers<void>();
  const line: Line = { lost: false };
  let driven: Driven | undefined;
  sql.begin(
    onLine(line, async (tx) => {
      const over = tx`commit`;
      (over as unknown as Over).options.onexecute = (driver) => {
        driven = driver;
        return driver.reserved!.release = true;
      };
      await over;
      Reflect.deleteProperty(tx, "savepoint"); // by which a transaction is known that is under way
      kept.resolve(tx as unknown as postgres.ReservedSql);
      await released.promise;
      if (driven?.reserved) driven.reserved.release = false;
    }) as (tx: postgres.TransactionSql) => Promise<void>,
  ).catch((error) => {
    // What somebody did on it in between has told them by itself how it went.
    line.lost ||= tellsOfLoss(error);
    kept.reject(error);
  });
  const connection = await kept.promise;
  return { connection, release: () => line.lost || released.resolve() };
}

function spanOf({ strings }: Statement): Span {
  let name = names.get(strings);
  if (!name) names.set(strings, name = nameOf(strings));
  return tracer.startSpan(name.verb, { kind: SpanKind.CLIENT, attributes: name.attributes });
}

// The texts of a template are the same object each time it is come to.
const names = new WeakMap<readonly string[], ReturnType<typeof nameOf>>();

function nameOf(strings: readonly string[]) {
  const text = strings.join("?").replace(/\s+/g, " ").trim();
  const verb = /^\w+/.exec(text)?.[0].toUpperCase() ?? "SQL";
  const attributes = { "db.system.name": "postgresql", "db.operation.name": verb, "db.query.text": text };
  return { verb, attributes };
}

function fail(span: Span, error: unknown) {
  const { code } = error as { code?: unknown };
  span.setStatus({ code: SpanStatusCode.ERROR, message: typeof code === "string" ? code : undefined });
  span.end();
}
