import assert from "node:assert/strict";
import { close, NewClosure } from "../../domain/closures.ts";
import { request } from "../../domain/requests.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { complaint, field, follow, one, press, read, valuesOf, words } from "../support/page.ts";
import { openScene } from "../support/scene.ts";

const REASON = "The floor is being sanded";

/** A hall, and the browsers of Ada and Bob. */
async function site() {
  const scene = await openScene();
  const hall = await makeResource(scene.sql, scene.cast.ada, { name: "Great Hall" });
  const [ada, bob] = await Promise.all([scene.site.as(scene.cast.ada), scene.site.as(scene.cast.bob)]);
  const typed = {
    ...{ reason: REASON, what: "some", resources: hall.id, repeats: "never" },
    ...{ date: "2026-05-05", start: "9:00", end_date: "2026-05-05", end: "12:00" },
  };
  const ask = () =>
    request(
      scene.sql,
      scene.cast.bob,
      { ...on("2026-05-05", "10:00", "11:00"), resource_ids: [hall.id] },
      NOW,
    );
  const shut = (start_wall = "2026-05-05T09:00", end_wall = "2026-05-05T12:00") =>
    close(
      scene.sql,
      scene.cast.ada,
      NewClosure.parse({ reason: REASON, resource_ids: [hall.id], start_wall, end_wall }),
      NOW,
    );
  return { ...scene, hall, ada, bob, typed, ask, shut };
}

Deno.test("Ada finds the closures in her menu, with none to begin with, and Bob does not", async () => {
  await using scene = await site();
  const page = read(await scene.ada.get("/admin/closures"));
  assert.match(words(one(page, "main")), /Nothing is closed/);
  one(page, ".me a", "Manage closures");
  assert.equal(read(await scene.bob.get("/")).querySelectorAll('a[href^="/admin"]').length, 0);
});

Deno.test("Ada closes the hall from its page, and lands on the closure", async () => {
  await using scene = await site();
  const link = one(read(await scene.ada.get(`/resources/${scene.hall.id}`)), "a", "Close …");
  const form = await scene.ada.get(link.getAttribute("href")!);
  const { date, start, end, resources } = valuesOf(one(read(form), "main form"));
  assert.deepEqual([date, start, end, resources], ["2026-05-04", "00:00", "24:00", scene.hall.id]);
  const { reason, ...times } = scene.typed;
  const landed = await follow(scene.ada, await press(scene.ada, form, "Close it", { reason, ...times }));
  const page = words(one(read(landed), "main"));
  assert.match(page, /The closure is added/);
  assert.match(page, /Great Hall .*Tuesday 5 May 2026, 09:00–12:00/);
  assert.match(
    words(one(read(await scene.ada.get("/admin/closures")), "table")),
    /sanded .*09:00–12:00 Great Hall/,
  );
});

Deno.test("What Ada typed wrongly is said beside its field, and what she typed stays", async () => {
  await using scene = await site();
  const answer = await scene.ada.post("/admin/closures", {
    ...scene.typed,
    ...{ reason: "", end: "8:00", repeats: "daily" },
  });
  assert.equal(answer.status, 422);
  const page = read(answer);
  assert.equal(complaint(page, "Why"), "Say why: everybody reads it");
  assert.equal(complaint(page, "Last date"), "Say until when, or how many times");
  assert.equal(field(page, /^From$/).getAttribute("value"), "2026-05-05");
  const late = read(await scene.ada.post("/admin/closures", { ...scene.typed, end: "8:00" }));
  assert.match(words(one(late, "#f-end-error")), /The end must be after the start/);
  const nothing = read(await scene.ada.post("/admin/closures", { ...scene.typed, resources: "" }));
  assert.match(words(one(nothing, "#f-resources-error")), /Give the id|Choose what is closed/);
});

Deno.test("Without scripts Ada reads what is in the way, cancels it, and Bob is told why", async () => {
  await using scene = await site();
  const { reference } = await scene.ask();
  const asked = await scene.ada.post("/admin/closures", scene.typed);
  assert.equal(asked.status, 409);
  const page = read(asked);
  assert.match(
    words(one(page, "main")),
    /1 reservation is in the way.*Great Hall, Tue 5 May, 10:00–11:00 Bob Booker/,
  );
  const landed = await follow(
    scene.ada,
    await press(scene.ada, asked, "Close it", { reservations: "cancel" }),
  );
  assert.match(words(one(read(landed), "#notices")), /1 reservation was cancelled/);
  const bobs = words(one(read(await scene.bob.get(`/reservations/${reference}`)), "main"));
  assert.match(bobs, /Great Hall is closed then: The floor is being sanded/);
});

Deno.test("What came while Ada looked is listed again, and she can go back to the form", async () => {
  await using scene = await site();
  await scene.ask();
  const asked = await scene.ada.post("/admin/closures", scene.typed);
  const { hall, cast, sql } = scene;
  await request(sql, cast.alice, { ...on("2026-05-05", "11:00", "12:00"), resource_ids: [hall.id] }, NOW);
  const again = await press(scene.ada, asked, "Close it", { reservations: "cancel" });
  assert.equal(again.status, 409);
  assert.match(words(one(read(again), "main")), /2 reservations are in the way now.*Alice Asker/);
  const back = await press(scene.ada, again, "Change the closure");
  assert.equal(valuesOf(one(read(back), "main form")).reason, REASON);
});

Deno.test("What is left in a closure is listed on its page", async () => {
  await using scene = await site();
  const { reference } = await scene.ask();
  const asked = await scene.ada.post("/admin/closures", scene.typed);
  const landed = await follow(
    scene.ada,
    await press(scene.ada, asked, "Close it", { reservations: "leave" }),
  );
  const page = read(landed);
  assert.match(words(one(page, "main")), /Left in it.*Bob Booker/);
  one(page, `a[href="/reservations/${reference}"]`);
});

