import assert from "node:assert/strict";
import { cancel } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import type { Opening, Stretch } from "../../domain/opening.ts";
import type { Period } from "../../domain/periods.ts";
import { createPolicy, type NewPolicy, NO_RULES } from "../../domain/policies.ts";
import { request } from "../../domain/requests.ts";
import { makeCast, makeResource, NOW } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

/** Days on which a clock is changed, in both halves of the world, by an hour and by half of one; and far from UTC. */
const DAYS: [zone: string, date: string, what: string][] = [
  ["Europe/Berlin", "2026-03-29", "forward"],
  ["Europe/Berlin", "2026-10-25", "back"],
  ["America/New_York", "2026-03-08", "forward"],
  ["America/New_York", "2026-11-01", "back"],
  ["Australia/Sydney", "2026-10-04", "forward"],
  ["Australia/Sydney", "2026-04-05", "back"],
  ["Australia/Lord_Howe", "2026-10-04", "forward by half an hour"],
  ["Australia/Lord_Howe", "2026-04-05", "back by half an hour"],
  ["Asia/Kathmandu", "2026-05-05", "+5:45"],
  ["Pacific/Kiritimati", "2026-05-31", "+14, the last day of a month and of a week"],
];

/** What is asked for, in walls of that day, and what becomes of it: a status, or the code of the rule that refuses. */
interface Try {
  wish: Period;
  now: Temporal.Instant;
  outcome: string;
}

interface Rule {
  policy: Partial<NewPolicy>;
  /** What Bob has already. */
  had?: Period[];
  /** What Alice has already. */
  taken?: Period;
  tries: Try[];
}

const seconds = (period: Period, start: number, end: number): Period => ({
  start_time: period.start_time.add({ seconds: start }),
  end_time: period.end_time.add({ seconds: end }),
});

