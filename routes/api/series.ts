import { z } from "zod";
import type { Tx } from "../../db/types.ts";
import { Approval } from "../../domain/approvals.ts";
import { Recurrence, recurrenceInWords } from "../../domain/recurrence.ts";
import { statusAt } from "../../domain/transitions.ts";
import { getResource } from "../../domain/resources.ts";
import {
  addSkipped,
  createSeries,
  getSeries,
  lockSeries,
  type NewSeries,
  previewSeries,
  type Series,
} from "../../domain/series.ts";
import { cancelDates, changeDates, SCOPES } from "../../domain/series_changes.ts";
import { CHOICES, type PlannedDate } from "../../domain/series_plan.ts";
import { bare } from "../../domain/conflict_words.ts";
import { Purpose } from "../../domain/texts.ts";
import { actorOf, type Context } from "../env.ts";
import { PlannedSeries, Series as Described, SeriesCancelled } from "./answers.ts";
import { calls } from "./operations.ts";
import { eachOf } from "./reserving.ts";
import { AGREE, agree, instantOf, NewReservation, WallDate } from "./schemas.ts";

// Neither rules that are set aside nor a priority: those are for one reservation, and its approver.
const { priority: _priority, override: _override, any_of: _any_of, ...Wished } = NewReservation.shape;
const NewSeriesBody = z.object({
  ...Wished,
  recurrence: Recurrence,
  mode: z.enum(CHOICES, `The mode is ${CHOICES.join(", ")}`).default("all_or_nothing")
    .describe(
      "What becomes of dates that cannot be had: nothing is stored, they are left out, or moved nearby",
    ),
}).refine((wish) => wish.resource_id || wish.resource_ids, {
  path: ["resource_id"],
  message: "Name a resource: resource_id, or resource_ids for several",
}).refine(agree, AGREE).meta({ id: "NewSeries" });

const Clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "Give a time, such as 14:30")
  .meta({ examples: ["14:30"] });
const WHICH = {
  scope: z.enum(SCOPES, `The scope is ${SCOPES.join(", ")}`)
    .describe("One date, that one and all after it, only those after it, or all; those that have begun stay"),
  reservation_id: z.guid("Give the id of a reservation of the series").toLowerCase().optional()
    .describe("The date that is meant; of `all`, none is needed"),
};
const named = {
  check: ({ scope, reservation_id }: { scope: string; reservation_id?: string }) =>
    scope === "all" || Boolean(reservation_id),
  words: { path: ["reservation_id"], message: "Name the reservation of the series that is meant" },
};
const Change = z.object({
  ...WHICH,
  start: Clock.optional().describe("When each date begins, by the clock on the wall"),
  end: Clock.optional().describe("When each ends; without it, it lasts as long as before"),
  resource_ids: NewReservation.shape.resource_ids,
  quantities: NewReservation.shape.quantities,
  purpose: Purpose.optional(),
  private: z.boolean("Say true or false").optional(),
}).refine(named.check, named.words).meta({ id: "SeriesChange" });
const Cancellation = z.object({ ...WHICH, reason: Approval.shape.reason })
  .refine(named.check, named.words).meta({ id: "SeriesCancellation" });

const REFUSED = "A date cannot be had, or no date lies ahead any more";

/** Reservations that recur, for programs. */
export const series = calls("/series", "Series", "This series");

series.post("/", {
  id: "createSeries",
  summary: "Ask for the same time again and again",
  description:
    "Every date goes through the rules as a reservation of its own, on the same time of the clock on the wall of " +
    "the first resource. All of it is stored in one transaction, or nothing.",
  who: "reserve",
  body: NewSeriesBody,
  answers: { 201: Described, 404: "A resource does not exist", 409: REFUSED },
}, async (c, { body }) => {
  const id = await createSeries(c.var.sql, actorOf(c), await wishOf(c, body), c.var.now);
  c.header("Location", `/api/v1/series/${id}`);
  return show(c, id);
});

series.post("/preview", {
  id: "previewSeries",
  summary: "Look at every date and what is in its way, and store nothing",
  who: "reserve",
  body: NewSeriesBody,
  answers: { 200: PlannedSeries, 404: "A resource does not exist" },
}, async (c, { body }) => {
  const { time_zone, dates } = await previewSeries(c.var.sql, actorOf(c), await wishOf(c, body), c.var.now);
  return { time_zone, dates: dates.map(plannedJson) };
});

