import { type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type postgres from "postgres";
import { type Line, mayBeOfAnother, onLine, tellsOfLoss } from "./lost.ts";

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
  strings: readonly string[];
  resolve(value: unknown): unknown;
  reject(error: unknown): unknown;
}

/** One connection, which the driver opens when it is first used, and renews as it gets old. */
interface Connection {
  sql: postgres.Sql;
  /** Sends a statement, whichever connection it was made for. */
  send: Statement["handler"];
  /** Whether it is open, and knows the types of its database. */
  ready: boolean;
}

/** Whoever can be given a connection is given the one that was used last; else they wait for the next that is free. */
interface Connections {
  free: Connection[];
  waiting: ((connection: Connection) => void)[];
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
 * One pool of so many connections. The driver's own gives each statement to the connection that was idle for longest:
 * with few at once it goes round all of them, and comes to a process of PostgreSQL whose memory is in no cache of the
 * processor any more, which takes it a sixth longer. Here the one that was used last is used next, and others are
 * opened only when it is busy. Where traces are wanted, each statement and each transaction is a span, with its text
 * and never with its values.
 *
 * @param open one of the driver's pools, of a single connection, which says when that has ended
 */
export function openPool<S extends postgres.Sql>(open: (onEnd: () => void) => S, size: number): S {
  const all = Array.from({ length: size }, () => connectionOf(open));
  const connections: Connections = { free: all.toReversed(), waiting: [] };
  const pool = new Proxy(all[0].sql as S, {
    apply(target, self, args) {
      const made = Reflect.apply(target, self, args);
      if (Array.isArray(args[0]?.raw)) watch(made as Statement, connections);
      return made;
    },
    get(target, name) {
      if (name === "begin") return (...args: unknown[]) => begin(connections, args);
      if (name === "reserve") return () => reserve(connections);
      if (name === "end") {
        return (...args: Parameters<S["end"]>) => Promise.all(all.map(({ sql }) => sql.end(...args)));
      }
      return Reflect.get(target, name);
    },
  });
  pools.set(pool, () => ({
    size,
    in_use: size - connections.free.length,
    waiting: connections.waiting.length,
  }));
  return pool;
}

function connectionOf(open: (onEnd: () => void) => postgres.Sql): Connection {
  const sql = open(() => {
    connection.ready = false;
  });
  const { handler } = sql`` as unknown as Statement;
  const connection = { sql, send: handler, ready: false };
  return connection;
}

function take({ free, waiting }: Connections, use: (connection: Connection) => void): void {
  const connection = free.pop();
  if (connection) use(connection);
  else waiting.push(use);
}

function taken(connections: Connections): Promise<Connection> {
  return new Promise((resolve) => take(connections, resolve));
}

function giveBack({ free, waiting }: Connections, connection: Connection): void {
  const next = waiting.shift();
  if (next) next(connection);
  else free.push(connection);
}

const GREETINGS = 3;

// The first statement on a connection is one that nobody waits for. The driver asks which types are arrays, and may send
// the first before it has taken notice of the answer: an array in it would go out as plain text. And what was left of the
// connection before, a row or what PostgreSQL said when it ended it, the driver takes for the first one's on the next.
function readied(connection: Connection): Promise<void> | undefined {
  if (!connection.ready) return greet(connection, GREETINGS);
}

async function greet(connection: Connection, attempts: number): Promise<void> {
  try {
    await connection.sql`select 1`;
    connection.ready = true;
  } catch (error) {
    if (attempts === 1 || !mayBeOfAnother(error)) throw error;
    await greet(connection, attempts - 1);
  }
}

// A part of another statement is never sent by itself, and so takes no connection. When the driver tells how a statement
// went, it is not done with its connection yet: that is given to the next a moment later.
function watch(statement: Statement, connections: Connections) {
  const { resolve, reject } = statement;
  statement.handler = (query) => {
    const span = spanOf(statement);
    take(connections, (connection) => {
      const end = once(() => queueMicrotask(() => giveBack(connections, connection)));
      statement.resolve = (value) => {
        span.end();
        end();
        return resolve(value);
      };
      statement.reject = (error) => {
        fail(span, error);
        // The driver may be told of the loss before it knows that the connection has ended.
        connection.ready &&= !tellsOfLoss(error);
        end();
        return reject(error);
      };
      const readying = readied(connection);
      if (readying) readying.then(() => connection.send(query), (error) => query.reject(error));
      else connection.send(query);
    });
  };
}

// The driver may say of a statement twice that it failed.
function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

async function begin(connections: Connections, args: unknown[]) {
  const span = tracer.startSpan("transaction", { kind: SpanKind.CLIENT });
  const connection = await taken(connections);
  try {
    await readied(connection);
    const done = await Reflect.apply(connection.sql.begin, connection.sql, args);
    span.end();
    return done;
  } catch (error) {
    fail(span, error);
    connection.ready &&= !tellsOfLoss(error);
    throw error;
  } finally {
    giveBack(connections, connection);
  }
}

async function reserve(connections: Connections) {
  const one = await taken(connections);
  const end = once(() => giveBack(connections, one));
  try {
    await readied(one);
    const { connection, release } = await keep(one.sql);
    return Object.assign(connection, {
      release() {
        release();
        one.ready = false; // it may be lost
        end();
      },
    });
  } catch (error) {
    end();
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
