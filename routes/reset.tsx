import { Hono } from "hono";
import { z } from "zod";
import { getReset, resetPassword } from "../domain/auth/resets.ts";
import { NotFound } from "../domain/errors.ts";
import { Password } from "../domain/users.ts";
import { ResetGonePage, ResetPage } from "../views/reset.tsx";
import { clearSession } from "./cookies.ts";
import type { Context, Env } from "./env.ts";
import { check, fields, orAgain, type Problem } from "./forms.ts";
import { done, page } from "./respond.tsx";

const NewPassword = z.object({ password: Password });

/** The page behind a reset link, for whoever has it. */
export const reset = new Hono<Env>();

reset.get("/reset/:token", (c) => whileGood(c, () => show(c, c.req.param("token"))));

reset.post("/reset/:token", (c) =>
  whileGood(c, async () => {
    const token = c.req.param("token");
    const values = await fields(c);
    return await orAgain(async () => {
      const { password } = check(NewPassword, values);
      await resetPassword(c.var.sql, { token, password, request_id: c.var.requestId }, c.var.now);
      c.var.house.identities.forget();
      clearSession(c);
      return done(c, { to: "/login", notice: { text: "Your password is set: sign in with it" } });
    }, (problem) => show(c, token, problem));
  }));

async function show(c: Context, token: string, problem?: Problem) {
  const person = await getReset(c.var.sql, token, c.var.now);
  const body = <ResetPage person={person} action={c.req.path} errors={problem?.errors ?? {}} />;
  return page(c, { title: "Set a new password", body, status: problem?.status });
}

// Whoever comes too late is told what to do about it.
async function whileGood(c: Context, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
    return page(c, { title: "This link is not good any more", status: 404, body: <ResetGonePage /> });
  }
}