Deno.test("Ada deletes a closure after she was asked, and its time is free", async () => {
  await using scene = await site();
  const { id } = await scene.shut();
  const question = await scene.ada.get(`/admin/closures/${id}/delete`);
  const landed = await follow(scene.ada, await press(scene.ada, question, "Delete it"));
  assert.match(words(one(read(landed), "main")), /The closure is deleted.*Nothing is closed/);
  await scene.ask();
});

Deno.test("A closure that is over stands under the past ones, and cannot be deleted", async () => {
  await using scene = await site();
  const { id } = await scene.shut();
  scene.site.now = NOW.add({ hours: 72 });
  const ada = await scene.site.as(scene.cast.ada);
  assert.match(words(one(read(await ada.get("/admin/closures?when=past")), "table")), /sanded/);
  assert.equal((await ada.post(`/admin/closures/${id}/delete`)).status, 409);
});

Deno.test("Ada changes the reason, and is told when it is missing", async () => {
  await using scene = await site();
  const { id } = await scene.shut();
  const wrong = await scene.ada.post(`/admin/closures/${id}`, { reason: " " });
  assert.equal(wrong.status, 422);
  assert.match(complaint(read(wrong), "Why"), /Say why/);
  await scene.ada.post(`/admin/closures/${id}`, { reason: "Painting" });
  assert.match(
    words(one(read(await scene.bob.get("/schedule?date=2026-05-05")), "#timeline")),
    /Closed: Painting/,
  );
});

Deno.test("Bob sees on the schedule and in the week that the hall is closed, and why; nothing beside it is free", async () => {
  await using scene = await site();
  await scene.sql`update resources set units = 3`;
  await scene.shut();
  for (const path of ["/schedule?date=2026-05-05", `/resources/${scene.hall.id}?week=2026-05-05`]) {
    const page = read(await scene.bob.get(path));
    const block = one(page, "#timeline td.c");
    assert.match(words(block), /09:00–12:00 Closed: The floor is being sanded Great Hall/);
    assert.equal(block.querySelectorAll("a").length, 0);
    const free = page.querySelectorAll('#timeline td.f a[href*="date=2026-05-05"]')
      .map((link) => words(link));
    assert(free.length > 0);
    for (const stretch of free) assert.doesNotMatch(stretch, /^(09|1[01]):|–(1[01]|09:[1-9])/);
  }
  const week = words(one(read(await scene.bob.get(`/resources/${scene.hall.id}`)), ".closed"));
  assert.match(week, /Tue 5 May, 09:00–12:00 The floor is being sanded/);
});

Deno.test("Bob who wants the hall then reads that it is closed, why, and what is free instead", async () => {
  await using scene = await site();
  await scene.shut();
  const wish = { resource: scene.hall.id, date: "2026-05-05", start: "10:00", end: "11:00" };
  const form = read(await scene.bob.get(`/reservations/new?${new URLSearchParams(wish)}`));
  assert.match(
    words(one(form, "#verdict")),
    /Great Hall is closed then: The floor is being sanded, Tue 5 May, 09:00–12:00/,
  );
  assert(form.querySelectorAll("#verdict button[name=take]").length > 0);
  const answer = await scene.bob.post("/reservations", wish);
  assert.equal(answer.status, 409);
  assert.match(words(one(read(answer), ".alert")), /Great Hall is closed then: The floor is being sanded/);
});

for (
  const [until, end] of [["12:00", "2026-05-04T12:00"], ["24:00", "2026-05-04T24:00"], [
    "Wed 6 May, 12:00",
    "2026-05-06T12:00",
  ]]
) {
  Deno.test(`the list of resources says that the hall is closed until ${until}`, async () => {
    await using scene = await site();
    await scene.shut("2026-05-04T08:00", end);
    const list = words(one(read(await scene.bob.get("/resources")), "table"));
    assert(list.includes(`Closed until ${until}`), list);
  });
}

Deno.test("Sam reads beside a request that waits that the hall is closed then", async () => {
  await using scene = await site();
  await scene.sql`update resources set requires_approval = true, version = version + 1`;
  await scene.ask();
  const closure = NewClosure.parse({
    ...{ reason: REASON, resource_ids: [scene.hall.id], reservations: "leave" },
    ...{ start_wall: "2026-05-05T09:00", end_wall: "2026-05-05T12:00" },
  });
  await close(scene.sql, scene.cast.ada, closure, NOW);
  const sam = await scene.site.as(scene.cast.sam);
  const row = words(one(read(await sam.get("/approvals")), ".request"));
  assert.match(row, /In the way.*Great Hall is closed, Tue 5 May, 09:00–12:00.*sanded/);
});

Deno.test("a closure on the schedule and in the week leads Ada to its page, and others read it as plain text", async () => {
  await using scene = await site();
  const { id } = await scene.shut();
  const sam = await scene.site.as(scene.cast.sam);
  const days = ["/schedule?date=2026-05-05", `/resources/${scene.hall.id}?week=2026-05-05`];
  const block = async (who: typeof sam, path: string) =>
    one(read(await who.get(path)), "td", /Closed: The floor is being sanded/);
  for (const path of days) {
    const link = one(await block(scene.ada, path), "a").getAttribute("href")!;
    assert.equal(link, `/admin/closures/${id}`);
    assert.equal((await scene.ada.get(link)).status, 200);
    for (const who of [scene.bob, sam]) {
      assert.equal((await block(who, path)).querySelectorAll("a").length, 0);
      assert.doesNotMatch((await who.get(path)).text, new RegExp(id));
    }
  }
});
