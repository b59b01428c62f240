import { Hono } from "hono";
import { z } from "zod";
import { ROLES } from "../../domain/permissions.ts";
import { changeRole, listUsers } from "../../domain/users.ts";
import { isId } from "../../lib/ids.ts";
import { UsersPage } from "../../views/admin/users.tsx";
import { actorOf, type Context, type Env } from "../env.ts";
import { check, fields, orAgain, type Problem } from "../forms.ts";
import { done, page } from "../respond.tsx";

const PER_PAGE = 100;
export const RoleChange = z.object({ role: z.enum(ROLES, "The role is user, staff or admin") });

/** People and their roles, for administrators. */
export const manageUsers = new Hono<Env>();

manageUsers.get("/", (c) => list(c));

manageUsers.post("/:id/role", async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    const change = { id: c.req.param("id"), ...check(RoleChange, values) };
    const user = await changeRole(c.var.sql, actorOf(c), change, c.var.now);
    c.var.house.identities.forget();
    return done(c, { to: "/admin/users", notice: { text: `${user.name} is now ${user.role}` } });
  }, (problem) => list(c, problem));
});

async function list(c: Context, problem?: Problem) {
  const { q = "", after_name = "", after_id = "" } = c.req.query();
  const after = isId(after_id) ? { name: after_name, id: after_id } : undefined;
  const found = await listUsers(c.var.sql, actorOf(c), { q, limit: PER_PAGE, after });
  const shown = found.slice(0, PER_PAGE);
  const last = shown.at(-1);
  const next = found.length > PER_PAGE && last
    ? `/admin/users?${new URLSearchParams({ q, after_name: last.name.toLowerCase(), after_id: last.id })}`
    : undefined;
  const message = problem?.message ?? Object.values(problem?.errors ?? {})[0];
  const body = <UsersPage users={shown} q={q} message={message} next={next} />;
  return page(c, { title: "People", body, status: problem?.status });
}
