import { z } from "zod";
import { SCOPES } from "../../domain/auth/tokens.ts";
import { WAITLIST_STATUSES } from "../../domain/offers.ts";
import { NewPolicy } from "../../domain/policies.ts";
import { ROLES } from "../../domain/permissions.ts";
import { Recurrence } from "../../domain/recurrence.ts";
import { STATUSES } from "../../domain/transitions.ts";

// What answers have in them. The document is made of these, and the tests hold every answer against them.

const Id = z.guid();
const Instant = z.iso.datetime().meta({ examples: ["2027-03-01T08:00:00Z"] });
const Wall = z.string().meta({ examples: ["2027-03-01T09:00"] });
const Text = z.string();
const State = z.record(Text, z.unknown());

const Slot = { resource_ids: z.array(Id), start_time: Instant, end_time: Instant };
const quantities = z.record(Text, z.int()).describe("How many units of each");
const Kept = { created_at: Instant, updated_at: Instant };

export const User = z.strictObject({
  ...{ id: Id, email: Text, name: Text, role: z.enum(ROLES) },
  time_zone: Text.nullable().describe("Their own choice; null: that of the site"),
  active: z.boolean().describe("False: the account is closed"),
  ...Kept,
}).meta({ id: "User" });

export const Resource = z.strictObject({
  ...{ id: Id, name: Text, kind: Text, description: Text, location: Text },
  capacity: z.int().nullable(),
  units: z.int().describe("So many are there, of which any one will do"),
  ...{ time_zone: Text, tags: z.array(Text), policy_id: Id.nullable() },
  requires_approval: z.boolean(),
  part_ids: z.array(Id).describe(
    "What it is directly composed of: reserved together with it, each blocks it",
  ),
  accessory: z.boolean().describe("Reserved only with something else; how many is said in `quantities`"),
  offered_with: z.array(Id).describe("With what an accessory is offered; none: with all"),
  active: z.boolean().describe("False: out of service"),
  ...Kept,
}).meta({ id: "Resource" });

export const Group = z.strictObject({
  ...{ id: Id, name: Text, members: z.int() },
  resources: z.int().describe("On so many it decides"),
  member_ids: z.array(Id),
}).meta({ id: "Group" });

export const Delegation = z.strictObject({
  id: Id,
  user_id: Id.describe("Who is away"),
  to_user_id: Id.describe("Who decides meanwhile"),
  ...{ starts_at: Instant, ends_at: Instant, created_at: Instant },
}).meta({ id: "Delegation" });

export const Policy = z.strictObject({
  id: Id,
  ...NewPolicy.shape,
  trusts: z.array(Id).describe("People whose requests are approved at once"),
  trusted_groups: z.array(Id).describe("Groups whose members' requests are"),
  resources: z.int().optional().describe("How many follow it; told in lists"),
}).meta({ id: "Policy" });

export const Reservation = z.strictObject({
  id: Id,
  reference: Text.meta({ examples: ["R-1042"] }).describe("What people read aloud"),
  ...Slot,
  quantities,
  resource_id: Id.nullable().describe("The first of `resource_ids`"),
  requester_id: Id,
  status: z.enum(STATUSES),
  purpose: Text,
  private: z.boolean().describe("Others see that it is taken, not by whom or for what"),
  priority: z.int(),
  attendees: z.int().nullable(),
  answers: z.record(Text, Text).describe("To the questions of the policy"),
  decision_reason: Text.nullable(),
  check_in_from: Instant.nullable().describe("From when on one can check in; null: nobody has to"),
  check_in_until: Instant.nullable().describe("When it is too late: who has not come by then is a no-show"),
  series_id: Id.nullable().describe("The series that it is a date of"),
  ...Kept,
  proposed_change: z.strictObject({ id: Id, ...Slot, quantities, proposed_at: Instant, decide_by: Instant })
    .optional()
    .describe("A change that waits for a decision; the reservation stays as it is until then"),
}).meta({ id: "Reservation" });

export const WaitlistEntry = z.strictObject({
  ...{ id: Id, requester_id: Id, ...Slot, quantities },
  any_of: z.strictObject({ kind: Text.optional(), tag: Text.optional(), quantity: z.int().optional() })
    .nullable()
    .describe(
      "What any one resource has to be like: `resource_ids` is empty until one is offered; null: they are named",
    ),
  minutes: z.int().nullable().describe(
    "A slot of that length between the two is wanted; null: the very slot",
  ),
  ...{ purpose: Text, private: z.boolean(), attendees: z.int().nullable(), answers: z.record(Text, Text) },
  status: z.enum(WAITLIST_STATUSES),
  place: z.int().nullable().describe("From 1, among those whose wishes meet; null: they do not wait"),
  bumped: z.boolean().describe("What they had was given to another: they go first"),
  offer: z.strictObject({ id: Id, start_time: Instant, end_time: Instant, expires_at: Instant }).nullable()
    .describe("What is held for them, until it expires"),
  reservation_id: Id.nullable().describe("What came of it"),
  ...Kept,
}).meta({ id: "WaitlistEntry" });

