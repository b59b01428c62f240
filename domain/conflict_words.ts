import type { ConflictingPeriod, InTheWay } from "./availability.ts";

/** What has a time, in a sentence without its full stop; no name where it is none of the viewer's. */
export function takenInWords(one: InTheWay): string {
  const { resource_name, part_name, whole_name, closure_id, reason, free_units, units } = one;
  const what = part_name ? `Part of ${resource_name}` : resource_name;
  if (one.offered_until) return `${what} is offered to ${one.mine ? "you" : "somebody on the waitlist"}`;
  const which = part_name ? `${part_name}, ` : "";
  if (closure_id) return `${what} is closed then: ${which}${reason}`;
  if (free_units > 0) {
    return `Only ${free_units} of ${units} ${resource_name} ${free_units > 1 ? "are" : "is"} free then`;
  }
  const who = one.hidden ? "" : one.mine ? " by you" : ` by ${one.requester_name}`;
  const how = [part_name, whole_name && `all of ${whole_name}`].filter(Boolean).join(", ");
  return `${what} is already taken${who}${how ? `: ${how}` : ""}`;
}

/** What a program is told of conflicts: no names. */
export function bare(conflicts: readonly InTheWay[]): ConflictingPeriod[] {
  return conflicts.map((
    { reservation_id, resource_id, start_time, end_time, closure_id, reason, part_id, offered_until },
  ) => ({
    reservation_id,
    resource_id,
    start_time,
    end_time,
    ...(part_id ? { part_id } : {}),
    ...(closure_id ? { closure_id, reason } : {}),
    ...(offered_until ? { offered_until } : {}),
  }));
}
