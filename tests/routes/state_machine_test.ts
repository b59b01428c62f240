import assert from "node:assert/strict";
import { approve, deny } from "../../domain/approvals.ts";
import { bump } from "../../domain/bumps.ts";
import { checkIn } from "../../domain/check_in.ts";
import { cancel, change } from "../../domain/edits.ts";
import { getProposal } from "../../domain/proposals.ts";
import { ask } from "../../domain/questions.ts";
import { request } from "../../domain/requests.ts";
import { newId } from "../../lib/ids.ts";
import type { Answer, Client } from "../support/app.ts";
import { makeResource, NOW, on } from "../support/cast.ts";
import { openScene, type Scene } from "../support/scene.ts";
import { assertSound } from "../support/invariants.ts";
import { follow, read, words } from "../support/page.ts";

// The state machine of product.md as it is seen from outside, written down apart from the code: every status there is,
// and everything that can be done to a reservation, by programs and by pages.

/** What a reservation can be, with what is asked of it; and what its status is called then. */
const STATES = {
  "pending": "pending",
  "pending, and something is asked": "pending",
  "pending, and its start has passed": "expired",
  "approved": "approved",
  "approved, and a change is asked for": "approved",
  "approved, and it has begun": "approved",
  "approved, and it has to be checked in": "approved",
  "approved, and nobody has come in time": "no show",
  "approved, and its end has passed": "completed",
  "checked_in, and it has begun": "checked in",
  "denied": "denied",
  "expired": "expired",
  "checked_in": "checked in",
  "completed": "completed",
  "no_show": "no show",
  "bumped": "bumped",
  "cancelled": "cancelled",
} as const;
type State = keyof typeof STATES;

/** What an action that is allowed leads to: the status, the one row of history and the one event. */
type Effect = [status: string, action: string, event: string | null];

interface Way {
  who: "bob" | "sam";
  allowed: Partial<Record<State, Effect>>;
  /** What is said where it is not the status that refuses. */
  otherwise?: Partial<Record<State, RegExp>>;
  api?: (made: Made) => [method: string, path: string, body?: unknown];
  page?: (made: Made) => [path: string, form: Record<string, string>];
}

const verb = (
  name: string,
  body?: (made: Made) => Record<string, string>,
  form = body,
): Pick<Way, "api" | "page"> => ({
  api: (made) => ["POST", `/${made.id}/${name}`, body?.(made)],
  page: (made) => [`/${made.id}/${name}`, form?.(made) ?? {}],
});
const slot = ({ day, hall }: Made) => ({ resource: hall, date: day, start: "14:00", end: "15:00" });
const times = ({ day }: Made) => {
  const { start_time, end_time } = on(day, "14:00", "15:00");
  return { start_time: `${start_time}`, end_time: `${end_time}` };
};
const reason = () => ({ reason: "The mayor comes" });
const which = ({ change }: Made) => ({ change });

const IN_QUEUE = ["pending", "pending, and something is asked"] as const;
const RUNS = ["approved, and it has begun", "approved, and it has to be checked in"] as const;
const HELD = ["approved", "approved, and a change is asked for", ...RUNS] as const;
const from = (states: readonly State[], effect: Effect) =>
  Object.fromEntries(states.map((state) => [state, effect]));
const said = (states: readonly State[], words: RegExp) =>
  Object.fromEntries(states.map((state) => [state, words]));
const notAsked = said(["approved", ...RUNS], /no longer asked for\b(?!, )/);

