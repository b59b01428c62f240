import { Hono } from "hono";
import {
  beginSecondFactor,
  confirmSecondFactor,
  endSecondFactor,
  findEnrolment,
  findSecondFactor,
  renewBackupCodes,
  WRONG_CODE,
} from "../domain/auth/second_factor.ts";
import { CodePage, SecondFactorPage } from "../views/second_factor.tsx";
import { clearPending } from "./cookies.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { fields, orAgain, type Problem } from "./forms.ts";
import { inPerson, passCode, withCode } from "./guesses.ts";
import { readPending } from "./pending.ts";
import { done, page } from "./respond.tsx";
import { signIn } from "./signing_in.ts";

const HERE = "/account/second-factor";

/** The second step of signing in, for whoever has passed the first. */
export const secondStep = new Hono<Env>();

secondStep.get("/login/code", async (c) => await readPending(c) ? code(c) : fromTheStart(c));

secondStep.post("/login/code", async (c) => {
  const pending = await readPending(c);
  if (!pending) return fromTheStart(c);
  const { code: given = "" } = await fields(c);
  if (!await passCode(c, { ...pending, code: given })) return code(c, WRONG_CODE);
  clearPending(c);
  await signIn(c, pending.id);
  return done(c, { to: pending.to });
});

/** My second factor: setting it up, its codes to fall back on, and turning it off. */
export const secondFactor = new Hono<Env>();

secondFactor.get(HERE, (c) => show(c));

secondFactor.post(`${HERE}/begin`, async (c) => {
  const { confirm = "" } = await fields(c);
  return orAgain(async () => {
    const input = { password: confirm, key: c.var.house.config.SECRET_KEY };
    await inPerson(c, () => beginSecondFactor(c.var.sql, actorOf(c), input, c.var.now));
    return done(c, { to: HERE });
  }, (problem) => show(c, problem));
});

secondFactor.post(`${HERE}/confirm`, async (c) => {
  const { code = "" } = await fields(c);
  const input = { code, key: c.var.house.config.SECRET_KEY, session_id: c.var.session_id ?? "" };
  return orAgain(async () => {
    const codes = await withCode(c, () => confirmSecondFactor(c.var.sql, actorOf(c), input, c.var.now));
    c.var.house.identities.forget();
    const text =
      "Your second factor is on; every other session has ended. For when your phone is lost, keep these " +
      "codes elsewhere: each is good once, and they are shown only now:";
    return done(c, { to: HERE, notice: { text, secret: codes.join("\n") } });
  }, (problem) => show(c, problem));
});

secondFactor.post(`${HERE}/codes`, async (c) => {
  const { confirm = "", code = "" } = await fields(c);
  const proof = { confirm, code, key: c.var.house.config.SECRET_KEY };
  return orAgain(async () => {
    const codes = await withCode(c, () => renewBackupCodes(c.var.sql, actorOf(c), proof, c.var.now));
    const text =
      "These take the place of the codes that you had. Each is good once, and they are shown only now:";
    return done(c, { to: HERE, notice: { text, secret: codes.join("\n") } });
  }, (problem) => show(c, problem));
});

secondFactor.post(`${HERE}/end`, async (c) => {
  const { confirm = "", code = "" } = await fields(c);
  const { SECRET_KEY: key } = c.var.house.config;
  const proof = { confirm, code, key, session_id: c.var.session_id ?? "" };
  return orAgain(async () => {
    await withCode(c, () => endSecondFactor(c.var.sql, actorOf(c), proof, c.var.now));
    c.var.house.identities.forget();
    return done(c, {
      to: HERE,
      notice: { text: "Your second factor is off; every other session has ended" },
    });
  }, (problem) => show(c, problem));
});

async function show(c: Context, problem?: Problem) {
  const { sql, house, lacks_factor } = c.var;
  const actor = actorOf(c);
  const site = `Holdfast ${new URL(house.config.BASE_URL).host.replaceAll(":", " ")}`;
  const [factor, enrolment] = await Promise.all([
    findSecondFactor(sql, actor.id),
    findEnrolment(sql, actor, { key: house.config.SECRET_KEY, site }),
  ]);
  const body = (
    <SecondFactorPage
      factor={factor}
      enrolment={enrolment}
      wanted={lacks_factor ?? false}
      email={actor.email}
      zone={actor.time_zone}
      now={c.var.now}
      errors={problem?.errors ?? {}}
      message={problem?.message}
    />
  );
  return page(c, { title: "Second factor", body, status: problem?.status, more: true });
}

function code(c: Context, error?: string) {
  return page(c, { title: "Sign in", body: <CodePage error={error} />, status: error ? 422 : 200 });
}

function fromTheStart(c: Context) {
  clearPending(c);
  return done(c, {
    to: "/login",
    notice: { text: "Sign in from the start: the code has to come within five minutes" },
  });
}
