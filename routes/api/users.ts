import { Hono } from "hono";
import { z } from "zod";
import { changeRole, deactivateUser, Deactivation, reactivateUser } from "../../domain/accounts.ts";
import { createUser, getUser, listUsers, NewColleague } from "../../domain/users.ts";
import { RoleChange } from "../admin/users.tsx";
import { actorOf, type Env } from "../env.ts";
import { check } from "../forms.ts";
import { allowed } from "../middleware.ts";
import { body, idOf, list, nameKey, paging, userJson } from "./json.ts";

const UserChange = RoleChange.partial().extend({ active: z.boolean("Say true or false").optional() })
  .refine(({ role, active }) => role !== undefined || active !== undefined, {
    path: ["role"],
    message: "Name what is to change: role or active",
  });

/** People, their roles and their accounts, for programs of administrators. */
export const users = new Hono<Env>();

users.use(allowed("manage_users"));

users.get("/", async (c) => {
  const { limit, after } = paging(c, nameKey);
  const found = await listUsers(c.var.sql, actorOf(c), { q: c.req.query("q"), limit, after });
  return list(c, found, limit, userJson, ({ name, id }) => ({ name: name.toLowerCase(), id }));
});

users.post("/", async (c) => {
  const made = await createUser(c.var.sql, actorOf(c), await body(c, NewColleague), c.var.now);
  c.header("Location", `/api/v1/users/${made.id}`);
  return c.json(userJson(made), 201);
});

users.get("/:id", async (c) => c.json(userJson(await getUser(c.var.sql, idOf(c, "This person")))));

users.patch("/:id", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const id = idOf(c, "This person");
  const { role, active } = await body(c, UserChange);
  if (role) await changeRole(sql, actor, { id, role }, now);
  if (active === true) await reactivateUser(sql, actor, id, now);
  if (active === false) await deactivateUser(sql, actor, { id, ...Deactivation.parse({}) }, now);
  c.var.house.identities.forget();
  return c.json(userJson(await getUser(sql, id)));
});

// A person is never deleted: what they did stays on record. Their account is closed.
users.delete("/:id", async (c) => {
  const { future, reason } = c.req.query();
  const input = { id: idOf(c, "This person"), ...check(Deactivation, { future, reason }) };
  await deactivateUser(c.var.sql, actorOf(c), input, c.var.now);
  c.var.house.identities.forget();
  return c.body(null, 204);
});
