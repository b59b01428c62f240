import { drawSlots, type Random, seeded, type Slot } from "./demo_calendar.ts";
import { PEOPLE, type Person, RETIRED, type Thing, THINGS } from "./demo_catalogue.ts";
import { CANCELLED, denialsOf, purposesOf, type Scene, SCENES, type Tale, TALES } from "./demo_stories.ts";

/** One reservation of the demo from its asking to its end, before anything is stored. */
export interface Planned {
  things: Thing[];
  asker: Person;
  purpose: string;
  private: boolean;
  start_time: Temporal.Instant;
  end_time: Temporal.Instant;
  created_at: Temporal.Instant;
  /** What happens to it after the asking, in order. */
  steps: Step[];
}

export interface Step {
  action: "approve" | "deny" | "cancel";
  by: Person;
  reason?: string;
  at: Temporal.Instant;
}

/** What the plan depends on: the same gives the same. */
export interface Frame {
  now: Temporal.Instant;
  timeZone: string;
}

type Draft = Planned & { slot: Slot };

/** What goes along to a meeting now and then. */
const COMPANION = named("Projector");
const STAFF = PEOPLE.filter((person) => person.role === "staff");

/**
 * Plans a year of reservations, in the order in which they are asked for. No two of them ever want the same
 * unit at the same time, denied and cancelled ones included, but for requests that are meant to wait in the
 * way of each other: so it makes no difference which decision is stored first.
 */
export function planReservations(frame: Frame & { reservations: number }): Planned[] {
  const random = seeded(20_931);
  const told = [
    ...SCENES.flatMap((scene) => playScene(scene, frame, random)),
    ...TALES.map((tale) => playTale(tale, frame, random)),
  ];
  const wanted = Math.max(0, frame.reservations - told.length);
  const spare = Math.ceil(wanted / 50); // some turn out not to fit
  const today = (thing: Thing) => todayAt(thing, frame);
  const slots = drawSlots({ wanted: wanted + spare, taken: told.map((draft) => draft.slot), today }, random);
  const diary: Diary = new Map();
  const drawn = slots.map((slot) => live(slot, { frame, diary, random }));
  return withoutSurplus(told.concat(drawn), frame.reservations);
}

/** The zone of a thing: the site's, or that of the outpost, which is never the same. */
export function zoneOf(thing: Pick<Thing, "outpost">, timeZone: string): string {
  if (!thing.outpost) return timeZone;
  return timeZone === "America/New_York" ? "America/Los_Angeles" : "America/New_York";
}

/** The moment until which a thing is lived with: now, or when it was taken out of service. */
export function closingOf(thing: Thing, frame: Frame): Temporal.Instant {
  const retired = RETIRED[thing.name];
  return retired ? instantAt(thing, -retired.days, 9 * 60, frame) : frame.now;
}

// Where something was approved, that is the first; the others were asked for later and wait, each half an
// hour after the one before, so that they overlap without being the same.
function playScene(
  { thing: name, day, hour, hours, approved, pending, by }: Scene,
  frame: Frame,
  random: Random,
) {
  const thing = named(name);
  const workingDay = workingDayFrom(todayAt(thing, frame), day);
  const slotAt = (late: number): Slot => {
    const from = hour * 60 + late * 30;
    return { thing, day: workingDay, from, to: from + hours * 60, must: true };
  };
  const askers = somePeople(pending.length + 1, random);
  const drafts = pending.map((purpose, index) => {
    const last = index === pending.length - 1;
    const asker = last && by ? person(by) : askers[index];
    const asked = -1 - random.below(4);
    return draft(slotAt(index + (approved ? 1 : 0)), { asker, purpose, asked }, frame, random);
  });
  if (!approved) return drafts;
  const first = draft(
    slotAt(0),
    { asker: askers.at(-1)!, purpose: approved, asked: -8 - random.below(7) },
    frame,
    random,
  );
  first.steps.push({ action: "approve", by: approver(first.asker, random), at: momentIn(first, frame, 0.2) });
  return [first, ...drafts];
}

