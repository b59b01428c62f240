import { passSecondFactor } from "../domain/auth/second_factor.ts";
import { TooMany } from "../domain/errors.ts";
import { log } from "../lib/log.ts";
import { actorOf, type Context } from "./env.ts";

const security = log("security");

/**
 * Refuses who has failed too often to sign in, as this person or as anybody, and says how long to wait. What is let
 * through counts as a failure until it is said to have been right.
 *
 * @returns to be called where the password was right; where a code is still to come, what was tried is not forgotten
 * @throws {TooMany}
 */
export async function mayTry(
  c: Context,
  email: string,
): Promise<(left?: { codeToCome: boolean }) => Promise<void>> {
  const { signIn, guesses } = c.var.house.limits;
  const from = neighbour(c);
  const key = `${from} ${email}`;
  const seconds = await signIn.take(key) || await guesses.take(from);
  const minutes = Math.ceil(seconds / 60);
  if (seconds) {
    security.warn("Too many wrong passwords from {from}", { from });
    throw new TooMany(`Wait ${minutes} minute${minutes === 1 ? "" : "s"}, then sign in again`, seconds);
  }
  return async ({ codeToCome } = { codeToCome: false }) => {
    await Promise.all([codeToCome ? undefined : signIn.forget(key), guesses.giveBack(from)]);
  };
}

/**
 * The same for the code of a second factor. It counts for the account, too, from wherever it comes: only who knows the
 * password gets so far.
 *
 * @returns to be called where the code was right
 * @throws {TooMany}
 */
async function mayTryCode(
  c: Context,
  { id, email }: { id: string; email: string },
): Promise<() => Promise<void>> {
  const { signIn } = c.var.house.limits;
  const wasRight = await mayTry(c, email);
  const key = `code ${id}`;
  const seconds = await signIn.take(key);
  if (seconds) throw new TooMany("Too many wrong codes: wait a quarter of an hour", seconds);
  return async () => {
    await Promise.all([wasRight(), signIn.forget(key)]);
  };
}

/** Does what wants the password of who is signed in: a wrong one counts as it does where somebody signs in. */
export async function inPerson<T>(c: Context, work: () => Promise<T>): Promise<T> {
  const wasRight = await mayTry(c, actorOf(c).email);
  const done = await work();
  await wasRight();
  return done;
}

/** The same for what wants the code of a second factor, too. */
export async function withCode<T>(c: Context, work: () => Promise<T>): Promise<T> {
  const wasRight = await mayTryCode(c, actorOf(c));
  const done = await work();
  await wasRight();
  return done;
}

/** Leaves a line in the log: a password was wrong. Whose is not told, for people type passwords into other fields. */
export function tellWrongPassword(c: Context): void {
  security.warn("Wrong password from {from}", { from: neighbour(c) });
}

/**
 * Whether the code of whoever has given the right password is right, too; a wrong one leaves a line in the log.
 *
 * @throws {TooMany}
 */
export async function passCode(
  c: Context,
  { id, email, code }: { id: string; email: string; code: string },
): Promise<boolean> {
  const { sql, now, house, requestId: request_id } = c.var;
  const wasRight = await mayTryCode(c, { id, email });
  const passed = await passSecondFactor(
    sql,
    { user_id: id, code, key: house.config.SECRET_KEY, request_id },
    now,
  );
  if (passed) await wasRight();
  else security.warn("Wrong code from {from}", { from: neighbour(c) });
  return passed;
}

/** @throws {TooMany} */
export async function limitRegistration(c: Context): Promise<void> {
  const limit = c.var.house.limits.register;
  const seconds = await limit.take(neighbour(c));
  if (seconds) throw new TooMany("Too many accounts were made from your network: wait an hour", seconds);
}

/** The address that a request came from, where the settings name a proxy in front of us also by what that says. */
export function neighbour(c: Context): string {
  const info = c.env as { remoteAddr?: { hostname?: string } } | undefined;
  return c.var.house.neighbourOf(info?.remoteAddr?.hostname ?? "unknown", c.req.raw.headers);
}