const ACTIONS: Record<string, Way> = {
  "approve": {
    who: "sam",
    allowed: from(IN_QUEUE, ["approved", "approve", "approved"]),
    ...verb("approve"),
  },
  "approve with override": {
    who: "sam",
    allowed: from(IN_QUEUE, ["approved", "approve", "approved"]),
    api: ({ id }) => ["POST", `/${id}/approve`, { force_override: true }],
    page: ({ id }) => [`/${id}/approve`, { force_override: "true" }],
  },
  "deny": { who: "sam", allowed: from(IN_QUEUE, ["denied", "deny", "denied"]), ...verb("deny", reason) },
  "ask": {
    who: "sam",
    allowed: { pending: ["pending", "ask", "asked"] },
    otherwise: { "pending, and something is asked": /asked about this request already/ },
    ...verb("ask", () => ({ question: "How many come?" })),
  },
  "answer": {
    who: "bob",
    allowed: { "pending, and something is asked": ["pending", "answer", "answered"] },
    otherwise: { pending: /Nothing is asked/ },
    ...verb("answer", () => ({ answer: "Twelve" })),
  },
  "bump": { who: "sam", allowed: from(HELD, ["bumped", "bump", "bumped"]), ...verb("bump", reason) },
  "reschedule": {
    who: "sam",
    allowed: {
      ...from(IN_QUEUE, ["pending", "reschedule", "rescheduled"]),
      ...from([...HELD, "bumped"], ["approved", "reschedule", "rescheduled"]),
    },
    ...verb("reschedule", times, slot),
  },
  "change the time": {
    who: "bob",
    allowed: {
      ...from([...IN_QUEUE, "bumped"], ["pending", "reschedule", "rescheduled"]),
      ...from(HELD, ["approved", "propose", "change_requested"]),
    },
    api: (made) => ["PATCH", `/${made.id}`, times(made)],
    page: (made) => [`/${made.id}/edit`, slot(made)],
  },
  "change the purpose": {
    who: "bob",
    allowed: {
      ...from(IN_QUEUE, ["pending", "edit", null]),
      ...from(HELD, ["approved", "edit", null]),
    },
    api: ({ id }) => ["PATCH", `/${id}`, { purpose: "Choir" }],
  },
  "withdraw a change": {
    who: "bob",
    allowed: { "approved, and a change is asked for": ["approved", "withdraw_change", "change_withdrawn"] },
    otherwise: notAsked,
    ...verb("withdraw_change", which),
  },
  "approve a change": {
    who: "sam",
    allowed: { "approved, and a change is asked for": ["approved", "reschedule", "rescheduled"] },
    otherwise: notAsked,
    ...verb("approve", which),
  },
  "deny a change": {
    who: "sam",
    allowed: { "approved, and a change is asked for": ["approved", "deny_change", "change_denied"] },
    otherwise: notAsked,
    ...verb("deny", (made) => ({ ...which(made), ...reason() })),
  },
  "cancel": {
    who: "bob",
    allowed: from([...IN_QUEUE, ...HELD], ["cancelled", "cancel", "cancelled"]),
    ...verb("cancel"),
  },
  "delete": {
    who: "bob",
    allowed: from([...IN_QUEUE, ...HELD], ["cancelled", "cancel", "cancelled"]),
    api: ({ id }) => ["DELETE", `/${id}`],
  },
  "check in": {
    who: "bob",
    allowed: { "approved, and it has to be checked in": ["checked_in", "check_in", "checked_in"] },
    otherwise: said(HELD, /nobody has to check in for it/),
    ...verb("check_in"),
  },
  "end": {
    who: "bob",
    allowed: from([...RUNS, "checked_in, and it has begun"], ["completed", "end", "ended"]),
    otherwise: said([...HELD, "checked_in"], /it has not begun/),
    ...verb("end"),
  },
  "restore": {
    who: "bob",
    allowed: { cancelled: ["approved", "restore", "restored"] },
    page: verb("restore").page,
  },
};

interface Made {
  id: string;
  hall: string;
  day: string;
  change: string;
}

/** Makes reservations of Bob's in any state, each on a day of its own, in a hall that wants approval. */
async function openHall() {
  const scene = await openScene();
  const { sql, cast } = scene;
  const hall = (await makeResource(sql, cast.ada, { name: "Hall", requires_approval: true })).id;
  let days = 0;
  async function make(state: State): Promise<Made> {
    const passed = state.includes("passed");
    const begun = /begun|has to be|in time/.test(state);
    const today = passed || begun;
    const day = today ? "2026-05-04" : `${Temporal.PlainDate.from("2026-05-05").add({ days: days++ })}`;
    // Of what has begun there may be several at once.
    const place = begun
      ? (await makeResource(sql, cast.ada, { name: `Hall ${days++}`, requires_approval: true })).id
      : hall;
    const period = passed
      ? on(day, "09:01", "09:02")
      : begun
      ? on(day, "09:05", "10:00")
      : on(day, "10:00", "11:00");
    const { id } = await request(sql, cast.bob, { ...period, resource_ids: [place], purpose: "Band" }, NOW);
    if (/^(approved|bumped|cancelled|checked|completed|no_show)/.test(state)) {
      await approve(sql, cast.sam, { id }, NOW);
    }
    if (state === "denied") await deny(sql, cast.sam, { id, reason: "No" }, NOW);
    if (state === "bumped") await bump(sql, cast.sam, { id, reason: "No" }, NOW);
    if (state === "cancelled") await cancel(sql, cast.bob, { id }, NOW);
    if (state.endsWith("is asked")) await ask(sql, cast.sam, { id, question: "Why?" }, NOW);
    if (state.endsWith("asked for")) {
      await change(sql, cast.bob, id, { end_time: on(day, "10:00", "12:00").end_time }, NOW);
    }
    // Only time leads there; told by the status alone, the times would still allow everything.
    if (/^(expired|checked_in|completed|no_show)$/.test(state)) {
      await sql`update reservations set status = ${state} where id = ${id}`;
      await sql`update allocations set holds = ${state === "checked_in"} where reservation_id = ${id}`;
    }
    if (/has to be|in time|checked_in, /.test(state)) {
      const check_in_until = NOW.add({ minutes: state.includes("in time") ? 8 : 20 });
      await sql`
        update reservations set check_in_from = ${NOW}, check_in_until = ${check_in_until} where id = ${id}`;
      if (state.startsWith("checked_in")) await checkIn(sql, cast.bob, id, NOW);
    }
    return { id, hall: place, day, change: (await getProposal(sql, id, NOW))?.id ?? newId() };
  }
  const clients = { bob: await scene.site.as(cast.bob), sam: await scene.site.as(cast.sam) };
  const clockFor = (state: State) =>
    /begun|has to be|in time/.test(state)
      ? NOW.add({ minutes: 10 })
      : state.includes("passed")
      ? NOW.add({ minutes: 3 })
      : NOW;
  return { ...scene, make, clients, clockFor };
}

