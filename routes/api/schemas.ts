import { z } from "zod";
import { Invalid } from "../../domain/errors.ts";
import { Purpose } from "../../domain/texts.ts";

const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})$/;
const EXAMPLE = "Give a time with its offset, such as 2026-05-31T14:30:00+02:00";

/** A moment as programs write it (RFC 3339, with an offset). */
export const Time = z.string(EXAMPLE).refine((text) => instantOf(text) !== undefined, EXAMPLE);

const Id = z.uuid("Give the id of a resource");

/** A wish as programs send it. */
export const NewReservation = z.object({
  resource_id: Id.optional(),
  resource_ids: z.array(Id, "Give a list of ids").min(1, "Name at least one resource").max(
    20,
    "Name at most 20 resources",
  )
    .optional(),
  start_time: Time,
  end_time: Time,
  purpose: Purpose.optional(),
  private: z.boolean("Say true or false").optional(),
  priority: z.number("Give a whole number from 0 to 100").int().min(0).max(100).optional(),
}).refine((wish) => wish.resource_id || wish.resource_ids, {
  path: ["resource_id"],
  message: "Name a resource: resource_id, or resource_ids for several",
});

/** What a change of a reservation may name. */
export const ReservationChange = z.object({
  resource_id: Id.optional(),
  resource_ids: z.array(Id, "Give a list of ids").min(1, "Name at least one resource").max(
    20,
    "Name at most 20 resources",
  )
    .optional(),
  start_time: Time.optional(),
  end_time: Time.optional(),
  purpose: Purpose.optional(),
  private: z.boolean("Say true or false").optional(),
});

export const MinCapacity = z.object({
  min_capacity: z.coerce.number("Give a whole number").int("Give a whole number").min(
    1,
    "Give a number from 1",
  ).max(1e6),
});

/** A moment in the address. @throws {Invalid} naming the parameter */
export function timeIn(query: Record<string, string>, path: string): Temporal.Instant | undefined {
  const text = query[path];
  if (!text) return undefined;
  // A plus that was not encoded arrives as a blank.
  const instant = instantOf(text.replace(/ (?=\d{2}:\d{2}$)/, "+"));
  if (!instant) throw new Invalid([{ path, message: EXAMPLE }]);
  return instant;
}

/** The instant that a checked text means; undefined where there is no such moment. */
export function instantOf(text: string): Temporal.Instant | undefined {
  if (!RFC3339.test(text)) return undefined;
  try {
    return Temporal.Instant.from(text);
  } catch {
    return undefined;
  }
}
