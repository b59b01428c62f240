import fc from "fast-check";
import { approve, deny } from "../../../domain/approvals.ts";
import { bump } from "../../../domain/bumps.ts";
import { delegate, endDelegation } from "../../../domain/delegations.ts";
import { rescheduleAsApprover } from "../../../domain/edits.ts";
import { addMember, removeMember } from "../../../domain/groups.ts";
import { approveChange, denyChange } from "../../../domain/proposals.ts";
import { ask } from "../../../domain/questions.ts";
import { dropApprover, nameApprover } from "../../../domain/resource_approvers.ts";
import { decideSeveral } from "../../../domain/several.ts";
import {
  type Action,
  action,
  aim,
  idsOf,
  Nothing,
  periodOf,
  pick,
  place,
  slot,
  staff,
  which,
  type World,
} from "./world.ts";

const reason = "Because";
const waiting = (world: World, which: number, now: Temporal.Instant) =>
  aim(world, which, (v) => v.status === "pending" && v.start_time > `${now}`);
const asked = (world: World, which: number) => pick(world.seen.reservations.filter((v) => v.change), which);

/** What those do who decide, and who says who they are. */
export const DECIDING: Action[] = [
  action("approve", 5, 42, { who: staff, which }, (world, sql, a, now) => {
    const { id, version } = waiting(world, a.which, now);
    return approve(sql, world.cast[a.who], a.which % 2 ? { id, version } : { id, reason }, now);
  }),
  action("approve with override", 4, 41, { who: staff, which }, (world, sql, a, now) => {
    const { id } = waiting(world, a.which, now);
    return approve(sql, world.cast[a.who], { id, force_override: true, reason }, now);
  }),
  action("deny", 2, 17, { who: staff, which }, (world, sql, a, now) => {
    const { id, version } = waiting(world, a.which, now);
    return deny(sql, world.cast[a.who], { id, reason, version }, now);
  }),
  action(
    "decide several",
    3,
    6,
    { who: staff, which, verb: fc.constantFrom("approve", "deny") },
    async (world, sql, a, now) => {
      const tick = [0, 1, 2].map((i) => waiting(world, a.which + i, now)).map(({ id, version }) => ({
        id,
        version,
      }));
      const answered = await decideSeveral(sql, world.cast[a.who], { verb: a.verb, tick, reason }, now);
      if (answered.every(({ why }) => why)) throw new Nothing();
    },
  ),
  action("ask", 4, 16, { who: staff, which }, (world, sql, a, now) => {
    const { id } = waiting(world, a.which, now);
    return ask(sql, world.cast[a.who], { id, question: "How many?" }, now);
  }),
  action("bump", 2, 30, { who: staff, which }, (world, sql, a, now) => {
    const { id } = aim(world, a.which, (v) => v.status === "approved" && v.end_time > `${now}`);
    return bump(sql, world.cast[a.who], { id, reason }, now);
  }),
  action("reschedule", 3, 30, { who: staff, which, slot, place: fc.option(place) }, (world, sql, a, now) => {
    const { id } = aim(
      world,
      a.which,
      (v) => ["approved", "bumped"].includes(v.status) && v.end_time > `${now}`,
    );
    const where = a.place === null ? {} : { resource_ids: idsOf(world, [a.place]) };
    return rescheduleAsApprover(
      sql,
      world.cast[a.who],
      { id, reason, ...periodOf(a.slot, now), ...where },
      now,
    );
  }),
  action("approve a change", 5, 4, { who: staff, which, force: fc.boolean() }, (world, sql, a, now) => {
    const { id, change } = asked(world, a.which);
    return approveChange(sql, world.cast[a.who], { id, change: change!, force_override: a.force }, now);
  }),
  action("deny a change", 3, 4, { who: staff, which }, (world, sql, a, now) => {
    const { id, change } = asked(world, a.which);
    return denyChange(sql, world.cast[a.who], { id, change: change!, reason }, now);
  }),
  action(
    "name an approver",
    1,
    5,
    { place, who: fc.constantFrom("sue", "sam", "group") },
    (world, sql, a, now) => {
      const approver = a.who === "group" ? `group:${world.group}` : `user:${world.cast[a.who as "sue"].id}`;
      return nameApprover(sql, world.cast.ada, { id: idsOf(world, [a.place])[0], approver }, now);
    },
  ),
  action(
    "drop an approver",
    1,
    5,
    { place, who: fc.constantFrom("sue", "sam", "group") },
    (world, sql, a, now) => {
      const approver = a.who === "group" ? `group:${world.group}` : `user:${world.cast[a.who as "sue"].id}`;
      return dropApprover(sql, world.cast.ada, { id: idsOf(world, [a.place])[0], approver }, now);
    },
  ),
  action(
    "join or leave the group",
    1,
    5,
    { who: fc.constantFrom("sam", "sue"), joins: fc.boolean() },
    (world, sql, a, now) => {
      const { id, email } = world.cast[a.who];
      return a.joins
        ? addMember(sql, world.cast.ada, { id: world.group, email }, now)
        : removeMember(sql, world.cast.ada, { id: world.group, user_id: id }, now);
    },
  ),
  action(
    "let another decide",
    1,
    5,
    { who: fc.constantFrom("sam", "sue"), days: fc.nat(2) },
    (world, sql, a, now) => {
      const to_user_id = world.cast[a.who === "sam" ? "sue" : "sam"].id;
      const today = now.toZonedDateTimeISO("Europe/Berlin").toPlainDate();
      const until = `${today.add({ days: a.days })}`;
      return delegate(sql, world.cast[a.who], { to_user_id, from: `${today}`, until }, now);
    },
  ),
  action(
    "come back",
    1,
    5,
    { which },
    (world, sql, a, now) => endDelegation(sql, world.cast.ada, pick(world.seen.absences, a.which).id, now),
  ),
];