const Rival = z.strictObject({
  reservation_id: Id.nullable().describe("Null: it is closed, and `purpose` says why; or it is offered"),
  reference: Text.nullable(),
  offered: z.boolean().optional().describe("Whether it is held for somebody on the waitlist"),
  ...{ resource_name: Text, requester_name: Text, purpose: Text, start_time: Instant, end_time: Instant },
});

export const Waiting = z.strictObject({
  ...Reservation.omit({ proposed_change: true }).shape,
  requester_name: Text,
  conflicts: z.array(Rival).describe("What has the time"),
  competitors: z.array(Rival).describe("Who else asks for it"),
  question: Text.nullable().describe("What the requester was asked and has not answered"),
}).meta({ id: "Waiting" });

export const Entry = z.strictObject({
  id: Text,
  actor_id: Id.nullable().describe("Null: time decided"),
  action: Text,
  details: State,
  previous_state: State.nullable(),
  at: Instant,
}).meta({ id: "HistoryEntry" });

export const AuditEntry = z.strictObject({
  ...{ id: Text, at: Instant, actor_id: Id.nullable(), actor_name: Text.nullable(), action: Text },
  ...{ subject_kind: Text, subject_id: Id, subject_name: Text, reservation_id: Id.nullable() },
  ...{ details: State, previous_state: State.nullable(), after_state: State.nullable() },
  request_id: Text.nullable(),
}).meta({ id: "AuditEntry" });

const Repeats = z.strictObject({
  frequency: z.enum(["daily", "weekly", "yearly"]),
  weekdays: z.array(z.int()).optional(),
  until: Text.optional(),
  count: z.int().optional(),
});

export const Closure = z.strictObject({
  ...{ id: Id, reason: Text },
  everything: z.boolean().describe("Every resource, also those that are added later"),
  ...Slot,
  ...{ start_wall: Wall, end_wall: Wall },
  time_zone: Text.nullable().describe("Whose clock the walls show; null: that of each resource"),
  repeats: Repeats.nullable(),
  dates: z.int().describe("How many dates it has"),
  ended_at: Instant.nullable(),
  ...Kept,
}).meta({ id: "Closure" });

export const ClosureMade = z.strictObject({
  ...Closure.shape,
  reservations: z.array(z.strictObject({
    reservation_id: Id,
    reference: Text,
    outcome: z.enum(["left", "cancelled", "moved"]),
    to: z.strictObject({ resource_id: Id, start_time: Instant, end_time: Instant }).optional(),
  })).describe("What became of the reservations in its way"),
}).meta({ id: "ClosureMade" });

const Period = z.strictObject({ start_time: Instant, end_time: Instant });

export const Availability = z.strictObject({
  ...{ busy: z.array(Period), free: z.array(Period) },
  counts: z.array(z.strictObject({ start_time: Instant, end_time: Instant, free_units: z.int() }))
    .describe("How many units are free when"),
}).meta({ id: "Availability" });

const Slotted = z.strictObject({
  ...{ resource_id: Id, resource_name: Text, kind: Text, location: Text, capacity: z.int().nullable() },
  ...{ time_zone: Text, start_time: Instant, end_time: Instant },
  needs_approval: Text.nullable().describe("Why an approver decides on it; null: nobody has to"),
  asks: z.boolean().describe("Whether something has to be confirmed or answered first"),
  reasons: z.array(z.strictObject({ code: Text, message: Text, drawback: z.boolean() }))
    .describe("What speaks for it, or against it"),
});

export const Found = z.strictObject({
  data: z.array(Slotted).describe("The best first"),
  next_cursor: Text.nullable().describe("Always null: these are all"),
  loosen: z.array(z.strictObject({
    wish: Text.describe("Which wish to give up"),
    message: Text,
    change: z.record(Text, Text).describe("What to ask for instead"),
    first: Slotted,
  })).describe("Where nothing was found"),
  quotas: z.array(Text).describe("What one has already and stands in the way"),
}).meta({ id: "Found" });

export const TokenPair = z.strictObject({
  access_token: Text,
  refresh_token: Text.describe("Good once: it is answered with the next"),
  token_type: z.literal("Bearer"),
  expires_in: z.int().describe("Seconds"),
}).meta({ id: "TokenPair" });