function playTale({ by, thing: name, day, hour, hours, purpose, end }: Tale, frame: Frame, random: Random) {
  const thing = named(name);
  const on = day === undefined ? 0 : workingDayFrom(todayAt(thing, frame), day);
  const slot = { thing, day: on, from: hour * 60, to: (hour + hours) * 60, must: true };
  const told = draft(
    slot,
    { asker: person(by), purpose, asked: Math.min(on, -1) - 2 - random.below(5) },
    frame,
    random,
  );
  if (end === "expire") return told;
  if (thing.requires_approval && end?.action !== "deny") {
    told.steps.push({ action: "approve", by: approver(told.asker, random), at: momentIn(told, frame, 0.3) });
  }
  if (end) {
    const fresh = frame.now.subtract({ hours: 3 });
    const at = on > 0 ? fresh : momentIn(told, frame, 0.7);
    told.steps.push({ action: end.action, by: person(end.by), reason: end.reason, at });
  }
  return told;
}

/** Who is where, in minutes of the calendar: nobody sits in two meetings at once. */
type Diary = Map<Person, [from: number, to: number][]>;

function live(slot: Slot, { frame, diary, random }: { frame: Frame; diary: Diary; random: Random }): Draft {
  const { thing } = slot;
  const asker = askerOf(slot, diary, random);
  const purpose = random.pick(purposesOf(thing));
  const made = draft(slot, { asker, purpose, asked: askedOn(slot, random) }, frame, random);
  made.private = random.next() < 0.06;
  made.steps.push(...fateOf(made, frame, random));
  const meeting = thing.kind === "room" && !thing.outpost && !thing.requires_approval;
  if (meeting && random.next() < 0.04) made.things.push(COMPANION);
  return made;
}

function askerOf(slot: Slot, diary: Diary, random: Random): Person {
  const near = PEOPLE.filter((one) => one.outpost === slot.thing.outpost);
  const present = ["room", "bay", "instrument"].includes(slot.thing.kind);
  const from = slot.day * 1440 + slot.from;
  const to = slot.day * 1440 + slot.to;
  let asker = random.pick(near);
  for (let attempt = 0; present && attempt < 8; attempt++) {
    const busy = diary.get(asker)?.some(([begins, ends]) => from < ends && begins < to);
    if (!busy) break;
    asker = random.pick(near);
  }
  if (present) diary.set(asker, [...diary.get(asker) ?? [], [from, to]]);
  return asker;
}

// The day, counted from today. What lies ahead was asked for by yesterday, and at most 60 days before,
// which is the shortest horizon of a policy.
function askedOn({ thing, day }: Slot, random: Random): number {
  const usual = day - 1 - Math.floor(random.next() ** 2 * 20);
  const last = thing.name in RETIRED ? -RETIRED[thing.name].days - 1 : -1;
  if (usual <= last) return usual;
  return last - random.below(Math.min(20, 59 - (day - last)));
}

function fateOf(made: Draft, frame: Frame, random: Random): Step[] {
  const steps: Step[] = [];
  const chance = random.next();
  const at = (fraction: number) => momentIn(made, frame, fraction);
  const by = approver(made.asker, random);
  if (made.slot.thing.requires_approval) {
    const past = Temporal.Instant.compare(made.start_time, frame.now) < 0;
    if (chance > 0.96 && past) return steps;
    if (chance > 0.86) {
      return [{
        action: "deny",
        by,
        reason: random.pick(denialsOf(made.slot.thing)),
        at: at(0.1 + 0.6 * random.next()),
      }];
    }
    steps.push({ action: "approve", by, at: at(0.02 + 0.3 * random.next()) });
  }
  if (chance < 0.06 && !made.slot.must) {
    const reason = random.next() < 0.8 ? random.pick(CANCELLED) : undefined;
    steps.push({ action: "cancel", by: made.asker, reason, at: at(0.4 + 0.55 * random.next()) });
  }
  return steps;
}

