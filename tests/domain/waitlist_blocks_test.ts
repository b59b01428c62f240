import assert from "node:assert/strict";
import { approve } from "../../domain/approvals.ts";
import { cancel } from "../../domain/edits.ts";
import { Conflict } from "../../domain/errors.ts";
import { createPolicy, NO_RULES } from "../../domain/policies.ts";
import { changePolicy } from "../../domain/policy_changes.ts";
import { request } from "../../domain/requests.ts";
import { createSeries, getSeries, type NewSeries, previewSeries } from "../../domain/series.ts";
import { cancelDates, changeDates } from "../../domain/series_changes.ts";
import { exportReservations } from "../../domain/transfers/reservations.ts";
import { importFile } from "../../domain/transfers/imports.ts";
import { join } from "../../domain/waitlist.ts";
import { getEntry, listWaitlist } from "../../domain/waitlist_entries.ts";
import { type Cast, NOW, on, ZONE } from "../support/cast.ts";
import { house, TEN } from "../support/house.ts";

const DAY = "2026-05-05";

/** A room that is offered to Alice from ten to eleven; what is stored is sound when the test is over. */
async function offeredRoom(policy_id?: string) {
  const home = await house();
  const { sql, cast } = home;
  const { id } = await home.make({ name: "Room", policy_id });
  const bobs = await request(sql, cast.bob, { ...TEN, resource_ids: [id] }, NOW);
  const entry = await join(sql, cast.alice, { ...TEN, resource_ids: [id] }, NOW);
  await cancel(sql, cast.bob, { id: bobs.id }, NOW);
  return Object.assign(home, {
    id,
    entry,
    statusOf: async (entry_id = entry.id) => (await getEntry(sql, cast.sam, entry_id, NOW)).status,
    daily: (who: keyof Cast, more: Partial<NewSeries> = {}) =>
      createSeries(sql, cast[who], { ...days(id), ...more }, NOW),
    bring: (csv: string, dry_run = false) => importing(home, "reservations", csv, dry_run),
  });
}

type Home = Awaited<ReturnType<typeof house>>;

async function importing(
  { sql, cast }: Pick<Home, "sql" | "cast">,
  kind: "reservations" | "resources",
  csv: string,
  dry_run = false,
) {
  const file = { kind, name: "file.csv", chunks: chunksOf(csv) };
  return await importFile(sql, cast.ada, { ...file, dry_run, time_zone: ZONE }, NOW);
}

async function* chunksOf(text: string) {
  yield await Promise.resolve(new TextEncoder().encode(text));
}

/** Ten to eleven on three days, of which the second is the one that the tests are about. */
function days(id: string): NewSeries {
  const [start_wall, end_wall] = ["2026-05-04T10:00", "2026-05-04T11:00"]
    .map((wall) => Temporal.PlainDateTime.from(wall));
  return { resource_ids: [id], start_wall, end_wall, rule: { frequency: "daily", count: 3 } };
}

async function refused(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

Deno.test("a file cannot bring in what is offered to another, neither as a look nor in earnest", async () => {
  await using home = await offeredRoom();
  const csv = `requester,resources,start_time,end_time\nbob@holdfast.test,Room,${DAY} 10:30,${DAY} 11:30\n`;
  for (const dry_run of [true, false]) {
    const { errors } = await home.bring(csv, dry_run);
    assert.deepEqual(errors.map(({ line, field }) => [line, field]), [[2, "start_time"]]);
    assert.match(errors[0].message, /offered to somebody on the waitlist/);
  }
  assert.equal(await home.statusOf(), "offered");
});

Deno.test("the look at a series says which date is offered to another; skipped, it is left out with that reason", async () => {
  await using home = await offeredRoom();
  const { dates } = await previewSeries(home.sql, home.cast.bob, days(home.id), NOW);
  assert.deepEqual(dates.map(({ problems }) => problems.length), [0, 1, 0]);
  assert.match(dates[1].problems[0], /offered to somebody on the waitlist/);
  assert.match(await refused(home.daily("bob")), /1 of 3 dates cannot be had.*offered to somebody/);
  const { dates: had, skips } = await getSeries(
    home.sql,
    home.cast.bob,
    await home.daily("bob", { choice: "skip" }),
  );
  assert.equal(had.length, 2);
  assert.match(skips[0].reason, /offered to somebody on the waitlist/);
});

Deno.test("a request from before the offer is not approved beside it, and no override takes it", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const { id: room } = await home.make({ name: "Room", requires_approval: true });
  const bobs = await home.ask(room);
  const mallorys = await request(sql, cast.mallory, { ...TEN, resource_ids: [room] }, NOW);
  await approve(sql, cast.sam, { id: bobs.id }, NOW);
  const entry = await join(sql, cast.alice, { ...TEN, resource_ids: [room] }, NOW);
  await cancel(sql, cast.bob, { id: bobs.id }, NOW);
  for (const force_override of [false, true]) {
    const why = await refused(approve(sql, cast.sam, { id: mallorys.id, force_override }, NOW));
    assert.match(why, /offered to somebody on the waitlist/);
  }
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "offered");
});