async function everything({ sql }: Scene) {
  return {
    reservations: [...await sql`select * from reservations order by id`],
    allocations: [
      ...await sql`select reservation_id, resource_id, period, holds from allocations order by reservation_id`,
    ],
    proposals: [...await sql`select * from proposals order by id`],
    questions: [...await sql`select * from questions order by id`],
    history: (await sql`select max(id) as last from history`)[0].last,
    outbox: (await sql`select max(id) as last from outbox`)[0].last,
  };
}

const FORMS = { api: "by programs", plain: "by a form", part: "by a part of the page" } as const;
type Form = keyof typeof FORMS;

async function act(who: Client, way: Way, form: Form, made: Made): Promise<Answer | undefined> {
  if (form === "api") {
    const [method, path, body] = way.api?.(made) ?? [];
    return method ? await who.call(method, `/reservations${path}`, body) : undefined;
  }
  const [path, values] = way.page?.(made) ?? [];
  if (path === undefined) return undefined;
  return await who.post(`/reservations${path}`, values!, form === "part" ? { "hx-request": "true" } : {});
}

/** What a person reads, or a program is told. */
async function told(who: Client, form: Form, answer: Answer): Promise<string> {
  if (form === "api") return answer.json.detail;
  return words(read(answer.status === 303 ? await follow(who, answer) : answer));
}

Deno.test("what the status allows is done once, and on record", async (t) => {
  await using scene = await openHall();
  for (const [name, way] of Object.entries(ACTIONS)) {
    const who = scene.clients[way.who];
    for (const [state, [status, action, event]] of Object.entries(way.allowed) as [State, Effect][]) {
      for (const form of Object.keys(FORMS) as Form[]) {
        scene.site.now = NOW;
        const made = await scene.make(state);
        scene.site.now = scene.clockFor(state);
        const before = await everything(scene);
        const answer = await act(who, way, form, made);
        if (!answer) continue;
        await t.step(`to ${name} what is ${state}, ${FORMS[form]}`, async () => {
          assert([200, 303].includes(answer.status), `${answer.status}: ${answer.text.slice(0, 300)}`);
          const [row] = await scene.sql`select status from reservations where id = ${made.id}`;
          const rows = await scene.sql`
            select action, reservation_id from history where id > ${before.history ?? 0}`;
          const events = await scene.sql`
            select event, reservation_id from outbox where id > ${before.outbox ?? 0}`;
          assert.deepEqual({ status: row.status, rows: [...rows], events: [...events] }, {
            status,
            rows: [{ action, reservation_id: made.id }],
            events: event ? [{ event: `reservation.${event}`, reservation_id: made.id }] : [],
          });
        });
      }
    }
  }
  await assertSound(scene.sql);
});

Deno.test("what the status does not allow is refused in words that name it, and changes nothing", async (t) => {
  await using scene = await openHall();
  for (const [state, status] of Object.entries(STATES) as [State, string][]) {
    scene.site.now = NOW;
    const made = await scene.make(state);
    scene.site.now = scene.clockFor(state);
    const before = await everything(scene);
    for (const [name, way] of Object.entries(ACTIONS)) {
      if (way.allowed[state]) continue;
      const who = scene.clients[way.who];
      for (const form of Object.keys(FORMS) as Form[]) {
        const answer = await act(who, way, form, made);
        if (!answer) continue;
        await t.step(`to ${name} what is ${state}, ${FORMS[form]}`, async () => {
          const refused = form === "plain" ? [409, 303] : [409];
          assert(refused.includes(answer.status), `${answer.status}: ${answer.text.slice(0, 300)}`);
          const said = await told(who, form, answer);
          assert.match(said, way.otherwise?.[state] ?? new RegExp(`already ${status}\\b`), said);
          assert.deepEqual(await everything(scene), before);
        });
      }
    }
  }
});
