import assert from "node:assert/strict";
import rrule from "rrule";
import { Invalid } from "../../domain/errors.ts";
import { occurrencesOf, type Recurrence, recurrenceInWords } from "../../domain/recurrence.ts";

const wall = (text: string) => Temporal.PlainDateTime.from(text.replace(" ", "T"));
const date = (text: string) => Temporal.PlainDate.from(text);

/** A series in Berlin, unless another zone is named. */
function expand(start: string, end: string, rule: Recurrence, time_zone = "Europe/Berlin") {
  return occurrencesOf({ start_wall: wall(start), end_wall: wall(end), time_zone, rule });
}
const days = (start: string, rule: Recurrence) =>
  expand(`${start} 10:00`, `${start} 11:00`, rule).map(({ start_wall }) => `${start_wall.toPlainDate()}`);

Deno.test("the 31st comes in months that have one, and never drifts", () => {
  assert.deepEqual(days("2026-01-31", { frequency: "monthly", count: 4 }), [
    ...["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"],
  ]);
});

Deno.test("a 29 February comes in leap years", () => {
  assert.deepEqual(days("2024-02-29", { frequency: "yearly", count: 3 }), [
    ...["2024-02-29", "2028-02-29", "2032-02-29"],
  ]);
});

Deno.test("the fifth Monday comes in months that have one, and the last Monday in each", () => {
  const from = "2026-06-29";
  assert.deepEqual(days(from, { frequency: "monthly", nth: 5, count: 3 }), [
    ...["2026-06-29", "2026-08-31", "2026-11-30"],
  ]);
  assert.deepEqual(days(from, { frequency: "monthly", nth: -1, count: 3 }), [
    ...["2026-06-29", "2026-07-27", "2026-08-31"],
  ]);
});

Deno.test("the last day is one of them", () => {
  assert.deepEqual(days("2026-05-04", { frequency: "weekly", until: "2026-05-18" }), [
    ...["2026-05-04", "2026-05-11", "2026-05-18"],
  ]);
});

Deno.test("every second week on Tuesday and Thursday counts weeks from Monday", () => {
  assert.deepEqual(days("2026-05-07", { frequency: "weekly", interval: 2, weekdays: [2, 4], count: 4 }), [
    ...["2026-05-07", "2026-05-19", "2026-05-21", "2026-06-02"],
  ]);
});

Deno.test("ten in the morning stays ten on the wall when the clocks are changed", () => {
  const instants = expand("2026-03-28 10:00", "2026-03-28 11:00", { frequency: "daily", count: 2 })
    .map(({ period }) => `${period?.start_time}`);
  assert.deepEqual(instants, ["2026-03-28T09:00:00Z", "2026-03-29T08:00:00Z"]);
});

Deno.test("a time that the clock leaves out is told, and neither dropped nor moved", () => {
  const dates = expand("2026-03-28 02:30", "2026-03-28 03:30", { frequency: "daily", count: 3 });
  assert.deepEqual(dates.map(({ missing, period }) => missing ?? `${period?.start_time}`), [
    "2026-03-28T01:30:00Z",
    "There is no 02:30 on 29 March 2026: the clocks go forward",
    "2026-03-30T00:30:00Z",
  ]);
});

Deno.test("so is an end that the clock leaves out", () => {
  const dates = expand("2026-03-28 01:30", "2026-03-28 02:30", { frequency: "daily", count: 2 });
  assert.deepEqual(dates.map(({ missing }) => missing), [
    undefined,
    "There is no 02:30 on 29 March 2026: the clocks go forward",
  ]);
});

Deno.test("a time that the clock shows twice is the earlier", () => {
  const [one] = expand("2026-10-25 02:30", "2026-10-25 03:30", { frequency: "daily", count: 1 });
  assert.equal(`${one.period?.start_time}`, "2026-10-25T00:30:00Z");
});

const REFUSED: [string, Parameters<typeof expand>, string][] = [
  [
    "ends before it begins",
    ["2026-05-04 10:00", "2026-05-04 09:00", { frequency: "daily", count: 2 }],
    "end_time",
  ],
  [
    "has more than 500 dates",
    ["2026-05-04 10:00", "2026-05-04 11:00", { frequency: "daily", until: "2028-05-04" }],
    "recurrence.until",
  ],
  [
    "ends before its first date",
    ["2026-05-04 10:00", "2026-05-04 11:00", { frequency: "daily", until: "2026-05-03" }],
    "recurrence.until",
  ],
  [
    "has no date at all",
    ["2026-05-04 10:00", "2026-05-04 11:00", { frequency: "weekly", weekdays: [2], until: "2026-05-04" }],
    "recurrence.until",
  ],
  [
    "begins again before it ends",
    ["2026-05-04 10:00", "2026-05-05 10:01", { frequency: "daily", count: 2 }],
    "end_time",
  ],
  [
    "goes on for thousands of years",
    ["2024-02-29 10:00", "2024-02-29 11:00", { frequency: "yearly", interval: 99, count: 500 }],
    "recurrence.count",
  ],
];
for (const [what, [start, end, rule], path] of REFUSED) {
  Deno.test(`a series that ${what} is refused beside its ${path}`, () => {
    assert.throws(
      () => expand(start, end, rule),
      (error) => error instanceof Invalid && error.issues[0].path === path,
    );
  });
}

