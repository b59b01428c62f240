import { Hono } from "hono";
import { z } from "zod";
import {
  ACCESS_SECONDS,
  beginSession,
  checkPassword,
  endSession,
  type Granted,
  rotate,
} from "../../domain/auth/sessions.ts";
import { Forbidden } from "../../domain/errors.ts";
import { getUser, NewUser, register } from "../../domain/users.ts";
import { actorOf, type Context, type Env } from "../env.ts";
import { signedIn } from "../middleware.ts";
import { NotSignedIn } from "../refused.ts";
import { limitRegistration, mayTry } from "../session.tsx";
import { issueAccess } from "../tokens.ts";
import { body, userJson } from "./json.ts";

const Credentials = z.object({
  email: z.string("Give the e-mail address").trim().toLowerCase(),
  password: z.string("Give the password"),
});
const Refresh = z.object({ refresh_token: z.string("Give the refresh token") });

/** Accounts and tokens, for programs. */
export const auth = new Hono<Env>();

auth.post("/register", async (c) => {
  if (c.var.house.config.REGISTRATION === "closed") throw new Forbidden("Registration is closed here");
  const input = await body(c, NewUser);
  await limitRegistration(c);
  const made = await register(c.var.sql, { ...input, request_id: c.var.requestId }, c.var.now);
  return c.json(userJson(made), 201);
});

auth.post("/login", async (c) => {
  const credentials = await body(c, Credentials);
  const { signIn } = c.var.house.limits;
  const key = await mayTry(c, credentials.email);
  const user = await checkPassword(c.var.sql, credentials);
  if (!user) {
    await signIn.count(key);
    throw new NotSignedIn("E-mail and password do not fit together");
  }
  await signIn.forget(key);
  const device = c.req.header("user-agent") ?? "";
  const begun = { user_id: user.id, kind: "api", device, request_id: c.var.requestId } as const;
  return tokens(c, await beginSession(c.var.sql, begun, c.var.now));
});

auth.post("/refresh", async (c) => {
  const { refresh_token } = await body(c, Refresh);
  const granted = await rotate(c.var.sql, refresh_token, c.var.now);
  if (!granted) {
    // A whole family may have ended with it, and its access tokens end at once.
    c.var.house.identities.forget();
    throw new NotSignedIn("This refresh token is not good any more: sign in again");
  }
  return tokens(c, granted);
});

auth.post("/logout", signedIn(), async (c) => {
  await endSession(c.var.sql, c.var.session_id!, c.var.now, c.var.requestId);
  c.var.house.identities.forget();
  return c.body(null, 204);
});

auth.get("/me", signedIn(), async (c) => c.json(userJson(await getUser(c.var.sql, actorOf(c).id))));

async function tokens(c: Context, granted: Granted) {
  const access_token = await issueAccess(c.var.house.config.SECRET_KEY, granted, c.var.now);
  const { refresh_token } = granted;
  return c.json({ access_token, refresh_token, token_type: "Bearer", expires_in: ACCESS_SECONDS });
}