Deno.test("what a file moves away is offered at once, when all of the file is stored", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const { id: room } = await home.make({ name: "Room" });
  const bobs = await home.ask(room);
  const entry = await join(sql, cast.alice, { ...TEN, resource_ids: [room] }, NOW);
  const csv = `reference,start_time,end_time\n${bobs.reference},${DAY} 14:00,${DAY} 15:00\n`;
  await importing(home, "reservations", csv, true);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "waiting", "a look frees nothing");
  assert.deepEqual((await importing(home, "reservations", csv)).errors, []);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "offered");
});

Deno.test("what one line of a file gives up, another may take: it never came free", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const { id: room } = await home.make({ name: "Room" });
  const bobs = await home.ask(room);
  const mallorys = await request(sql, cast.mallory, {
    ...on(DAY, "12:00", "13:00"),
    resource_ids: [room],
  }, NOW);
  const entry = await join(sql, cast.alice, { ...TEN, resource_ids: [room] }, NOW);
  const csv = "reference,start_time,end_time\n" +
    `${bobs.reference},${DAY} 14:00,${DAY} 15:00\n${mallorys.reference},${DAY} 10:00,${DAY} 11:00\n`;
  assert.deepEqual((await importing(home, "reservations", csv)).errors, []);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "waiting");
});

Deno.test("units that a file of resources adds are offered at once", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const { id: desk } = await home.make({ name: "Desk" });
  await home.ask(desk);
  const entry = await join(sql, cast.alice, { ...TEN, resource_ids: [desk] }, NOW);
  assert.deepEqual((await importing(home, "resources", "name,units\nDesk,2\n")).errors, []);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "offered");
});

Deno.test("what a change of the rules allows is offered at once", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const rules = { ...NO_RULES, name: "Airing", buffer_after: 60 };
  const policy_id = await createPolicy(sql, cast.ada, rules, NOW);
  const { id: room } = await home.make({ name: "Room", policy_id });
  await request(sql, cast.bob, { ...on(DAY, "08:00", "09:00"), resource_ids: [room] }, NOW);
  await request(sql, cast.bob, { ...on(DAY, "12:00", "13:00"), resource_ids: [room] }, NOW);
  const entry = await join(sql, cast.alice, { ...on(DAY, "10:30", "11:30"), resource_ids: [room] }, NOW);
  await changePolicy(sql, cast.ada, { ...rules, id: policy_id, buffer_after: 0 }, NOW);
  assert.equal((await getEntry(sql, cast.alice, entry.id, NOW)).status, "offered");
});

Deno.test("the dates of a series that are cancelled are each offered to who waits for them", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const { id: room } = await home.make({ name: "Room" });
  const series = await createSeries(sql, cast.bob, days(room), NOW);
  await join(sql, cast.alice, { ...TEN, resource_ids: [room] }, NOW);
  await join(sql, cast.mallory, { ...on("2026-05-06", "10:00", "11:00"), resource_ids: [room] }, NOW);
  await cancelDates(sql, cast.bob, { id: series, scope: "all" }, NOW);
  const offered = await listWaitlist(sql, cast.sam, { status: "offered", limit: 9 }, NOW);
  assert.deepEqual(offered.map(({ requester_name }) => requester_name), ["Alice Asker", "Mallory Outside"]);
});

Deno.test("a series that moves keeps what its next date takes, and the rest of its old time is offered", async () => {
  await using home = await house();
  const { sql, cast } = home;
  const { id: room } = await home.make({ name: "Room" });
  const series = await createSeries(sql, cast.bob, days(room), NOW);
  const inside = await join(sql, cast.alice, { ...on(DAY, "10:30", "11:00"), resource_ids: [room] }, NOW);
  const before = await join(sql, cast.mallory, { ...on(DAY, "10:00", "10:30"), resource_ids: [room] }, NOW);
  const change = { start: "10:30", end: "11:30" };
  await changeDates(sql, cast.bob, { id: series, scope: "all", change }, NOW);
  assert.equal((await getEntry(sql, cast.alice, inside.id, NOW)).status, "waiting");
  assert.equal((await getEntry(sql, cast.mallory, before.id, NOW)).status, "offered");
});

Deno.test("what is brought in by a round trip of everything takes no offer away", async () => {
  await using home = await offeredRoom();
  const { sql, cast } = home;
  const rows = (await Array.fromAsync(exportReservations(sql, cast.ada, NOW))).flat();
  const csv = rows.map((cells) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",")).join(
    "\n",
  );
  assert.deepEqual((await home.bring(`${csv}\n`)).errors, []);
  assert.equal(await home.statusOf(), "offered");
});
