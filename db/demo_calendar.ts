import { RETIRED, type Thing, THINGS } from "./demo_catalogue.ts";

/**
 * A stretch of one thing's time, on the clock where the thing is: minutes since the midnight that began
 * `day`, which is counted from today. It may end on a later day.
 */
export interface Slot {
  thing: Thing;
  day: number;
  from: number;
  to: number;
  /** Whether the days around now would look empty without it. */
  must?: boolean;
}

/** Chance that repeats itself: the same seed gives the same numbers. */
export interface Random {
  /** From 0 up to 1. */
  next(): number;
  /** A whole number from 0 up to `limit`. */
  below(limit: number): number;
  pick<T>(list: readonly T[]): T;
}

/** Days of the calendar before and after today. */
const FIRST_DAY = -304;
const LAST_DAY = 56;
const DAY = 24 * 60;

/** mulberry32: 32 bits of state are plenty for invented people. */
export function seeded(seed: number): Random {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return { next, below, pick: (list) => list[below(list.length)] };
}

/**
 * The slots that are reserved, those first that must not be missing. Every thing's days are filled from
 * opening to closing, so that no two slots of a unit overlap, and out of that the likelier ones are drawn.
 */
export function drawSlots(
  { wanted, taken, today }: {
    wanted: number;
    taken: readonly Slot[];
    today: (thing: Thing) => Temporal.PlainDate;
  },
  random: Random,
): Slot[] {
  const lively = new Set([...THINGS].filter(inService).sort(byName).slice(0, 50));
  const tickets: Ticket[] = [];
  const musts: Slot[] = [];
  for (const thing of THINGS) {
    const free = fullCalendar(thing, random).filter((slot) => !taken.some((other) => overlap(slot, other)));
    const near = lively.has(thing) ? [0, 1] : [];
    for (const day of near) {
      const weekend = isWeekend(today(thing).add({ days: day }));
      musts.push(...someOf(free.filter((slot) => slot.day === day), weekend, random));
    }
    tickets.push(...raffle(free.filter((slot) => !near.includes(slot.day)), today(thing), random));
  }
  const first = shuffled(musts, random).slice(0, Math.ceil(wanted * 0.6));
  tickets.sort((a, b) => a.key - b.key);
  return [...first, ...tickets.map(({ slot }) => slot)].slice(0, wanted);
}

// Those out of service have one that has passed.
function lastDayOf(thing: Thing): number {
  const retired = RETIRED[thing.name];
  if (!retired) return LAST_DAY;
  return retired.future === "cancel" ? 6 - retired.days : -1 - retired.days;
}

/** How a thing's day goes, in minutes. */
interface Shape {
  opens: number;
  closes: number;
  lengths: readonly number[];
  gaps: readonly number[];
  /** How likely it is reserved, compared with others, and on a weekend compared with other days. */
  pull: number;
  weekend: number;
}

const SHAPES: Record<string, Shape> = {
  room: {
    opens: 480,
    closes: 1110,
    lengths: [30, 30, 45, 60, 60, 60, 90, 120],
    gaps: [0, 0, 15, 30, 30, 60, 90],
    pull: 1,
    weekend: 0.01,
  },
  hall: {
    opens: 540,
    closes: 1290,
    lengths: [120, 180, 240, 300],
    gaps: [30, 60, 120],
    pull: 1.2,
    weekend: 0.2,
  },
  bay: {
    opens: 480,
    closes: 1200,
    lengths: [60, 90, 120, 180],
    gaps: [0, 15, 30, 60],
    pull: 0.8,
    weekend: 0.05,
  },
  desk: { opens: 480, closes: 1080, lengths: [240, 270, 540, 600], gaps: [30, 60], pull: 1.6, weekend: 0.01 },
  vehicle: {
    opens: 420,
    closes: 1140,
    lengths: [120, 180, 240, 300, 480, 1440, 1500, 2880],
    gaps: [30, 60, 120],
    pull: 1.4,
    weekend: 0.5,
  },
  instrument: {
    opens: 450,
    closes: 1200,
    lengths: [120, 180, 240, 300, 360, 480],
    gaps: [15, 30, 60],
    pull: 1.4,
    weekend: 0.03,
  },
  kit: { opens: 480, closes: 1140, lengths: [180, 240, 480, 1440], gaps: [60, 120], pull: 0.7, weekend: 0.1 },
  "hotel room": {
    opens: 900,
    closes: 1080,
    lengths: [20 * 60, 20 * 60, 44 * 60, 68 * 60],
    gaps: [240],
    pull: 3,
    weekend: 0.8,
  },
};

