import { Hono } from "hono";
import { changeRole, getUser, listUsers } from "../../domain/users.ts";
import { RoleChange } from "../admin/users.tsx";
import { actorOf, type Env } from "../env.ts";
import { allowed } from "../middleware.ts";
import { body, idOf, list, nameKey, paging, userJson } from "./json.ts";

/** People and their roles, for programs of administrators. */
export const users = new Hono<Env>();

users.use(allowed("manage_users"));

users.get("/", async (c) => {
  const { limit, after } = paging(c, nameKey);
  const found = await listUsers(c.var.sql, actorOf(c), { q: c.req.query("q"), limit, after });
  return list(c, found, limit, userJson, ({ name, id }) => ({ name: name.toLowerCase(), id }));
});

users.get("/:id", async (c) => c.json(userJson(await getUser(c.var.sql, idOf(c, "This person")))));

users.patch("/:id", async (c) => {
  const { role } = await body(c, RoleChange);
  const user = await changeRole(c.var.sql, actorOf(c), { id: idOf(c, "This person"), role }, c.var.now);
  c.var.house.identities.forget();
  return c.json(userJson(user));
});
