import { PASSWORD } from "./fill.ts";

/** The cookies that a browser has after signing in. */
export async function signInBrowser(url: string, email: string): Promise<string> {
  const body = new URLSearchParams({ email, password: PASSWORD });
  const answer = await fetch(`${url}/login`, { method: "POST", body, redirect: "manual" });
  await answer.body?.cancel();
  if (answer.status !== 303) throw new Error(`Signing in was answered with ${answer.status}`);
  return cookiesOf(answer);
}

/** The cookies that it has after its first page: that page tells it to remember that it has the styles. */
export async function afterFirstPage(url: string, cookies: string): Promise<string> {
  const answer = await fetch(`${url}/schedule`, { headers: { cookie: cookies } });
  await answer.body?.cancel();
  if (answer.status !== 200) throw new Error(`The schedule was answered with ${answer.status}`);
  return [cookies, cookiesOf(answer)].filter(Boolean).join("; ");
}

/** The header that a program proves by who it is. */
export async function signInProgram(url: string, email: string): Promise<{ authorization: string }> {
  const answer = await fetch(`${url}/api/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password: PASSWORD }),
  });
  if (answer.status !== 200) throw new Error(`Signing in was answered with ${answer.status}`);
  return { authorization: `Bearer ${(await answer.json()).access_token}` };
}

const cookiesOf = (answer: Response) =>
  answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]).join("; ");
