import assert from "node:assert/strict";
import type { HTMLElement } from "node-html-parser";
import { request } from "../../domain/requests.ts";
import type { Answer, Client } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { follow, read } from "../support/page.ts";
import { openScene, type Scene } from "../support/scene.ts";

/** What people type, and what those type who look for a hole. All of it fits into the shortest field. */
const STRANGE = {
  "a script": `<script>alert(1)</script>`,
  "an end of an attribute": `" onfocus="alert(1)' autofocus`,
  "an entity": `&amp; &lt;b&gt; &#39;`,
  "SQL": `'; drop table users; --`,
  "a pattern": `100% _sure_ C:\\new`,
  "emoji and accents": `👩‍👩‍👧 café Ωmega 漢字`,
  "right to left": `שלום \u202Eabc\u202C سلام`,
};
const REFUSED = { "a NUL": "a\0b", "10,000 characters": "x".repeat(10_000) };

interface Stage extends Scene {
  hall: { id: string };
  people: Record<"alice" | "sam" | "ada", Client>;
  /** Counts up, so that each attempt has a slot of its own. */
  hour: number;
}

async function openStage(): Promise<Stage> {
  const scene = await openScene();
  const { site, cast } = scene;
  const hall = await makeResource(scene.sql, cast.ada, { name: "Hall", requires_approval: true });
  const [alice, sam, ada] = await Promise.all([site.as(cast.alice), site.as(cast.sam), site.as(cast.ada)]);
  return { ...scene, hall, people: { alice, sam, ada }, hour: 0 };
}

/** A slot that nobody has asked for. */
function nextSlot(stage: Stage) {
  const hour = stage.hour++;
  const from = on("2026-05-05", "00:00", "01:00");
  return {
    start_time: from.start_time.add({ hours: hour }),
    end_time: from.end_time.add({ hours: hour }),
  };
}

const pending = (stage: Stage) =>
  request(stage.sql, stage.cast.alice, { ...nextSlot(stage), resource_ids: [stage.hall.id] }, NOW);

const wall = (instant: Temporal.Instant) => {
  const there = instant.toZonedDateTimeISO("Europe/Berlin");
  return {
    date: there.toPlainDate().toString(),
    time: there.toPlainTime().toString({ smallestUnit: "minute" }),
  };
};

/** A field that takes any text: how it is sent, where it is kept, and on which page it is read. */
interface Place {
  send(stage: Stage, text: string): Promise<Answer>;
  kept: { table: string; column: string };
  shown: (stage: Stage, answer: Answer) => Promise<Answer>;
}

const resourceForm = (stage: Stage, field: string, text: string) =>
  stage.people.ada.post("/admin/resources", {
    name: `Room ${stage.hour++}`,
    kind: "room",
    [field]: text,
  });

