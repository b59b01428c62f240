import fc from "fast-check";
import { changeReason, close, deleteClosure, NewClosure } from "../../../domain/closures.ts";
import { getPolicy, NewPolicy } from "../../../domain/policies.ts";
import { changePolicy } from "../../../domain/policy_changes.ts";
import { changeResource, deactivateResource, reactivateResource } from "../../../domain/resources.ts";
import { sweep } from "../../../domain/sweep.ts";
import { importFile } from "../../../domain/transfers/imports.ts";
import { csvLine } from "./csv.ts";
import {
  type Action,
  action,
  aim,
  idsOf,
  Nothing,
  periodOf,
  pick,
  place,
  places,
  requester,
  slot,
  staff,
  which,
} from "./world.ts";

const wallOf = (instant: Temporal.Instant) =>
  instant.toZonedDateTimeISO("Europe/Berlin").toPlainDateTime().toString({ smallestUnit: "minute" });

const kept = <T>(value: T) => fc.constantFrom<T | undefined>(undefined, undefined, value);

/** What is done by those who keep the house, and by time. */
export const KEEPING: Action[] = [
  action("sweep", 6, 150, { replicas: fc.constantFrom(1, 1, 2) }, async (world, _sql, a, now) => {
    await Promise.all(world.replicas.slice(0, a.replicas).map((sql) => sweep(sql, now)));
  }),
  action("close", 3, 30, {
    places,
    slot,
    everything: fc.constantFrom(false, false, false, true),
    daily: fc.integer({ min: 1, max: 3 }),
    reservations: fc.constantFrom("leave", "cancel", "move", undefined),
  }, (world, sql, a, now) => {
    const { start_time, end_time } = periodOf(a.slot, now);
    const closure = NewClosure.parse({
      ...{ reason: "Painters", everything: a.everything, reservations: a.reservations },
      resource_ids: a.everything ? [] : idsOf(world, a.places),
      ...{ start_wall: wallOf(start_time), end_wall: wallOf(end_time) },
      repeats: a.daily > 1 ? { frequency: "daily", count: a.daily } : null,
    });
    return close(sql, world.cast.ada, closure, now);
  }),
  action("say why it is closed", 1, 5, { which }, (world, sql, a, now) => {
    const { id } = pick(world.seen.closures, a.which);
    return changeReason(sql, world.cast.ada, { id, reason: `Painters ${a.which % 3}` }, now);
  }),
  action(
    "reopen",
    2,
    20,
    { which },
    (world, sql, a, now) => deleteClosure(sql, world.cast.ada, pick(world.seen.closures, a.which).id, now),
  ),
  action(
    "change units",
    2,
    20,
    { place: fc.constantFrom(1, 1, 4, 2), units: fc.integer({ min: 1, max: 4 }) },
    (world, sql, a, now) =>
      changeResource(sql, world.cast.ada, { id: idsOf(world, [a.place])[0], units: a.units }, now),
  ),
  action(
    "have more or fewer chairs",
    1,
    10,
    { units: fc.integer({ min: 2, max: 6 }) },
    (world, sql, a, now) => changeResource(sql, world.cast.ada, { id: world.chairs, units: a.units }, now),
  ),
  action(
    "offer the chairs with some, or with all",
    1,
    10,
    { places: fc.option(places) },
    (world, sql, a, now) => {
      const offered_with = a.places ? idsOf(world, a.places) : [];
      return changeResource(sql, world.cast.ada, { id: world.chairs, offered_with }, now);
    },
  ),
  action("change a resource", 1, 10, {
    place,
    requires_approval: kept(true),
    policy: fc.option(fc.nat(2)),
  }, (world, sql, { place, policy, requires_approval = false }, now) => {
    const id = idsOf(world, [place])[0];
    const policy_id = policy === null ? null : world.policies[policy];
    return changeResource(sql, world.cast.ada, { id, requires_approval, policy_id }, now);
  }),
  action(
    "deactivate",
    1,
    10,
    { place, future: fc.constantFrom("keep", "cancel") },
    (world, sql, a, now) =>
      deactivateResource(sql, world.cast.ada, { id: idsOf(world, [a.place])[0], future: a.future }, now),
  ),
  action(
    "reactivate",
    3,
    20,
    { place },
    (world, sql, a, now) => reactivateResource(sql, world.cast.ada, idsOf(world, [a.place])[0], now),
  ),
  action("change a policy", 2, 20, {
    policy: fc.nat(2),
    rules: fc.record({
      approval: fc.constantFrom("never", "always", "when"),
      pending_holds: fc.boolean(),
      hold_minutes: fc.constantFrom(null, 30, 90),
      buffer_before: fc.constantFrom(0, 5),
      buffer_after: fc.constantFrom(0, 10, 15),
      check_in: fc.boolean(),
      check_in_grace_minutes: fc.constantFrom(5, 15),
      open_at_most: fc.constantFrom(null, 4, 8),
      quotas: fc.constantFrom([], [{ per: "day", count: 2 }], [{ per: "week", minutes: 600 }]),
      self_approval: fc.boolean(),
    }),
    trusts: fc.option(requester),
  }, async (world, sql, a, now) => {
    const id = world.policies[a.policy];
    const { id: _id, version: _version, trusts: _trusts, trusted_groups: _groups, ...present } =
      await getPolicy(sql, id);
    const rules = NewPolicy.parse({ ...present, ...a.rules });
    const trusts = a.trusts ? [world.cast[a.trusts as "bob"].id] : [];
    await changePolicy(sql, world.cast.ada, { ...rules, id, trusts }, now);
  }),
  action("import new reservations", 4, 5, {
    who: staff,
    lines: fc.array(fc.record({ places, slot, whose: requester }), { minLength: 1, maxLength: 2 }),
    dry_run: fc.constantFrom(false, false, false, true),
  }, async (world, sql, a, now) => {
    const lines = a.lines.map(({ places, slot, whose }) => {
      const { start_time, end_time } = periodOf(slot, now);
      const names = places.map((place) => world.resources[place].name).join(";");
      return [world.cast[whose as "bob"].email, names, `${start_time}`, `${end_time}`, "From a file"];
    });
    const head = ["requester", "resources", "start_time", "end_time", "purpose"];
    const { created, errors } = await importFile(
      sql,
      world.cast[a.who as "sam"],
      {
        kind: "reservations",
        name: "new.csv",
        chunks: csvLine([head, ...lines]),
        dry_run: a.dry_run,
        time_zone: "UTC",
      },
      now,
    );
    if (errors.length > 0 || created === 0 || a.dry_run) throw new Nothing();
  }),
  action(
    "import changes",
    2,
    10,
    { who: staff, which, slot, moves: fc.boolean() },
    async (world, sql, a, now) => {
      const { reference } = aim(world, a.which, (v) => v.status === "approved" && v.start_time > `${now}`);
      const { start_time, end_time } = periodOf(a.slot, now);
      const line = a.moves
        ? [["reference", "start_time", "end_time"], [reference, `${start_time}`, `${end_time}`]]
        : [["reference", "purpose"], [reference, `Line ${a.which % 4}`]];
      const { updated, errors } = await importFile(
        sql,
        world.cast[a.who as "sam"],
        {
          kind: "reservations",
          name: "changes.csv",
          chunks: csvLine(line),
          dry_run: false,
          time_zone: "UTC",
        },
        now,
      );
      if (errors.length > 0 || updated === 0) throw new Nothing();
    },
  ),
  action(
    "import resources",
    1,
    5,
    { place, units: fc.integer({ min: 1, max: 4 }) },
    async (world, sql, a, now) => {
      const lines = [["name", "units"], [world.resources[a.place].name, String(a.units)]];
      const { updated } = await importFile(
        sql,
        world.cast.ada,
        {
          kind: "resources",
          name: "resources.csv",
          chunks: csvLine(lines),
          dry_run: false,
          time_zone: "UTC",
        },
        now,
      );
      if (updated === 0) throw new Nothing();
    },
  ),
];
