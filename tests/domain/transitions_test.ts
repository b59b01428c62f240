import assert from "node:assert/strict";
import { transaction } from "../../db/transaction.ts";
import type { Tx } from "../../db/types.ts";
import { approve, deny } from "../../domain/approvals.ts";
import { cancel, describe } from "../../domain/edits.ts";
import { Conflict, NotFound } from "../../domain/errors.ts";
import type { Period } from "../../domain/periods.ts";
import { request } from "../../domain/requests.ts";
import {
  allows,
  firstStatus,
  type Moved,
  type Status,
  statusAt,
  STATUSES,
  type Step,
  type Transition,
  transition,
} from "../../domain/transitions.ts";
import { type Cast, makeCast, makeResource, NOW, on } from "../support/cast.ts";
import { testDatabase } from "../support/database.ts";
import { assertSound } from "../support/invariants.ts";

const LATER = on("2026-05-04", "14:00", "16:00");
const BEGUN = LATER.start_time;
const OVER = LATER.end_time;
const minutesLater = (minutes: number) => NOW.add({ minutes });

// The diagram once more, written down apart from the code that it judges.
interface Drawn {
  from: Status[];
  to: Status;
  past: string;
  /** From when on it can be done, where that is not at once; and until when. */
  since?: Temporal.Instant;
  until: Temporal.Instant;
}
const DIAGRAM: Record<Transition, Drawn> = {
  approve: { from: ["pending"], to: "approved", past: "approved", until: BEGUN },
  deny: { from: ["pending"], to: "denied", past: "denied", until: BEGUN },
  cancel: { from: ["pending", "approved"], to: "cancelled", past: "cancelled", until: OVER },
  restore: { from: ["cancelled"], to: "pending", past: "restored", until: OVER },
  bump: { from: ["approved"], to: "bumped", past: "bumped", until: OVER },
  check_in: {
    ...{ from: ["approved"], to: "checked_in", past: "checked_in" },
    ...{ since: BEGUN.subtract({ minutes: 15 }), until: OVER },
  },
  end: {
    ...{ from: ["approved", "checked_in"], to: "completed", past: "ended" },
    ...{ since: BEGUN.add({ seconds: 1 }), until: OVER },
  },
  reschedule: { from: ["pending", "approved", "bumped"], to: "pending", past: "rescheduled", until: OVER },
};
const ACTIONS = Object.keys(DIAGRAM) as Transition[];
const ARROWS = ACTIONS.flatMap((action) => DIAGRAM[action].from.map((from) => ({ action, from })));
const NO_ARROWS = ACTIONS.flatMap((action) =>
  STATUSES.filter((from) => !DIAGRAM[action].from.includes(from)).map((from) => ({ action, from }))
);

const AS_TIME_PASSES: Record<Status, [ahead: Status, begun: Status, over: Status]> = {
  pending: ["pending", "expired", "expired"],
  approved: ["approved", "approved", "completed"],
  checked_in: ["checked_in", "checked_in", "completed"],
  denied: ["denied", "denied", "denied"],
  expired: ["expired", "expired", "expired"],
  completed: ["completed", "completed", "completed"],
  no_show: ["no_show", "no_show", "no_show"],
  bumped: ["bumped", "bumped", "bumped"],
  cancelled: ["cancelled", "cancelled", "cancelled"],
};

/** When a check-in is possible at all; of the other arrows nobody has to check in. */
const timesFor = (action: Transition) =>
  action === "check_in"
    ? { check_in_from: BEGUN.subtract({ minutes: 15 }), check_in_until: OVER }
    : { check_in_from: null, check_in_until: null };
const whenTo = (action: Transition) => DIAGRAM[action].since ?? minutesLater(5);

/** Bob's request for a room that an approver decides on, this afternoon. */
async function bobsRequest() {
  const database = await testDatabase();
  const cast = await makeCast(database.sql);
  const room = await makeResource(database.sql, cast.ada, { name: "Room", requires_approval: true });
  const { id } = await request(database.sql, cast.bob, { ...LATER, resource_ids: [room.id] }, NOW);
  return { ...database, cast, id };
}
type Scene = Awaited<ReturnType<typeof bobsRequest>>;

