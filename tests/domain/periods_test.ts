import fc from "fast-check";
import assert from "node:assert/strict";
import {
  clock,
  dateIn,
  dayIn,
  freeWithin,
  merged,
  minutesOf,
  overlap,
  type Period,
  readDate,
  readMinutes,
  resolve,
} from "../../domain/periods.ts";

const BERLIN = "Europe/Berlin";
const ZONES = [BERLIN, "Europe/London", "Australia/Sydney", "America/Toronto"];
const HOUR = 60;

Deno.test("a period that ends where another begins does not overlap it", () => {
  assert.equal(overlap(stretch(0, 60), stretch(60, 120)), false);
  assert.equal(overlap(stretch(60, 120), stretch(0, 60)), false);
});

Deno.test("a period overlaps another from the first moment that they share", () => {
  const second = { start_time: instant(59).add({ seconds: 59 }), end_time: instant(120) };
  assert.equal(overlap(stretch(0, 60), second), true);
});

Deno.test("a period overlaps what lies inside it, and what is around it", () => {
  assert.equal(overlap(stretch(0, 240), stretch(60, 120)), true);
  assert.equal(overlap(stretch(60, 120), stretch(0, 240)), true);
});

Deno.test("the overlap of two periods is the same from either side", () => {
  fc.assert(fc.property(anyStretch, anyStretch, (a, b) => overlap(a, b) === overlap(b, a)));
});

Deno.test("two periods overlap exactly when they share a minute", () => {
  fc.assert(fc.property(anyStretch, anyStretch, (a, b) => {
    const minutes = new Set(minutesIn(a));
    return overlap(a, b) === minutesIn(b).some((minute) => minutes.has(minute));
  }));
});

Deno.test("periods back to back never overlap, wherever the cuts are", () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 0, max: 10_000 }), { minLength: 3, maxLength: 12 });
  fc.assert(fc.property(cuts, (unsorted) => {
    const at = unsorted.toSorted((a, b) => a - b);
    const chain = at.slice(1).map((to, i) => stretch(at[i], to));
    return chain.every((a, i) => chain.every((b, k) => i === k || !overlap(a, b)));
  }));
});

Deno.test("merging periods keeps every minute, and leaves gaps between what is left", () => {
  fc.assert(fc.property(fc.array(anyStretch, { maxLength: 8 }), (periods) => {
    const whole = merged(periods);
    assert.deepEqual(sortedMinutes(whole), sortedMinutes(periods));
    for (const [i, next] of whole.slice(1).entries()) {
      assert(Temporal.Instant.compare(whole[i].end_time, next.start_time) < 0);
    }
  }));
});

Deno.test("merging periods leaves the ones it was given as they were", () => {
  const given = [stretch(0, 60), stretch(30, 90)];
  merged(given);
  assert.deepEqual(given.map(minutesOf), [60, 60]);
});

Deno.test("what is free within a window is all of it but what is busy", () => {
  fc.assert(fc.property(anyStretch, fc.array(anyStretch, { maxLength: 8 }), (window, busy) => {
    const taken = new Set(busy.flatMap(minutesIn));
    const expected = minutesIn(window).filter((minute) => !taken.has(minute));
    assert.deepEqual(freeWithin(window, busy).flatMap(minutesIn), expected);
  }));
});

Deno.test("the length of a period is counted in real minutes, also over a change of the clock", () => {
  const night = { start_time: found("2027-03-28", "01:00"), end_time: found("2027-03-28", "04:00") };
  assert.equal(minutesOf(night), 2 * HOUR);
});

Deno.test("half past two in the night of the spring change does not exist in Berlin, and three o'clock is proposed", () => {
  const refused = resolve({ date: "2027-03-28", time: "02:30" }, BERLIN);
  assert(refused && "missing" in refused);
  assert.equal(`${refused.nearest}`, "2027-03-28T01:00:00Z");
  assert.equal(refused.nearest.toZonedDateTimeISO(BERLIN).toPlainTime().toString(), "03:00:00");
});

Deno.test("the edges of the hour that Berlin leaves out exist", () => {
  assert.equal(`${found("2027-03-28", "01:59")}`, "2027-03-28T00:59:00Z");
  assert.equal(`${found("2027-03-28", "03:00")}`, "2027-03-28T01:00:00Z");
  const refused = resolve({ date: "2027-03-28", time: "02:00" }, BERLIN);
  assert(refused && "missing" in refused);
});