const PLACES: Record<string, Place> = {
  "the purpose of a form": {
    send: (stage, text) => {
      const { start_time, end_time } = nextSlot(stage);
      const [from, to] = [wall(start_time), wall(end_time)];
      return stage.people.alice.post("/reservations", {
        resource: stage.hall.id,
        date: from.date,
        start: from.time,
        end_date: to.date,
        end: to.time,
        purpose: text,
      });
    },
    kept: { table: "reservations", column: "purpose" },
    shown: (stage, answer) => follow(stage.people.alice, answer),
  },
  "the purpose of a call": {
    send: (stage, text) =>
      stage.people.alice.call("POST", "/reservations", {
        resource_id: stage.hall.id,
        ...nextSlot(stage),
        purpose: text,
      }),
    kept: { table: "reservations", column: "purpose" },
    shown: (stage) => stage.people.alice.get("/reservations"),
  },
  "the reason of a denial": {
    send: async (stage, text) =>
      stage.people.sam.call("POST", `/reservations/${(await pending(stage)).id}/deny`, { reason: text }),
    kept: { table: "reservations", column: "decision_reason" },
    shown: (stage, answer) => stage.people.alice.get(`/reservations/${answer.json.reference}`),
  },
  "the reason of a cancellation": {
    send: async (stage, text) =>
      stage.people.sam.post(`/reservations/${(await pending(stage)).id}/cancel`, { reason: text }),
    kept: { table: "reservations", column: "decision_reason" },
    shown: (stage, answer) => follow(stage.people.alice, answer),
  },
  "the reason of a closure": {
    send: (stage, text) => {
      const date = Temporal.PlainDate.from("2026-06-01").add({ days: stage.hour++ }).toString();
      const times = { date, start: "10:00", end_date: date, end: "11:00" };
      return stage.people.ada.post("/admin/closures", { ...times, what: "all", reason: text });
    },
    kept: { table: "closures", column: "reason" },
    shown: async (stage, answer) => {
      const [{ date }] = await stage
        .sql`select start_wall::date::text as date from closures order by id desc limit 1`;
      const week = await stage.people.alice.get(`/resources/${stage.hall.id}?week=${date}`);
      const page = await follow(stage.people.ada, answer);
      assert(textsOf(read(week)).includes("Closed: "));
      return page;
    },
  },
  "the reason of a closure's call": {
    send: (stage, text) =>
      stage.people.ada.call("POST", "/closures", {
        ...{ resource_id: stage.hall.id, reason: text },
        ...nextSlot(stage),
      }),
    kept: { table: "closures", column: "reason" },
    shown: (stage) => stage.people.ada.get("/admin/closures"),
  },
  "a person's name": {
    send: (stage, text) =>
      stage.site.visitor().post("/register", {
        email: `person${stage.hour++}@example.org`,
        name: text,
        password: "a calm green hill",
      }),
    kept: { table: "users", column: "name" },
    shown: (stage) => stage.people.ada.get("/admin/users"),
  },
  "one's own name": {
    send: (stage, text) => stage.people.alice.post("/account", { name: text, time_zone: "" }),
    kept: { table: "users", column: "name" },
    shown: (stage) => stage.people.alice.get("/account"),
  },
  "a resource's name": {
    send: (stage, text) => resourceForm(stage, "name", text),
    kept: { table: "resources", column: "name" },
    shown: (stage) => stage.people.alice.get("/schedule?date=2026-05-06"),
  },
  "a resource's kind": {
    send: (stage, text) => resourceForm(stage, "kind", text),
    kept: { table: "resources", column: "kind" },
    shown: (stage) => stage.people.alice.get("/resources"),
  },
  "a resource's place": {
    send: (stage, text) => resourceForm(stage, "location", text),
    kept: { table: "resources", column: "location" },
    shown: (stage, answer) => follow(stage.people.ada, answer),
  },
  "a resource's description": {
    send: (stage, text) => resourceForm(stage, "description", text),
    kept: { table: "resources", column: "description" },
    shown: (stage, answer) => follow(stage.people.ada, answer),
  },
};

async function keptIn({ sql }: Stage, { table, column }: Place["kept"], text: string): Promise<number> {
  const [{ count }] = await sql<{ count: number }[]>`
    select count(*)::int as count from ${sql(table)} where ${sql(column)} = ${text}`;
  return count;
}

/** Every text of a page, as a person reads it. */
function textsOf(page: HTMLElement): string {
  return page.querySelectorAll("body, input").map((element) =>
    element.tagName === "INPUT" ? element.getAttribute("value") ?? "" : element.text
  ).join("\n");
}

/** What a page must not have, whatever was typed: a script of its own, a handler, something that takes the focus. */
function holesIn(page: HTMLElement): string[] {
  const elements = page.querySelectorAll("*");
  return elements.filter(({ tagName, attributes }) =>
    tagName === "SCRIPT" && !attributes.src ||
    Object.keys(attributes).some((name) => /^(on|autofocus)/i.test(name))
  ).map(String);
}

