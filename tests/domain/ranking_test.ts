import assert from "node:assert/strict";
import { isSettled, nearness, type Option, rank } from "../../domain/ranking.ts";

const NINE = Temporal.Instant.from("2026-05-04T07:00:00Z").epochMilliseconds;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A slot at nine in a room for ten in Alder House that nobody has to decide on, but for what is named. */
const option = (name: string, more: Partial<Option> = {}): Option => ({
  ...{ resource_id: name, name, at: NINE, capacity: 10, location: "Alder House, ground floor", night: false },
  ...more,
});
const names = (options: Option[], wish = {}, limit = 10) =>
  rank(options, wish, limit).map(({ name }) => name);
const merits = (one: Option, wish = {}) => rank([one], wish, 1)[0].merits.map(({ code }) => code);

Deno.test("the sooner of two slots that are alike comes first", () => {
  assert.deepEqual(names([option("late", { at: NINE + HOUR }), option("soon")]), ["soon", "late"]);
});

Deno.test("of equals the names decide, whatever order they come in", () => {
  assert.deepEqual(names([option("b"), option("a")]), names([option("a"), option("b")]));
  assert.deepEqual(names([option("b"), option("a")]), ["a", "b"]);
});

Deno.test("a place that was asked for is worth waiting a day and a half, and not three", () => {
  const elsewhere = option("elsewhere", { location: "Birch House" });
  const later = (days: number) => option("here", { at: NINE + days * DAY });
  assert.deepEqual(names([elsewhere, later(1.5)], { near: "alder" }), ["here", "elsewhere"]);
  assert.deepEqual(names([elsewhere, later(3)], { near: "alder" }), ["elsewhere", "here"]);
});

Deno.test("the same house comes between the place that was asked for and another house", () => {
  const [here, beside, away] = ["Alder House, attic", "Alder House, cellar", "Birch House"]
    .map((location) => option(location, { location }));
  assert.deepEqual(names([away, beside, here], { near: "Alder House, attic" }), [
    here.name,
    beside.name,
    away.name,
  ]);
});

Deno.test("what nobody has to decide on comes before what somebody has to, unless it is a day later", () => {
  const asked = option("asked", { approval: "House rules" });
  assert.deepEqual(names([asked, option("free", { at: NINE + HOUR })]), ["free", "asked"]);
  assert.deepEqual(names([asked, option("free", { at: NINE + DAY })]), ["asked", "free"]);
});

Deno.test("a room that fits comes before a hall, and before a room of unknown size", () => {
  const rooms = [
    option("hall", { capacity: 200 }),
    option("unknown", { capacity: null }),
    option("fits", { capacity: 8 }),
  ];
  assert.deepEqual(names(rooms, { attendees: 6 }), ["fits", "unknown", "hall"]);
});

Deno.test("where no number of people is named, size decides nothing", () => {
  assert.deepEqual(names([option("b", { capacity: 8 }), option("a", { capacity: 200 })]), ["a", "b"]);
});

Deno.test("a slot at night comes after one of the next morning", () => {
  assert.deepEqual(names([option("night", { night: true }), option("morning", { at: NINE + 12 * HOUR })]), [
    "morning",
    "night",
  ]);
});

Deno.test("a resource is named twice at most, while there are others", () => {
  const many = [0, 1, 2, 3].map((n) => option("a", { at: NINE + n * HOUR }));
  assert.deepEqual(names([...many, option("b", { at: NINE + 9 * HOUR })], {}, 3), ["a", "a", "b"]);
  assert.deepEqual(names(many, {}, 3), ["a", "a", "a"]);
});

Deno.test("at most half of what is shown begins at the same moment, while there is anything else", () => {
  const now = ["a", "b", "c", "d"].map((name) => option(name));
  const later = ["e", "f"].map((name) => option(name, { at: NINE + DAY }));
  assert.deepEqual(names([...now, ...later], {}, 4), ["a", "b", "e", "f"]);
});

Deno.test("each says what speaks for it and what against", () => {
  const wish = { attendees: 6, near: "Alder House" };
  assert.deepEqual(merits(option("a", { capacity: 8 }), wish), ["soonest", "near", "fits"]);
  const poor = option("b", {
    capacity: 90,
    location: "",
    night: true,
    approval: "House rules wants an approval",
  });
  assert.deepEqual(merits(poor, wish), ["soonest", "elsewhere", "large", "night", "needs_approval"]);
  assert.deepEqual(merits(option("c", { capacity: null }), wish), ["soonest", "near", "unknown_size"]);
  const [{ merits: [, , fits] }] = rank([option("a", { capacity: 8 })], wish, 1);
  assert.equal(fits.message, "fits: 6 of 8 places");
});

Deno.test("only what begins first of all is called the soonest", () => {
  const [, second] = rank([option("a"), option("b", { at: NINE + HOUR })], {}, 2);
  assert.deepEqual(second.merits, []);
});

Deno.test("a place is found by a part of its name, whatever its letters", () => {
  assert.equal(nearness("Alder House, attic", "alder"), "near");
  assert.equal(nearness("Alder House, attic", "Alder House, cellar"), "nearby");
  assert.equal(nearness("", "Alder House"), "elsewhere");
});

Deno.test("what is later cannot come in where all that was chosen costs less than to wait for it", () => {
  const options = ["a", "b"].map((name, n) => option(name, { at: NINE + n * HOUR }));
  assert.equal(isSettled(rank(options, {}, 2), 2, NINE + DAY), true);
  assert.equal(isSettled(rank(options, {}, 3), 3, NINE + DAY), false, "there is room for one more");
  assert.equal(
    isSettled(rank(options, { near: "Birch House" }, 2), 2, NINE + DAY),
    false,
    "a better place may come",
  );
  const same = ["a", "b"].map((name) => option(name));
  assert.equal(isSettled(rank(same, {}, 2), 2, NINE + DAY), false, "another moment may come");
});
