import { Hono } from "hono";
import { z } from "zod";
import { endOwnSession, listSessions } from "../domain/auth/sessions.ts";
import { changePassword, changeProfile, getUser, Password, Profile } from "../domain/users.ts";
import { AccountPage } from "../views/account.tsx";
import { clearSession } from "./cookies.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { check, fields, orAgain, type Problem, type Values } from "./forms.ts";
import { done, page } from "./respond.tsx";

const PasswordChange = z.object({ current: z.string(), password: Password });
const ZONES = Intl.supportedValuesOf("timeZone");

/** My account. */
export const account = new Hono<Env>();

account.get("/account", (c) => show(c));

account.post("/account", async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    await changeProfile(c.var.sql, actorOf(c), check(Profile, values), c.var.now);
    c.var.house.identities.forget();
    return done(c, { to: "/account", notice: { text: "Saved" } });
  }, (problem) => show(c, values, problem));
});

account.post("/account/password", async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    const change = { ...check(PasswordChange, values), session_id: c.var.session_id ?? "" };
    await changePassword(c.var.sql, actorOf(c), change, c.var.now);
    c.var.house.identities.forget();
    return done(c, {
      to: "/account",
      notice: { text: "Your password is changed; every other session has ended" },
    });
  }, (problem) => show(c, {}, problem));
});

account.post("/account/sessions/:id/end", async (c) => {
  const id = c.req.param("id");
  await endOwnSession(c.var.sql, actorOf(c), id, c.var.now);
  c.var.house.identities.forget();
  if (id === c.var.session_id) {
    clearSession(c);
    return done(c, { to: "/login", notice: { text: "You are signed out" } });
  }
  return done(c, { to: "/account", notice: { text: "Signed out there" } });
});

async function show(c: Context, values?: Values, problem?: Problem) {
  const { sql, now, house, session_id = "" } = c.var;
  const actor = actorOf(c);
  const [user, sessions] = await Promise.all([getUser(sql, actor.id), listSessions(sql, actor, now)]);
  const body = (
    <AccountPage
      user={user}
      zone={actor.time_zone}
      siteZone={house.config.TIME_ZONE}
      zones={ZONES}
      sessions={sessions}
      current={session_id}
      now={now}
      values={values}
      errors={problem?.errors}
    />
  );
  return page(c, { title: "My account", body, status: problem?.status });
}
