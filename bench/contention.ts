import { median } from "./numbers.ts";
import type { Section } from "./report.ts";
import type { Bench } from "./setting.ts";
import { signInProgram } from "./sign_in.ts";

const CONTENDERS = 50;
const MINUTE = 60_000;

/** Fifty people want the same slot in the same moment: who waits longest, and how many get it. */
export async function measureContention({ effort, site, server }: Bench): Promise<Section> {
  const people = site.people.slice(0, CONTENDERS);
  const headers: Record<string, string>[] = [];
  for (const { email } of people) headers.push(await signInProgram(server.url, email));
  const base = Temporal.Now.instant().round("hour").add({ hours: 24 * 190 }).epochMilliseconds;
  let hour = 0;

  const ask = async (person: number, resource_id: string, from: number) => {
    const at = (minutes: number) => new Date(from + minutes * MINUTE).toISOString();
    const begun = performance.now();
    const answer = await fetch(`${server.url}/api/v1/reservations`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers[person] },
      // Half want the very same hour, the others one that overlaps it in its middle quarter.
      body: JSON.stringify({
        resource_id,
        purpose: "Bench",
        start_time: at(person % 2 ? 0 : 1 + person % 22),
        end_time: at(person % 2 ? 60 : 38 + person % 22),
      }),
    });
    await answer.body?.cancel();
    return { status: answer.status, ms: performance.now() - begun };
  };
  /** Everybody at once, each for what `resource` says. */
  const rush = async (resource: (person: number) => string) => {
    const from = base + 2 * hour++ * 60 * MINUTE;
    const answers = await Promise.all(people.map((_, person) => ask(person, resource(person), from)));
    const slowest = Math.max(...answers.map(({ ms }) => ms));
    return { slowest, counts: Map.groupBy(answers, ({ status }) => status) };
  };

  const room = site.resources[0];
  // With as few resources as there are, some free slots are two hours further on: nobody is in anybody's way.
  const own = (person: number) => site.resources[person % site.resources.length];
  await rush(own);
  const contended: number[] = [];
  const free: number[] = [];
  for (let slot = 0; slot < effort.contended; slot++) {
    const { slowest, counts } = await rush(() => room);
    const stored = counts.get(201)?.length ?? 0;
    const refused = counts.get(409)?.length ?? 0;
    if (stored !== 1 || stored + refused !== CONTENDERS) {
      throw new Error(`Of ${CONTENDERS} who wanted one slot, ${stored} got it and ${refused} were refused`);
    }
    contended.push(slowest);
    free.push((await rush(own)).slowest);
  }
  return {
    title: `Contention: ${CONTENDERS} people, one slot, ${effort.contended} times; one stored each time`,
    rows: [
      {
        name: "slowest answer, median of the slots",
        value: median(contended),
        unit: "ms",
        ratio: [{
          of: "the slowest of as many for slots of their own",
          value: median(contended.map((ms, slot) => ms / free[slot])),
        }],
      },
      { name: "slowest answer of all", value: Math.max(...contended), unit: "ms" },
      { name: "slowest where slots differ, median", value: median(free), unit: "ms" },
    ],
  };
}
