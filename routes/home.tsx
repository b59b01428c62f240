import { Hono } from "hono";
import { countPending } from "../domain/queue.ts";
import { getFigures, listWaiting } from "../domain/figures.ts";
import { listBumped } from "../domain/bumps.ts";
import { listNews } from "../domain/history.ts";
import { may } from "../domain/permissions.ts";
import { listReservations } from "../domain/reservations.ts";
import { listWaitlist } from "../domain/waitlist_entries.ts";
import { HomePage } from "../views/home.tsx";
import { actorOf, type Env } from "./env.ts";
import { page } from "./respond.tsx";

const NEWS_DAYS = 7;
const NEXT = 8;

/** My day. */
export const home = new Hono<Env>();

home.get("/", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const [ahead, news, taken, waiting, asked, wishes, figures] = await Promise.all([
    listReservations(sql, actor, { requester_id: actor.id, from: now, ahead: true, limit: NEXT }),
    listNews(sql, actor, now.subtract({ hours: 24 * NEWS_DAYS })),
    listBumped(sql, actor, now),
    may(actor, "see_queue") ? countPending(sql, actor, now) : undefined,
    listWaiting(sql, actor, now),
    listWaitlist(sql, actor, { requester_id: actor.id, open: true, limit: NEXT }, now),
    may(actor, "see_queue") ? getFigures(sql, actor, now) : undefined,
  ]);
  const next = ahead.slice(0, NEXT);
  // What still waits for an answer is said once, where it waits.
  const open = new Set(asked.flatMap(({ reference, question }) => question === null ? [] : [reference]));
  const changed = news.filter(({ action, reference }) => action !== "ask" || !open.has(reference));
  const body = (
    <HomePage
      viewer={actor}
      now={now}
      next={next}
      news={changed}
      {...taken}
      waiting={waiting}
      asked={asked}
      wishes={wishes.slice(0, NEXT)}
      figures={figures}
    />
  );
  return page(c, { title: "My day", body, more: Boolean(figures) });
});
