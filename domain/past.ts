import type { Db } from "../db/types.ts";
import { Invalid, NotFound } from "./errors.ts";
import { type Entry, listHistory, type State } from "./history.ts";
import type { Actor } from "./permissions.ts";
import { type Quantities, quantityOf, wantedBy } from "./quantities.ts";
import { getReservation, type Reservation, type ReservedResource } from "./reservations.ts";
import { type Status, statusAt } from "./transitions.ts";

/** A reservation at a moment that has passed, with what had happened to it until then. */
export interface PastReservation {
  reservation: Reservation;
  history: Entry[];
}

/**
 * A reservation as it was at a moment, as far as the actor may see it: from what it is now, every change after that
 * moment is taken back, the last first. Whoever may not see it now may not see what it was.
 *
 * @throws {NotFound} also where it was not yet asked for
 * @throws {Invalid} where the moment lies ahead
 */
export async function getReservationAt(
  db: Db,
  actor: Actor,
  { id, at }: { id: string; at: Temporal.Instant },
  now: Temporal.Instant,
): Promise<PastReservation> {
  const present = await getReservation(db, actor, id);
  if (isAfter(at, now)) {
    throw new Invalid([{ path: "at", message: "That moment lies ahead: choose one that has passed" }]);
  }
  if (isAfter(present.created_at, at)) throw new NotFound("This reservation, so early,");
  const history = await listHistory(db, present.id);
  const since = history.filter((entry) => isAfter(entry.at, at)).toReversed();
  let state: State = { ...wantedBy(present) };
  for (const { details, previous_state } of since) {
    const { previous_resource_ids, previous_quantities = {} } = details;
    state = {
      ...state,
      ...previous_state,
      ...(previous_resource_ids
        ? { resource_ids: previous_resource_ids, quantities: previous_quantities }
        : {}),
    };
  }
  const past = { ...present, ...columnsOf(state), decided_by_name: null, decided_at: null };
  return {
    reservation: {
      ...past,
      status: statusAt(past, at),
      resources: (await resourcesOf(db, state.resource_ids as string[], present.resources))
        .map((r) => ({ ...r, quantity: quantityOf(state.quantities as Quantities, r.id) })),
    },
    history: history.filter((entry) => !isAfter(entry.at, at)),
  };
}

const isAfter = (one: Temporal.Instant, other: Temporal.Instant) => Temporal.Instant.compare(one, other) > 0;

// JSON from the database carries instants as text. What no change has touched is not there.
function columnsOf(
  { status, start_time, end_time, check_in_until, purpose, private: secret, decision_reason }: State,
) {
  return {
    ...(status ? { status: status as Status } : {}),
    ...(start_time ? { start_time: Temporal.Instant.from(`${start_time}`) } : {}),
    ...(end_time ? { end_time: Temporal.Instant.from(`${end_time}`) } : {}),
    ...(check_in_until ? { check_in_until: Temporal.Instant.from(`${check_in_until}`) } : {}),
    ...(typeof purpose === "string" ? { purpose } : {}),
    ...(typeof secret === "boolean" ? { private: secret } : {}),
    ...(decision_reason !== undefined ? { decision_reason: decision_reason as string | null } : {}),
  };
}

// What it no longer takes may have been deleted since: then the record knows what it was.
async function resourcesOf(
  db: Db,
  ids: readonly string[],
  present: readonly ReservedResource[],
): Promise<Omit<ReservedResource, "quantity">[]> {
  if (ids.every((id) => present.some((r) => r.id === id))) return present.filter((r) => ids.includes(r.id));
  const found = await db<Omit<ReservedResource, "quantity">[]>`
    select id, name, kind, location, time_zone, requires_approval, accessory from resources
    where id = any(${[...ids]})
    union all
    select h.subject_id, r.name, r.kind, r.location, r.time_zone, r.requires_approval,
      coalesce(r.accessory, false)
    from history h, jsonb_to_record(h.previous_state)
      as r(name text, kind text, location text, time_zone text, requires_approval boolean,
        accessory boolean)
    where h.subject_id = any(${[...ids]}) and h.action = 'delete'
    order by accessory, id`;
  return found;
}
