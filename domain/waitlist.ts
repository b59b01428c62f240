import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { type AnyOf, asKept } from "./alike.ts";
import { alikeOf, choose, MOST_REASONS, nothingAlike, onlyAsked, saidAgainst } from "./choices.ts";
import { conflictsOf, type Wish } from "./availability.ts";
import { Conflict, Invalid, NotFound, rethrow } from "./errors.ts";
import { record } from "./history.ts";
import { alone, heed, theOffers } from "./offer_locks.ts";
import { slotsFor, type Wished } from "./offer_slots.ts";
import { endOffer, letGo, move, nameOf, offerFreed, subjectOf } from "./offers.ts";
import { announceWaitlist } from "./outbox.ts";
import { type Actor, permit } from "./permissions.ts";
import { minutesOf, type Period } from "./periods.ts";
import { rulesOf } from "./policies.ts";
import { type Quantities, wantedOf } from "./quantities.ts";
import { inWords, reasons } from "./reasons.ts";
import { judged } from "./requests.ts";
import { told } from "./storing.ts";
import { type Entry, getEntry, isOpenAt, joined, openOfferOf } from "./waitlist_entries.ts";

/** A wish for what is taken, as somebody has it: the very slot, or any of so many minutes within a period. */
export interface Joining extends Period {
  /** None where any will do. */
  resource_ids?: readonly string[];
  /** How many of each; of what is not named, one. */
  quantities?: Quantities;
  /** What a resource has to be like, where any one will do. */
  any_of?: AnyOf | null;
  minutes?: number | null;
  purpose?: string;
  private?: boolean;
  attendees?: number | null;
  answers?: Record<string, string>;
  attested?: boolean;
  /** For whom, where that is somebody else. */
  requester_id?: string;
}

/** So far a window reaches at most. */
export const WINDOW_DAYS = 31;
/** For so much at once one person can wait. */
export const AT_MOST = 50;

/**
 * Puts somebody on the waitlist for a time that is taken. Whoever was bumped from what they wait for goes first, the
 * others in the order in which they came.
 *
 * @throws {NotFound} for a resource that does not exist
 * @throws {Invalid} where it has begun, the window is wrong, or the policy asks what was not answered
 * @throws {Conflict} where a rule is against it, it is free, it is theirs already, or they wait for it already
 */
export async function join(sql: Sql, actor: Actor, asked: Joining, now: Temporal.Instant): Promise<Entry> {
  permit(actor, "reserve");
  const { requester_id = actor.id } = asked;
  if (requester_id !== actor.id) permit(actor, "reserve_for");
  const { resource_ids, quantities } = wantedOf(
    (asked.resource_ids ?? []).map((id) => id.toLowerCase()),
    asked.quantities,
  );
  const { minutes = null, attendees = null, answers = {}, attested = false } = asked;
  const { start_time, end_time } = asked;
  const any_of = asked.any_of ? asKept(asked.any_of) : null;
  const wished: Wished = {
    ...{ start_time, end_time, requester_id, resource_ids, quantities, any_of },
    ...{ minutes, attendees, answers, attested },
  };
  mustLieAhead(wished, now);
  await (isForAny(wished) ? mustBeAllowedSome(sql, wished, now) : mustBeAllowed(sql, wished, now));
  await letGo(sql, { ...wished, resource_ids: await idsFor(sql, wished, now) }, now);
  const id = newId(now.epochMilliseconds);
  await transaction(sql, async (tx) => {
    await alone(tx);
    await mustBeTaken(tx, actor, wished, now);
    await mustBeFew(tx, requester_id, now);
    const { purpose = "", private: secret = false } = asked;
    const [{ name }] = await tx<{ name: string }[]>`
      insert into waitlist as e (id, requester_id, resource_ids, quantities, any_of, start_time, end_time, minutes, last_start,
        attendees, purpose, private, answers, attested, bumped_id, status, created_at, updated_at)
      values (${id}, ${requester_id}, ${resource_ids}, ${tx.json(quantities)}, ${any_of && tx.json(any_of)},
        ${start_time}, ${end_time}, ${minutes}, ${lastStart(wished)}, ${attendees}, ${purpose}, ${secret},
        ${tx.json(answers)}, ${attested || !any_of}, ${bumpedFrom(tx, wished, await idsFor(tx, wished, now))},
        'waiting', ${now}, ${now})
      returning ${nameOf(tx)} as name`;
    const after_state = {
      ...{ status: "waiting", start_time, end_time, minutes, resource_ids, purpose },
      ...told(quantities),
      ...any_of ? { any_of } : {},
    };
    await record(tx, actor, { subject: subjectOf({ id, name }), action: "join", after_state }, now);
    await announceWaitlist(tx, "waitlist.joined", id, now);
  }).catch(rethrow);
  return await getEntry(sql, actor, id, now);
}

