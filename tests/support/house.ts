import { request } from "../../domain/requests.ts";
import { listResources, type ResourceFilter } from "../../domain/resource_list.ts";
import { type NewResource } from "../../domain/resources.ts";
import { makeCast, makeResource, NOW, on } from "./cast.ts";
import { testDatabase } from "./database.ts";
import { assertSound } from "./invariants.ts";

export const TEN = on("2026-05-05", "10:00", "11:00");

/** A house in which Ada makes what there is to reserve; what is stored is sound when the test is over. */
export async function house() {
  const database = await testDatabase();
  const { sql } = database;
  const cast = await makeCast(sql);
  return {
    ...database,
    cast,
    make: (resource: Partial<NewResource> & { name: string }) => makeResource(sql, cast.ada, resource),
    ask: (resource_id: string, period = TEN) =>
      request(sql, cast.bob, { ...period, resource_ids: [resource_id] }, NOW),
    names: async (filter: Partial<ResourceFilter> = {}, now = NOW) =>
      (await listResources(sql, { limit: 50, ...filter }, now)).map((r) => r.name),
    async [Symbol.asyncDispose]() {
      await assertSound(sql);
      await database[Symbol.asyncDispose]();
    },
  };
}
export type House = Awaited<ReturnType<typeof house>>;