series.get("/:id", {
  id: "getSeries",
  summary: "Read one series with all its dates, and those that were left out",
  who: "signed in",
  fields: Described,
  answers: { 200: Described },
}, (c, { id }) => show(c, id));

series.patch("/:id", {
  id: "changeSeries",
  summary: "Change one date, the following or all",
  description:
    "All that is meant, or nothing. A date that was moved by itself keeps its time. With `following` the dates " +
    "become a series of their own, which is answered.",
  who: "signed in",
  tag,
  body: Change,
  answers: { 200: Described, 409: REFUSED },
}, async (c, { id, body: { scope, reservation_id, ...change } }) => {
  const asked = { id, scope, reservation_id, change };
  return await show(c, await changeDates(c.var.sql, actorOf(c), asked, c.var.now));
});

series.post("/:id/cancel", {
  id: "cancelSeries",
  summary: "Give up one date, the following or all",
  description: "With `after` the named date stays and nothing repeats any more.",
  who: "signed in",
  tag,
  body: Cancellation,
  answers: { 200: SeriesCancelled, 409: "Nothing of it can be cancelled" },
}, async (c, { id, body }) => {
  const { cancelled, left } = await cancelDates(c.var.sql, actorOf(c), { ...body, id }, c.var.now);
  return { cancelled, left };
});

series.post("/:id/add", {
  id: "addDate",
  summary: "Have a date after all that was left out",
  who: "signed in",
  tag,
  body: z.object({ start_wall: WallDate }),
  answers: { 200: Described, 409: "It still cannot be had" },
}, async (c, { id, body: { start_wall } }) => {
  await addSkipped(c.var.sql, actorOf(c), { id, start_wall }, c.var.now);
  return await show(c, id);
});

async function wishOf(
  c: Context,
  { resource_id, resource_ids = [resource_id!], start_time, end_time, recurrence, mode, ...rest }: z.output<
    typeof NewSeriesBody
  >,
): Promise<NewSeries> {
  const { time_zone } = await getResource(c.var.sql, resource_ids[0]);
  const [start_wall, end_wall] = [start_time, end_time].map((text) =>
    instantOf(text)!.toZonedDateTimeISO(time_zone).toPlainDateTime()
      .round({ smallestUnit: "minute", roundingMode: "floor" })
  );
  return { ...rest, resource_ids, start_wall, end_wall, rule: recurrence, choice: mode };
}

async function show(c: Context, id: string) {
  const found = await getSeries(c.var.sql, actorOf(c), id);
  c.header("ETag", tagOf(found));
  return seriesJson(found, c.var.now);
}

async function tag(tx: Tx, c: Context, id: string): Promise<string> {
  await lockSeries(tx, id);
  return tagOf(await getSeries(tx, actorOf(c), id));
}

// Whatever happens to a date gives it a new version.
function tagOf({ version, dates }: Series): string {
  return `"${version}/${dates.length}/${dates.reduce((sum, date) => sum + date.version, 0)}"`;
}

function seriesJson(found: Series, now: Temporal.Instant) {
  const { id, requester_id, rule, time_zone, start_wall, end_wall, resource_ids, purpose } = found;
  const { private: secret, attendees, answers, skips, created_at, updated_at } = found;
  const first = Temporal.PlainDateTime.from(start_wall).toPlainDate();
  return {
    ...{ id, requester_id, recurrence: rule, words: recurrenceInWords(rule, first), time_zone },
    ...{
      start_wall,
      end_wall,
      resource_ids,
      quantities: eachOf(found),
      purpose,
      private: secret,
      attendees,
      answers,
    },
    dates: found.dates.map((date) => ({
      ...{ reservation_id: date.id, reference: date.reference, start_wall: date.series_wall },
      ...{ start_time: date.start_time, end_time: date.end_time, status: statusAt(date, now) },
    })),
    ...{ skipped: skips, created_at, updated_at },
  };
}

function plannedJson(
  { start_wall, period, moved, problems, reasons, conflicts, needs_approval }: PlannedDate,
) {
  return {
    start_wall: start_wall.toString({ smallestUnit: "minute" }),
    outcome: period ? moved ? "moved" : "reserved" : "skipped",
    ...{ start_time: period?.start_time ?? null, end_time: period?.end_time ?? null, problems },
    reasons: reasons.map(({ code, message, figure, whose }) => ({ code, message, figure, whose })),
    conflicts: bare(conflicts),
    needs_approval: needs_approval ?? null,
  };
}
