import assert from "node:assert/strict";
import type { Client, Json } from "./app.ts";
import { makeResource } from "./cast.ts";
import { openScene } from "./scene.ts";

export const TEN = { start_time: "2026-05-05T08:00:00Z", end_time: "2026-05-05T09:00:00Z" };

/** Two rooms that are had at once and one that wants approval, and who asks for them by programs. */
export async function rooms() {
  const scene = await openScene();
  const { sql, cast, site } = scene;
  const a = await makeResource(sql, cast.ada, { name: "Hall A", capacity: 10 });
  const b = await makeResource(sql, cast.ada, { name: "Hall B", capacity: 12 });
  const great = await makeResource(sql, cast.ada, { name: "Great Hall", requires_approval: true });
  const [alice, bob, sam] = await Promise.all([cast.alice, cast.bob, cast.sam].map(site.as));
  return { ...scene, a, b, great, alice, bob, sam };
}

export const reserve = (who: Client, resource_id: string, wish: Record<string, unknown> = {}) =>
  who.call("POST", "/reservations", { resource_id, ...TEN, ...wish });

export async function reserved(
  who: Client,
  resource_id: string,
  wish: Record<string, unknown> = {},
): Promise<Json> {
  const answer = await reserve(who, resource_id, wish);
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}