/** All rules at their edges, for one day in one zone: exactly there, and a second to either side. */
function rulesOn(zone: string, date: string): Record<string, Rule> {
  const day = Temporal.PlainDate.from(date);
  // By the reading that Temporal gives a wall, of which none here is left out or comes twice.
  const at = (days: number, time: string) =>
    day.add({ days }).toZonedDateTime({ timeZone: zone, plainTime: time }).toInstant();
  const on = (from: string, to: string, until = 0): Period => ({
    start_time: at(0, from),
    end_time: at(until, to),
  });
  const lasting = (from: Temporal.Instant, minutes: number): Period => ({
    start_time: from,
    end_time: from.add({ minutes }),
  });
  const early = at(-2, "12:00");
  const week = (...stretches: Stretch[]): Opening => Array.from({ length: 7 }, () => stretches);
  const onlyThatDay: Opening = Array.from(
    { length: 7 },
    (_, i) => i + 1 === day.dayOfWeek ? [[0, 1440]] : [],
  );
  const open = (hours: Opening, whole: Period): Rule => ({
    policy: { opening: hours as NewPolicy["opening"] },
    tries: around(whole, [-1, 0, "closed"], [0, 1, "closed"], [1, 0, "approved"], [0, -1, "approved"]),
  });
  function around(whole: Period, ...moves: [start: number, end: number, outcome: string][]): Try[] {
    return [[0, 0, "approved"] as const, ...moves].map(([start, end, outcome]) => ({
      wish: seconds(whole, start, end),
      now: early,
      outcome,
    }));
  }
  const hour = on("10:00", "11:00");
  // Over the change of the clock, where there is one: measured as it passes.
  const night = lasting(at(0, "00:30"), 240);
  const notice = 24 * 60;
  const counted = (per: "day" | "week" | "month", first: number, next: number): Rule => ({
    policy: { quotas: [{ per, count: 1 }] },
    had: [hour],
    tries: [
      { wish: lasting(at(first, "00:00"), 1), now: at(-40, "12:00"), outcome: "quota_count" },
      { wish: seconds(lasting(at(first, "00:00"), 1), -1, -1), now: at(-40, "12:00"), outcome: "approved" },
      { wish: seconds(lasting(at(next, "00:00"), 1), -1, -1), now: at(-40, "12:00"), outcome: "quota_count" },
      { wish: lasting(at(next, "00:00"), 1), now: at(-40, "12:00"), outcome: "approved" },
    ],
  });
  const monday = 1 - day.dayOfWeek;
  const firstOfMonth = 1 - day.day;
  return {
    "the hours of the morning": open(week([480, 720], [780, 1080]), on("08:00", "12:00")),
    "the hours of the afternoon": open(week([480, 720], [780, 1080]), on("13:00", "18:00")),
    "hours that end after midnight": open(week([1080, 1590]), on("18:00", "02:30", 1)),
    "hours of the night": open(week([60, 300]), on("01:00", "05:00")),
    "hours that end at 24:00": open(onlyThatDay, on("00:00", "00:00", 1)),
    "the hours, outside of which somebody decides": {
      policy: { ...open(week([60, 300]), hour).policy, approval: "when", approval_outside_hours: true },
      tries: around(on("01:00", "05:00"), [-1, 0, "pending"], [0, 1, "pending"]),
    },
    "the shortest duration": {
      policy: { min_minutes: 240 },
      tries: around(night, [0, -1, "too_short"], [1, 0, "too_short"], [0, 1, "approved"]),
    },
    "the longest duration": {
      policy: { max_minutes: 240 },
      tries: around(night, [0, 1, "too_long"], [-1, 0, "too_long"], [0, -1, "approved"]),
    },
    "the length beyond which somebody decides": {
      policy: { approval: "when", approval_longer_than: 240 },
      tries: around(night, [0, 1, "pending"], [0, -1, "approved"]),
    },
    "the grid": {
      policy: { slot_minutes: 30 },
      tries: around(night, [1, 0, "off_grid"], [-1, 0, "off_grid"], [0, 1, "off_grid"], [0, -1, "off_grid"]),
    },
    "the notice": {
      policy: { notice_minutes: notice },
      tries: [
        [0, 0, "approved"],
        [1, 0, "approved"],
        [-1, 0, "too_soon"],
        // The minute that runs counts as a whole; the next does not.
        [0, 59, "approved"],
        [0, 60, "too_soon"],
      ].map(([start, later, outcome]) => ({
        wish: seconds(hour, Number(start), 0),
        now: hour.start_time.subtract({ minutes: notice }).add({ seconds: Number(later) }),
        outcome: String(outcome),
      })),
    },
    "the last second of the horizon": {
      policy: { horizon_days: 3 },
      tries: [
        { wish: lasting(at(1, "00:00"), 30), now: at(-3, "12:00"), outcome: "too_far" },
        { wish: seconds(lasting(at(1, "00:00"), 30), -1, 0), now: at(-3, "12:00"), outcome: "approved" },
        { wish: seconds(lasting(at(1, "00:00"), 30), 1, 0), now: at(-3, "12:00"), outcome: "too_far" },
      ],
    },
    "the midnight at which the horizon moves on": {
      policy: { horizon_days: 3 },
      tries: [
        { wish: hour, now: at(-3, "00:00"), outcome: "approved" },
        { wish: hour, now: at(-3, "00:00").subtract({ seconds: 1 }), outcome: "too_far" },
        { wish: hour, now: at(-3, "00:00").add({ seconds: 1 }), outcome: "approved" },
      ],
    },
    "the buffer after another's": {
      policy: { buffer_before: 10, buffer_after: 20 },
      taken: lasting(at(0, "00:30"), 60),
      tries: around(lasting(at(0, "00:30").add({ minutes: 90 }), 60), [-1, 0, "taken"], [1, 0, "approved"]),
    },
    "the buffer before another's": {
      policy: { buffer_before: 10, buffer_after: 20 },
      taken: lasting(at(0, "00:30").add({ minutes: 90 }), 60),
      tries: around(lasting(at(0, "00:30"), 60), [0, 1, "taken"], [0, -1, "approved"]),
    },
    "the count of a day": counted("day", 0, 1),
    "the count of a week": counted("week", monday, monday + 7),
    "the count of a month": counted("month", firstOfMonth, firstOfMonth + day.daysInMonth),
    "the time of a day": {
      policy: { quotas: [{ per: "day", minutes: 300 }] },
      had: [hour],
      tries: around(night, [0, 1, "quota_time"], [-1, 0, "quota_time"], [0, -1, "approved"]),
    },
    "how many are open, until one is over": {
      policy: { open_at_most: 1 },
      had: [hour],
      tries: [
        [-1, "too_many_open"],
        [0, "approved"],
        [1, "approved"],
      ].map(([later, outcome]) => ({
        wish: lasting(at(1, "12:00"), 60),
        now: hour.end_time.add({ seconds: Number(later) }),
        outcome: String(outcome),
      })),
    },
    "how many are open, until a request has expired": {
      policy: { open_at_most: 1, approval: "always" },
      had: [hour],
      tries: [
        [-1, "too_many_open"],
        [0, "pending"],
        [1, "pending"],
      ].map(([later, outcome]) => ({
        wish: lasting(at(1, "12:00"), 60),
        now: hour.start_time.add({ seconds: Number(later) }),
        outcome: String(outcome),
      })),
    },
    "the count of a day, of which a request has expired": {
      policy: { quotas: [{ per: "day", count: 1 }], approval: "always" },
      had: [hour],
      tries: [
        { wish: on("20:00", "21:00"), now: hour.start_time.subtract({ seconds: 1 }), outcome: "quota_count" },
        { wish: on("20:00", "21:00"), now: hour.start_time, outcome: "pending" },
      ],
    },
  };
}

