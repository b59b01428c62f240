import { Invalid } from "./errors.ts";

/** How many of each resource are wanted, by its id; of what is not named, one. */
export type Quantities = Readonly<Record<string, number>>;

/** Which resources are wanted, and how many units of each: all of it together. */
export interface Wanted {
  /** Each once. */
  resource_ids: readonly string[];
  quantities?: Quantities;
}

/**
 * A wish as it is looked at everywhere: each resource once, in one order, and only such quantities as say something.
 *
 * @throws {Invalid} for a quantity of what is not wanted
 */
export function wantedOf(resource_ids: readonly string[], quantities: Quantities = {}) {
  const ids = [...new Set(resource_ids)].sort();
  if (!Object.keys(quantities).every((id) => ids.includes(id))) {
    const message = "Say how many only of what is reserved: name the resource, too";
    throw new Invalid([{ path: "quantities", message }]);
  }
  return { resource_ids: ids, quantities: severalOf({ resource_ids: ids, quantities }) };
}

/** How many of one resource are wanted. */
export function quantityOf(quantities: Quantities | undefined, resource_id: string): number {
  return quantities?.[resource_id] ?? 1;
}

/** What a reservation asked for, so that it can be asked for again. */
export function wantedBy(
  { resources }: { resources: readonly { id: string; quantity: number }[] },
): { resource_ids: string[]; quantities: Quantities } {
  const quantities = Object.fromEntries(resources.map(({ id, quantity }) => [id, quantity]));
  const resource_ids = resources.map(({ id }) => id);
  return { resource_ids, quantities: severalOf({ resource_ids, quantities }) };
}

/** Only what is wanted more than once, of what is wanted at all: as it is kept. */
export function severalOf({ resource_ids, quantities }: Wanted): Quantities {
  const several = resource_ids.flatMap((id) => {
    const quantity = quantityOf(quantities, id);
    return quantity === 1 ? [] : [[id, quantity] as const];
  });
  return Object.fromEntries(several);
}

/** Whether two wishes are for as many of the same resources. */
export function wantSame(one: Wanted, other: Wanted): boolean {
  const text = ({ resource_ids, quantities }: Wanted) =>
    resource_ids.map((id) => `${id} ${quantityOf(quantities, id)}`).sort().join();
  return text(one) === text(other);
}

/** `Projector`, or `3 × Projector`. */
export function countedName({ name, quantity }: { name: string; quantity: number }): string {
  return quantity === 1 ? name : `${quantity} × ${name}`;
}

/** Whether a wish is for no more than what is had, of the same resources. */
export function isWithin(wish: Wanted, had: Wanted): boolean {
  return wantSame({ resource_ids: wish.resource_ids }, { resource_ids: had.resource_ids }) &&
    wish.resource_ids.every((id) => quantityOf(wish.quantities, id) <= quantityOf(had.quantities, id));
}

/** What the record says of how many there are and were, where that is more than one of anything. */
export function quantityDetails(
  before: { resources: readonly { id: string; quantity: number }[] },
  wish: Wanted,
): { quantities?: Quantities; previous_quantities?: Quantities } {
  const [quantities, previous_quantities] = [severalOf(wish), wantedBy(before).quantities];
  const said = Object.keys(quantities).length + Object.keys(previous_quantities).length > 0;
  return said ? { quantities, previous_quantities } : {};
}