function shapeOf(thing: Thing): Shape {
  return SHAPES[thing.tags.includes("hall") ? "hall" : thing.kind];
}

function fullCalendar(thing: Thing, random: Random): Slot[] {
  const slots: Slot[] = [];
  const shape = shapeOf(thing);
  for (let unit = 0; unit < thing.units; unit++) {
    let free = FIRST_DAY * DAY;
    for (let day = FIRST_DAY; day <= lastDayOf(thing); day++) {
      const begin = Math.max(shape.opens + random.pick([0, 0, 30, 60]), free - day * DAY);
      for (const slot of fullDay({ thing, day, begin }, shape, random)) {
        slots.push(slot);
        free = day * DAY + slot.to + random.pick(shape.gaps);
      }
    }
  }
  return slots;
}

function fullDay(
  { thing, day, begin }: { thing: Thing; day: number; begin: number },
  { closes, lengths, gaps }: Shape,
  random: Random,
): Slot[] {
  const slots: Slot[] = [];
  const shortest = Math.min(...lengths);
  // What stays out overnight only has to leave before closing.
  const fits = (from: number, length: number) =>
    from + length <= closes || (length > 720 && from <= closes - 60);
  for (let from = begin;;) {
    const liked = random.pick(lengths);
    const length = fits(from, liked) ? liked : shortest;
    if (!fits(from, length)) return slots;
    slots.push({ thing, day, from, to: from + length });
    from += length + random.pick(gaps);
    if (from >= DAY) return slots;
  }
}

/** A slot in the draw; the lowest keys win. */
interface Ticket {
  slot: Slot;
  key: number;
}

// Exponential waiting times: the first to arrive are a draw by weight, without putting back.
function raffle(slots: Slot[], today: Temporal.PlainDate, random: Random): Ticket[] {
  const popularity = 0.5 + random.next();
  return slots.map((slot) => {
    const { pull, weekend } = shapeOf(slot.thing);
    const date = today.add({ days: slot.day });
    const daily = season(date, slot.day) * (isWeekend(date) ? weekend : 1);
    const weight = popularity * pull * daily * hourly(slot);
    return { slot, key: -Math.log(1 - random.next()) / weight };
  });
}

// The site grows, weeks near now are full, few reserve long ahead; August and the turn of the year are quiet.
function season(date: Temporal.PlainDate, day: number): number {
  const grown = day <= 0 ? 0.6 + 0.4 * (1 - day / FIRST_DAY) : Math.exp(-Math.max(0, day - 6) / 18);
  const near = day >= -10 && day <= 6 ? 1.7 : 1;
  const { month, day: dayOfMonth } = date;
  const holidays = (month === 12 && dayOfMonth > 22) || (month === 1 && dayOfMonth < 3);
  const weekday = [0.9, 1.35, 1.1, 1.1, 0.75, 1, 1][date.dayOfWeek - 1];
  return grown * near * weekday * (holidays ? 0.12 : month === 8 ? 0.7 : 1);
}

function hourly({ thing, from }: Slot): number {
  if (!["room", "bay", "instrument"].includes(thing.kind)) return 1;
  if (from >= 705 && from < 795) return 0.3;
  return from < 525 || from >= 1020 ? 0.6 : 1.1;
}

// Two to four of a day's slots; now and then none, so that there is something to find free.
function someOf(slots: Slot[], weekend: boolean, random: Random): Slot[] {
  const count = weekend ? random.below(3) : random.next() < 0.1 ? 0 : 2 + random.below(3);
  return shuffled(slots, random).slice(0, count).map((slot) => ({ ...slot, must: true }));
}

function overlap(a: Slot, b: Slot): boolean {
  if (a.thing !== b.thing) return false;
  return a.day * DAY + a.from < b.day * DAY + b.to && b.day * DAY + b.from < a.day * DAY + a.to;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list.map((item) => ({ item, key: random.next() })).sort((a, b) => a.key - b.key).map(({ item }) =>
    item
  );
}

function isWeekend(date: Temporal.PlainDate): boolean {
  return date.dayOfWeek > 5;
}

function inService(thing: Thing): boolean {
  return !(thing.name in RETIRED);
}

function byName(a: Thing, b: Thing): number {
  return a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1;
}
