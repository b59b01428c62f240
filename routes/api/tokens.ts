import { z } from "zod";
import { type ApiToken, createToken, listTokens, NewToken, revokeToken } from "../../domain/auth/tokens.ts";
import { Forbidden } from "../../domain/errors.ts";
import { actorOf, type Context } from "../env.ts";
import { Token, TokenMade } from "./answers.ts";
import { calls } from "./operations.ts";

/** Tokens that let programs act for a person, made and revoked by that person. */
export const tokens = calls("/auth/tokens", "Accounts and tokens", "This token");

tokens.get("/", {
  id: "listTokens",
  summary: "List one's own tokens that are good, the newest first",
  who: "signed in",
  answers: { 200: z.strictObject({ data: z.array(Token) }) },
}, async (c) => ({ data: (await listTokens(c.var.sql, actorOf(c), c.var.now)).map(tokenJson) }));

tokens.post("/", {
  id: "createToken",
  summary: "Make a token for oneself",
  description:
    "Its secret is in this answer, and nowhere afterwards. `read` is for reading, `write` for everything " +
    "that people without an office and approvers do, `admin` for what only administrators may, too; never more than " +
    "its person’s role. A token cannot make another.",
  who: "signed in",
  body: NewToken.meta({ id: "NewToken" }),
  answers: { 201: TokenMade, 409: "There are too many already" },
}, async (c, { body }) => {
  mustBeInPerson(c);
  const { secret, ...made } = await createToken(c.var.sql, actorOf(c), body, c.var.now);
  return { ...tokenJson(made), token: secret };
});

tokens.delete("/:id", {
  id: "revokeToken",
  summary: "Revoke a token: the next request with it is refused",
  who: "signed in",
  answers: { 204: "It is good no more" },
}, async (c, { id }) => {
  mustBeInPerson(c);
  await revokeToken(c.var.sql, actorOf(c), id, c.var.now);
  c.var.house.identities.forget();
});

// Whoever finds a token must not be able to make it last.
function mustBeInPerson(c: Context) {
  if (c.var.scope) throw new Forbidden("A token may not make or revoke tokens: sign in with a password");
}

function tokenJson({ id, name, scope, created_at, expires_at, last_used_at }: ApiToken) {
  return { id, name, scope, created_at, expires_at, last_used_at };
}
