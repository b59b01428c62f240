import type { Tx } from "../types.ts";
import { quote } from "./tables.ts";

/** What is in a database that a backup would be put over, in words; nothing where it is as one that was just made. */
export async function findRows(tx: Tx): Promise<string | undefined> {
  const tables = await tx<{ name: string }[]>`
    select c.relname as name from pg_class c
    where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and c.relname not in ('migrations', 'runs')
      and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    order by 1`;
  for (const { name } of tables) {
    const [{ some }] = await tx<{ some: boolean }[]>`select exists (select from ${tx(name)}) as some`;
    if (some) return `its table “${name}” has rows`;
  }
}

/** Takes away all that is ours in the schema: an extension and what belongs to it stays. */
export async function clear(tx: Tx): Promise<void> {
  const things = await tx<{ statement: string }[]>`
    select format('drop %s if exists %I cascade', case relkind when 'v' then 'view' when 'm' then 'materialized view'
      when 'S' then 'sequence' else 'table' end, relname) as statement
    from pg_class c
    where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p', 'v', 'm', 'S')
      and not exists (
        select from pg_depend d where d.objid = c.oid and (d.deptype = 'e' or c.relkind = 'S' and d.deptype in ('a', 'i')))
    union all
    select format('drop routine if exists %s cascade', p.oid::regprocedure)
    from pg_proc p
    where pronamespace = current_schema()::regnamespace
      and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')
    union all
    select format('drop type if exists %I cascade', t.typname)
    from pg_type t
    where typnamespace = current_schema()::regnamespace and typtype in ('d', 'e')
      and not exists (select from pg_depend d where d.objid = t.oid and d.deptype = 'e')`;
  for (const { statement } of things) await tx.unsafe(statement);
}

/** How a trigger is put back to the state that it was in. */
const STATES: Record<string, string> = { O: "enable", R: "enable replica", A: "enable always" };

/**
 * Takes away what has no place while rows come in table by table: keys that lead to tables whose rows are not there yet,
 * and triggers that would tell of rows, or make others. And what is made many times faster of all rows at once than row
 * by row: indexes, with the constraints that keep periods apart.
 *
 * @returns what puts all of it back, and checks every row against it
 */
export async function dismantle(tx: Tx): Promise<() => Promise<void>> {
  const constraints = await tx<{ table: string; name: string; definition: string }[]>`
    select c.relname as table, k.conname as name, pg_get_constraintdef(k.oid) as definition
    from pg_constraint k join pg_class c on c.oid = k.conrelid
    where k.contype in ('f', 'x') and c.relnamespace = current_schema()::regnamespace order by k.contype desc, 1, 2`;
  const triggers = await tx<{ table: string; name: string; state: string }[]>`
    select c.relname as table, t.tgname as name, t.tgenabled::text as state
    from pg_trigger t join pg_class c on c.oid = t.tgrelid
    where not t.tgisinternal and t.tgenabled <> 'D' and c.relnamespace = current_schema()::regnamespace order by 1, 2`;
  const indexes = await tx<{ name: string; definition: string }[]>`
    select c.relname as name, pg_get_indexdef(c.oid) as definition
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = current_schema()::regnamespace
      and not exists (select from pg_constraint k where k.conindid = c.oid) order by 1`;
  const at = (table: string, what: string) => tx.unsafe(`alter table ${quote(table)} ${what}`);
  for (const { table, name } of triggers) await at(table, `disable trigger ${quote(name)}`);
  for (const { table, name } of constraints) await at(table, `drop constraint ${quote(name)}`);
  for (const { name } of indexes) await tx.unsafe(`drop index ${quote(name)}`);
  return async () => {
    // Those first that the keys are looked up by.
    for (const { definition } of indexes) await tx.unsafe(definition);
    for (const { table, name, definition } of constraints) {
      await at(table, `add constraint ${quote(name)} ${definition}`);
    }
    for (const { table, name, state } of triggers) await at(table, `${STATES[state]} trigger ${quote(name)}`);
  };
}