for (const [where, place] of Object.entries(PLACES)) {
  Deno.test(`as ${where}`, async (t) => {
    await using stage = await openStage();
    for (const [what, text] of Object.entries(STRANGE)) {
      await t.step(`${what} is kept as it is, and shown as text`, async () => {
        const answer = await place.send(stage, text);
        assert(answer.status < 400, `${answer.status} ${answer.text.slice(0, 300)}`);
        assert.equal(await keptIn(stage, place.kept, text), 1);
        const shown = await place.shown(stage, answer);
        assert.equal(shown.status, 200);
        const page = read(shown);
        assert(textsOf(page).includes(text), `not shown: ${textsOf(page).slice(0, 2_000)}`);
        assert.deepEqual(holesIn(page), []);
      });
    }
    for (const [what, text] of Object.entries(REFUSED)) {
      await t.step(`${what} is refused in words`, async () => {
        const answer = await place.send(stage, text);
        assert.equal(answer.status, 422, answer.text.slice(0, 300));
        assert.match(answer.text, /cannot be stored|at most [\d,]+ characters/);
        const { table, column } = place.kept;
        const [{ count }] = await stage.sql<{ count: number }[]>`
          select count(*)::int as count from ${stage.sql(table)} where length(${stage.sql(column)}) > 2000`;
        assert.equal(count, 0);
      });
    }
  });
}

Deno.test("Whatever is searched for, there is an answer and it stands in the field", async () => {
  await using stage = await openStage();
  const pages = ["/schedule", "/resources", "/reservations", "/admin/resources", "/admin/users"];
  for (const text of [...Object.values(STRANGE), ...Object.values(REFUSED)]) {
    for (const path of pages) {
      const answer = await stage.people.ada.get(`${path}?${new URLSearchParams({ q: text })}`);
      assert(
        [200, 422].includes(answer.status),
        `${path} ${answer.status}: ${JSON.stringify(text.slice(0, 40))}`,
      );
      assert.deepEqual(holesIn(read(answer)), []);
    }
  }
});

Deno.test("Whatever stands in an address, it is no error of ours", async () => {
  await using stage = await openStage();
  const { hall } = stage;
  const wrong: string[] = [];
  const strange = [
    "",
    " ",
    "\0",
    "💥",
    "-1",
    "1e9",
    "0.5",
    "99999999999999999999",
    "2026-02-30",
    "25:99",
    "[object]",
    "%",
  ];
  const fields: Record<string, string[]> = {
    "/schedule": ["date", "kind", "q", "after_name", "after_id", "page"],
    "/resources": [
      "q",
      "kind",
      "tag",
      "min_capacity",
      "free_date",
      "free_start",
      "free_end",
      "after_name",
      "after_id",
    ],
    [`/resources/${hall.id}`]: ["week"],
    "/reservations": ["q", "when", "after", "after_start", "after_id", "page"],
    "/reservations/new": ["resource", "date", "start", "end_date", "end", "start_which", "end_which"],
    "/approvals": ["page"],
    "/admin/users": ["q", "after_name", "after_id"],
    "/admin/closures": ["when", "page"],
    "/admin/closures/new": ["resource"],
    "/api/v1/closures": ["resource_id", "from", "to", "limit", "cursor"],
    [`/api/v1/resources/${hall.id}/availability`]: ["from", "to"],
    "/login": ["next"],
    "/api/v1/resources": ["q", "kind", "tag", "min_capacity", "free_from", "free_to", "limit", "cursor"],
    "/api/v1/reservations": ["status", "resource_id", "requester_id", "from", "to", "limit", "cursor"],
    "/api/v1/users": ["q", "limit", "cursor"],
  };
  for (const [path, names] of Object.entries(fields)) {
    for (const name of names) {
      for (const value of strange) {
        const base: Record<string, string> = path === "/reservations/new"
          ? { resource: hall.id, date: "2026-05-06", start: "10:00", end: "11:00" }
          : {};
        const answer = await stage.people.ada.get(
          `${path}?${new URLSearchParams({ ...base, [name]: value })}`,
        );
        if (answer.status >= 500) wrong.push(`${path}?${name}=${JSON.stringify(value)}: ${answer.status}`);
      }
    }
  }
  for (const id of ["%00", "R-0", "R-99999999999999999999", "r-1", "..%2f", "%F0%9F%92%A5", "%ff"]) {
    for (
      const path of [
        `/reservations/${id}`,
        `/reservations/${id}/edit`,
        `/resources/${id}`,
        `/api/v1/reservations/${id}`,
        `/admin/closures/${id}`,
        `/admin/closures/${id}/delete`,
        `/api/v1/closures/${id}`,
      ]
    ) {
      const answer = await stage.people.ada.get(path);
      if (![404, 400].includes(answer.status)) wrong.push(`${path}: ${answer.status}`);
    }
  }
  assert.deepEqual(wrong, []);
});