async function site() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  const stored = (who: keyof typeof cast, room: string, period: Period, now: Temporal.Instant) =>
    request(sql, cast[who], { ...period, resource_ids: [room] }, now);
  let rules = 0;
  /** A room of its own under rules of its own, with what is had and taken there. */
  async function room(zone: string, { policy, had = [], taken }: Rule, before: Temporal.Instant) {
    const name = `Rules ${rules++}`;
    const policy_id = await createPolicy(sql, cast.ada, { ...NO_RULES, ...policy, name }, NOW);
    const { id } = await makeResource(sql, cast.ada, { name, policy_id, time_zone: zone });
    for (const period of had) await stored("bob", id, period, before);
    if (taken) await stored("alice", id, taken, before);
    return id;
  }
  return { ...database, cast, stored, room };
}

const outcomeOf = (error: unknown) => {
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.reasons.map(({ code }) => code).join() ||
    (error.conflicts.length > 0 ? "taken" : error.message);
};

for (const [zone, date, what] of DAYS) {
  Deno.test(`each rule binds to the second in ${zone} on ${date} (${what})`, async (t) => {
    await using scene = await site();
    for (const [name, rule] of Object.entries(rulesOn(zone, date))) {
      await t.step(name, async () => {
        const outcomes: string[] = [];
        for (const { wish, now } of rule.tries) {
          const before = now.subtract({ hours: 24 });
          const id = await scene.room(zone, rule, before);
          outcomes.push(
            await scene.stored("bob", id, wish, now).then(({ status }) => status, outcomeOf),
          );
        }
        assert.deepEqual(outcomes, rule.tries.map(({ outcome }) => outcome));
      });
    }
    await t.step("the cut-off for cancelling", async () => {
      const day = Temporal.PlainDate.from(date).toZonedDateTime({ timeZone: zone, plainTime: "10:00" })
        .toInstant();
      const rule = { policy: { cancel_minutes: 1440 }, tries: [] };
      const cutoff = day.subtract({ minutes: 1440 });
      const outcomes: string[] = [];
      for (const later of [-1, 0, 1]) {
        const room = await scene.room(zone, rule, cutoff);
        const hour = { start_time: day, end_time: day.add({ hours: 1 }) };
        const { id } = await scene.stored("bob", room, hour, cutoff.subtract({ hours: 1 }));
        const done = cancel(scene.sql, scene.cast.bob, { id }, cutoff.add({ seconds: later }));
        outcomes.push(await done.then(() => "cancelled", outcomeOf));
      }
      assert.deepEqual(outcomes.map((one) => one.replace(/^Rules \d+ can be/, "can be")), [
        "cancelled",
        "cancelled",
        "can be cancelled up to 1 day before its start: ask an approver",
      ]);
    });
    await assertSound(scene.sql);
  });
}
