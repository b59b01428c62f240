import { z } from "zod";
import { type Quantities, severalOf } from "./quantities.ts";
import { text } from "./texts.ts";

/** What a resource has to be like, where any will do. */
export const AnyOf = z.object({
  kind: text(40).optional(),
  tag: text(60).transform((tag) => tag.toLowerCase()).optional(),
  quantity: z.int("Give a whole number").min(1, "Give a number from 1").max(500, "At most 500").optional()
    .describe("So many units of one resource; without it, one"),
}).refine(({ kind, tag }) => kind || tag, { path: ["kind"], message: "Name a kind or a tag" });
export type AnyOf = z.infer<typeof AnyOf>;

/** Only what was said: as it is kept. */
export function asKept({ kind, tag, quantity = 1 }: AnyOf): AnyOf {
  return { ...kind ? { kind } : {}, ...tag ? { tag } : {}, ...quantity > 1 ? { quantity } : {} };
}

/** A wish for any as one for a certain resource. */
export function thatOne<T extends { any_of: AnyOf }>({ any_of, ...wanted }: T, id: string) {
  return { ...wanted, resource_ids: [id], quantities: { [id]: any_of.quantity ?? 1 } };
}

/** How many of a certain resource that is, as it is kept: nothing where it is one. */
export function quantitiesOf({ quantity = 1 }: AnyOf, id: string): Quantities {
  return severalOf({ resource_ids: [id], quantities: { [id]: quantity } });
}

/** What is wanted, in words: `room with “screen” for 6 people`. */
export function likeInWords(
  { any_of: { kind, tag, quantity = 1 }, attendees }: { any_of: AnyOf; attendees?: number | null },
): string {
  return [
    kind || "resource",
    tag && `with “${tag}”`,
    quantity > 1 && `of which there are ${quantity}`,
    attendees && `for ${attendees} ${attendees === 1 ? "person" : "people"}`,
  ].filter(Boolean).join(" ");
}
