import { z } from "zod";
import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import {
  compose,
  compositionOf,
  directParts,
  judgeWholesAnew,
  lockCompositions,
  mustBeSingle,
} from "./parts.ts";
import { type Accessory, keepOffer, offered, offeredWith } from "./accessories.ts";
import { closeOff, forget, settle } from "./allocations.ts";
import { closeAdded, minuteOf } from "./closure_dates.ts";
import { moveClosures } from "./closure_zones.ts";
import { Conflict, NotFound, rethrow } from "./errors.ts";
import { doWithFewer } from "./fewer_units.ts";
import { difference, record, type State, type Subject } from "./history.ts";
import { heed } from "./offer_locks.ts";
import { freeing, offerFreed } from "./offers.ts";
import { withdrawAllOffers, withdrawUnlike } from "./offers_withdrawn.ts";
import { type Actor, permit } from "./permissions.ts";
import { listNames } from "./resource_names.ts";
import { name, text } from "./texts.ts";
import { transition } from "./transitions.ts";

const whole = (message: string, max: number) =>
  z.number(message).int(message).min(1, message).max(max, message);

const MOST_PARTS = 50;

const Fields = z.object({
  name: name(120),
  kind: name(40, "Say what kind of thing it is: room, desk, vehicle, …"),
  description: text(2000),
  location: text(200),
  capacity: whole("Give a whole number from 1", 100_000).nullable(),
  units: whole("Give a whole number from 1 to 500", 500),
  time_zone: z.string().refine(isZone, "Give an IANA time zone, such as Europe/Berlin").optional(),
  tags: z.array(name(40)).max(20, "Give at most 20 tags")
    .overwrite((tags) => [...new Set(tags.map((tag) => tag.toLowerCase()))].sort()),
  policy_id: z.uuid("This policy does not exist").nullable(),
  requires_approval: z.boolean("Say true or false"),
  part_ids: z.array(z.guid("Give the id of a resource").toLowerCase(), "Give a list of ids")
    .max(MOST_PARTS, `Name at most ${MOST_PARTS} parts`)
    .describe("What it is composed of: to reserve it takes all of these, and each of these blocks it"),
  accessory: z.boolean("Say true or false").describe("Whether it is had only together with something else"),
  offered_with: z.array(z.guid("Give the id of a resource").toLowerCase(), "Give a list of ids")
    .max(1000, "Name at most 1000 resources").describe("With what an accessory is offered; none: with all"),
});
const { description, location, capacity, units, tags, policy_id, requires_approval } = Fields.shape;
const { part_ids, accessory, offered_with } = Fields.shape;

/** A resource as an administrator writes it. */
export const NewResource = Fields.extend({
  description: description.default(""),
  location: location.default(""),
  capacity: capacity.default(null),
  units: units.default(1),
  tags: tags.default([]),
  policy_id: policy_id.default(null),
  requires_approval: requires_approval.default(false),
  part_ids: part_ids.default([]),
  accessory: accessory.default(false),
  offered_with: offered_with.default([]),
});
export type NewResource = z.infer<typeof NewResource>;

/** A change of a resource: only what is named changes. Made of the bare fields, for a default would be a change. */
export const ResourceChange = Fields.partial();
export type ResourceChange = z.infer<typeof ResourceChange>;

export interface Resource extends Required<NewResource> {
  id: string;
  /** What it is directly composed of. */
  part_ids: string[];
  /** With what it is offered, where it is an accessory; with all, where nothing is named. */
  offered_with: string[];
  time_zone: string;
  deactivated_at: Temporal.Instant | null;
  version: number;
  created_at: Temporal.Instant;
  updated_at: Temporal.Instant;
}

/** Makes a resource. Its time zone is the site's where none is given. Where everything is closed, it is closed too. */
export async function createResource(
  sql: Sql,
  actor: Actor,
  { part_ids, offered_with, ...input }: NewResource & { time_zone: string },
  now: Temporal.Instant,
): Promise<Resource> {
  permit(actor, "manage_resources");
  const row = { id: newId(now.epochMilliseconds), ...input, created_at: `${now}`, updated_at: `${now}` };
  const work = async (tx: Tx) => {
    if (part_ids.length > 0) await lockCompositions(tx);
    const [bare] = await tx<Resource[]>`insert into resources ${tx(row)} returning *`;
    await compose(tx, actor, bare, part_ids, now);
    await keepOffer(tx, bare, offered_with, now);
    const created = await lockResource(tx, bare.id);
    const after_state = await stateOf(tx, created);
    await record(tx, actor, { subject: subjectOf(created), action: "create", after_state }, now);
    await closeAdded(tx, [created], now);
    return created;
  };
  return await transaction(sql, async (tx) => {
    await heed(tx, "anywhere");
    const created = await work(tx);
    // Of what is composed of others, offers are made anew; of anything else, who would do with any may want it.
    await offerFreed(tx, part_ids.length > 0 ? "anywhere" : [created.id], now);
    return created;
  }).catch(rethrow);
}