interface Outcome {
  moved?: Moved;
  error?: unknown;
  before: Awaited<ReturnType<typeof everything>>;
  after: Awaited<ReturnType<typeof everything>>;
}

/** What a step of Sam's does to the request when it has a given status: tried, looked at, and taken back. */
async function attempt(
  { sql, cast, id }: Scene,
  { from, ...step }: Omit<Step, "id"> & { from: Status },
  now: Temporal.Instant,
): Promise<Outcome> {
  let outcome: Outcome | undefined;
  const takenBack = new Error("taken back");
  await transaction(sql, async (tx) => {
    const { check_in_from, check_in_until } = timesFor(step.action);
    await tx`
      update reservations set status = ${from}, check_in_from = ${check_in_from}, check_in_until = ${check_in_until}
      where id = ${id}`;
    await tx`update allocations set holds = ${["approved", "checked_in"].includes(from)}`;
    const before = await everything(tx);
    const tried = await transition(tx, cast.sam, { id, ...step }, now).then(
      (moved) => ({ moved }),
      (error) => ({ error }),
    );
    outcome = { ...tried, before, after: await everything(tx) };
    throw takenBack;
  }).catch((error) => assert.equal(error, takenBack));
  return outcome!;
}

async function everything(tx: Tx) {
  return {
    reservations: [
      ...await tx<(Period & { status: Status; version: number; decided_by: string | null })[]>`
      select * from reservations`,
    ],
    allocations: [...await tx<{ holds: boolean }[]>`select reservation_id, period, holds from allocations`],
    history: [...await tx`select action, actor_id, previous_state, details, at from history order by id`],
    outbox: [...await tx`select event, reservation_id, created_at from outbox order by id`],
  };
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => undefined, (error) => error);
  assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
  return error.message;
}

const asOf = (cast: Cast, zone: string) => ({ ...cast.sam, time_zone: zone });

Deno.test("each arrow of the diagram", async (t) => {
  await using scene = await bobsRequest();
  for (const { action, from } of ARROWS) {
    const { to, past } = DIAGRAM[action];
    const { moved, error, before, after } = await attempt(scene, { action, from, to }, whenTo(action));
    const [was] = before.reservations;
    const [is] = after.reservations;

    await t.step(`${action} leads from ${from} to ${to}`, () => {
      assert.deepEqual([error, moved?.status, is.status], [undefined, to, to]);
    });
    await t.step(`${action} from ${from} makes one version more`, () => {
      assert.equal(is.version, was.version + 1);
    });
    await t.step(`${action} from ${from} leaves one row of history, with what was before`, () => {
      const added = after.history.slice(before.history.length);
      assert.deepEqual(
        added.map((h) => [h.action, h.actor_id, h.previous_state.status, `${h.at}`]),
        [[action, scene.cast.sam.id, from, `${whenTo(action)}`]],
      );
    });
    await t.step(`${action} from ${from} leaves one event`, () => {
      const added = after.outbox.slice(before.outbox.length);
      assert.deepEqual(
        added.map((o) => [o.event, o.reservation_id, `${o.created_at}`]),
        [[`reservation.${past}`, scene.id, `${whenTo(action)}`]],
      );
    });
    await t.step(`${action} from ${from} names the approver only where it is a decision`, () => {
      const decides = ["approve", "deny", "bump"].includes(action);
      assert.equal(is.decided_by, decides ? scene.cast.sam.id : null);
    });
  }
});

