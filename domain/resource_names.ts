import type { Db } from "../db/types.ts";

/** The names of resources, in their order. */
export async function listNames(db: Db, ids: readonly string[]): Promise<string[]> {
  const rows = await db<{ name: string }[]>`
    select name from resources where id = any(${[...ids]}) order by lower(name)`;
  return rows.map(({ name }) => name);
}

/** The resources that people name, whatever their case; and the names that none has. */
export async function findByNames(
  db: Db,
  names: readonly string[],
): Promise<{ ids: string[]; unknown: string[] }> {
  const wanted = names.map((name) => name.trim()).filter(Boolean);
  const rows = await db<{ id: string | null; said: string }[]>`
    select n.said, r.id from unnest(${wanted}::text[]) with ordinality as n (said, place)
    left join resources r on lower(r.name) = lower(n.said) order by n.place`;
  return {
    ids: rows.flatMap(({ id }) => id ?? []),
    unknown: rows.flatMap(({ id, said }) => id === null ? [said] : []),
  };
}

/** What can be reserved by itself, by name, to choose from: at most `limit`. */
export function listChoices(db: Db, limit: number): Promise<{ id: string; name: string; kind: string }[]> {
  return db<{ id: string; name: string; kind: string }[]>`
    select id, name, kind from resources where deactivated_at is null and not accessory
    order by lower(name), id limit ${limit}`;
}

/** The kinds and tags that there are, for filters to choose from. */
export async function listKindsAndTags(db: Db): Promise<{ kinds: string[]; tags: string[] }> {
  const [row] = await db<{ kinds: string[]; tags: string[] }[]>`
    select
      (select coalesce(array_agg(distinct kind order by kind), '{}') from resources
        where deactivated_at is null and not accessory)
        as kinds,
      (select coalesce(array_agg(distinct tag order by tag), '{}')
        from resources, unnest(tags) tag where deactivated_at is null) as tags`;
  return row;
}