/**
 * Changes what is named, and nothing else. Closures that lie ahead keep their time on the wall where the zone changes;
 * reservations have the parts that the resource has then.
 *
 * @throws {Conflict} where a reservation or a closure would be in the way of that
 */
export async function changeResource(
  sql: Sql,
  actor: Actor,
  { id, part_ids, offered_with, ...change }: ResourceChange & { id: string },
  now: Temporal.Instant,
): Promise<Resource> {
  permit(actor, "manage_resources");
  const { id: known } = await getResource(sql, id);
  const named = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
  const work = async (tx: Tx) => {
    if (part_ids) await lockCompositions(tx);
    const before = await lockResource(tx, known);
    const state = await stateOf(tx, before);
    await tx`
      update resources set ${
      tx({ ...named, updated_at: `${now}` })
    }, version = version + 1 where id = ${known}`;
    const bare = await lockResource(tx, known);
    if (part_ids) await compose(tx, actor, bare, part_ids, now);
    if (offered_with || bare.accessory !== before.accessory) {
      await keepOffer(tx, bare, offered_with ?? (bare.accessory ? bare.offered_with : []), now);
    }
    const changed = await lockResource(tx, known);
    await mustBeSingle(tx, changed);
    const states = difference(state, await stateOf(tx, changed));
    if (Object.keys(states.after_state).length > 0) {
      await record(tx, actor, { subject: subjectOf(changed), action: "change", ...states }, now);
    }
    if (changed.time_zone !== before.time_zone) await moveClosures(tx, { before, after: changed }, now);
    // A closure is of every unit, also of those that are added to it.
    if (changed.units > before.units) await closeOff(tx, [changed.id], minuteOf(now));
    if (changed.units < before.units) await doWithFewer(tx, actor, changed, now);
    await withdrawUnlike(tx, actor, known, now);
    return changed;
  };
  return await transaction(sql, async (tx) => {
    // Who waits for what it is going to be is not known yet.
    await heed(tx, part_ids || change.kind || change.tags ? "anywhere" : [known]);
    const changed = await work(tx);
    // What is no part any more is free to others.
    await offerFreed(tx, part_ids ? "anywhere" : [known], now);
    return changed;
  }).catch(rethrow);
}

/**
 * Takes a resource out of service: no new reservations. Those that lie ahead are kept, or cancelled with the reason,
 * which their requesters are told. What was offered of it is taken back: whoever had the offer waits on.
 *
 * @returns how many reservations were cancelled
 */
export async function deactivateResource(
  sql: Sql,
  actor: Actor,
  { id, future, reason }: { id: string; future: "keep" | "cancel"; reason?: string },
  now: Temporal.Instant,
): Promise<number> {
  permit(actor, "manage_resources");
  const { id: known, name } = await getResource(sql, id);
  return freeing(sql, "anywhere", async (tx) => {
    const before = await lockResource(tx, known);
    // The version moves first: what is stored after it was judged by the old one, and is refused.
    await tx`
      update resources set deactivated_at = coalesce(deactivated_at, ${now}), updated_at = ${now},
        version = version + 1
      where id = ${known}`;
    await judgeWholesAnew(tx, known);
    await withdrawAllOffers(tx, actor, [known], now);
    const subject = subjectOf(before);
    const states = { previous_state: { active: !before.deactivated_at }, after_state: { active: false } };
    if (future === "keep") {
      if (!before.deactivated_at) {
        await record(tx, actor, { subject, action: "deactivate", ...states, details: { future } }, now);
      }
      return 0;
    }
    // What is being stored has read the old version already: it goes with the rest.
    await settle(tx);
    const ahead = await tx<{ id: string }[]>`
      select v.id from reservations v
      where exists (select from allocations a where a.reservation_id = v.id and a.resource_id = ${known})
        and (v.status = 'approved' and v.end_time > ${now} or v.status = 'pending' and v.start_time > ${now})
      order by v.id for update of v`;
    const details = { future, cancelled: ahead.length, ...(reason ? { reason } : {}) };
    await record(tx, actor, { subject, action: "deactivate", ...states, details }, now);
    for (const { id } of ahead) {
      await transition(
        tx,
        actor,
        { id, action: "cancel", reason: reason || `${name} is out of service` },
        now,
      );
    }
    return ahead.length;
  }, now);
}

