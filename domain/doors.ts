import { transaction } from "../db/transaction.ts";
import type { Db, Sql, Tx } from "../db/types.ts";
import { isId, newId } from "../lib/ids.ts";
import { isCheckInDue } from "./check_in.ts";
import { NotFound } from "./errors.ts";
import { record } from "./history.ts";
import { type Actor, permit } from "./permissions.ts";
import { getResource, type Resource } from "./resources.ts";
import { type Block, findLanes, seenBy } from "./schedule.ts";

/** A page beside a resource's door, which whoever has its address may read. */
export interface Door {
  id: string;
  resource_id: string;
  /** Whether what is not private is named; otherwise only times are. */
  names: boolean;
  opened_by_name: string;
  created_at: Temporal.Instant;
}

/** The door page of a resource, where it has one. */
export async function findDoor(db: Db, resource_id: string): Promise<Door | undefined> {
  const [door] = await db<Door[]>`
    select d.id, d.resource_id, d.names, u.name as opened_by_name, d.created_at
    from doors d join users u on u.id = d.opened_by
    where d.resource_id = ${resource_id} and d.closed_at is null`;
  return door;
}

/**
 * Opens a door page for a resource. An address that was good before is good no longer.
 *
 * @throws {NotFound}
 */
export async function openDoor(
  sql: Sql,
  actor: Actor,
  { resource_id, names }: { resource_id: string; names: boolean },
  now: Temporal.Instant,
): Promise<string> {
  permit(actor, "manage_resources");
  const resource = await getResource(sql, resource_id);
  const id = newId(now.epochMilliseconds);
  await transaction(sql, async (tx) => {
    // One after the other: of two at once the later one's address is good.
    await tx`select id from resources where id = ${resource.id} for no key update`;
    await close(tx, resource.id, now);
    await tx`
      insert into doors (id, resource_id, names, opened_by, created_at)
      values (${id}, ${resource.id}, ${names}, ${actor.id}, ${now})`;
    await record(tx, actor, { subject: subjectOf(resource), action: "open_door", details: { names } }, now);
  });
  return id;
}

/** Takes the door page of a resource away: its address is good no longer. Nothing happens where there is none. */
export async function closeDoor(
  sql: Sql,
  actor: Actor,
  resource_id: string,
  now: Temporal.Instant,
): Promise<void> {
  permit(actor, "manage_resources");
  const resource = await getResource(sql, resource_id);
  await transaction(sql, async (tx) => {
    if (await close(tx, resource.id, now) === 0) return;
    await record(tx, actor, { subject: subjectOf(resource), action: "close_door" }, now);
  });
}

async function close(tx: Tx, resource_id: string, now: Temporal.Instant): Promise<number> {
  const closed = await tx`
    update doors set closed_at = ${now} where resource_id = ${resource_id} and closed_at is null returning id`;
  return closed.length;
}

/** What a door page shows: the resource, and what takes its time from now on for a day. */
export interface DoorView {
  resource: Resource;
  blocks: Block[];
  /** Whether somebody can check in at this moment. */
  check_in_due: boolean;
}

/** So far ahead a door page looks. */
const HOURS = 24;

/**
 * What stands on a door page. What is private stays so, also where names are shown; so does what a policy shows to
 * staff alone.
 *
 * @throws {NotFound} where it was closed, too
 */
export async function getDoorView(db: Db, id: string, now: Temporal.Instant): Promise<DoorView> {
  const door = await openDoorOf(db, id);
  const resource = await getResource(db, door.resource_id);
  const window = { start_time: now, end_time: now.add({ hours: HOURS }) };
  const [lane] = seenBy(PASSER_BY, await findLanes(db, window, { id: resource.id, limit: 1 }), now);
  const blocks = lane.blocks.filter(({ holds }) => holds).sort((a, b) => a.from - b.from);
  const check_in_due = await isCheckInDue(db, resource.id, now);
  return { resource, blocks: door.names ? blocks : blocks.map(timesOnly), check_in_due };
}

/** The resource behind a door page that is open. @throws {NotFound} */
export async function getDoorResource(db: Db, id: string): Promise<Resource> {
  return await getResource(db, (await openDoorOf(db, id)).resource_id);
}

async function openDoorOf(db: Db, id: string) {
  const [door] = isId(id)
    ? await db<{ resource_id: string; names: boolean }[]>`
      select resource_id, names from doors where id = ${id} and closed_at is null`
    : [];
  if (!door) throw new NotFound("This door page");
  return door;
}

// Somebody who has nothing of their own, and no right to see more than anybody.
const PASSER_BY: Actor = { id: "", email: "", name: "", role: "user", time_zone: "UTC" };

function timesOnly(block: Block): Block {
  return block.status === "closed" ? block : { ...block, purpose: "", requester_name: "", hidden: true };
}

const subjectOf = ({ id, name }: Resource) => ({ kind: "resource", id, name }) as const;
