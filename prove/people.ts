import { ADMIN } from "./site.ts";

/** What came back from a site. */
export interface Answer {
  status: number;
  // deno-lint-ignore no-explicit-any
  json: any;
}

/** Somebody who is signed in, and whose program calls the API. */
export interface Person {
  id: string;
  email: string;
  call(
    origin: string,
    method: string,
    path: string,
    body?: unknown,
    idempotencyKey?: string,
  ): Promise<Answer>;
  /** Sends a form of a page, as a browser without scripts does. */
  post(origin: string, path: string, form?: Record<string, string>): Promise<Answer>;
}

export interface Crowd {
  ada: Person;
  staff: Person[];
  people: Person[];
}

const PASSWORD = "correct horse battery";

/** Makes the people of a run: so many who ask, so many who decide, and the administrator of the site. */
export async function gather(
  origin: string,
  { people, staff }: { people: number; staff: number },
): Promise<Crowd> {
  const ada = await signIn(origin, ADMIN);
  const make = async (name: string, role: string) => {
    const account = { email: `${name.toLowerCase().replace(" ", "")}@holdfast.example`, password: PASSWORD };
    await done(ada, origin, "POST", "/users", { ...account, name, role });
    return await signIn(origin, account);
  };
  const crowd: Crowd = { ada, staff: [], people: [] };
  for (let i = 1; i <= people; i++) crowd.people.push(await make(`Person ${i}`, "user"));
  for (let i = 1; i <= staff; i++) crowd.staff.push(await make(`Approver ${i}`, "staff"));
  return crowd;
}

/** Signs in; the API is called with a token of its own, which lasts as long as the longest run. */
export async function signIn(origin: string, account: { email: string; password: string }): Promise<Person> {
  const { access_token } = await must(send(origin, "", "POST", "/auth/login", account));
  const token = { name: "prove", scope: "admin", expires_in_days: 2 };
  const { token: secret } = await must(send(origin, access_token, "POST", "/auth/tokens", token));
  const { id } = await must(send(origin, access_token, "GET", "/auth/me"));
  let session = { token: access_token, until: performance.now() + 10 * 60_000 };
  return {
    ...{ id, email: account.email },
    call: (where, method, path, body, key) => send(where, secret, method, path, body, key),
    async post(where, path, form = {}) {
      if (performance.now() > session.until) {
        const granted = await must(send(where, "", "POST", "/auth/login", account));
        session = { token: granted.access_token, until: performance.now() + 10 * 60_000 };
      }
      const answer = await fetch(where + path, {
        method: "POST",
        redirect: "manual",
        headers: { authorization: `Bearer ${session.token}` },
        body: new URLSearchParams(form),
      });
      await answer.body?.cancel();
      return { status: answer.status, json: undefined };
    },
  };
}

/** A call that has to succeed: what it answers. */
export async function done(who: Person, origin: string, method: string, path: string, body?: unknown) {
  return await must(who.call(origin, method, path, body));
}

async function must(asking: Promise<Answer>) {
  const { status, json } = await asking;
  if (status >= 300) throw new Error(`The site answered ${status}: ${JSON.stringify(json)}`);
  return json;
}

async function send(
  origin: string,
  token: string,
  method: string,
  path: string,
  body?: unknown,
  key?: string,
): Promise<Answer> {
  const type = typeof body === "string" ? "text/csv" : "application/json";
  const answer = await fetch(`${origin}/api/v1${path}`, {
    method,
    headers: {
      "content-type": type,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(key ? { "idempotency-key": key } : {}),
    },
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await answer.text();
  return { status: answer.status, json: text ? JSON.parse(text) : undefined };
}
