import assert from "node:assert/strict";
import fc from "fast-check";
import { EXAMPLES, readLength, readMoment, readPeriod } from "../../cli/when.ts";

const BERLIN = "Europe/Berlin";
/** A Monday, ten in the morning in Berlin. */
const NOW = Temporal.Instant.from("2026-05-04T08:00:00Z");

const walls = (text: string, zone = BERLIN, now = NOW) => {
  const { start_time, end_time } = readPeriod(text, zone, now);
  const wall = (instant: Temporal.Instant) =>
    instant.toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: "minute" });
  return [wall(start_time), wall(end_time)];
};

const UNDERSTOOD: Record<string, [string, string]> = {
  "tomorrow 14:00 +90m": ["2026-05-05T14:00", "2026-05-05T15:30"],
  "tomorrow 14:00+90m": ["2026-05-05T14:00", "2026-05-05T15:30"],
  "Tomorrow at 2pm to 4pm": ["2026-05-05T14:00", "2026-05-05T16:00"],
  "14:00-15:30": ["2026-05-04T14:00", "2026-05-04T15:30"],
  "today 9:15 for 2 hours": ["2026-05-04T09:15", "2026-05-04T11:15"],
  "friday 9am to 11am": ["2026-05-08T09:00", "2026-05-08T11:00"],
  "fri 9:00 +1:30": ["2026-05-08T09:00", "2026-05-08T10:30"],
  "monday 9:00 +1h": ["2026-05-11T09:00", "2026-05-11T10:00"],
  "next sunday 12am until 12pm": ["2026-05-10T00:00", "2026-05-10T12:00"],
  "in 2 weeks 10:00 +1d": ["2026-05-18T10:00", "2026-05-19T10:00"],
  "2026-06-01 22:00-01:00": ["2026-06-01T22:00", "2026-06-02T01:00"],
  "1.6. 9:00 for 1h30m": ["2026-06-01T09:00", "2026-06-01T10:30"],
  "1.2. 9:00 +15 minutes": ["2027-02-01T09:00", "2027-02-01T09:15"],
  "29.2.2028 8:00 – 24:00": ["2028-02-29T08:00", "2028-03-01T00:00"],
  "tomorrow noon - midnight": ["2026-05-05T12:00", "2026-05-06T00:00"],
  "2026-06-01T14:00+02:00 +1.5h": ["2026-06-01T14:00", "2026-06-01T15:30"],
  "2026-06-01T14:00/2026-06-01T15:00": ["2026-06-01T14:00", "2026-06-01T15:00"],
  "2026-06-01T12:00Z to 2026-06-01T13:00Z": ["2026-06-01T14:00", "2026-06-01T15:00"],
};

for (const [text, expected] of Object.entries(UNDERSTOOD)) {
  Deno.test(`“${text}” is ${expected.join(" to ")}`, () => assert.deepEqual(walls(text), expected));
}

for (
  const [text, words] of Object.entries({
    "12/6/2026 9:00 +1h": /not understood/,
    "tomorrow": /not understood/,
    "tomorrow 14:00": /not understood/,
    "someday 14:00 +1h": /not understood/,
    "": /not understood/,
    "tomorrow 25:00 +1h": /no time 25:00/,
    "tomorrow 13pm +1h": /no time 13pm/,
    "tomorrow 14:60 +1h": /no time 14:60/,
    "2026-02-30 10:00 +1h": /no day 2026-02-30/,
    "31.4. 10:00 +1h": /no day 31\.4\./,
    "2026-06-31T10:00 +1h": /no time/,
    "tomorrow 14:00 +5 bananas": /no length/,
    "tomorrow 14:00 +0m": /no length/,
    "2026-06-01T14:00Z to 2026-06-01T13:00Z": /ends before it begins/,
    "2027-03-28 02:30 +1h": /the clock is set forward/,
    "2027-03-28T02:30 +1h": /no time/,
  })
) {
  Deno.test(`“${text}” is refused: ${words.source}`, () => {
    assert.throws(() => readPeriod(text, BERLIN, NOW), (error: Error & { code: number }) => {
      assert.match(error.message, words);
      return error.code === 2;
    });
  });
}

Deno.test("a night in which the clock is set back is an hour longer by the clock's own time", () => {
  const { start_time, end_time } = readPeriod("2026-10-25 00:00-06:00", BERLIN, NOW);
  assert.equal(end_time.since(start_time).total("hours"), 7);
});

Deno.test("a length in hours passes a change of the clock as it is, a day is a day of the calendar", () => {
  assert.deepEqual(walls("2027-03-28 00:00 +3h"), ["2027-03-28T00:00", "2027-03-28T04:00"]);
  assert.deepEqual(walls("2027-03-27 12:00 +1d"), ["2027-03-27T12:00", "2027-03-28T12:00"]);
});

Deno.test("a time that the clock shows twice is the earlier", () => {
  const { start_time } = readPeriod("2026-10-25T02:30 +1h", BERLIN, NOW);
  assert.equal(`${start_time}`, "2026-10-25T00:30:00Z");
});

Deno.test("today is the day of the zone, not of the machine", () => {
  const late = Temporal.Instant.from("2026-05-04T22:30:00Z");
  assert.deepEqual(walls("today 9:00 +1h", BERLIN, late), ["2026-05-05T09:00", "2026-05-05T10:00"]);
  assert.deepEqual(walls("today 9:00 +1h", "America/New_York", late), [
    "2026-05-04T09:00",
    "2026-05-04T10:00",
  ]);
});

Deno.test("one moment may be a day, a time of a day, or now", () => {
  const moment = (text: string) => `${readMoment(text, BERLIN, NOW)}`;
  assert.equal(moment("tomorrow"), "2026-05-04T22:00:00Z");
  assert.equal(moment("friday 9:00"), "2026-05-08T07:00:00Z");
  assert.equal(moment("9:00"), "2026-05-04T07:00:00Z");
  assert.equal(moment("now"), `${NOW}`);
  assert.equal(moment("2026-06-01T12:00:00Z"), "2026-06-01T12:00:00Z");
  assert.throws(() => moment("soon"), /not understood/);
});

Deno.test("a length may be written in hours and minutes", () => {
  const minutes = (text: string) => readLength(text).total("minutes");
  assert.deepEqual(["90m", "1h30m", "1:30", "1.5 hours", "1 h 30 min"].map(minutes), [90, 90, 90, 90, 90]);
});

Deno.test("the examples that are shown to those who were not understood are understood", () => {
  for (const example of EXAMPLES) assert.equal(walls(example).length, 2);
});

Deno.test("every period that is written with its day and its times is read as it was meant", () => {
  const day = fc.integer({ min: 0, max: 3000 }).map((days) =>
    Temporal.PlainDate.from("2026-01-01").add({ days })
  );
  const minute = fc.integer({ min: 0, max: 1438 });
  const clock = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
  fc.assert(fc.property(day, minute, minute, (date, start, more) => {
    const end = start + 1 + more % (1439 - start);
    // A zone without changes of the clock: those have tests of their own.
    assert.deepEqual(walls(`${date} ${clock(start)}-${clock(end)}`, "Asia/Kathmandu"), [
      `${date}T${clock(start)}`,
      `${date}T${clock(end)}`,
    ]);
  }));
});
