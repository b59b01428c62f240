import { z } from "zod";
import type { Quantities } from "../domain/quantities.ts";
import type { Reservation, ReservedResource } from "../domain/reservations.ts";
import { isId } from "../lib/ids.ts";
import { check, type Values } from "./forms.ts";

// What a form says of quantities, of accessories, and of what is reserved beside its first resource.

const Units = z.object({
  units: z.coerce.number("Give a whole number").int("Give a whole number").min(1, "Give a number from 1")
    .max(500, "At most 500"),
});

/**
 * How many units were typed; where the form does not ask, as many as the reservation has of what it changes.
 *
 * @throws {Invalid} naming the field
 */
export function readUnits({ units }: Values, reservation?: Reservation): number {
  if (units?.trim()) return check(Units, { units }).units;
  return reservation?.resources[0]?.quantity ?? 1;
}

const WITH = "with_";
/** Of another resource of the same reservation. */
const AND = "and_";
const ALSO = "also_";
const Some = z.coerce.number("Give a whole number").int("Give a whole number").min(0, "Give a number from 0")
  .max(500, "At most 500");
const SomeOfEach = z.record(z.string(), Some);

/**
 * How many of the first of these resources, what is ticked to be had with it, and what is typed of accessories beside.
 *
 * @throws {Invalid} naming the field
 */
export function withAccessories(resource_ids: readonly string[], units: number, values: Values) {
  const had = typedUnder(WITH, values).filter(([id, some]) => isId(id) && some > 0);
  return {
    resource_ids: [...resource_ids, ...alsoIn(values), ...had.map(([id]) => id)],
    quantities: { [resource_ids[0]]: units, ...Object.fromEntries(had) },
  };
}

/**
 * What a form says of the first resource of a reservation, and of the others: what it does not ask about stays.
 *
 * @throws {Invalid} naming the field
 */
export function besideOthers(
  reservation: Reservation,
  { resource_ids: [first] }: { resource_ids: string[] },
  values: Values,
): { resource_ids: string[]; quantities: Quantities } {
  const asks = Object.keys(values).some((name) => name.startsWith(WITH));
  const typed = new Map(typedUnder(AND, values));
  const stay = reservation.resources.slice(1)
    .filter(({ id, accessory }) => id !== first && (!asks || !accessory))
    .map(({ id, quantity }) => [id, typed.get(id) ?? quantity] as const)
    .filter(([, quantity]) => quantity > 0);
  const ids = [first, ...stay.map(([id]) => id)];
  const wanted = withAccessories(ids, readUnits(values, reservation), values);
  return { ...wanted, quantities: { ...Object.fromEntries(stay), ...wanted.quantities } };
}

/** What a reservation has beside its first resource, as its form has it. */
export function asTypedBeside(others: readonly ReservedResource[]): Values {
  return Object.fromEntries(
    others.map(({ id, quantity, accessory }) => [`${accessory ? WITH : AND}${id}`, String(quantity)]),
  );
}

function typedUnder(prefix: string, values: Values): (readonly [id: string, some: number])[] {
  const typed = Object.entries(values).filter(([name, value]) => name.startsWith(prefix) && value?.trim());
  return Object.entries(check(SomeOfEach, Object.fromEntries(typed)))
    .map(([name, some]) => [name.slice(prefix.length), some] as const);
}

/** What is ticked to be had together with the first. */
export function alsoIn(values: Values): string[] {
  const ids = Object.keys(values).filter((name) => name.startsWith(ALSO) && values[name] === "on")
    .map((name) => name.slice(ALSO.length));
  return ids.filter((id) => isId(id) && id !== values.resource);
}