const KeptToken = {
  ...{ id: Id, name: Text, scope: z.enum(SCOPES), created_at: Instant, expires_at: Instant },
  last_used_at: Instant.nullable().describe("To the hour"),
};
export const Token = z.strictObject(KeptToken).meta({ id: "Token" });
export const TokenMade = z.strictObject({
  ...KeptToken,
  token: Text.describe("The secret: it is told this once"),
})
  .meta({ id: "TokenMade" });

const InFile = z.strictObject({
  line: z.int().describe("As an editor counts"),
  field: Text.describe("The column; empty: the whole line"),
  message: Text,
});
const Counted = z.strictObject({
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  more_errors: z.int().describe("So many beside those that are told"),
  unread_lines: z.int().describe("Lines that were not looked at any more, after so many errors"),
});
export const Imported = Counted.extend({ errors: z.array(InFile) }).meta({ id: "Imported" });

const Overlap = z.strictObject({
  reservation_id: Id.nullable().describe("Null: it is closed, or offered to somebody on the waitlist"),
  resource_id: Id,
  start_time: Instant,
  end_time: Instant,
  part_id: Id.optional().describe("The part of the resource that is taken, where it is not all of it"),
  closure_id: Id.optional(),
  reason: Text.optional(),
  offered_until: Instant.optional().describe("Until when it is held for somebody on the waitlist"),
});

export const Series = z.strictObject({
  ...{ id: Id, requester_id: Id, recurrence: Recurrence },
  words: Text.meta({ examples: ["every second Tuesday and Thursday until 18 June"] }).describe(
    "The rule, read back",
  ),
  time_zone: Text.describe("Whose clock the walls show"),
  ...{
    start_wall: Wall,
    end_wall: Wall,
    resource_ids: Slot.resource_ids,
    quantities,
    purpose: Text,
    private: z.boolean(),
  },
  ...{ attendees: z.int().nullable(), answers: z.record(Text, Text) },
  dates: z.array(z.strictObject({
    ...{ reservation_id: Id, reference: Text, start_wall: Wall, start_time: Instant, end_time: Instant },
    status: z.enum(STATUSES),
  })),
  skipped: z.array(z.strictObject({ start_wall: Wall, reason: Text })).describe(
    "Dates that were left out, and why",
  ),
  ...Kept,
}).meta({ id: "Series" });

export const PlannedSeries = z.strictObject({
  time_zone: Text,
  dates: z.array(z.strictObject({
    start_wall: Wall,
    outcome: z.enum(["reserved", "moved", "skipped"]).describe("What would become of it"),
    ...{ start_time: Instant.nullable(), end_time: Instant.nullable() },
    problems: z.array(Text).describe("What stands in the way of the time that was asked for"),
    reasons: z.array(
      z.strictObject({ code: Text, message: Text, figure: z.number().nullable(), whose: Text }),
    ),
    conflicts: z.array(Overlap),
    needs_approval: Text.nullable().describe("Why an approver decides on it; null: nobody has to"),
  })),
}).meta({ id: "PlannedSeries" });

export const SeriesCancelled = z.strictObject({
  cancelled: z.int(),
  left: z.array(z.strictObject({ reference: Text, why: Text })).describe(
    "Dates that cannot be cancelled any more",
  ),
}).meta({ id: "SeriesCancelled" });

/** RFC 9457. */
export const Problem = z.strictObject({
  type: Text,
  title: Text,
  status: z.int(),
  detail: Text.describe("What is wrong and what to do about it, in a sentence"),
  request_id: Text.describe("What the log calls this request"),
  errors: z.array(
    z.strictObject({
      path: Text,
      message: Text,
      ...InFile.pick({ line: true, field: true }).partial().shape,
    }),
  ).optional()
    .describe("Of bad input: field by field, or of a file line by line"),
  ...Counted.partial().shape,
  conflicts: z.array(Overlap).optional().describe("What has the time already"),
  alternatives: z.array(z.looseObject({ resource_id: Id, start_time: Instant, end_time: Instant })).optional()
    .describe("The nearest slots that would do"),
  reasons: z.array(z.looseObject({ code: Text, message: Text })).optional()
    .describe("Each rule that says no"),
  results: z.array(z.looseObject({ action: Text, index: z.int(), status: z.int() })).optional()
    .describe("Of many in one call: what became of each"),
}).meta({ id: "Problem" });

const Result = z.strictObject({
  action: z.enum(["cancel", "create"]),
  index: z.int().describe("Its place in the list that it was sent in"),
  status: z.int().describe("What it would have been answered alone"),
  reservation: Reservation.optional(),
  problem: Problem.optional(),
});

export const BulkDone = z.strictObject({ results: z.array(Result) }).meta({ id: "BulkDone" });

/** One page of a list. */
export function listOf(item: z.ZodType) {
  return z.strictObject({
    data: z.array(item),
    next_cursor: Text.nullable().describe(
      "What to send as `cursor` for the next page; null: this is the last",
    ),
  });
}
