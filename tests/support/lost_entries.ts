import assert from "node:assert/strict";
import type { Tx } from "../../db/types.ts";

/**
 * Has one reservation hold what another does, behind the back of the constraint: as long as PostgreSQL believes that the
 * index behind it is not ready, the index hears of nothing. So it is where an index has lost entries. Indexes are what
 * the transaction asks from then on, as in a house that is large.
 */
export async function holdUnseen(
  tx: Tx,
  { reservation_id, beside }: { reservation_id: string; beside: string },
): Promise<void> {
  const ready = (is: boolean) =>
    tx`update pg_index set indisready = ${is} where indexrelid = 'allocations_never_overlap'::regclass`;
  await ready(false);
  const [held] = await tx<{ resource_id: string; unit: number; start: Temporal.Instant }[]>`
    update allocations a set unit = b.unit, period = b.period from allocations b
    where a.reservation_id = ${reservation_id} and b.reservation_id = ${beside} and b.resource_id = a.resource_id
    returning a.resource_id, a.unit, lower(a.period) as start`;
  await ready(true);
  await tx`set local enable_seqscan = off`;
  const found = await tx`
    select from allocations
    where holds and resource_id = ${held.resource_id} and unit = ${held.unit} and period @> ${held.start}::timestamptz`;
  assert.equal(found.length, 1, "the index was to have lost one of the two");
}
