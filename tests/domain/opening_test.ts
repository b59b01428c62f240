import assert from "node:assert/strict";
import fc from "fast-check";
import {
  hoursOn,
  isOpenFor,
  type Opening,
  openPeriods,
  readHours,
  type Stretch,
} from "../../domain/opening.ts";
import { dayIn, minutesOf, type Period } from "../../domain/periods.ts";

const BERLIN = "Europe/Berlin";
const every = (...stretches: Stretch[]): Opening => Array.from({ length: 7 }, () => stretches);
const OFFICE = every([8 * 60, 12 * 60], [13 * 60, 18 * 60]);
const BAR: Opening = every([18 * 60, 26 * 60]);
const ALWAYS = every([0, 24 * 60]);

const date = (text: string) => Temporal.PlainDate.from(text);
const period = (from: string, to: string, zone = BERLIN): Period => ({
  start_time: Temporal.PlainDateTime.from(from).toZonedDateTime(zone).toInstant(),
  end_time: Temporal.PlainDateTime.from(to).toZonedDateTime(zone).toInstant(),
});
const seconds = (instant: Temporal.Instant, by: number) => instant.add({ seconds: by });

for (
  const [name, opening, from, to, open] of [
    ["a period within one stretch", OFFICE, "2026-05-05T09:00", "2026-05-05T10:00", true],
    ["a stretch from edge to edge", OFFICE, "2026-05-05T08:00", "2026-05-05T12:00", true],
    ["a period over the break at noon", OFFICE, "2026-05-05T11:00", "2026-05-05T14:00", false],
    ["a period over midnight within a stretch", BAR, "2026-05-05T23:00", "2026-05-06T01:00", true],
    ["a period after midnight, of the day before", BAR, "2026-05-06T00:30", "2026-05-06T02:00", true],
    ["a period past the end after midnight", BAR, "2026-05-06T01:00", "2026-05-06T02:01", false],
    ["two days where it never closes", ALWAYS, "2026-05-05T10:00", "2026-05-07T10:00", true],
    ["a period up to 24:00", ALWAYS, "2026-05-05T23:00", "2026-05-06T00:00", true],
    ["a day without hours", [[], ...OFFICE.slice(1)], "2026-05-04T09:00", "2026-05-04T10:00", false],
  ] as const
) {
  Deno.test(`${name} is ${open ? "open" : "closed"}`, () => {
    assert.equal(isOpenFor(opening as Opening, period(from, to), BERLIN), open);
  });
}

for (
  const [zone, offset] of [[BERLIN, "Berlin"], ["Asia/Kathmandu", "+5:45"], ["Pacific/Kiritimati", "+14"]]
) {
  Deno.test(`the hours end on the second by the clock of the resource: ${offset}`, () => {
    const whole = period("2026-05-05T08:00", "2026-05-05T12:00", zone);
    assert(isOpenFor(OFFICE, whole, zone));
    assert(!isOpenFor(OFFICE, { ...whole, start_time: seconds(whole.start_time, -1) }, zone));
    assert(!isOpenFor(OFFICE, { ...whole, end_time: seconds(whole.end_time, 1) }, zone));
  });
}

Deno.test("in the night in which the clocks go forward, 02:00 to 04:00 is open for an hour", () => {
  const night = every([2 * 60, 4 * 60]);
  const open = openPeriods(night, dayIn(date("2026-03-29"), BERLIN), BERLIN);
  assert.deepEqual(open.map(minutesOf), [60]);
});

Deno.test("hours that begin where the clock leaves a time out begin when it goes on", () => {
  const [open] = openPeriods(every([150, 240]), dayIn(date("2026-03-29"), BERLIN), BERLIN);
  assert.equal(`${open.start_time}`, "2026-03-29T01:00:00Z");
});

Deno.test("in the night in which the clocks go back, 02:00 to 03:00 is open for both of its hours", () => {
  const open = openPeriods(every([120, 180]), dayIn(date("2026-10-25"), BERLIN), BERLIN);
  assert.deepEqual(open.map(minutesOf), [120]);
});

Deno.test("opening hours keep the wall clock through the year", () => {
  for (const day of ["2026-01-14", "2026-07-15"]) {
    const [open] = openPeriods(OFFICE, dayIn(date(day), BERLIN), BERLIN);
    assert.equal(`${open.start_time.toZonedDateTimeISO(BERLIN).toPlainTime()}`, "08:00:00");
  }
});

Deno.test("what is open is open wherever it is cut", () => {
  const stretch = fc.tuple(fc.nat(1439), fc.integer({ min: 1, max: 1440 }))
    .map(([from, length]): Stretch => [from, from + length]);
  const opening = fc.array(fc.array(stretch, { maxLength: 3 }), { minLength: 7, maxLength: 7 });
  const day = fc.integer({ min: 0, max: 730 }).map((days) => date("2026-01-01").add({ days }));
  const zone = fc.constantFrom(BERLIN, "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu");
  fc.assert(
    fc.property(opening, day, zone, fc.double({ min: 0, max: 1, noNaN: true }), (hours, on, where, part) => {
      const window = {
        start_time: dayIn(on, where).start_time,
        end_time: dayIn(on.add({ days: 9 }), where).end_time,
      };
      for (const open of openPeriods(hours, window, where)) {
        const cut = open.start_time.add({ seconds: Math.floor(part * (minutesOf(open) * 60 - 1)) });
        assert(isOpenFor(hours, { start_time: cut, end_time: open.end_time }, where));
        // What reaches over the edge of the window may go on behind it.
        if (Temporal.Instant.compare(open.start_time, window.start_time) > 0) {
          assert(!isOpenFor(hours, { ...open, start_time: seconds(open.start_time, -1) }, where));
        }
        if (Temporal.Instant.compare(open.end_time, window.end_time) < 0) {
          assert(!isOpenFor(hours, { ...open, end_time: seconds(open.end_time, 1) }, where));
        }
      }
    }),
  );
});

for (
  const [typed, read] of [
    ["8:00-12:00, 13:00–18:00", [[480, 720], [780, 1080]]],
    ["13-18; 8-12", [[480, 720], [780, 1080]]],
    ["18:00–02:00", [[1080, 1560]]],
    ["0-24", [[0, 1440]]],
    ["", []],
    ["8", undefined],
    ["8:60-9", undefined],
    ["24-25", undefined],
    ["8-12, 11-13", undefined],
    ["morning", undefined],
  ] as const
) {
  Deno.test(`hours typed as “${typed}” are ${read ? JSON.stringify(read) : "not understood"}`, () => {
    assert.deepEqual<unknown>(readHours(typed), read);
  });
}

Deno.test("hours in words can be typed again", () => {
  const split = hoursOn(OFFICE, date("2026-05-05"));
  assert.equal(split, "08:00–12:00 and 13:00–18:00");
  assert.deepEqual(readHours(split), OFFICE[0]);
  assert.deepEqual(readHours(hoursOn(BAR, date("2026-05-05"))), BAR[0]);
  assert.equal(hoursOn([[], [], [], [], [], [], []], date("2026-05-05")), "closed");
});
