import type { Db, Tx } from "../db/types.ts";
import { closeOff, settle } from "./allocations.ts";
import { closeAlong, minuteOf } from "./closure_dates.ts";
import { Conflict, Invalid } from "./errors.ts";
import type { Doer } from "./history.ts";
import { withdrawAllOffers } from "./offers_withdrawn.ts";
import type { Rules } from "./policies.ts";
import { isAhead } from "./transitions.ts";
import { comeAlong, leaveOut } from "./retaking.ts";

/** A resource as another's part, or as what it is a part of. */
export interface Piece {
  id: string;
  name: string;
}

/** A composition would take what somebody has. */
const CANNOT = "What it is composed of cannot be changed";

/**
 * Whoever asks for a hall has its parts: to name one of them beside it, or two halls that share a part, asks for the
 * same thing twice.
 *
 * @throws {Invalid} naming the two
 */
export function mustBeApart(rules: readonly Rules[]): void {
  for (const one of rules) {
    const other = rules.find((r) =>
      r !== one &&
      (one.part_ids.includes(r.resource_id) || one.part_ids.some((id) => r.part_ids.includes(id)))
    );
    if (!other) continue;
    const message = one.part_ids.includes(other.resource_id)
      ? `${other.name} is a part of ${one.name}: reserve one of the two`
      : `${one.name} and ${other.name} share a part: reserve one of the two`;
    throw new Invalid([{ path: "resource_ids", message }]);
  }
}

/** What a resource is composed of, and what it is directly a part of, by name. */
export async function compositionOf(db: Db, id: string): Promise<{ parts: Piece[]; wholes: Piece[] }> {
  const [row] = await db<{ parts: Piece[]; wholes: Piece[] }[]>`
    select
      coalesce((select json_agg(json_build_object('id', r.id, 'name', r.name) order by lower(r.name))
        from resource_parts p join resources r on r.id = p.part_id where p.whole_id = ${id}), '[]') as parts,
      coalesce((select json_agg(json_build_object('id', r.id, 'name', r.name) order by lower(r.name))
        from resource_parts p join resources r on r.id = p.whole_id where p.part_id = ${id}), '[]') as wholes`;
  return row;
}

/** What a resource `r` is directly composed of, as a column of a query over it. */
export function directParts(db: Db) {
  return db`array(select part_id from resource_parts p where p.whole_id = r.id order by part_id) as part_ids`;
}

/** Has what a resource is a part of judged by what the part is now. */
export async function judgeWholesAnew(tx: Tx, part_id: string): Promise<void> {
  await tx`
    update resources set version = version + 1
    where id in (select whole_id from resource_parts_all where part_id = ${part_id})`;
}

/** Makes changes of what is composed of what wait for each other; first of all that such a transaction locks. */
export async function lockCompositions(tx: Tx): Promise<void> {
  await tx`lock table resource_parts in share row exclusive mode`;
}

/**
 * Composes a resource of others, in the transaction that changes it, after `lockCompositions`. What is reserved or
 * closed ahead of now has the new parts at once, and leaves those that are none any more. Offers of what is composed
 * anew, or shares a part with it, are taken back, to be made anew by whoever calls this (see `freeing`).
 *
 * @throws {Invalid} for a part that cannot be one
 * @throws {Conflict} naming the reservations and closures that have what would newly come along
 */
export async function compose(
  tx: Tx,
  actor: Doer,
  whole: Piece & { units: number },
  part_ids: readonly string[],
  now: Temporal.Instant,
): Promise<void> {
  const wanted = [...new Set(part_ids)].sort();
  const present = (await compositionOf(tx, whole.id)).parts.map(({ id }) => id).sort();
  if (wanted.join() === present.join()) return;
  await mustBeParts(tx, whole, wanted);
  await tx`delete from resource_parts where whole_id = ${whole.id} and part_id <> all(${wanted})`;
  await tx`
    insert into resource_parts (whole_id, part_id) select ${whole.id}, unnest(${wanted}::uuid[])
    on conflict do nothing`;
  // Also what this is a part of, at any depth, is judged anew.
  const wholes = await tx<{ id: string }[]>`
    update resources set version = version + 1
    where id = ${whole.id} or id in (select whole_id from resource_parts_all where part_id = ${whole.id})
    returning id`;
  await settle(tx);
  const { gone, come } = await keepAll(tx);
  const touched = [...wholes.map(({ id }) => id), ...[...gone, ...come].map(({ part_id }) => part_id)];
  await withdrawAllOffers(tx, actor, touched, now);
  await leaveOut(tx, gone, now);
  await reserveParts(tx, come, now);
  await closeParts(tx, wholes.map(({ id }) => id), come, now);
  await closeOff(tx, gone.map(({ part_id }) => part_id), minuteOf(now));
}

