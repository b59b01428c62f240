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

/** One of the resources that can be chosen. */
export interface ResourceChoice {
  id: string;
  name: string;
}

/**
 * What else can be reserved by itself, to choose from in place of a resource or beside it: what is ticked already, then
 * what is of its kind, then what is in its house (what a location says before its first comma), then by name.
 *
 * @param options.q only what has this in its name or location; what is ticked is always there
 * @param options.alike only what is of its kind
 * @returns at most `limit`, and whether there is more
 */
export async function listChoices(
  db: Db,
  { id, kind, location }: { id: string; kind: string; location: string },
  { limit, alike = false, q = "", ticked = [] }: {
    limit: number;
    alike?: boolean;
    q?: string;
    ticked?: readonly string[];
  },
): Promise<{ choices: ResourceChoice[]; more: boolean }> {
  const words = `%${q.replace(/[\\%_]/g, "\\$&")}%`;
  const rows = await db<ResourceChoice[]>`
    select id, name from resources
    where deactivated_at is null and not accessory and id <> ${id} ${alike ? db`and kind = ${kind}` : db``}
      and (name ilike ${words} or location ilike ${words} or id = any(${[...ticked]}::uuid[]))
    order by id <> all(${[...ticked]}::uuid[]), kind <> ${kind},
      split_part(location, ',', 1) <> split_part(${location}, ',', 1), lower(name), id
    limit ${limit + 1}`;
  return { choices: rows.slice(0, limit), more: rows.length > limit };
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