const WORDS: [Recurrence, string, number | undefined, string][] = [
  [
    { frequency: "weekly", interval: 2, weekdays: [2, 4], until: "2026-06-18" },
    "2026-05-05",
    31,
    "every second Tuesday and Thursday until 18 June, 31 times",
  ],
  [{ frequency: "daily", count: 1 }, "2026-05-05", undefined, "every day, once"],
  [{ frequency: "weekly", until: "2027-06-18" }, "2026-05-05", undefined, "every Tuesday until 18 June 2027"],
  [
    { frequency: "weekly", interval: 12, weekdays: [1, 2, 5], count: 3 },
    "2026-05-05",
    undefined,
    "every 12 weeks on Monday, Tuesday and Friday, 3 times",
  ],
  [{ frequency: "monthly", count: 3 }, "2026-05-22", undefined, "every month on the 22nd, 3 times"],
  [{ frequency: "monthly", count: 3 }, "2026-05-12", undefined, "every month on the 12th, 3 times"],
  [
    { frequency: "monthly", interval: 3, count: 3 },
    "2026-05-31",
    undefined,
    "every third month on the 31st, in months that have one, 3 times",
  ],
  [
    { frequency: "monthly", nth: -1, count: 2 },
    "2026-05-08",
    undefined,
    "every month on the last Friday, 2 times",
  ],
  [
    { frequency: "monthly", nth: 5, count: 2 },
    "2026-05-08",
    undefined,
    "every month on the fifth Friday, in months that have one, 2 times",
  ],
  [
    { frequency: "yearly", count: 2 },
    "2024-02-29",
    undefined,
    "every year on 29 February, in leap years, 2 times",
  ],
];
for (const [rule, first, times, words] of WORDS) {
  Deno.test(`it is read back as “${words}”`, () => {
    assert.equal(recurrenceInWords(rule, date(first), times), words);
  });
}

const ZONES = [
  ...["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Santiago", "UTC"],
];
const NAMES = [
  rrule.RRule.MO,
  rrule.RRule.TU,
  rrule.RRule.WE,
  rrule.RRule.TH,
  rrule.RRule.FR,
  rrule.RRule.SA,
  rrule.RRule.SU,
];

// The other library knows no zones: its dates are those of a clock on the wall that is never changed.
function expected(
  start: Temporal.PlainDateTime,
  { frequency, interval, weekdays, nth, until, count }: Recurrence,
) {
  const { RRule } = rrule;
  const utc = (at: Temporal.PlainDateTime) => new Date(at.toZonedDateTime("UTC").epochMilliseconds);
  const byweekday = weekdays
    ? weekdays.map((day) => NAMES[day - 1])
    : nth
    ? [NAMES[start.dayOfWeek - 1].nth(nth)]
    : undefined;
  const rule = new RRule({
    freq:
      { daily: RRule.DAILY, weekly: RRule.WEEKLY, monthly: RRule.MONTHLY, yearly: RRule.YEARLY }[frequency],
    ...{ dtstart: utc(start), interval: interval ?? 1, wkst: RRule.MO },
    ...byweekday ? { byweekday } : {},
    ...until ? { until: utc(date(until).toPlainDateTime("23:59:59")) } : {},
    ...count ? { count } : {},
  });
  return rule.all((_, index) => index < 500).map((found) => found.toISOString().slice(0, 16));
}

Deno.test("5,000 rules in six zones have the dates that another library finds, changes of the clock included", () => {
  let seed = 20260504;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  const one = <T>(list: readonly T[]) => list[Math.floor(random(1_000_000) / 1_000_000 * list.length)];
  const frequencies = ["daily", "weekly", "monthly", "yearly"] as const;
  let left_out = 0;
  let compared = 0;
  for (let round = 0; round < 5000; round++) {
    const start = wall("2023-01-01 00:00").add({
      days: random(1500),
      minutes: 30 * one([...Array(48).keys()]),
    });
    const frequency = one(frequencies);
    const count = 1 + random(20);
    const ends = one([true, false])
      ? { count }
      : { until: `${start.toPlainDate().add({ days: random(frequency === "yearly" ? 4000 : 120) })}` };
    const rule: Recurrence = {
      ...{ frequency, interval: 1 + random(4), ...ends },
      ...frequency === "weekly" && one([true, false])
        ? { weekdays: [...new Set([1 + random(7), 1 + random(7)])].sort() }
        : {},
      ...frequency === "monthly" && one([true, false]) ? { nth: one([1, 2, 3, 4, 5, -1] as const) } : {},
    };
    const zone = one(ZONES);
    const what = `${start} ${zone} ${JSON.stringify(rule)}`;
    const there = expected(start, rule);
    const plan = { start_wall: start, end_wall: start.add({ minutes: 15 }), time_zone: zone, rule };
    if (there.length === 0) {
      assert.throws(() => occurrencesOf(plan), Invalid, what);
      continue;
    }
    const found = occurrencesOf(plan);
    assert.deepEqual(
      found.map(({ start_wall }) => `${start_wall.toString({ smallestUnit: "minute" })}`),
      there,
      what,
    );
    for (const { start_wall, period } of found) {
      compared++;
      if (!period) {
        left_out++;
        continue;
      }
      // Whatever the offset of that day: the clock there shows what was said.
      const shown = period.start_time.toZonedDateTimeISO(zone).toPlainDateTime();
      assert(shown.equals(start_wall), `${what}: ${shown}`);
    }
  }
  assert(compared > 25_000 && left_out > 3, `${compared} dates, of which the clock leaves ${left_out} out`);
});
