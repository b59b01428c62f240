import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { type Granted, REFRESH_SECONDS } from "../domain/auth/sessions.ts";
import type { Context } from "./env.ts";
import { issueAccess } from "./tokens.ts";

export const ACCESS = "holdfast_access";
export const REFRESH = "holdfast_refresh";
const FLASH = "holdfast_notice";

const secure = (c: Context) => c.get("house").config.BASE_URL.startsWith("https:");

// With TLS no other host under the same domain can leave a cookie of this name, and none travels without it.
const called = (c: Context, name: string) => secure(c) ? `__Host-${name}` : name;

/** A cookie of ours, by its name. */
export const cookieOf = (c: Context, name: string): string | undefined => getCookie(c, called(c, name));

function options(c: Context, maxAge: number) {
  return { path: "/", httpOnly: true, sameSite: "Lax", secure: secure(c), maxAge } as const;
}

/** Gives a browser the two cookies of its session. */
export async function setSession(c: Context, granted: Granted): Promise<void> {
  await setAccess(c, granted);
  setCookie(c, called(c, REFRESH), granted.refresh_token, options(c, REFRESH_SECONDS));
}

/** Gives a browser a new access token, for a session whose refresh token another of its tabs has just renewed. */
export async function setAccess(c: Context, granted: Granted): Promise<void> {
  const access = await issueAccess(c.get("house").config.SECRET_KEY, granted, c.get("now"));
  // The cookie outlives the token, so that a tab left open shows who was signed in until it is renewed.
  setCookie(c, called(c, ACCESS), access, options(c, REFRESH_SECONDS));
}

/** Takes them back. */
export function clearSession(c: Context): void {
  deleteCookie(c, called(c, ACCESS), { path: "/", secure: secure(c) });
  deleteCookie(c, called(c, REFRESH), { path: "/", secure: secure(c) });
}

const PENDING = "holdfast_second";

/** Keeps for so many seconds who has given the right password, sealed, while a code is still to come. */
export function setPending(c: Context, sealed: string, seconds: number): void {
  setCookie(c, called(c, PENDING), sealed, options(c, seconds));
}

/** What was kept of that, if anything. */
export const pendingOf = (c: Context): string | undefined => cookieOf(c, PENDING);

/** Takes it back. */
export function clearPending(c: Context): void {
  deleteCookie(c, called(c, PENDING), { path: "/", secure: secure(c) });
}

/** What is said once, on the next page. */
export interface Notice {
  text: string;
  /** Where a POST takes it back. */
  undo?: string;
  /** What is to be copied, and is not shown again. */
  secret?: string;
}

/** Keeps a notice for the page that a redirect leads to. */
export function leaveNotice(c: Context, notice: Notice): void {
  setCookie(c, called(c, FLASH), JSON.stringify(notice), options(c, 60));
}

/** Takes the notice that was left, if any: it is said once. */
export function takeNotice(c: Context): Notice | undefined {
  const kept = cookieOf(c, FLASH);
  if (!kept) return undefined;
  deleteCookie(c, called(c, FLASH), { path: "/", secure: secure(c) });
  try {
    const { text, undo, secret } = JSON.parse(kept);
    const said = (value: unknown) => typeof value === "string" ? value : undefined;
    return typeof text === "string" ? { text, undo: said(undo), secret: said(secret) } : undefined;
  } catch {
    return undefined;
  }
}

const STYLES = "holdfast_styles";

/** Whether the browser has been given this stylesheet before, so that a page need not carry it. */
export function hasStyles(c: Context): boolean {
  const hash = c.get("house").assets.hash("app.css");
  if (cookieOf(c, STYLES) === hash) return true;
  setCookie(c, called(c, STYLES), hash, options(c, 30 * 24 * 3600));
  return false;
}
