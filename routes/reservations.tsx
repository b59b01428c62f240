import { Hono } from "hono";
import { Invalid } from "../domain/errors.ts";
import { mayDecide } from "../domain/approvers.ts";
import { insteadOf } from "../domain/bumps.ts";
import { cancel, restorable, restore } from "../domain/edits.ts";
import { check, fields, number } from "./forms.ts";
import { listHistory } from "../domain/history.ts";
import { getProposal } from "../domain/proposals.ts";
import { may } from "../domain/permissions.ts";
import { getReservationAt } from "../domain/past.ts";
import { inCalendar, readInstant } from "../domain/periods.ts";
import { getReservation, listReservations } from "../domain/reservations.ts";
import { placeInSeries } from "../domain/series.ts";
import { Why } from "../domain/texts.ts";
import { PastReservationPage } from "../views/past.tsx";
import { openQuestion } from "../domain/questions.ts";
import { allows } from "../domain/transitions.ts";
import type { Said } from "../views/questions.tsx";
import type { Refusal } from "../views/decisions.tsx";
import { ReservationsPage } from "../views/reservation_list.tsx";
import { ReservationPage } from "../views/reservations.tsx";
import { reservationPath } from "../views/words.ts";
import { actorOf, type Context, type Env } from "./env.ts";
import { done, page } from "./respond.tsx";
import { isId } from "../lib/ids.ts";

const PER_PAGE = 25;

/** My reservations; one of them, and what its requester can do with it. */
export const reservations = new Hono<Env>();

reservations.get("/reservations", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { q = "", when: typed, after_ms, after_id = "" } = c.req.query();
  const when = typed === "past" ? "past" : "upcoming";
  const ms = number(after_ms, { min: 0, max: 8e15, otherwise: -1 });
  const start_time = Temporal.Instant.fromEpochMilliseconds(ms);
  const found = await listReservations(sql, actor, {
    requester_id: actor.id,
    q,
    limit: PER_PAGE,
    newestFirst: when === "past",
    ...(when === "past" ? { ended_by: now } : { from: now }),
    after: ms >= 0 && inCalendar(start_time) && isId(after_id) ? { start_time, id: after_id } : undefined,
  });
  const shown = found.slice(0, PER_PAGE);
  const last = shown.at(-1);
  const next = found.length > PER_PAGE && last
    ? `/reservations?${new URLSearchParams({
      when,
      q,
      after_ms: String(last.start_time.epochMilliseconds),
      after_id: last.id,
    })}`
    : undefined;
  const body = (
    <ReservationsPage
      when={when}
      q={q}
      reservations={shown}
      zone={actor.time_zone}
      now={now}
      next={next}
      imports={may(actor, "import_reservations")}
    />
  );
  return page(c, { title: when === "past" ? "My past reservations" : "My reservations", body });
});

reservations.get("/reservations/:id", (c) => {
  const { at } = c.req.query();
  const id = c.req.param("id");
  return at === undefined ? showReservation(c, id) : asItWas(c, id, at);
});

async function asItWas(c: Context, id: string, typed: string) {
  const { sql, now } = c.var;
  const viewer = actorOf(c);
  // A plus that was not encoded arrives as a blank.
  const at = readInstant(typed.replace(/ (?=\d{2}:\d{2}$)/, "+"));
  if (!at) {
    const message = "Give a moment with its offset, such as 2026-05-31T14:30:00+02:00";
    throw new Invalid([{ path: "at", message }]);
  }
  const past = await getReservationAt(sql, viewer, { id, at }, now);
  const body = <PastReservationPage {...past} at={at} viewer={viewer} now={now} />;
  return page(c, { title: `${past.reservation.reference} as it was`, body });
}

reservations.post("/reservations/:id/cancel", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, reference } = await getReservation(sql, actor, c.req.param("id"));
  const { reason = "" } = await fields(c);
  await cancel(sql, actor, { id, reason: check(Why, reason) || undefined }, now);
  const path = reservationPath(reference);
  return done(c, {
    to: path,
    notice: { text: "Cancelled: its time is free for others", undo: `${path}/restore` },
  });
});

reservations.post("/reservations/:id/restore", async (c) => {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const { id, reference } = await getReservation(sql, actor, c.req.param("id"));
  await restore(sql, actor, id, now);
  return done(c, { to: reservationPath(reference), notice: { text: "The cancellation is taken back" } });
});

/** What was refused on a reservation's page, said on it. */
interface Refused {
  status?: 409 | 422;
  message?: string;
  bump?: Refusal;
  answer?: Said;
}

/** The page of one reservation, with what was refused on it. */
export async function showReservation(c: Context, id: string, refused: Refused = {}): Promise<Response> {
  const { sql, now } = c.var;
  const actor = actorOf(c);
  const reservation = await getReservation(sql, actor, id);
  const [history, decides, alternatives, proposal, question, place] = await Promise.all([
    listHistory(sql, reservation.id),
    mayDecide(sql, actor, reservation, now),
    insteadOf(sql, actor, reservation, now),
    getProposal(sql, reservation.id, now),
    allows(reservation, "approve", now) ? openQuestion(sql, reservation.id) : undefined,
    placeInSeries(sql, reservation),
  ]);
  const cancelled = history.findLast(({ action }) => action === "cancel");
  const undoable = restorable(reservation, now) && may(actor, "restore", cancelled?.actor_id ?? undefined);
  const body = (
    <ReservationPage
      reservation={reservation}
      history={history}
      viewer={actor}
      now={now}
      undoable={undoable}
      decides={decides}
      alternatives={alternatives}
      proposal={proposal}
      question={question}
      place={place}
      refused={refused}
    />
  );
  return page(c, { title: reservation.reference, body, status: refused.status });
}
