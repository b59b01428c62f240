import { z } from "zod";
import { takeSecondFactor } from "../../domain/auth/second_factor.ts";
import { changeRole, deactivateUser, Deactivation, reactivateUser } from "../../domain/accounts.ts";
import {
  createUser,
  getUser,
  listUsers,
  lockUser,
  NewColleague,
  type User as Kept,
} from "../../domain/users.ts";
import { RoleChange } from "../admin/users.tsx";
import type { Tx } from "../../db/types.ts";
import { actorOf, type Context } from "../env.ts";
import { listOf, User } from "./answers.ts";
import { after, list, nameKey, Paging, userJson } from "./json.ts";
import { calls } from "./operations.ts";

const UserChange = RoleChange.partial().extend({ active: z.boolean("Say true or false").optional() })
  .refine(({ role, active }) => role !== undefined || active !== undefined, {
    path: ["role"],
    message: "Name what is to change: role or active",
  }).meta({ examples: [{ role: "staff" }] });

/** People, their roles and their accounts, for programs of administrators. */
export const users = calls("/users", "People", "This person");

users.get("/", {
  id: "listUsers",
  summary: "List people, by name",
  who: "manage_users",
  query: z.object({
    q: z.string().optional().describe("A part of the name or the e-mail address"),
    ...Paging,
  }),
  fields: User,
  answers: { 200: listOf(User) },
}, async (c, { query: { q, limit, cursor } }) => {
  const found = await listUsers(c.var.sql, actorOf(c), { q, limit, after: after({ cursor }, nameKey) });
  return list(c, found, limit, userJson, ({ name, id }) => ({ name: name.toLowerCase(), id }));
});

users.post("/", {
  id: "createUser",
  summary: "Make an account for somebody",
  who: "manage_users",
  body: NewColleague,
  answers: { 201: User, 409: "This e-mail address already has an account" },
}, async (c, { body }) => {
  const made = await createUser(c.var.sql, actorOf(c), body, c.var.now);
  c.header("Location", `/api/v1/users/${made.id}`);
  return shown(c, made);
});

users.get("/:id", {
  id: "getUser",
  summary: "Read one person",
  who: "manage_users",
  fields: User,
  answers: { 200: User },
}, async (c, { id }) => shown(c, await getUser(c.var.sql, id)));

users.patch("/:id", {
  id: "changeUser",
  summary: "Change a role, close an account or open it again",
  who: "manage_users",
  body: UserChange,
  tag,
  answers: { 200: User, 409: "The site would be left without an administrator" },
}, async (c, { id, body: { role, active } }) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  if (role) await changeRole(sql, actor, { id, role }, now);
  if (active === true) await reactivateUser(sql, actor, id, now);
  if (active === false) await deactivateUser(sql, actor, { id, ...Deactivation.parse({}) }, now);
  c.var.house.identities.forget();
  return shown(c, await getUser(sql, id));
});

// A person is never deleted: what they did stays on record. Their account is closed.
users.delete("/:id", {
  id: "deactivateUser",
  summary: "Close an account: every session and token of it ends",
  who: "manage_users",
  query: Deactivation,
  tag,
  answers: { 204: "It is closed", 409: "The site would be left without an administrator" },
}, async (c, { id, query }) => {
  await deactivateUser(c.var.sql, actorOf(c), { id, ...query }, c.var.now);
  c.var.house.identities.forget();
});

users.delete("/:id/second-factor", {
  id: "takeSecondFactor",
  summary: "Take a second factor away from somebody who has lost it",
  description: "Make sure first who it is that asks. Every session of theirs ends.",
  who: "manage_users",
  answers: { 204: "They sign in without it", 409: "It is one’s own" },
}, async (c, { id }) => {
  await takeSecondFactor(c.var.sql, actorOf(c), id, c.var.now);
  c.var.house.identities.forget();
});

function shown(c: Context, user: Kept) {
  c.header("ETag", tagOf(user));
  return userJson(user);
}

async function tag(tx: Tx, _c: Context, id: string): Promise<string> {
  return tagOf(await lockUser(tx, id));
}

const tagOf = ({ updated_at }: Kept) => `"${updated_at}"`;