Deno.test("each arrow that the diagram does not have", async (t) => {
  await using scene = await bobsRequest();
  assert.equal(NO_ARROWS.length, STATUSES.length * ACTIONS.length - ARROWS.length);
  for (const { action, from } of NO_ARROWS) {
    const { error, before, after } = await attempt(scene, { action, from }, whenTo(action));

    await t.step(`${action} from ${from} is refused with the status in words`, () => {
      assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
      const status = AS_TIME_PASSES[from][action === "end" ? 1 : 0];
      const said = `This reservation cannot be ${DIAGRAM[action].past}: it is already ${status}`.replaceAll(
        "_",
        " ",
      );
      assert(error.message.startsWith(said), error.message);
    });
    await t.step(`${action} from ${from} changes nothing`, () => assert.deepEqual(after, before));
  }
});

Deno.test("each arrow that ends with the time", async (t) => {
  await using scene = await bobsRequest();
  for (const { action, from } of ARROWS) {
    // Whoever did not decide by the start has let the request expire.
    const until = from === "pending" ? BEGUN : DIAGRAM[action].until;

    await t.step(`${action} from ${from} can be done until the last second`, async () => {
      const { error } = await attempt(scene, { action, from }, until.subtract({ seconds: 1 }));
      assert.equal(error, undefined);
    });
    await t.step(`${action} from ${from} is too late at the moment itself`, async () => {
      const { error, before, after } = await attempt(scene, { action, from }, until);
      assert.deepEqual([error instanceof Conflict, after], [true, before]);
    });
  }
});

Deno.test("the diagram says beforehand what a transition will do, at any time", async (t) => {
  await using scene = await bobsRequest();
  const moments = [
    NOW,
    BEGUN.subtract({ seconds: 1 }),
    BEGUN,
    BEGUN.add({ seconds: 1 }),
    OVER.subtract({ seconds: 1 }),
    OVER,
  ];
  for (const from of STATUSES) {
    for (const action of ACTIONS) {
      await t.step(`${action} from ${from}`, async () => {
        const said = moments.map((now) =>
          allows({ status: from, ...LATER, ...timesFor(action) }, action, now)
        );
        const outcomes = [];
        for (const now of moments) outcomes.push(!(await attempt(scene, { action, from }, now)).error);
        assert.deepEqual(said, outcomes);
      });
    }
  }
});

Deno.test("what is cancelled, denied or bumped holds nothing any more", async (t) => {
  await using scene = await bobsRequest();
  for (
    const [action, from] of [["cancel", "approved"], ["cancel", "pending"], ["deny", "pending"], [
      "bump",
      "approved",
    ]] as const
  ) {
    await t.step(`${action} from ${from}`, async () => {
      const { after } = await attempt(scene, { action, from }, NOW);
      assert.deepEqual(after.allocations.map((a) => a.holds), [false]);
    });
  }
});

Deno.test("a reservation that is rescheduled has the new period, on the clock of its new place", async () => {
  await using scene = await bobsRequest();
  const times = { check_in_from: null, check_in_until: null };
  const period = { ...on("2026-05-05", "10:00", "11:00"), ...times, time_zone: "America/Toronto" };
  const { after } = await attempt(scene, { action: "reschedule", from: "approved", period }, NOW);
  const [{ start_time, end_time, time_zone, start_wall }] = after.reservations as unknown as [
    Record<string, unknown>,
  ];
  assert.deepEqual(
    [`${start_time}`, `${end_time}`, time_zone, new Date(String(start_wall)).getHours()],
    [`${period.start_time}`, `${period.end_time}`, "America/Toronto", 4],
  );
});

Deno.test("the reason of a denial stands in the history", async () => {
  await using scene = await bobsRequest();
  const { after } = await attempt(scene, { action: "deny", from: "pending", reason: "Being painted" }, NOW);
  assert.deepEqual(after.history.at(-1)?.details, { reason: "Being painted" });
});

Deno.test("a step that was decided on an older version is refused, and changes nothing", async (t) => {
  await using scene = await bobsRequest();
  for (const { action, from } of ARROWS) {
    await t.step(`${action} from ${from}`, async () => {
      const { error, before, after } = await attempt(scene, { action, from, version: 7 }, whenTo(action));
      assert(error instanceof Conflict, `Expected a Conflict: ${error}`);
      assert.match(error.message, /: it was changed since you looked at it$/);
      assert.deepEqual(after, before);
    });
    await t.step(`${action} from ${from} on the present version`, async () => {
      assert.equal((await attempt(scene, { action, from, version: 1 }, whenTo(action))).error, undefined);
    });
  }
});