Deno.test("a time that the clock shows twice means the earlier one, unless the later is asked for", () => {
  const twice = { date: "2026-10-25", time: "02:30" };
  const read = (which?: "earlier" | "later") => {
    const resolved = resolve({ ...twice, which }, BERLIN);
    assert(resolved && "instant" in resolved);
    return { instant: `${resolved.instant}`, twice: resolved.twice };
  };
  assert.deepEqual(read(), { instant: "2026-10-25T00:30:00Z", twice: true });
  assert.deepEqual(read("earlier"), { instant: "2026-10-25T00:30:00Z", twice: true });
  assert.deepEqual(read("later"), { instant: "2026-10-25T01:30:00Z", twice: true });
});

Deno.test("asking for the later one changes nothing where the clock shows a time once", () => {
  const resolved = resolve({ date: "2026-05-04", time: "09:00", which: "later" }, BERLIN);
  assert(resolved && "instant" in resolved);
  assert.deepEqual([`${resolved.instant}`, resolved.twice], ["2026-05-04T07:00:00Z", false]);
});

Deno.test("twenty-four o'clock is the midnight that ends the day", () => {
  assert.equal(`${found("2026-05-04", "24:00")}`, `${found("2026-05-05", "00:00")}`);
  assert.equal(`${found("2026-12-31", "24:00")}`, `${found("2027-01-01", "00:00")}`);
});

Deno.test("a time is read with one or two digits and with seconds, as browsers send it", () => {
  assert.deepEqual(["9:05", "09:05", "09:05:00", " 09:05 ", "00:00", "24:00"].map(readMinutes), [
    545,
    545,
    545,
    545,
    0,
    1440,
  ]);
});

Deno.test("a time that no clock shows is not read", () => {
  for (const text of ["", "24:01", "25:00", "12:60", "9", "nine", "-1:00", "1200", "12:0", undefined]) {
    assert.equal(readMinutes(text), undefined, text);
  }
});

Deno.test("a date that no calendar has is not read", () => {
  for (const text of ["2027-02-29", "2026-13-01", "2026-04-31", "04.05.2026", "2026-5-4", "", undefined]) {
    assert.equal(readDate(text), undefined, text);
  }
  assert.equal(`${readDate("2028-02-29")}`, "2028-02-29");
});

Deno.test("a wall time of which half cannot be read means nothing", () => {
  assert.equal(resolve({ date: "2027-02-29", time: "09:00" }, BERLIN), undefined);
  assert.equal(resolve({ date: "2027-02-28", time: "9 o'clock" }, BERLIN), undefined);
});

Deno.test("every minute of a day is written so that it is read as the same", () => {
  for (let minutes = 0; minutes <= 1440; minutes++) assert.equal(readMinutes(clock(minutes)), minutes);
});

for (const zone of ZONES) {
  Deno.test(`every wall time of ${zone} that exists is found, and the clock there shows it`, () => {
    fc.assert(
      fc.property(
        anyDate,
        anyMinute,
        fc.constantFrom("earlier" as const, "later" as const),
        (date, minute, which) => {
          const wall = date.toPlainDateTime().add({ minutes: minute });
          const resolved = resolve({ date: `${date}`, time: clock(minute), which }, zone);
          assert(resolved);
          const real = instantsShowing(wall, zone);
          if ("missing" in resolved) return assert.deepEqual(real, []);
          assert.equal(
            resolved.instant.toZonedDateTimeISO(zone).toPlainDateTime().toString(),
            wall.toString(),
          );
          assert.equal(resolved.twice, real.length === 2);
          assert.equal(`${resolved.instant}`, which === "later" ? real.at(-1) : real[0]);
        },
      ),
    );
  });

  Deno.test(`every wall time that ${zone} leaves out is refused, with the end of the gap as the nearest`, () => {
    const gaps = changesOf(zone).filter((change) => change.minutes > 0);
    assert(gaps.length > 10);
    fc.assert(fc.property(fc.constantFrom(...gaps), fc.nat(10_000), (gap, some) => {
      const wall = gap.before.add({ minutes: some % gap.minutes });
      const resolved = resolve(written(wall), zone);
      assert(resolved && "missing" in resolved);
      assert.equal(`${resolved.nearest}`, `${gap.at}`);
    }));
  });

  Deno.test(`every wall time that ${zone} shows twice is found twice, an hour apart`, () => {
    const repeats = changesOf(zone).filter((change) => change.minutes < 0);
    assert(repeats.length > 10);
    fc.assert(fc.property(fc.constantFrom(...repeats), fc.nat(10_000), (change, some) => {
      const wall = change.before.subtract({ minutes: 1 + some % -change.minutes });
      const [early, late] = (["earlier", "later"] as const).map((which) => {
        const resolved = resolve({ ...written(wall), which }, zone);
        assert(resolved && "instant" in resolved && resolved.twice);
        return resolved.instant;
      });
      assert.equal(early.until(late).total("minutes"), -change.minutes);
    }));
  });

  Deno.test(`a day in ${zone} has 23, 24 or 25 hours, and begins where the one before it ends`, () => {
    const lengths = new Set<number>();
    let date = Temporal.PlainDate.from("2026-01-01");
    let end = dayIn(date.subtract({ days: 1 }), zone).end_time;
    for (; date.year === 2026; date = date.add({ days: 1 })) {
      const day = dayIn(date, zone);
      assert.equal(`${day.start_time}`, `${end}`);
      lengths.add(minutesOf(day) / HOUR);
      end = day.end_time;
    }
    assert.deepEqual([...lengths].sort(), [23, 24, 25]);
  });

  Deno.test(`an instant lies in exactly one day of ${zone}: the one that the calendar there shows`, () => {
    fc.assert(fc.property(anyInstant, (at) => {
      const moment = { start_time: at, end_time: at.add({ seconds: 1 }) };
      const date = dateIn(at, zone);
      const within = [-1, 0, 1].filter((days) => overlap(dayIn(date.add({ days }), zone), moment));
      assert.deepEqual(within, [0]);
    }));
  });
}