function draft(
  slot: Slot,
  { asker, purpose, asked }: { asker: Person; purpose: string; asked: number },
  frame: Frame,
  random: Random,
): Draft {
  const { thing, day, from, to } = slot;
  const seconds = random.below(60);
  return {
    slot,
    things: [thing],
    asker,
    purpose,
    private: false,
    start_time: instantAt(thing, day, from, frame),
    end_time: instantAt(thing, day, to, frame),
    created_at: instantAt(thing, asked, 450 + random.below(680), frame).add({ seconds }),
    steps: [],
  };
}

// A part of the way from the asking to the start, or to now where that comes first.
function momentIn({ slot, created_at, start_time }: Draft, frame: Frame, fraction: number): Temporal.Instant {
  const closing = closingOf(slot.thing, frame);
  const limit = Math.min(start_time.epochMilliseconds, closing.epochMilliseconds);
  const way = Math.floor((limit - created_at.epochMilliseconds) / 1000 * fraction);
  return created_at.add({ seconds: way });
}

// In the order of asking. Where a thing has several units, the lowest free one will be taken in that order,
// so what would find none is left out here. What is more than wanted is left out of things with a single
// unit, where it changes nothing for the others.
function withoutSurplus(drafts: Draft[], wanted: number): Draft[] {
  const rank = new Map(drafts.map((one, index) => [one, index]));
  const units = new Map<Thing, [from: number, to: number][][]>();
  const fitting = drafts
    .toSorted((a, b) => Temporal.Instant.compare(a.created_at, b.created_at) || rank.get(a)! - rank.get(b)!)
    .filter((one) => {
      one.things = one.things.filter((thing) => thing.units === 1 || takeUnit(thing, one, units));
      return one.things.length > 0;
    });
  const surplus = fitting
    .filter((one) => !one.slot.must && one.things.length === 1 && one.things[0].units === 1)
    .sort((a, b) => rank.get(b)! - rank.get(a)!)
    .slice(0, Math.max(0, fitting.length - wanted));
  const left = new Set(surplus);
  return fitting.filter((one) => !left.has(one));
}

function takeUnit(thing: Thing, one: Draft, taken: Map<Thing, [number, number][][]>): boolean {
  const units = taken.get(thing) ?? Array.from({ length: thing.units }, () => []);
  taken.set(thing, units);
  const from = one.start_time.epochMilliseconds;
  const to = one.end_time.epochMilliseconds;
  const free = units.find((unit) => unit.every(([begins, ends]) => ends <= from || to <= begins));
  free?.push([from, to]);
  return free !== undefined;
}

function instantAt(thing: Thing, day: number, minutes: number, frame: Frame): Temporal.Instant {
  const wall = todayAt(thing, frame).add({ days: day }).toPlainDateTime().add({ minutes });
  return wall.toZonedDateTime(zoneOf(thing, frame.timeZone)).toInstant();
}

function todayAt(thing: Thing, { now, timeZone }: Frame): Temporal.PlainDate {
  return now.toZonedDateTimeISO(zoneOf(thing, timeZone)).toPlainDate();
}

/** How many days from today the working day is: 0 is the next one after today, -1 the last one before. */
function workingDayFrom(today: Temporal.PlainDate, which: number): number {
  const step = which < 0 ? -1 : 1;
  let days = 0;
  for (let left = which < 0 ? -which : which + 1; left > 0;) {
    days += step;
    if (today.add({ days }).dayOfWeek <= 5) left--;
  }
  return days;
}

function somePeople(count: number, random: Random): Person[] {
  const users = PEOPLE.filter((one) => one.role === "user" && !one.outpost && one !== person("bob"));
  return Array.from({ length: count }, () => users.splice(random.below(users.length), 1)[0]);
}

function approver(asker: Person, random: Random): Person {
  return random.pick(STAFF.filter((one) => one !== asker));
}

function person(first: string): Person {
  return PEOPLE.find((one) => one.email === `${first}@demo.example`)!;
}

function named(name: string): Thing {
  return THINGS.find((thing) => thing.name === name)!;
}
