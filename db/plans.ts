import type { Db, Fragment } from "./types.ts";

// PostgreSQL plans a prepared statement anew at each execution for as long as plans made for its values look cheaper
// than the one for any values. Of a large statement that reads few rows, planning takes several times as long as
// running does. What does not show looks alike in both plans, and from the sixth execution on one is kept: a subquery
// without a table is run by itself, once, before the rest.

/**
 * An instant that the planner is not shown, for a hot statement whose plan is right for any.
 *
 * @see https://www.postgresql.org/docs/current/sql-prepare.html#SQL-PREPARE-NOTES
 */
export const unshown = (db: Db, instant: Temporal.Instant) => db`(select ${instant}::timestamptz)`;

/**
 * The same of an id. Of a person who has fewer rows than others in the sample of the last `analyze`, each plan would
 * look cheaper than one for anybody, and in a large house by more than it is thought to cost to plan.
 */
export const unshownId = (db: Db, id: string) => db`(select ${id}::uuid)`;

/** The same of ids. */
export const unshownIds = (db: Db, ids: readonly string[]) => db`(select ${[...ids]}::uuid[])::uuid[]`;

/**
 * The first rows of a list, as many as are wanted at most. The planner is always shown how many: the number stands in
 * the statement itself. Each number makes another statement, which every connection keeps with its plan for as long as
 * it lives (0.15 MB for one of average size, and callers may choose among 200 numbers), so only a few are asked for,
 * and what is over is cut off here.
 */
export async function firstOf<T>(
  db: Db,
  wanted: number,
  ask: (limit: Fragment) => PromiseLike<readonly T[]>,
): Promise<T[]> {
  const size = SIZES.find((size) => size >= wanted) ?? Math.ceil(wanted / 1000) * 1000;
  return (await ask(db`limit ${shown(db, size)}`)).slice(0, wanted);
}

// One more than a page, by which it is known whether there is another.
const SIZES = [1, 2, 11, 26, 51, 101, 201, 501, 1001];

/** Where a page of a list begins, for the same reason shown of the first page only. */
export const beginningAt = (db: Db, offset: number) => offset ? db`offset ${offset}` : db``;

// It is put together of digits that are written here, so that no text becomes SQL.
function shown(db: Db, number: number): Fragment {
  const digits = [db`0`, db`1`, db`2`, db`3`, db`4`, db`5`, db`6`, db`7`, db`8`, db`9`];
  return [...BigInt(number).toString()].reduce(
    (so_far, digit) => db`${so_far}${digits[Number(digit)]}`,
    db``,
  );
}
