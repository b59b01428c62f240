import { setTimeout as pause } from "node:timers/promises";
import { ADMIN } from "./site.ts";

/** Somebody with a browser who reads one page after the other, and sees which of them come. */
export interface Watch {
  /** How many pages came, and how many did not, of those that were asked for in between. */
  between(from: number, to: number): Promise<{ good: number; refused: number }>;
  /** Tries to reserve: what was wrong with the refusal. */
  tryToChange(): Promise<string[]>;
  end(): Promise<void>;
}

const PAGES = ["/schedule", "/resources", "/reservations", "/"];

/** Signs in by the form, and begins to read. */
export async function watch(origin: string): Promise<Watch> {
  const seen: { at: number; status: number }[] = [];
  let ending = false;
  const cookie = await signIn(origin);

  async function read() {
    for (let i = 0; !ending; i++) {
      const at = performance.now();
      const status = await fetch(origin + PAGES[i % PAGES.length], {
        headers: { cookie },
        redirect: "manual",
      })
        .then(async (answer) => (await answer.text(), answer.status), () => 0);
      seen.push({ at, status });
      await pause(20);
    }
  }

  const reading = read();
  return {
    between(from, to) {
      const asked = seen.filter(({ at }) => at >= from && at < to);
      const good = asked.filter(({ status }) => status === 200).length;
      return Promise.resolve({ good, refused: asked.length - good });
    },
    async tryToChange() {
      const answer = await fetch(`${origin}/reservations`, {
        method: "POST",
        headers: { cookie },
        body: new URLSearchParams({ resource: "none" }),
      });
      const text = await answer.text();
      return [
        answer.status === 503 ? "" : `the status was ${answer.status}`,
        answer.headers.get("retry-after") ? "" : "there was no Retry-After",
        /nothing can be changed at present/.test(text) ? "" : `the words were ${text.slice(0, 100)}`,
      ].filter(Boolean);
    },
    async end() {
      ending = true;
      await reading;
    },
  };
}

async function signIn(origin: string): Promise<string> {
  const answer = await fetch(`${origin}/login`, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams(ADMIN),
  });
  await answer.text();
  return answer.headers.getSetCookie().map((set) => set.split(";")[0]).join("; ");
}
