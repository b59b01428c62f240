import { z } from "zod";
import { AnyOf } from "../../domain/alike.ts";
import { readInstant } from "../../domain/periods.ts";
import { Purpose, text, Why } from "../../domain/texts.ts";

const EXAMPLE = "Give a time with its offset, such as 2026-05-31T14:30:00+02:00";

/** A moment as programs write it (RFC 3339, with an offset). */
export const Time = z.string(EXAMPLE).refine((text) => instantOf(text) !== undefined, EXAMPLE)
  .meta({ format: "date-time", examples: ["2027-03-01T09:00:00+01:00"] });

// Ids are compared as text, and RFC 9562 lets them come in capitals.
const Id = z.guid("Give the id of a resource").toLowerCase();

const NamedResources = {
  resource_id: Id.optional(),
  resource_ids: z.array(Id, "Give a list of ids").min(1, "Name at least one resource")
    .max(20, "Name at most 20 resources").optional(),
  quantities: z.record(
    Id,
    z.int("Give a whole number").min(1, "Give a number from 1").max(500, "At most 500"),
  )
    .optional().describe("How many units of which resource; of what is not named here, one"),
};

/** An answer has both, so both may be sent back; but nothing that is named is left out silently. */
export const AGREE = {
  path: ["resource_id"],
  message: "resource_ids leaves this resource out: name it there, or send only one of the two",
};
/** Whether the one resource that is named is among the several. */
export function agree(named: { resource_id?: string; resource_ids?: string[] }): boolean {
  return !named.resource_id || !named.resource_ids || named.resource_ids.includes(named.resource_id);
}

interface Named {
  resource_id?: string;
  resource_ids?: string[];
  quantities?: Record<string, number>;
  any_of?: AnyOf;
}

const SOMETHING = {
  path: ["resource_id"],
  message: "Name a resource: resource_id, resource_ids for several, or any_of for any that will do",
};
function namesSomething({ resource_id, resource_ids, any_of }: Named): boolean {
  return Boolean(resource_id || resource_ids || any_of);
}

const ONE_OR_THE_OTHER = {
  path: ["any_of"],
  message: "Name resources, or any_of in their place: not both",
};
function namesOneOrTheOther({ resource_id, resource_ids, quantities, any_of }: Named): boolean {
  return !any_of || !(resource_id || resource_ids || quantities);
}

/** A wish as programs send it. */
export const NewReservation = z.object({
  ...NamedResources,
  any_of: AnyOf.optional().describe(
    "In place of resources: whichever of this kind or with this tag is free, or comes free, and has the fewest places " +
      "that are enough for the attendees; those that nobody has to approve first",
  ),
  start_time: Time,
  end_time: Time,
  purpose: Purpose.optional(),
  private: z.boolean("Say true or false").optional(),
  priority: z.number("Give a whole number from 0 to 100").int().min(0).max(100).optional(),
  attendees: z.number("Give a whole number").int("Give a whole number").min(1).max(100_000).optional(),
  answers: z.record(z.string(), text(500)).optional(),
  attested: z.boolean("Say true or false").optional(),
  override: Why.optional(),
}).refine(namesSomething, SOMETHING).refine(namesOneOrTheOther, ONE_OR_THE_OTHER).refine(agree, AGREE).meta({
  id: "NewReservation",
});

const LENGTH = "Give a length in minutes";

/** A wish for what is taken. */
export const NewWaitlistEntry = z.object({
  ...NewReservation.shape,
  minutes: z.number(LENGTH).int(LENGTH).min(1, LENGTH).max(44_640, LENGTH).optional(),
}).omit({ priority: true, override: true }).refine(namesSomething, SOMETHING)
  .refine(namesOneOrTheOther, ONE_OR_THE_OTHER).refine(agree, AGREE).meta({ id: "NewWaitlistEntry" });

/** What a change of a reservation may name. */
export const ReservationChange = z.object({
  ...NamedResources,
  start_time: Time.optional(),
  end_time: Time.optional(),
  purpose: Purpose.optional(),
  private: z.boolean("Say true or false").optional(),
}).refine(agree, AGREE).meta({ id: "ReservationChange" });

/** Where an approver moves a reservation to. */
export const Rescheduling = z.object({
  ...NamedResources,
  start_time: Time,
  end_time: Time,
  reason: Why.optional(),
}).refine(agree, AGREE).meta({ id: "Rescheduling" });

/** Which change of an approved reservation is withdrawn. */
export const Withdrawal = z.object({ change: z.string("Give the id of the proposed change") });

/** A moment in the address. */
export const TimeInAddress = timeInAddress("2026-05-31T12:30:00Z");

/** The same with another example. */
export function timeInAddress(example: string) {
  return z.string(EXAMPLE).meta({ format: "date-time", examples: [example] }).transform((text, context) => {
    // A plus that was not encoded arrives as a blank.
    const instant = instantOf(text.replace(/ (?=\d{2}:\d{2}$)/, "+"));
    if (instant) return instant;
    context.addIssue({ code: "custom", message: EXAMPLE });
    return z.NEVER;
  });
}

/** A time on the clock of the wall. */
export const WallDate = z.string().regex(
  /^[1-8]\d{3}-\d\d-\d\dT\d\d:\d\d$/,
  "Give a time such as 2026-05-31T14:30",
)
  .meta({ examples: ["2026-05-31T14:30"] });

/** The id of a thing in the address: `what` it is of. */
export function idOf(what: string) {
  return z.guid(`Give the id of ${what}`);
}

/** The instant that a checked text means, to the millisecond; undefined where there is no such moment. */
export function instantOf(text: string): Temporal.Instant | undefined {
  return readInstant(text)?.round({ smallestUnit: "millisecond", roundingMode: "floor" });
}
