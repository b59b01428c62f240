import type { Db } from "../types.ts";

/** A table as a backup has it. */
export interface Table {
  name: string;
  /** All but those that the database makes of others. */
  columns: string[];
  /** A row as a line in the text format of COPY: an expression of SQL. */
  line: string;
  /** Its key; none: the line itself. The same rows are the same lines in the same order, in every database. */
  order: string | null;
  /** About how many rows it has. */
  about: number;
}

/** Where a column of numbers goes on counting. */
export interface Sequence {
  table: string;
  column: string;
  last_value: string;
  is_called: boolean;
}

/** Every table of ours but the list of migrations, which stands in the head of a backup; by name. */
export function listTables(db: Db): Promise<Table[]> {
  return db<Table[]>`
    with columns as (
      select c.oid, c.relname, greatest(c.reltuples, 0)::int as about, a.attname, a.attnum,
        case
          when t.typname in ('uuid', 'int2', 'int4', 'int8', 'bool', 'timestamptz', 'timestamp', 'date', 'numeric', 'float8')
          then format('coalesce(%I::text, %L)', a.attname, '\\N')
          else format('coalesce(replace(replace(replace(replace(%I::text, %L, %L), E%L, %L), E%L, %L), E%L, %L), %L)',
            a.attname, '\\', '\\\\', E'\\t', '\\t', E'\\n', '\\n', E'\\r', '\\r', '\\N')
        end as cell,
        format(case when t.typcategory = 'S' then '%I collate "C"' else '%I' end, a.attname) as ordering,
        array_position(k.conkey, a.attnum) as place
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
      join pg_type t on t.oid = a.atttypid
      left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
      where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and c.relname <> 'migrations'
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
    )
    select relname as name, about, array_agg(attname::text order by attnum) as columns,
      string_agg(cell, ' || E''\\t'' || ' order by attnum) as line,
      string_agg(ordering, ', ' order by place) filter (where place is not null) as "order"
    from columns group by oid, relname, about order by relname collate "C"`;
}

/** Where each column that counts by itself goes on; never before what is in the rows that are seen at the same time. */
export async function listSequences(db: Db): Promise<Sequence[]> {
  const columns = await db<{ table: string; column: string; last_value: string | null; start: string }[]>`
    select c.relname as table, a.attname as column, s.start_value::text as start,
      pg_sequence_last_value(pg_get_serial_sequence(quote_ident(c.relname), a.attname)::regclass)::text as last_value
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_sequences s on s.schemaname = current_schema()
      and format('%I.%I', s.schemaname, s.sequencename) = pg_get_serial_sequence(quote_ident(c.relname), a.attname)
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
    order by c.relname collate "C", a.attnum`;
  return columns.map(({ table, column, start, last_value }) => ({
    ...{ table, column, last_value: last_value ?? start, is_called: last_value !== null },
  }));
}

/**
 * The rows of a table as lines, many at a time. The database keeps its place meanwhile: no more than one batch of them
 * is in memory.
 */
export async function* linesOf(db: Db, { name, line, order }: Table): AsyncGenerator<string[]> {
  const query = `select ${line} as line from ${quote(name)} order by ${order ?? `(${line}) collate "C"`}`;
  for await (const rows of db.unsafe<{ line: string }[]>(query).cursor(BATCH)) {
    yield rows.map((row) => row.line);
  }
}

const BATCH = 1_000;

/** A name as SQL writes it. */
export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
