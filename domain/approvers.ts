import { unshown } from "../db/plans.ts";
import type { Db, Fragment, Tx } from "../db/types.ts";
import { Forbidden } from "./errors.ts";
import { type Action, type Actor, may, permit } from "./permissions.ts";
import { getReservation, lockReservation, type Reservation } from "./reservations.ts";

// Who decides on what. Where a resource names approvers, only those and administrators do; where it names none, all
// staff do. Whoever is away has others stand in for them. Nobody decides on a request of their own, unless its policy
// says so, or nobody else could: then an administrator may.

/** What is asked about: which, and whose it is. */
type Decidable = Pick<Reservation, "id" | "requester_id">;

/** Whether `actor` may decide on this reservation, or on its having other resources: approve, deny, bump and move it. */
export async function mayDecide(
  db: Db,
  actor: Actor,
  { id, requester_id }: Decidable,
  now: Temporal.Instant,
  resource_ids?: readonly string[],
): Promise<boolean> {
  if (!may(actor, "decide")) return false;
  const resources = resource_ids
    ? db`select unnest(${[...resource_ids]}::uuid[]) as resource_id`
    : db`select resource_id from allocations where reservation_id = ${id} and asked is not null`;
  const [{ decides }] = await db<{ decides: boolean }[]>`
    select ${decidable(db, actor, now, resources)} as decides
    from (select ${requester_id}::uuid as requester_id) v`;
  return decides;
}

/**
 * The same as a check.
 *
 * @throws {Forbidden} saying what may not be done
 */
export async function permitDecision(
  db: Db,
  actor: Actor,
  reservation: Decidable,
  now: Temporal.Instant,
  { action = "decide", resource_ids }: { action?: Action; resource_ids?: readonly string[] } = {},
): Promise<void> {
  permit(actor, action, reservation.requester_id);
  if (await mayDecide(db, actor, reservation, now, resource_ids)) return;
  const own = reservation.requester_id === actor.id;
  throw new Forbidden(
    `You may not decide on this request: ${own ? "it is your own" : "others are named to decide there"}`,
  );
}

/**
 * A reservation as it is while nobody else changes it, for somebody who may decide on it: where it was moved a moment
 * ago, whoever decides there now.
 *
 * @throws {NotFound} {Forbidden}
 */
export async function lockToDecide(
  tx: Tx,
  actor: Actor,
  id: string,
  now: Temporal.Instant,
  action: Action = "decide",
): Promise<Reservation> {
  const { id: known } = await getReservation(tx, actor, id);
  await lockReservation(tx, known);
  const reservation = await getReservation(tx, actor, known);
  await permitDecision(tx, actor, reservation, now, { action });
  return reservation;
}

/** Whether `actor` may decide on a row `v`, which has a `requester_id`, and wants `resources`: a query for `resource_id`. */
export function decidable(db: Db, actor: Actor, now: Temporal.Instant, resources: Fragment) {
  if (!may(actor, "decide")) return db`false`;
  const every = actor.role === "admin";
  return db`(case when v.requester_id = ${actor.id} then ${ownDecidable(db, actor, resources)}
    else ${every ? db`true` : coversFor(db, actor, now, resources)} end)`;
}

/**
 * Whether such a row is `actor`'s to decide before it is an administrator's: because of a name, a group or an absence,
 * because nobody is named, or because nobody else could.
 */
export function theirs(db: Db, actor: Actor, now: Temporal.Instant, resources: Fragment) {
  if (actor.role !== "admin") return decidable(db, actor, now, resources);
  return db`(case when v.requester_id = ${actor.id} then ${ownDecidable(db, actor, resources)}
    else ${coversFor(db, actor, now, resources)} or not ${anotherCould(db, resources, "staff")} end)`;
}

// Whether all resources that name approvers name one of these people `u`.
function covers(db: Db, resources: Fragment, people: Fragment) {
  return db`not exists (
    select from (${resources}) wanted
    where exists (select from resource_approvers named where named.resource_id = wanted.resource_id)
      and not exists (select from approvers a where a.resource_id = wanted.resource_id and ${people}))`;
}

// The actor, or somebody whose stand-in the actor is at present; not for what those asked for themselves.
function coversFor(db: Db, actor: Actor, now: Temporal.Instant, resources: Fragment) {
  const absent = db`
    select d.user_id, absent.role from delegations d join users absent on absent.id = d.user_id
    where d.to_user_id = ${actor.id} and d.starts_at <= ${unshown(db, now)} and d.ends_at > ${
    unshown(db, now)
  }
      and d.user_id <> v.requester_id and absent.disabled_at is null and absent.role in ('staff', 'admin')`;
  return db`(
    ${
    covers(
      db,
      resources,
      db`(a.user_id = ${actor.id} or a.user_id in (select user_id from (${absent}) away))`,
    )
  }
    or exists (select from (${absent}) away where away.role = 'admin'))`;
}

function ownDecidable(db: Db, actor: Actor, resources: Fragment) {
  const allowed = db`not exists (
    select from (${resources}) wanted join resources r on r.id = wanted.resource_id
    left join policies p on p.id = r.policy_id
    where (r.requires_approval or p.approval <> 'never') and not coalesce(p.self_approval, false))`;
  return actor.role === "admin"
    ? db`(${allowed} or not ${anotherCould(db, resources, "admin")})`
    : db`(${allowed} and ${covers(db, resources, db`a.user_id = ${actor.id}`)})`;
}

// Whether somebody other than the requester could decide: staff who cover it all, or any administrator as well.
function anotherCould(db: Db, resources: Fragment, upTo: "staff" | "admin") {
  return db`exists (
    select from users other
    where other.id <> v.requester_id and other.disabled_at is null
      and (${upTo === "admin"} and other.role = 'admin'
        or other.role = 'staff' and ${covers(db, resources, db`a.user_id = other.id`)}))`;
}
