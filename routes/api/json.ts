import type { z } from "zod";
import type { AuditEntry } from "../../domain/audit.ts";
import type { Entry } from "../../domain/history.ts";
import type { Reservation } from "../../domain/reservations.ts";
import type { Resource } from "../../domain/resources.ts";
import { statusAt } from "../../domain/transitions.ts";
import type { User } from "../../domain/users.ts";
import { isId } from "../../lib/ids.ts";
import type { Context } from "../env.ts";
import { check } from "../forms.ts";
import { Refused } from "../refused.ts";
import { Invalid, NotFound } from "../../domain/errors.ts";

// What a thing looks like outside: one function per noun. Instants write themselves in UTC, with a `Z`.

export function userJson({ id, email, name, role, time_zone, disabled_at, created_at, updated_at }: User) {
  return { id, email, name, role, time_zone, active: disabled_at === null, created_at, updated_at };
}

export function resourceJson(resource: Resource) {
  const { id, name, kind, description, location, capacity, units, time_zone, tags, policy_id } = resource;
  const { requires_approval, deactivated_at, created_at, updated_at } = resource;
  const active = deactivated_at === null;
  return {
    ...{ id, name, kind, description, location, capacity, units, time_zone, tags, policy_id },
    ...{ requires_approval, active, created_at, updated_at },
  };
}

export function reservationJson(reservation: Reservation, now: Temporal.Instant) {
  const { id, reference, requester_id, start_time, end_time, purpose, priority } = reservation;
  const { private: secret, decision_reason, attendees, answers, created_at, updated_at } = reservation;
  const resource_ids = reservation.resources.map((r) => r.id);
  const status = statusAt(reservation, now);
  return {
    ...{
      id,
      reference,
      resource_ids,
      resource_id: resource_ids[0] ?? null,
      requester_id,
      start_time,
      end_time,
    },
    ...{
      status,
      purpose,
      private: secret,
      priority,
      attendees,
      answers,
      decision_reason,
      created_at,
      updated_at,
    },
  };
}

export function entryJson({ id, actor_id, action, details, previous_state, at }: Entry) {
  return { id, actor_id, action, details, previous_state: previous_state && inUtc(previous_state), at };
}

/** An entry of the audit. */
export function auditJson({ previous_state, after_state, ...entry }: AuditEntry) {
  return {
    ...entry,
    reservation_id: entry.subject_kind === "reservation" ? entry.subject_id : null,
    previous_state: previous_state && inUtc(previous_state),
    after_state: after_state && inUtc(after_state),
  };
}

// The database writes the instants of a JSON value with its own offset, which is +00:00.
function inUtc(state: Record<string, unknown>) {
  const write = (value: unknown) =>
    typeof value === "string" && /^\d{4}-\d\d-\d\dT.*\+00:00$/.test(value)
      ? value.replace("+00:00", "Z")
      : value;
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, write(value)]));
}

/**
 * The body of a call, as its schema reads it.
 *
 * @throws {Refused} where it is not JSON
 * @throws {Invalid} where it is not what the schema wants
 */
export async function body<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  return check(schema, await json(c));
}

/** The same, for a call that may come without a body. */
export async function optionalBody<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
  const empty = (await c.req.text()).trim() === "";
  return check(schema, empty ? {} : await json(c));
}

async function json(c: Context): Promise<unknown> {
  const type = c.req.header("content-type") ?? "";
  if (!/^application\/(.+\+)?json\b/i.test(type)) {
    throw new Refused(415, "Unsupported media type", "Send the body as application/json");
  }
  const text = await c.req.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, "Broken JSON", "The body is not JSON");
  }
}

/** The id in the address. @throws {NotFound} where it is no id at all */
export function idOf(c: Context, what: string): string {
  const id = c.req.param("id") ?? "";
  if (!isId(id)) throw new NotFound(what);
  return id;
}

/** The page of a list that a call asks for: `limit` and `cursor`. @throws {Invalid} */
export function paging<K>(c: Context, read: (key: unknown) => K | undefined): { limit: number; after?: K } {
  const { limit: typed = "50", cursor } = c.req.query();
  const limit = Number(typed);
  if (!Number.isInteger(limit) || limit < 1 || limit > 200) {
    throw new Invalid([{ path: "limit", message: "Give a whole number from 1 to 200" }]);
  }
  if (!cursor) return { limit };
  const after = readCursor(cursor, read);
  if (!after) throw new Invalid([{ path: "cursor", message: "Give the next_cursor of the page before" }]);
  return { limit, after };
}

/** One page of a list, with the cursor of the next where there is one. */
export function list<T>(
  c: Context,
  rows: readonly T[],
  limit: number,
  shape: (row: T) => unknown,
  key: (row: T) => unknown,
) {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next_cursor = rows.length > limit && last ? cursorOf(key(last)) : null;
  return c.json({ data: shown.map(shape), next_cursor });
}

const cursorOf = (key: unknown) =>
  new TextEncoder().encode(JSON.stringify(key)).toBase64({ alphabet: "base64url", omitPadding: true });

function readCursor<K>(cursor: string, read: (key: unknown) => K | undefined): K | undefined {
  try {
    return read(
      JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(cursor, { alphabet: "base64url" }))),
    );
  } catch {
    return undefined;
  }
}

/** The key of lists in the order of names. */
export function nameKey(key: unknown): { name: string; id: string } | undefined {
  const { name, id } = key as { name?: unknown; id?: unknown };
  return typeof name === "string" && typeof id === "string" && isId(id) ? { name, id } : undefined;
}
