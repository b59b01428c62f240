import { Hono } from "hono";
import { z } from "zod";
import { endOtherSessions, endOwnSession, listSessions } from "../domain/auth/sessions.ts";
import { findSecondFactor } from "../domain/auth/second_factor.ts";
import { createToken, listTokens, NewToken, revokeToken } from "../domain/auth/tokens.ts";
import {
  delegate,
  endDelegation,
  listDelegations,
  listStandIns,
  NewDelegation,
} from "../domain/delegations.ts";
import { may } from "../domain/permissions.ts";
import { changePassword, changeProfile, Profile } from "../domain/profiles.ts";
import { getUser, Password } from "../domain/users.ts";
import { AccountPage } from "../views/account.tsx";
import { clearSession } from "./cookies.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { check, fields, orAgain, type Problem, type Values } from "./forms.ts";
import { inPerson } from "./guesses.ts";
import { allowed } from "./middleware.ts";
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
    const actor = actorOf(c);
    const change = { ...check(PasswordChange, values), session_id: c.var.session_id ?? "" };
    await inPerson(c, () => changePassword(c.var.sql, actor, change, c.var.now));
    c.var.house.identities.forget();
    return done(c, {
      to: "/account",
      notice: { text: "Your password is changed; every other session has ended" },
    });
  }, (problem) => show(c, {}, problem));
});

account.post("/account/away", allowed("delegate"), async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    await delegate(c.var.sql, actorOf(c), check(NewDelegation, values), c.var.now);
    return done(c, { to: "/account", notice: { text: "While you are away, they decide" } });
  }, (problem) => show(c, undefined, undefined, { values, errors: problem.errors, status: problem.status }));
});

account.post("/account/away/:id/end", allowed("delegate"), async (c) => {
  await endDelegation(c.var.sql, actorOf(c), c.req.param("id"), c.var.now);
  return done(c, { to: "/account", notice: { text: "You decide yourself again" } });
});

account.post("/account/sessions/end", async (c) => {
  const { confirm = "" } = await fields(c);
  return orAgain(async () => {
    const others = { here: c.var.session_id ?? "", password: confirm };
    await inPerson(c, () => endOtherSessions(c.var.sql, actorOf(c), others, c.var.now));
    c.var.house.identities.forget();
    return done(c, { to: "/account", notice: { text: "Signed out everywhere else" } });
  }, (problem) => show(c, undefined, problem));
});

account.post("/account/sessions/:id/end", async (c) => {
  const { confirm = "" } = await fields(c);
  const session = { session_id: c.req.param("id"), here: c.var.session_id, password: confirm };
  const end = () => endOwnSession(c.var.sql, actorOf(c), session, c.var.now);
  return orAgain(async () => {
    if (session.session_id === session.here) {
      await end();
      c.var.house.identities.forget();
      clearSession(c);
      return done(c, { to: "/login", notice: { text: "You are signed out" } });
    }
    await inPerson(c, end);
    c.var.house.identities.forget();
    return done(c, { to: "/account", notice: { text: "Signed out there" } });
  }, (problem) => show(c, undefined, problem));
});

account.post("/account/tokens", async (c) => {
  const values = await fields(c);
  return orAgain(async () => {
    const { secret, name } = await createToken(
      c.var.sql,
      actorOf(c),
      check(NewToken, { ...values, name: values.token ?? "" }),
      c.var.now,
    );
    const text = `The token “${name}” is made. Copy it now: it is shown this once`;
    return done(c, { to: "/account", notice: { text, secret } });
  }, (problem) => show(c, undefined, undefined, undefined, { values, ...problem }));
});

account.post("/account/tokens/:id/revoke", async (c) => {
  await revokeToken(c.var.sql, actorOf(c), c.req.param("id"), c.var.now);
  c.var.house.identities.forget();
  return done(c, { to: "/account", notice: { text: "The token is good no more" } });
});

type Making = Pick<Problem, "errors" | "status" | "message"> & { values: Values };
type Away = Pick<Problem, "errors" | "status"> & { values: Values };

async function show(c: Context, values?: Values, problem?: Problem, away?: Away, making?: Making) {
  const { sql, now, house, session_id = "" } = c.var;
  const actor = actorOf(c);
  const [user, factor, sessions, tokens] = await Promise.all([
    getUser(sql, actor.id),
    findSecondFactor(sql, actor.id),
    listSessions(sql, actor, now),
    listTokens(sql, actor, now),
  ]);
  const decides = may(actor, "delegate");
  const [delegations, standIns] = decides
    ? await Promise.all([listDelegations(sql, actor, now), listStandIns(sql, actor)])
    : [[], []];
  const body = (
    <AccountPage
      user={user}
      factor={factor}
      zone={actor.time_zone}
      siteZone={house.config.TIME_ZONE}
      zones={ZONES}
      sessions={sessions}
      tokens={{ tokens, role: actor.role, ...making }}
      current={session_id}
      now={now}
      values={values}
      errors={problem?.errors}
      away={decides ? { delegations, standIns, zone: actor.time_zone, now, ...away } : undefined}
    />
  );
  return page(c, { title: "My account", body, status: problem?.status ?? away?.status ?? making?.status });
}