/** The last instant at which what is wished for can begin. */
function lastStart({ start_time, end_time, minutes }: Wished): Temporal.Instant {
  return minutes === null ? start_time : end_time.subtract({ minutes });
}

function mustLieAhead(wished: Wished, now: Temporal.Instant): void {
  const { start_time, end_time, minutes } = wished;
  const refuse = (path: string, message: string) => {
    throw new Invalid([{ path, message }]);
  };
  if (minutesOf({ start_time, end_time }) <= 0) refuse("end_time", "The end must be after the start");
  if (minutes !== null && minutes > minutesOf(wished)) {
    refuse("minutes", `No slot of ${inWords(minutes)} fits between the two`);
  }
  if (minutes !== null && minutesOf(wished) > WINDOW_DAYS * 1440) {
    refuse("end_time", `Look for a slot within at most ${WINDOW_DAYS} days`);
  }
  if (Temporal.Instant.compare(lastStart(wished), now) <= 0) {
    refuse("start_time", "This has begun: choose a time that lies ahead");
  }
}

// By the same rules as a reservation. Of a window, there has to be a slot that they allow, whoever has it.
async function mustBeAllowed(sql: Sql, wished: Wished, now: Temporal.Instant) {
  const { attested } = wished;
  if (wished.minutes === null) {
    await judged(sql, wished, now, { fresh: true });
    return;
  }
  const known = wished.resource_ids.every(isId);
  const rules = known ? await rulesOf(sql, wished.resource_ids, { fresh: true }) : [];
  if (rules.length === 0 || rules.length < wished.resource_ids.length) {
    throw new NotFound("This resource");
  }
  const end_time = wished.start_time.add({ minutes: wished.minutes });
  const against = rules.flatMap((one) => reasons(one, { ...wished, end_time, attested }, now));
  const issues = against.flatMap(({ path, message }) => path ? [{ path, message }] : []);
  if (issues.length > 0) throw new Invalid(issues);
  const [possible] = await slotsFor(sql, { ...wished, attested: true }, now, { anyhow: true });
  if (possible) return;
  const why = against.map(({ message }) => message).join("; ") || "it lies outside the opening hours";
  throw new Conflict(`No slot between the two is within the rules: ${why}`, { reasons: against });
}

type ForAny = Wished & { any_of: AnyOf };
const isForAny = (wished: Wished): wished is ForAny => wished.any_of !== null;

// At least one of all that will do has to be allowed.
async function mustBeAllowedSome(sql: Sql, wished: ForAny, now: Temporal.Instant) {
  const alike = await alikeOf(sql, wished, now);
  if (alike.length === 0) throw nothingAlike(wished);
  const [possible] = await slotsFor(sql, wished, now, { anyhow: true });
  if (possible) return;
  const { start_time, minutes } = wished;
  const one = minutes === null ? wished : { ...wished, end_time: start_time.add({ minutes }) };
  const { against } = await choose(sql, one, alike, { now, fresh: true, anyhow: true });
  const unanswered = onlyAsked(against);
  if (unanswered) throw unanswered;
  const said = saidAgainst(against) || "It lies outside the opening hours";
  throw new Conflict(said, { reasons: against.slice(0, MOST_REASONS) });
}

// All that it may become.
async function idsFor(db: Db, wished: Wished, now: Temporal.Instant): Promise<readonly string[]> {
  if (!isForAny(wished)) return wished.resource_ids;
  return (await alikeOf(db, wished, now)).map(({ id }) => id);
}

