import { TooMany } from "../domain/errors.ts";
import { log } from "../lib/log.ts";
import type { Context } from "./env.ts";

const security = log("security");

/**
 * Refuses who has failed too often to sign in, as this person or as anybody, and says how long to wait. What is let
 * through counts as a failure until it is said to have been right.
 *
 * @returns to be called where the password was right
 * @throws {TooMany}
 */
export async function mayTry(c: Context, email: string): Promise<() => Promise<void>> {
  const { signIn, guesses } = c.var.house.limits;
  const from = neighbour(c);
  const key = `${from} ${email}`;
  const seconds = await signIn.take(key) || await guesses.take(from);
  const minutes = Math.ceil(seconds / 60);
  if (seconds) {
    security.warn("Too many wrong passwords from {from}", { from });
    throw new TooMany(`Wait ${minutes} minute${minutes === 1 ? "" : "s"}, then sign in again`, seconds);
  }
  return async () => {
    await Promise.all([signIn.forget(key), guesses.giveBack(from)]);
  };
}

/** Leaves a line in the log: a password was wrong. Whose is not told, for people type passwords into other fields. */
export function tellWrongPassword(c: Context): void {
  security.warn("Wrong password from {from}", { from: neighbour(c) });
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