Deno.test("Sam, who comes too late, is told that Sue denied it, and when", async () => {
  await using scene = await bobsRequest();
  const { sql, cast, id } = scene;
  await deny(sql, cast.sue, { id, reason: "Being painted" }, minutesLater(4));
  assert.equal(
    await messageOf(approve(sql, cast.sam, { id }, minutesLater(5))),
    "This reservation cannot be approved: it is already denied by Sue Settles, 09:04",
  );
  await assertSound(sql);
});

Deno.test("Sam, who comes a day too late, is told the date as well", async () => {
  await using scene = await bobsRequest();
  const { sql, cast, id } = scene;
  await deny(sql, cast.sue, { id, reason: "Being painted" }, minutesLater(4));
  assert.equal(
    await messageOf(approve(sql, cast.sam, { id }, NOW.add({ hours: 24 }))),
    "This reservation cannot be approved: it is already denied by Sue Settles, 2026-05-04 09:04",
  );
});

Deno.test("Sam in Toronto is told the time on his own clock", async () => {
  await using scene = await bobsRequest();
  const { sql, cast, id } = scene;
  await deny(sql, cast.sue, { id, reason: "Being painted" }, minutesLater(4));
  assert.equal(
    await messageOf(approve(sql, asOf(cast, "America/Toronto"), { id }, minutesLater(5))),
    "This reservation cannot be approved: it is already denied by Sue Settles, 03:04",
  );
});

Deno.test("Sam is told where it was he himself", async () => {
  await using scene = await bobsRequest();
  const { sql, cast, id } = scene;
  await approve(sql, cast.sam, { id }, minutesLater(4));
  assert.equal(
    await messageOf(approve(sql, cast.sam, { id }, minutesLater(5))),
    "This reservation cannot be approved: it is already approved by you, 09:04",
  );
});

Deno.test("Sam is told who approved, not who wrote the purpose anew after that", async () => {
  await using scene = await bobsRequest();
  const { sql, cast, id } = scene;
  await approve(sql, cast.sue, { id }, minutesLater(4));
  await describe(sql, cast.bob, id, { purpose: "Choir" }, minutesLater(5));
  assert.equal(
    await messageOf(approve(sql, cast.sam, { id }, minutesLater(6))),
    "This reservation cannot be approved: it is already approved by Sue Settles, 09:04",
  );
  await assertSound(sql);
});

Deno.test("Bob, who cancels when the end has passed, is told that it is completed, before the sweep has said so", async () => {
  await using scene = await bobsRequest();
  const { sql, cast, id } = scene;
  await approve(sql, cast.sue, { id }, minutesLater(4));
  assert.equal(
    await messageOf(cancel(sql, cast.bob, { id }, OVER)),
    "This reservation cannot be cancelled: it is already completed",
  );
});

Deno.test("a transition of a reservation that does not exist finds nothing", async () => {
  await using scene = await bobsRequest();
  const { sql, cast } = scene;
  const step = { id: crypto.randomUUID(), action: "approve" as const };
  await assert.rejects(transaction(sql, (tx) => transition(tx, cast.sam, step, NOW)), NotFound);
});

for (const status of STATUSES) {
  Deno.test(`a reservation stored as ${status} is ${AS_TIME_PASSES[status].join(", ")} as time passes`, () => {
    const moments = [BEGUN.subtract({ nanoseconds: 1 }), BEGUN, OVER];
    assert.deepEqual(
      moments.map((now) => statusAt({ status, ...LATER, check_in_until: null }, now)),
      AS_TIME_PASSES[status],
    );
  });
}

Deno.test("a new reservation is approved at once unless it needs approval", () => {
  assert.deepEqual([firstStatus(false), firstStatus(true)], ["approved", "pending"]);
});