/** @throws {Invalid} where a resource that is composed of others, or is a part, would have several units */
export async function mustBeSingle(db: Db, { id, name, units }: Piece & { units: number }): Promise<void> {
  if (units === 1) return;
  const { parts, wholes } = await compositionOf(db, id);
  if (parts.length + wholes.length === 0) return;
  const why = parts.length > 0 ? "is composed of others" : `is a part of ${wholes[0].name}`;
  throw new Invalid([{ path: "units", message: `${name} ${why}: of such there is one` }]);
}

async function mustBeParts(tx: Tx, whole: Piece & { units: number }, wanted: readonly string[]) {
  const refuse = (message: string) => {
    throw new Invalid([{ path: "part_ids", message }]);
  };
  if (wanted.length === 0) return;
  if (whole.units > 1) refuse("What is composed of others has one unit");
  const found = await tx<(Piece & { units: number; around: boolean; accessory: boolean })[]>`
    select r.id, r.name, r.units, r.accessory,
      r.id = ${whole.id} or exists (
        select from resource_parts_all a where a.whole_id = r.id and a.part_id = ${whole.id}) as around
    from resources r where r.id = any(${[...wanted]}) order by lower(r.name) for no key update`;
  if (found.length < wanted.length) refuse("A part does not exist");
  const many = found.find(({ units }) => units > 1);
  if (many) refuse(`${many.name} has ${many.units} units: a part has one`);
  const accessory = found.find((one) => one.accessory);
  if (accessory) refuse(`${accessory.name} is an accessory, and no part`);
  const around = found.find((one) => one.around);
  if (around?.id === whole.id) refuse(`${whole.name} cannot be a part of itself`);
  if (around) refuse(`${around.name} is composed of ${whole.name}, and cannot be a part of it`);
}

/** That one resource comes along with another. */
export interface ComesAlong {
  whole_id: string;
  part_id: string;
}

// Brings what is known of parts at any depth up to date; answers what is no longer so, and what is new.
async function keepAll(tx: Tx): Promise<{ gone: ComesAlong[]; come: ComesAlong[] }> {
  const deep = tx`
    with recursive deep as (
      select whole_id, part_id from resource_parts
      union
      select d.whole_id, p.part_id from deep d join resource_parts p on p.whole_id = d.part_id
    )`;
  const gone = await tx<ComesAlong[]>`
    ${deep} delete from resource_parts_all a
    where not exists (select from deep d where d.whole_id = a.whole_id and d.part_id = a.part_id)
    returning whole_id, part_id`;
  const come = await tx<ComesAlong[]>`
    ${deep} insert into resource_parts_all (whole_id, part_id) select whole_id, part_id from deep
    on conflict do nothing returning whole_id, part_id`;
  return { gone, come };
}

async function reserveParts(tx: Tx, come: readonly ComesAlong[], now: Temporal.Instant) {
  const missing = await comeAlong(tx, come, isAhead(tx, now));
  if (missing.length === 0) return;
  const [first] = missing;
  const names = [...new Set(missing.map((one) => one.by ?? `the closure “${one.reason}”`))];
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  throw new Conflict(
    `${CANNOT}: ${first.part_name} is taken while ${first.whole_name} is reserved, by ${
      names.slice(0, 5).join(", ")
    }${more}. Move or cancel those first`,
  );
}

// What closes a whole closes its new parts as well, where nobody is in it.
async function closeParts(
  tx: Tx,
  wholes: readonly string[],
  come: readonly ComesAlong[],
  now: Temporal.Instant,
) {
  const from = minuteOf(now);
  const met = await tx<{ reference: string; reason: string; part_name: string }[]>`
    select distinct v.reference, c.reason, part.name as part_name
    from unnest(${come.map((one) => one.whole_id)}::uuid[], ${come.map((one) => one.part_id)}::uuid[])
      as come (whole_id, part_id)
    join closure_dates d on d.resource_id = come.whole_id and upper(d.period) > ${from}
    join closures c on c.id = d.closure_id
    join allocations a on a.resource_id = come.part_id and a.period && d.period
    join reservations v on v.id = a.reservation_id
    join resources part on part.id = come.part_id
    where come.whole_id = any(${[...wholes]}) and ${isAhead(tx, now)}
      and not exists (
        select from closure_dates own
        where own.closure_id = d.closure_id and own.resource_id = come.part_id and own.period && a.period)
      -- Who was left in the closure of the whole is left in that of its part.
      and not exists (
        select from allocations own where own.reservation_id = v.id and own.resource_id = come.whole_id)
    order by v.reference limit 10`;
  if (met.length > 0) {
    const names = met.map(({ reference }) => reference).join(", ");
    const [{ part_name, reason }] = met;
    throw new Conflict(
      `${CANNOT}: ${part_name} would be closed then (${reason}), and is reserved by ${names}. ` +
        "Move or cancel those first",
    );
  }
  await closeAlong(tx, come, from);
  await closeOff(tx, [...new Set(come.map((one) => one.part_id))], from);
}
