import type { Db } from "../db/types.ts";
import { type Action, type Actor, may, permit } from "./permissions.ts";
import type { Reservation } from "./reservations.ts";

/** What is asked about: whose it is. */
type Decidable = Pick<Reservation, "id" | "requester_id">;

/** Whether `actor` may decide on this reservation: approve, deny, bump and move it. */
export function mayDecide(_db: Db, actor: Actor, { requester_id }: Decidable): Promise<boolean> {
  return Promise.resolve(may(actor, "decide", requester_id));
}

/**
 * The same as a check.
 *
 * @throws {Forbidden} saying what may not be done
 */
export function permitDecision(
  _db: Db,
  actor: Actor,
  { requester_id }: Decidable,
  action: Action = "decide",
): Promise<void> {
  permit(actor, action, requester_id);
  return Promise.resolve();
}
