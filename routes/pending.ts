import { z } from "zod";
import { seal, unseal } from "../lib/seal.ts";
import { pendingOf, setPending } from "./cookies.ts";
import type { Context } from "./env.ts";
import { done } from "./respond.tsx";

/** So long there is to give the code, from when the password was right. */
const SECONDS = 5 * 60;

const Pending = z.object({
  step: z.literal("second"),
  id: z.string(),
  email: z.string(),
  to: z.string(),
  until: z.number(),
});
/** Who has given the right password, and where they want to go. */
export type Pending = Omit<z.infer<typeof Pending>, "step" | "until">;

/** Leads to the second step of signing in. Who it is, is sealed: nobody gets there but by the first. */
export async function askForCode(c: Context, pending: Pending): Promise<Response> {
  const { house, now } = c.var;
  const until = now.epochMilliseconds + SECONDS * 1000;
  const sealed = await seal(house.config.SECRET_KEY, JSON.stringify({ ...pending, step: "second", until }));
  setPending(c, sealed.toBase64({ alphabet: "base64url", omitPadding: true }), SECONDS);
  return await done(c, { to: "/login/code" });
}

/** Who has passed the first step; undefined where nobody has, or too long ago. */
export async function readPending(c: Context): Promise<Pending | undefined> {
  const kept = pendingOf(c);
  if (!kept || !/^[\w-]+$/.test(kept)) return undefined;
  try {
    const sealed = Uint8Array.fromBase64(kept, { alphabet: "base64url" });
    const { step: _, until, ...pending } = Pending.parse(
      JSON.parse(await unseal(c.var.house.config.SECRET_KEY, sealed) ?? "null"),
    );
    return until > c.var.now.epochMilliseconds ? pending : undefined;
  } catch {
    return undefined;
  }
}
