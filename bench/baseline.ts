import { connect, type Where } from "../db/connect.ts";
import type { Actor } from "../domain/permissions.ts";
import { dateIn, dayIn } from "../domain/periods.ts";
import { listKindsAndTags } from "../domain/resource_names.ts";
import { listLanes } from "../domain/schedule.ts";
import { work } from "./helper.ts";

/** A server with nothing but a constant page, and the questions to the database that come before it, if any. */
export interface BaselineJob {
  body: string;
  queries?: { where: Where; actor: Actor };
}

export interface BaselineAnswer {
  url: string;
}

const HEADERS = { "content-type": "text/html; charset=utf-8" };

if (import.meta.main) await work(serve);

function serve({ body, queries }: BaselineJob): Promise<BaselineAnswer> {
  const bytes = new TextEncoder().encode(body);
  const answer = () => new Response(bytes, { headers: HEADERS });
  const ask = queries && scheduleQueries(queries);
  const handler = ask ? () => ask().then(answer) : answer;
  return new Promise((resolve) =>
    Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: ({ port }) => resolve({ url: `http://127.0.0.1:${port}/` }),
    }, handler)
  );
}

// With the arguments of the schedule's own route, through a pool of the same size.
function scheduleQueries({ where, actor }: NonNullable<BaselineJob["queries"]>) {
  const sql = connect(where, { name: "bench" });
  const filter = { kind: "", q: "", limit: 50, offset: 0 };
  return () => {
    const now = Temporal.Now.instant().round("microsecond");
    const day = dayIn(dateIn(now, actor.time_zone), actor.time_zone);
    return Promise.all([listLanes(sql, actor, day, filter, now), listKindsAndTags(sql)]);
  };
}