/** Puts a resource back into service. */
export async function reactivateResource(
  sql: Sql,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_resources");
  const { id: known } = await getResource(sql, id);
  await freeing(sql, [known], async (tx) => {
    const before = await lockResource(tx, known);
    await tx`
      update resources set deactivated_at = null, updated_at = ${now}, version = version + 1 where id = ${known}`;
    await judgeWholesAnew(tx, known);
    if (!before.deactivated_at) return;
    const states = { previous_state: { active: false }, after_state: { active: true } };
    await record(tx, actor, { subject: subjectOf(before), action: "reactivate", ...states }, now);
  }, now);
}

/**
 * Deletes a resource that nobody ever reserved or waited for.
 *
 * @throws {Conflict} where somebody did: their history would go with it
 */
export async function deleteResource(
  sql: Sql,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_resources");
  const { id: known, name } = await getResource(sql, id);
  try {
    await transaction(sql, async (tx) => {
      // Nobody begins to wait for it meanwhile.
      await heed(tx, [known]);
      const before = await lockResource(tx, known);
      const [waited] = await tx`
        select from waitlist where resource_ids && ${[known]}::uuid[]
        union all select from offers where resource_ids && ${[known]}::uuid[] limit 1`;
      if (waited) {
        throw new Conflict(
          `${name} cannot be deleted: it is on record who waited for it. Deactivate it instead`,
        );
      }
      const previous_state = await stateOf(tx, before);
      const { wholes } = await compositionOf(tx, known);
      if (wholes.length > 0) {
        throw new Conflict(
          `${name} cannot be deleted: it is a part of ${wholes[0].name}. Take it out there first`,
        );
      }
      await forget(tx, known);
      await tx`delete from resources where id = ${known}`;
      await record(tx, actor, { subject: subjectOf(before), action: "delete", previous_state }, now);
    });
  } catch (error) {
    if ((error as { constraint_name?: string }).constraint_name !== "allocations_take_resource") throw error;
    throw new Conflict(`${name} cannot be deleted: it has reservations on record. Deactivate it instead`);
  }
}

/** @throws {NotFound} */
export async function getResource(db: Db, id: string): Promise<Resource> {
  const [row] = isId(id)
    ? await db<Resource[]>`
    select r.*, ${directParts(db)}, ${offeredWith(db)} from resources r where r.id = ${id}`
    : [];
  if (!row) throw new NotFound("This resource");
  return row;
}

/** A resource with what is offered with it. @throws {NotFound} */
export async function getResourceToReserve(
  db: Db,
  id: string,
): Promise<Resource & { accessories: Accessory[] }> {
  const [row] = isId(id)
    ? await db<(Resource & { accessories: Accessory[] })[]>`
    select r.*, ${directParts(db)}, ${offeredWith(db)}, ${offered(db)} from resources r where r.id = ${id}`
    : [];
  if (!row) throw new NotFound("This resource");
  return row;
}

/** The resource as it is while nobody else changes it: what was before is what is recorded. @throws {NotFound} */
export async function lockResource(tx: Tx, id: string): Promise<Resource> {
  await tx`select from resources where id = ${id} for no key update`;
  // Only now: what stands in other tables would be read as it was before whoever was waited for.
  const [row] = await tx<Resource[]>`
    select r.*, ${directParts(tx)}, ${offeredWith(tx)} from resources r where r.id = ${id}`;
  if (!row) throw new NotFound("This resource");
  return row;
}

/** A resource as the record names it. */
export const subjectOf = ({ id, name }: Pick<Resource, "id" | "name">): Subject => ({
  kind: "resource",
  id,
  name,
});

/** What stands in the record of a resource: what an administrator writes, and the name that its policy has. */
export function recorded(
  resource: Omit<Resource, "created_at" | "updated_at" | "part_ids" | "offered_with">,
  { policy, parts, offered }: { policy: string | null; parts: readonly string[]; offered: readonly string[] },
): State {
  const { name, kind, description, location, capacity, units, time_zone, tags, policy_id } = resource;
  return {
    ...{ name, kind, description, location, capacity, units, time_zone, tags, policy_id },
    ...{ policy, requires_approval: resource.requires_approval, parts: [...parts] },
    ...{ accessory: resource.accessory, offered_with: [...offered] },
  };
}

async function stateOf(tx: Tx, resource: Resource): Promise<State> {
  const { policy_id } = resource;
  const [policy] = policy_id
    ? await tx<{ name: string }[]>`select name from policies where id = ${policy_id}`
    : [];
  const { parts } = await compositionOf(tx, resource.id);
  const offered = await listNames(tx, resource.offered_with);
  return recorded(resource, { policy: policy?.name ?? null, parts: parts.map(({ name }) => name), offered });
}

function isZone(zone: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(zone);
    return /^[A-Za-z]/.test(zone);
  } catch {
    return false;
  }
}
