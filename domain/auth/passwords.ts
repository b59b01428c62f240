import { z } from "zod";
import type { Sql } from "../../db/types.ts";
import { isOutdated } from "../../lib/password_cost.ts";
import { hashPassword, verifyPassword } from "../../lib/passwords.ts";
import { Invalid } from "../errors.ts";
import type { Actor } from "../permissions.ts";
import type { User } from "../users.ts";

export const SignIn = z.object({ email: z.string().trim().toLowerCase(), password: z.string() });

/** The hash of a password that nobody has, so that an unknown address takes as long as a wrong password. */
const NOBODY =
  "$argon2id$v=19$m=19456,t=2,p=1$JhxZJdFSWHHxV3B5aCZb0w$V6bZ4rWQk1Yp0mXJmIhSxT3C9l3Y2X3kq7b4xqkq3mE";

/**
 * The person that these words belong to, or undefined: a wrong password, an unknown or a disabled account. A hash that
 * is not as hashes are made today is made anew, for only now is the password known.
 */
export async function checkPassword(
  sql: Sql,
  { email, password }: z.infer<typeof SignIn>,
): Promise<{ id: string } | undefined> {
  const [user] = email.includes("\0")
    ? []
    : await sql<(Pick<User, "id" | "disabled_at"> & { password_hash: string })[]>`
      select id, password_hash, disabled_at from users where email = ${email}`;
  const right = await verifyPassword(password, user?.password_hash ?? NOBODY);
  if (!right || !user || user.disabled_at) return undefined;
  if (isOutdated(user.password_hash)) await hashAnew(sql, { ...user, password });
  return { id: user.id };
}

/**
 * Makes sure that the actor themselves asks, and nobody who has found their browser open.
 *
 * @throws {Invalid} naming `field` when the password is wrong
 */
export async function confirm(
  sql: Sql,
  { id }: Actor,
  { password, field }: { password: string; field: string },
): Promise<void> {
  const [user] = await sql<{ password_hash: string }[]>`select password_hash from users where id = ${id}`;
  if (!user || !await verifyPassword(password, user.password_hash)) {
    throw new Invalid([{ path: field, message: "This is not your present password" }]);
  }
}

// Nothing that anybody could see has changed, so nothing is on record; a password that was set meanwhile stays.
async function hashAnew(
  sql: Sql,
  { id, password_hash, password }: Record<"id" | "password_hash" | "password", string>,
) {
  const fresh = await hashPassword(password);
  await sql`update users set password_hash = ${fresh} where id = ${id} and password_hash = ${password_hash}`;
}
