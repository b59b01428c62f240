import { z } from "zod";
import { checkPassword } from "../../domain/auth/passwords.ts";
import {
  ACCESS_SECONDS,
  beginSession,
  endSession,
  type Granted,
  rotate,
} from "../../domain/auth/sessions.ts";
import { findSecondFactor, WRONG_CODE } from "../../domain/auth/second_factor.ts";
import { Forbidden } from "../../domain/errors.ts";
import { getUser, NewUser, register } from "../../domain/users.ts";
import { actorOf, type Context } from "../env.ts";
import { NotSignedIn, Refused } from "../refused.ts";
import { limitRegistration, mayTry, passCode, tellWrongPassword } from "../guesses.ts";
import { issueAccess } from "../tokens.ts";
import { TokenPair, User } from "./answers.ts";
import { userJson } from "./json.ts";
import { calls } from "./operations.ts";

const Credentials = z.object({
  email: z.string("Give the e-mail address").trim().toLowerCase(),
  password: z.string("Give the password"),
  code: z.string("Give the code as text").optional()
    .describe("Where a second factor is on: what the app shows now, or one of the codes to fall back on"),
});
const Refresh = z.object({ refresh_token: z.string("Give the refresh token") });

/** Accounts and tokens, for programs. */
export const auth = calls("/auth", "Accounts and tokens");

auth.post("/register", {
  id: "register",
  summary: "Make an account",
  who: "anyone",
  body: NewUser,
  answers: {
    201: User,
    403: "The site makes accounts for people itself",
    409: "This e-mail address already has an account",
  },
}, async (c, { body }) => {
  if (c.var.house.config.REGISTRATION === "closed") throw new Forbidden("Registration is closed here");
  await limitRegistration(c);
  return userJson(await register(c.var.sql, { ...body, request_id: c.var.requestId }, c.var.now));
});

auth.post("/login", {
  id: "login",
  summary: "Begin a session by e-mail and password",
  who: "anyone",
  body: Credentials,
  description:
    "Where a second factor is on, the code has to come along: without it the answer is 401, with the " +
    "path `code` in its `errors`.",
  answers: {
    200: TokenPair,
    401: "E-mail and password do not fit together, or the code is missing or wrong",
  },
}, async (c, { body: { code, ...credentials } }) => {
  const wasRight = await mayTry(c, credentials.email);
  const user = await checkPassword(c.var.sql, credentials);
  if (!user) {
    tellWrongPassword(c);
    throw new NotSignedIn("E-mail and password do not fit together");
  }
  const codeToCome = (await findSecondFactor(c.var.sql, user.id))?.confirmed_at;
  await wasRight({ codeToCome: Boolean(codeToCome) });
  if (codeToCome) await mustHaveCode(c, { id: user.id, email: credentials.email, code });
  const device = c.req.header("user-agent") ?? "";
  const begun = { user_id: user.id, kind: "api", device, request_id: c.var.requestId } as const;
  return tokens(c, await beginSession(c.var.sql, begun, c.var.now));
});

auth.post("/refresh", {
  id: "refresh",
  summary: "Take a new pair for a refresh token",
  description: "A refresh token that comes a second time ends the session, whoever has it.",
  who: "anyone",
  body: Refresh,
  answers: { 200: TokenPair, 401: "The refresh token is not good any more" },
}, async (c, { body: { refresh_token } }) => {
  const granted = await rotate(c.var.sql, refresh_token, c.var.now);
  if (!granted) {
    // A whole family may have ended with it, and its access tokens end at once.
    c.var.house.identities.forget();
    throw new NotSignedIn("This refresh token is not good any more: sign in again");
  }
  return tokens(c, granted);
});

auth.post("/logout", {
  id: "logout",
  summary: "End this session",
  who: "signed in",
  description: "A personal token has no session: it is revoked instead.",
  answers: { 204: "It has ended" },
}, async (c) => {
  if (!c.var.session_id) {
    throw new Forbidden("This is a personal token, without a session: revoke it instead");
  }
  await endSession(c.var.sql, c.var.session_id, c.var.now, c.var.requestId);
  c.var.house.identities.forget();
});

auth.get("/me", {
  id: "getMe",
  summary: "Read who is signed in",
  who: "signed in",
  fields: User,
  answers: { 200: User },
}, async (c) => userJson(await getUser(c.var.sql, actorOf(c).id)));

async function mustHaveCode(c: Context, { id, email, code }: { id: string; email: string; code?: string }) {
  if (!code) throw noCode("Give the code of the second factor, too");
  if (!await passCode(c, { id, email, code })) throw noCode(WRONG_CODE);
}

const noCode = (message: string) =>
  new Refused(401, "Not signed in", message, { errors: [{ path: "code", message }] });

async function tokens(c: Context, granted: Granted) {
  const access_token = await issueAccess(c.var.house.config.SECRET_KEY, granted, c.var.now);
  const { refresh_token } = granted;
  return { access_token, refresh_token, token_type: "Bearer", expires_in: ACCESS_SECONDS };
}
