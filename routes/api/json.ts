import { z } from "zod";
import type { AuditEntry } from "../../domain/audit.ts";
import type { Entry } from "../../domain/history.ts";
import type { Reservation } from "../../domain/reservations.ts";
import type { Resource } from "../../domain/resources.ts";
import { statusAt } from "../../domain/transitions.ts";
import type { User } from "../../domain/users.ts";
import { readInstant } from "../../domain/periods.ts";
import { isId } from "../../lib/ids.ts";
import type { Context } from "../env.ts";
import { Invalid } from "../../domain/errors.ts";

const LIMIT = "Give a whole number from 1 to 200";

// What a thing looks like outside: one function per noun. Instants write themselves in UTC, with a `Z`.

export function userJson({ id, email, name, role, time_zone, disabled_at, created_at, updated_at }: User) {
  return { id, email, name, role, time_zone, active: disabled_at === null, created_at, updated_at };
}

export function resourceJson(resource: Resource) {
  const { id, name, kind, description, location, capacity, units, time_zone, tags, policy_id } = resource;
  const { requires_approval, part_ids, accessory, offered_with, deactivated_at, created_at, updated_at } =
    resource;
  const active = deactivated_at === null;
  return {
    ...{ id, name, kind, description, location, capacity, units, time_zone, tags, policy_id },
    ...{ requires_approval, part_ids, accessory, offered_with, active, created_at, updated_at },
  };
}

export function reservationJson(reservation: Reservation, now: Temporal.Instant) {
  const { id, reference, requester_id, start_time, end_time, purpose, priority } = reservation;
  const { private: secret, decision_reason, attendees, answers, created_at, updated_at } = reservation;
  const { check_in_from, check_in_until } = reservation;
  const resource_ids = reservation.resources.map((r) => r.id);
  const quantities = Object.fromEntries(reservation.resources.map((r) => [r.id, r.quantity]));
  const status = statusAt(reservation, now);
  return {
    ...{
      id,
      reference,
      resource_ids,
      resource_id: resource_ids[0] ?? null,
      quantities,
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
      check_in_from,
      check_in_until,
      series_id: reservation.series_id,
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

/** The part of a list that a call asks for. */
export const Paging = {
  limit: z.coerce.number(LIMIT).int(LIMIT).min(1, LIMIT).max(200, LIMIT).default(50),
  cursor: z.string().optional().describe("The `next_cursor` of the page before"),
};

/** What a list is asked for. @throws {Invalid} where the cursor is none of ours */
export function after<K>(
  { cursor }: { cursor?: string },
  read: (key: unknown) => K | undefined,
): K | undefined {
  if (!cursor) return undefined;
  const key = readCursor(cursor, read);
  if (!key) throw new Invalid([{ path: "cursor", message: "Give the next_cursor of the page before" }]);
  return key;
}

/** One page of a list, with the cursor of the next and a link to it where there is one. */
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
  if (next_cursor) {
    const next = new URL(c.req.url);
    next.searchParams.set("cursor", next_cursor);
    c.header("Link", `<${next.pathname}${next.search}>; rel="next"`, { append: true });
  }
  return { data: shown.map(shape), next_cursor };
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

/** The key of lists in the order of their start. */
export function startKey(key: unknown): { start_time: Temporal.Instant; id: string } | undefined {
  const { start_time, id } = key as { start_time?: unknown; id?: unknown };
  const instant = typeof start_time === "string" ? readInstant(start_time) : undefined;
  return instant && typeof id === "string" && isId(id) ? { start_time: instant, id } : undefined;
}

/** The key of lists in the order of names. */
export function nameKey(key: unknown): { name: string; id: string } | undefined {
  const { name, id } = key as { name?: unknown; id?: unknown };
  return typeof name === "string" && typeof id === "string" && isId(id) ? { name, id } : undefined;
}
