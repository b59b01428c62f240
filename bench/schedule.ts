import type { BaselineAnswer, BaselineJob } from "./baseline.ts";
import { type Helper, startHelper } from "./helper.ts";
import type { LoadAnswer, LoadJob } from "./load.ts";
import { median, ratio } from "./numbers.ts";
import { type Row, type Section, turnsNote } from "./report.ts";
import type { Bench } from "./setting.ts";
import { afterFirstPage, signInBrowser } from "./sign_in.ts";

const CONNECTIONS = 16;
/** A write makes the server forget what it has read. */
const WRITES_PER_SECOND = 200;

/** What a page could cost at most, and what it does: the schedule against servers that do less for the same bytes. */
export async function measureSchedule({ effort, site, server, where, sql, ends }: Bench): Promise<Section> {
  const person = site.people[0];
  const cookie = await afterFirstPage(server.url, await signInBrowser(server.url, person.email));
  const url = `${server.url}/schedule`;
  const body = await (await fetch(url, { headers: { cookie, "accept-encoding": "identity" } })).text();
  const helper = <Job, Answer>(program: string) => {
    const started = startHelper<Job, Answer>(program);
    ends.defer(() => started.close());
    return started;
  };
  const load: Helper<LoadJob, LoadAnswer> = helper("load.ts");
  const actor = { ...person, role: "user" as const, time_zone: site.time_zone };
  const bare = await helper<BaselineJob, BaselineAnswer>("baseline.ts").ask({ body });
  const asking = await helper<BaselineJob, BaselineAnswer>("baseline.ts").ask({
    body,
    queries: { where, actor },
  });

  const runs: Record<string, { url: string; headers: Record<string, string>; written?: true }> = {
    page: { url, headers: { cookie } },
    written: { url, headers: { cookie }, written: true },
    gzip: { url, headers: { cookie, "accept-encoding": "gzip" } },
    br: { url, headers: { cookie, "accept-encoding": "br" } },
    asking: { url: asking.url, headers: {} },
    bare: { url: bare.url, headers: {} },
  };
  const figures: Record<string, { rate: number; p99: number }[]> = {};
  for (let round = -1; round < effort.rounds; round++) {
    for (const [name, { written, ...run }] of Object.entries(runs)) {
      const seconds = round < 0 ? effort.warmUp : effort.seconds;
      const writer = written &&
        setInterval(() => sql`select pg_current_xact_id()`.execute(), 1000 / WRITES_PER_SECOND);
      const answer = await load.ask({ ...run, connections: CONNECTIONS, seconds });
      clearInterval(writer);
      if (answer.other) throw new Error(`${answer.other} of the schedule's answers (${name}) were no pages`);
      if (round >= 0) (figures[name] ??= []).push({ rate: answer.good / answer.seconds, p99: answer.p99 });
    }
  }
  const rates = (name: string) => figures[name].map(({ rate }) => rate);
  const row = (name: string, run: string, against: [string, string][] = []): Row => ({
    name,
    value: median(rates(run)),
    unit: "pages/s",
    ratio: against.map(([of, other]) => ({ of, value: ratio(rates(run), rates(other)) })),
    note: turnsNote(figures[run]),
  });
  return {
    title: `Schedule: 50 resources on a busy day, ${
      Math.round(body.length / 1000)
    } kB, ${CONNECTIONS} connections`,
    rows: [
      row("as it is", "page", [["bare handler", "bare"], ["same SQL, constant page", "asking"]]),
      row(`with ${WRITES_PER_SECOND} writes a second beside it`, "written", [["as it is", "page"]]),
      row("gzip", "gzip", [["as it is", "page"]]),
      row("brotli", "br", [["as it is", "page"]]),
      row("same SQL, constant page", "asking"),
      row("bare handler, same bytes", "bare"),
    ],
  };
}
