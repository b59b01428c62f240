import { Hono } from "hono";
import { z } from "zod";
import { createReset } from "../../domain/auth/resets.ts";
import { findSecondFactor, takeSecondFactor } from "../../domain/auth/second_factor.ts";
import { listSessions } from "../../domain/auth/sessions.ts";
import { ROLES } from "../../domain/permissions.ts";
import { listReservations } from "../../domain/reservations.ts";
import { changeRole, deactivateUser, Deactivation, reactivateUser } from "../../domain/accounts.ts";
import { getUser, listUsers, type User } from "../../domain/users.ts";
import { isId } from "../../lib/ids.ts";
import { DeactivatePage, UserPage, UsersPage } from "../../views/admin/users.tsx";
import { count } from "../../views/words.ts";
import { actorOf, type Context, type Env } from "../env.ts";
import { check, fields, orAgain, type Problem, type Values } from "../forms.ts";
import { done, page } from "../respond.tsx";

const PER_PAGE = 100;
const LISTED = 20;
export const RoleChange = z.object({ role: z.enum(ROLES, "The role is user, staff or admin") });

/** People: their roles, their accounts and their ways in, for administrators. */
export const manageUsers = new Hono<Env>();

manageUsers.get("/", (c) => list(c));

manageUsers.get("/:id", (c) => show(c, c.req.param("id")));

manageUsers.post("/:id/role", async (c) => {
  const values = await fields(c);
  const id = c.req.param("id");
  const alone = values.from === "person";
  return orAgain(async () => {
    const user = await changeRole(c.var.sql, actorOf(c), { id, ...check(RoleChange, values) }, c.var.now);
    c.var.house.identities.forget();
    const to = alone ? `/admin/users/${user.id}` : "/admin/users";
    return done(c, { to, notice: { text: `${user.name} is now ${user.role}` } });
  }, (problem) => alone ? show(c, id, problem) : list(c, problem));
});

manageUsers.get("/:id/deactivate", async (c) => {
  const user = await getUser(c.var.sql, c.req.param("id"));
  return leaving(c, user, {});
});

manageUsers.post("/:id/deactivate", async (c) => {
  const user = await getUser(c.var.sql, c.req.param("id"));
  const values = await fields(c);
  return orAgain(async () => {
    const input = { id: user.id, ...check(Deactivation, values) };
    const cancelled = await deactivateUser(c.var.sql, actorOf(c), input, c.var.now);
    c.var.house.identities.forget();
    const also = cancelled > 0
      ? `; ${count(cancelled, "reservation was", "reservations were")} cancelled`
      : "";
    const text = `${user.name}'s account is closed${also}`;
    return done(c, { to: `/admin/users/${user.id}`, notice: { text } });
  }, (problem) => leaving(c, user, values, problem));
});

manageUsers.post("/:id/reactivate", async (c) => {
  const { id, name } = await reactivateUser(c.var.sql, actorOf(c), c.req.param("id"), c.var.now);
  return done(c, { to: `/admin/users/${id}`, notice: { text: `${name}'s account is open again` } });
});

manageUsers.post("/:id/reset", async (c) => {
  const { sql, now, house } = c.var;
  const { id, name } = await getUser(sql, c.req.param("id"));
  return orAgain(async () => {
    const { token } = await createReset(sql, actorOf(c), id, now);
    const text = `Give ${name} this link. It is shown only now, sets a password once, and is good for a day:`;
    const secret = new URL(`/reset/${token}`, house.config.BASE_URL).href;
    return done(c, { to: `/admin/users/${id}`, notice: { text, secret } });
  }, (problem) => show(c, id, problem));
});

manageUsers.post("/:id/second_factor/take", async (c) => {
  const { id, name } = await getUser(c.var.sql, c.req.param("id"));
  return orAgain(async () => {
    const taken = await takeSecondFactor(c.var.sql, actorOf(c), id, c.var.now);
    c.var.house.identities.forget();
    const text = taken
      ? `${name}'s second factor is gone, and they are signed out`
      : `${name} has no second factor`;
    return done(c, { to: `/admin/users/${id}`, notice: { text } });
  }, (problem) => show(c, id, problem));
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
  const message = wrongIn(problem);
  const body = <UsersPage users={shown} q={q} message={message} next={next} />;
  return page(c, { title: "People", body, status: problem?.status });
}

async function show(c: Context, id: string, problem?: Problem) {
  const { sql, now } = c.var;
  const user = await getUser(sql, id);
  const [ahead, sessions, factor] = await Promise.all([
    aheadOf(c, user),
    listSessions(sql, user, now),
    findSecondFactor(sql, user.id),
  ]);
  const body = (
    <UserPage
      user={user}
      ahead={ahead.slice(0, LISTED)}
      more={ahead.length > LISTED}
      sessions={sessions}
      factor={Boolean(factor?.confirmed_at)}
      zone={actorOf(c).time_zone}
      now={now}
      message={wrongIn(problem)}
    />
  );
  return page(c, { title: user.name, body, status: problem?.status });
}

async function leaving(c: Context, user: User, values: Values, problem?: Problem) {
  const ahead = await aheadOf(c, user);
  const body = (
    <DeactivatePage
      user={user}
      ahead={ahead.slice(0, LISTED)}
      more={ahead.length > LISTED}
      values={values}
      errors={problem?.errors ?? {}}
      zone={actorOf(c).time_zone}
      now={c.var.now}
      message={problem?.message}
    />
  );
  return page(c, { title: `Close ${user.name}'s account`, body, status: problem?.status });
}

function aheadOf(c: Context, { id }: User) {
  const filter = { requester_id: id, from: c.var.now, ahead: true, limit: LISTED };
  return listReservations(c.var.sql, actorOf(c), filter);
}

const wrongIn = (problem?: Problem) => problem?.message ?? Object.values(problem?.errors ?? {})[0];
