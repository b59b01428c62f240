import { beginSession, endSession } from "../domain/auth/sessions.ts";
import { setSession } from "./cookies.ts";
import type { Context } from "./env.ts";

/** Begins a session in this browser. Whoever signs in once more leaves none behind that it had before. */
export async function signIn(c: Context, user_id: string) {
  if (c.var.session_id && !c.var.bearer) {
    await endSession(c.var.sql, c.var.session_id, c.var.now, c.var.requestId);
    c.var.house.identities.forget();
  }
  const device = c.req.header("user-agent") ?? "";
  const begun = { user_id, kind: "browser", device, request_id: c.var.requestId } as const;
  await setSession(c, await beginSession(c.var.sql, begun, c.var.now));
}
