import type { Tx } from "./types.ts";

// postgres.js 3.4.9 lets statements of a transaction be sent on a connection that has closed meanwhile: its own
// `rollback` after a statement that failed with the connection, and whatever comes after. There is no socket any more,
// and the error of that is thrown in nobody's call: it ends the program. So nothing may be sent then: neither by our
// work nor by the driver, which waits for the work to end. The transaction itself is rejected by the closing.
// See https://github.com/porsager/postgres/issues/1208.

/** Whether one connection is known to be lost. */
export interface Line {
  lost: boolean;
}

/** What the driver says of a connection that broke or was closed. On one that it has given up it sends nothing itself. */
const LOST = /^(CONNECTION_CLOSED|ECONN(RESET|ABORTED|REFUSED)|EPIPE|ETIMEDOUT)$/;

/** Whether an error tells of a connection that is there no more. */
export function tellsOfLoss(error: unknown): boolean {
  return LOST.test(codeOf(error));
}

/** What PostgreSQL says when it is stopped or ends a connection, and what the driver says of that. */
const LAST_WORDS = /^(57P0[125]|CONNECTION_CLOSED|ECONNRESET|EPIPE)$/;

/**
 * Whether an error may be of the connection before, which had been open: the driver tells it to the first statement on
 * the next.
 */
export function mayBeOfAnother(error: unknown): boolean {
  return LAST_WORDS.test(codeOf(error));
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null | undefined)?.code ?? "");
}

/** What PostgreSQL, or a pooler before it, says on a connection before it ends it; and the driver where we end it. */
const FAREWELL = /^(57P0|08|CONNECTION_|CONNECT_TIMEOUT)/;

/**
 * Whether an error that reached nobody is of a connection that ended while the driver was busy with it by itself: it
 * was told so, or wrote to it when it had closed.
 */
export function isDriversOwn(error: unknown): boolean {
  if (FAREWELL.test(codeOf(error))) return true;
  return error instanceof TypeError && /'write'/.test(error.message) &&
    /at \S*nextWrite\b/.test(error.stack ?? "");
}

/**
 * Work as the driver may be given it: on a line that is lost it sends nothing more, and does not end, so that the
 * driver sends nothing either.
 */
export function onLine<T>(line: Line, work: (tx: Tx) => Promise<T>): (tx: Tx) => Promise<T> {
  return async (tx) => {
    try {
      const done = await work(guarded(tx, line));
      return line.lost ? await never() : done;
    } catch (error) {
      if (line.lost || tellsOfLoss(error)) return await never();
      throw error;
    }
  };
}

function never(): Promise<never> {
  return new Promise(() => {});
}

/** A statement of the driver that was not sent yet; `handler` sends it. */
interface Statement {
  handler?: (statement: Statement) => unknown;
  reject(error: unknown): void;
  catch(told: (error: unknown) => void): unknown;
}

function guarded(tx: Tx, line: Line): Tx {
  return new Proxy(tx, {
    apply: (target, self, given) => watched(Reflect.apply(target, self, given), line),
    get(target, name, self) {
      const found = Reflect.get(target, name, self);
      if (name !== "savepoint") return found;
      return (part: (tx: Tx) => Promise<unknown>) => target.savepoint(onLine(line, part));
    },
  });
}

function watched<T>(made: T, line: Line): T {
  const statement = made as Statement;
  const send = typeof statement?.handler === "function" ? statement.handler : undefined;
  if (!send) return made; // a part of a statement
  statement.handler = (which) => {
    if (line.lost) {
      return which.reject(Object.assign(new Error("The connection is lost"), { code: "CONNECTION_CLOSED" }));
    }
    which.catch((error) => {
      if (tellsOfLoss(error)) line.lost = true;
    });
    return send(which);
  };
  return made;
}