const EPOCH = Temporal.Instant.from("2026-05-04T07:00:00Z");
const instant = (minute: number) => EPOCH.add({ minutes: minute });
const stretch = (from: number, to: number): Period => ({ start_time: instant(from), end_time: instant(to) });

const anyStretch = fc.tuple(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 1, max: 100 }))
  .map(([from, length]) => stretch(from, from + length));
const anyMinute = fc.integer({ min: 0, max: 1440 });
const anyDate = fc.integer({ min: 0, max: 15 * 365 })
  .map((days) => Temporal.PlainDate.from("2020-01-01").add({ days }));
const anyInstant = fc.integer({ min: 1_577_836_800, max: 2_051_222_400 })
  .map((seconds) => Temporal.Instant.fromEpochMilliseconds(seconds * 1000));

function minutesIn({ start_time, end_time }: Period): number[] {
  const from = EPOCH.until(start_time).total("minutes");
  return Array.from({ length: start_time.until(end_time).total("minutes") }, (_, i) => from + i);
}

function sortedMinutes(periods: Period[]): number[] {
  return [...new Set(periods.flatMap(minutesIn))].sort((a, b) => a - b);
}

function found(date: string, time: string, zone = BERLIN): Temporal.Instant {
  const resolved = resolve({ date, time }, zone);
  assert(resolved && "instant" in resolved, `${date} ${time}`);
  return resolved.instant;
}

function written(wall: Temporal.PlainDateTime) {
  return { date: `${wall.toPlainDate()}`, time: clock(wall.hour * 60 + wall.minute) };
}

// Tries the offsets of the days around, and keeps what the clock really shows: another way than the code's.
function instantsShowing(wall: Temporal.PlainDateTime, zone: string): string[] {
  const plain = wall.toZonedDateTime("UTC").toInstant();
  const offsets = [-48, 48].map((hours) => plain.add({ hours }).toZonedDateTimeISO(zone).offsetNanoseconds);
  return [...new Set(offsets)]
    .map((offset) => plain.subtract({ nanoseconds: offset }))
    .filter((at) => at.toZonedDateTimeISO(zone).toPlainDateTime().equals(wall))
    .sort(Temporal.Instant.compare)
    .map(String);
}

// Each change of the clock: what it shows the moment it is changed, and by how many minutes it jumps.
function changesOf(zone: string) {
  const changes: { at: Temporal.Instant; before: Temporal.PlainDateTime; minutes: number }[] = [];
  let at = Temporal.ZonedDateTime.from(`2020-01-01T00:00[${zone}]`).getTimeZoneTransition("next");
  while (at && at.year < 2035) {
    const last = at.subtract({ nanoseconds: 1 });
    changes.push({
      at: at.toInstant(),
      before: last.toPlainDateTime().add({ nanoseconds: 1 }),
      minutes: (at.offsetNanoseconds - last.offsetNanoseconds) / 60e9,
    });
    at = at.getTimeZoneTransition("next");
  }
  return changes;
}