async function mustBeTaken(tx: Tx, actor: Actor, wished: Wished, now: Temporal.Instant) {
  const present = await rulesOf(tx, wished.resource_ids, { fresh: true });
  if (present.length < wished.resource_ids.length) throw new NotFound("This resource");
  const [free] = await slotsFor(tx, wished, now);
  if (free) {
    const [{ resource_id, name, time_zone }] = await rulesOf(tx, free.resource_ids);
    const { start_time, end_time } = free;
    const alternatives = free.resource_ids.length > 1
      ? []
      : [{ start_time, end_time, resource_id, resource_name: name, time_zone }];
    throw new Conflict(
      `There is nothing to wait for: ${wished.any_of ? name : "it"} is free, reserve it`,
      { alternatives },
    );
  }
  if (wished.any_of || wished.minutes !== null || wished.requester_id !== actor.id) return;
  const wish: Wish = { ...wished, resource_ids: wished.resource_ids };
  const conflicts = await conflictsOf(tx, actor, wish, now);
  if (conflicts.length > 0 && conflicts.every(({ mine }) => mine)) {
    throw new Conflict("There is nothing to wait for: this time is yours already", { conflicts: [] });
  }
}

async function mustBeFew(tx: Tx, requester_id: string, now: Temporal.Instant) {
  const [{ count }] = await tx<{ count: number }[]>`
    select count(*)::int as count from ${joined(tx)}
    where e.requester_id = ${requester_id} and ${isOpenAt(tx, now)}`;
  if (count < AT_MOST) return;
  throw new Conflict(`One person can wait for at most ${AT_MOST} times at once: leave one of them first`);
}

// What was taken from them, where it is on one of these resources, and within what they wait for.
function bumpedFrom(
  db: Db,
  { requester_id, start_time, end_time }: Wished,
  resource_ids: readonly string[],
) {
  return db`(
    select v.id from reservations v
    where v.requester_id = ${requester_id} and v.status = 'bumped'
      and v.start_time < ${end_time} and v.end_time > ${start_time}
      and exists (select from allocations a where a.reservation_id = v.id and a.resource_id = any(${[
    ...resource_ids,
  ]}))
      and not exists (select from waitlist b where b.bumped_id = v.id and b.status in ('waiting', 'offered'))
    order by v.start_time, v.id limit 1)`;
}

/** Takes an entry off the list, with the offer that it may have: the next in order is offered that. */
export async function leave(
  sql: Sql,
  actor: Actor,
  { id, version }: { id: string; version?: number },
  now: Temporal.Instant,
): Promise<void> {
  const { requester_id } = await getEntry(sql, actor, id, now);
  permit(actor, "leave_waitlist", requester_id);
  await transaction(sql, async (tx) => {
    await lockEntry(tx);
    const entry = await getEntry(tx, actor, id, now);
    if (version !== undefined && version !== entry.version) {
      throw new Conflict("This entry cannot be taken off the list: it was changed since you looked at it");
    }
    const { status } = entry;
    if (status !== "waiting" && status !== "offered") {
      throw new Conflict(`This entry cannot be taken off the list: it is already ${status}`);
    }
    const as = { action: "leave", event: "waitlist.left" } as const;
    const offer = await openOfferOf(tx, entry.id);
    if (offer) await endOffer(tx, actor, offer, { outcome: "withdrawn", to: "left", as }, now);
    else {
      const [named] = await tx<{ id: string; name: string }[]>`
        select e.id, ${nameOf(tx)} as name from waitlist e where e.id = ${entry.id}`;
      await move(tx, actor, named, { ...as, from: "waiting", to: "left" }, now);
    }
    await offerFreed(tx, entry.resources.map((r) => r.id), now);
  });
}

/** Keeps every entry as it is until the transaction ends. */
export async function lockEntry(tx: Tx): Promise<void> {
  await heed(tx, "anywhere");
  await theOffers(tx);
}

/**
 * Ends the waiting for what has begun, at most `limit` at once.
 *
 * @returns how many
 */
export async function expireEntries(tx: Tx, now: Temporal.Instant, limit: number): Promise<number> {
  const [due] = await tx`select from waitlist where status = 'waiting' and last_start <= ${now} limit 1`;
  if (!due) return 0;
  await theOffers(tx);
  const over = await tx<{ id: string; name: string }[]>`
    select e.id, ${nameOf(tx)} as name from waitlist e
    where e.status = 'waiting' and e.last_start <= ${now} order by e.last_start limit ${limit}`;
  const step = { action: "run_out", from: "waiting", to: "expired", event: "waitlist.expired" } as const;
  for (const entry of over) await move(tx, null, entry, step, now);
  return over.length;
}
