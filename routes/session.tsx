import { Hono } from "hono";
import { checkPassword, SignIn } from "../domain/auth/passwords.ts";
import { endSession } from "../domain/auth/sessions.ts";
import { findSecondFactor } from "../domain/auth/second_factor.ts";
import { isSetUp, NewUser, register, setUp } from "../domain/users.ts";
import {
  RegisterPage,
  RegistrationClosedPage,
  SetUpPage,
  SignInPage,
  SignOutPage,
} from "../views/session.tsx";
import { clearSession } from "./cookies.ts";
import type { Context, Env } from "./env.ts";
import { check, fields, orAgain, type Values } from "./forms.ts";
import { limitRegistration, mayTry, tellWrongPassword } from "./guesses.ts";
import { askForCode } from "./pending.ts";
import { done, page } from "./respond.tsx";
import { signIn } from "./signing_in.ts";

/** Set-up, registration, signing in and out: the pages that nobody needs to be signed in for. */
export const session = new Hono<Env>();

session.get("/setup", async (c) => {
  if (await isSetUp(c.var.sql)) return c.notFound();
  return page(c, { title: "Set up", body: <SetUpPage values={{}} errors={{}} /> });
});

session.post("/setup", async (c) => {
  if (await isSetUp(c.var.sql)) return c.notFound();
  const values = await fields(c);
  return orAgain(
    async () => {
      const user = await setUp(
        c.var.sql,
        { ...check(NewUser, values), request_id: c.var.requestId },
        c.var.now,
      );
      if (!user) return c.notFound();
      await signIn(c, user.id);
      const text = "The site is yours. Add what people can reserve";
      return done(c, { to: "/admin/resources", notice: { text } });
    },
    (problem) =>
      page(c, { title: "Set up", status: problem.status, body: <SetUpPage values={values} {...problem} /> }),
  );
});

session.get("/register", (c) => {
  if (c.var.house.config.REGISTRATION === "closed") return closed(c);
  return page(c, { title: "Create an account", body: <RegisterPage values={{}} errors={{}} /> });
});

session.post("/register", async (c) => {
  if (c.var.house.config.REGISTRATION === "closed") return closed(c);
  const values = await fields(c);
  const draw = (problem: { status: 409 | 422; errors: Record<string, string>; message?: string }) =>
    page(c, {
      title: "Create an account",
      status: problem.status,
      body: <RegisterPage values={values} errors={problem.errors} message={problem.message} />,
    });
  return orAgain(async () => {
    const input = check(NewUser, values);
    await limitRegistration(c);
    const user = await register(c.var.sql, { ...input, request_id: c.var.requestId }, c.var.now);
    await signIn(c, user.id);
    return done(c, { to: "/", notice: { text: `Welcome, ${user.name}` } });
  }, draw);
});

session.get("/login", async (c) => {
  if (c.var.actor) return c.redirect(inside(c.req.query("next")), 303);
  if (!await isSetUp(c.var.sql)) return c.redirect("/setup", 303);
  return page(c, { title: "Sign in", body: <SignInForm c={c} values={{}} next={c.req.query("next")} /> });
});

session.post("/login", async (c) => {
  const values = await fields(c);
  const { email, password } = check(SignIn, { email: values.email ?? "", password: values.password ?? "" });
  const wasRight = await mayTry(c, email);
  const user = await checkPassword(c.var.sql, { email, password });
  if (!user) {
    tellWrongPassword(c);
    const message = "E-mail and password do not fit together";
    const body = <SignInForm c={c} values={values} message={message} next={values.next} />;
    return page(c, { title: "Sign in", status: 422, body });
  }
  const to = inside(values.next);
  const codeToCome = (await findSecondFactor(c.var.sql, user.id))?.confirmed_at;
  await wasRight({ codeToCome: Boolean(codeToCome) });
  if (codeToCome) return await askForCode(c, { id: user.id, email, to });
  await signIn(c, user.id);
  return done(c, { to });
});

session.get("/logout", (c) => page(c, { title: "Sign out", body: <SignOutPage /> }));

session.post("/logout", async (c) => {
  if (c.var.session_id) await endSession(c.var.sql, c.var.session_id, c.var.now, c.var.requestId);
  c.var.house.identities.forget();
  clearSession(c);
  return done(c, { to: "/login", notice: { text: "You are signed out" } });
});

function closed(c: Context) {
  return page(c, { title: "Registration is closed", status: 403, body: <RegistrationClosedPage /> });
}

function SignInForm(
  { c, values, message, next }: { c: Context; values: Values; message?: string; next?: string },
) {
  const registration = c.var.house.config.REGISTRATION === "open";
  return (
    <SignInPage
      values={values}
      errors={{}}
      message={message}
      next={inside(next)}
      registration={registration}
    />
  );
}

// Only to a page of ours: an address that begins with two slashes, or a backslash, leads elsewhere.
function inside(next: string | undefined): string {
  return next && /^\/(?![/\\])[\x20-\x7e]*$/.test(next) ? next : "/";
}
