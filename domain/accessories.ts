import type { Db, Tx } from "../db/types.ts";
import { isId } from "../lib/ids.ts";
import { Conflict, Invalid } from "./errors.ts";
import type { Rules } from "./policies.ts";
import { isAhead } from "./transitions.ts";

/** Something that can be had with a resource. */
export interface Accessory {
  id: string;
  name: string;
  units: number;
}

/** What is offered with a resource, by name. */
export async function listAccessories(db: Db, resource_id: string): Promise<Accessory[]> {
  const [row] = await db<{ accessories: Accessory[] }[]>`
    select ${offered(db)} from resources r where r.id = ${resource_id}`;
  return row?.accessories ?? [];
}

/** What is offered with a resource `r`, as the column `accessories` of a query over it. */
export function offered(db: Db) {
  return db`(
    select coalesce(json_agg(json_build_object('id', one.id, 'name', one.name, 'units', one.units)
      order by lower(one.name), one.id), '[]')
    from resources one
    where one.accessory and one.deactivated_at is null and one.id <> r.id and (
      not exists (select from resource_accessories o where o.accessory_id = one.id)
      or exists (select from resource_accessories o where o.accessory_id = one.id and o.resource_id = r.id))
    ) as accessories`;
}

/**
 * An accessory is had with something that it is offered with, and never alone.
 *
 * @throws {Invalid} naming what is alone, or not offered
 */
export function mustBeOffered(rules: readonly Rules[]): void {
  const things = rules.filter(({ accessory }) => !accessory);
  for (const { accessory, name, offered_with } of rules) {
    if (!accessory) continue;
    const refuse = (message: string) => new Invalid([{ path: "resource_ids", message }]);
    if (things.length === 0) throw refuse(`${name} is an accessory: reserve something with it`);
    if (offered_with.length > 0 && !things.some(({ resource_id }) => offered_with.includes(resource_id))) {
      throw refuse(`${name} is not offered with ${things.map((thing) => thing.name).join(" and ")}`);
    }
  }
}

/** With which resources an accessory `r` is offered, as a column of a query over it; none: with all. */
export function offeredWith(db: Db) {
  return db`array(
    select resource_id from resource_accessories o where o.accessory_id = r.id order by resource_id) as offered_with`;
}

/**
 * Keeps with which resources an accessory is offered, in the transaction that makes or changes it. What is reserved
 * stays.
 *
 * @throws {Invalid} where a resource does not exist, or what is named is no accessory
 * @throws {Conflict} where what becomes an accessory is reserved alone
 */
export async function keepOffer(
  tx: Tx,
  { id, name, accessory }: { id: string; name: string; accessory: boolean },
  offered_with: readonly string[],
  now: Temporal.Instant,
): Promise<void> {
  const ids = [...new Set(offered_with)];
  const refuse = (path: string, message: string) => new Invalid([{ path, message }]);
  if (!accessory && ids.length > 0) {
    throw refuse("offered_with", `${name} is no accessory: it is reserved by itself`);
  }
  if (ids.includes(id)) throw refuse("offered_with", `${name} cannot be offered with itself`);
  const known = await tx`select from resources where id = any(${ids.filter(isId)})`;
  if (known.length < ids.length) throw refuse("offered_with", "A resource does not exist");
  await tx`delete from resource_accessories where accessory_id = ${id} and resource_id <> all(${ids}::uuid[])`;
  await tx`
    insert into resource_accessories (accessory_id, resource_id) select ${id}, unnest(${ids}::uuid[])
    on conflict do nothing`;
  if (!accessory) return;
  const composed = await tx`select from resource_parts where whole_id = ${id} or part_id = ${id} limit 1`;
  if (composed.length > 0) {
    throw refuse("accessory", `${name} is composed of others or a part, and no accessory`);
  }
  const alone = await tx<{ reference: string }[]>`
    select v.reference from reservations v
    where ${isAhead(tx, now)} and exists (
      select from allocations a where a.reservation_id = v.id and a.resource_id = ${id} and a.asked is not null)
      and not exists (
        select from allocations a join resources r on r.id = a.resource_id
        where a.reservation_id = v.id and a.asked is not null and not r.accessory)
    order by v.start_time limit 5`;
  if (alone.length === 0) return;
  const names = alone.map(({ reference }) => reference).join(", ");
  throw new Conflict(`${name} cannot become an accessory: it is reserved by itself, by ${names}`);
}
