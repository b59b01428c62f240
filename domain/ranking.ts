/** What a slot is judged by, beside the rules, which it keeps. */
export interface Option {
  resource_id: string;
  name: string;
  /** When it begins, in milliseconds of the epoch. */
  at: number;
  capacity: number | null;
  location: string;
  /** Outside the usual hours of a day. */
  night: boolean;
  /** Why somebody has to decide on it. */
  approval?: string;
}

/** The part of a wish that decides what is better, not what is possible. */
export interface Preference {
  attendees?: number;
  /** The place that was asked for. */
  near?: string;
}

/** What speaks for a slot, or against it: `code` for programs, `message` for people. */
export interface Merit {
  code:
    | "soonest"
    | "near"
    | "nearby"
    | "fits"
    | "elsewhere"
    | "large"
    | "unknown_size"
    | "night"
    | "needs_approval";
  message: string;
  drawback: boolean;
}

export type Ranked<T extends Option> = T & { merits: Merit[]; cost: number };

/**
 * The best slots first, at most `limit` of them, each with what speaks for and against it.
 *
 * The rule: everything is weighed against waiting. A slot costs as many points as it begins days later than the soonest
 * of all (by the hour); and
 *
 * - in another house than the one asked for 2, in the same house but elsewhere ¼ (a house is what a location says
 *   before its first comma);
 * - ½ where somebody has to decide on it;
 * - up to ½ for seats that stay empty: half the share of the seats that nobody takes, ¼ where a resource does not say
 *   how many it holds; nothing where no number of people was named;
 * - 1½ outside the usual hours of a day.
 *
 * What costs least comes first; of equals the sooner one, then by name. So that there is a choice, a resource is named
 * at most twice, and at most half of what is shown begins at the same moment, as long as there is anything else.
 */
export function rank<T extends Option>(options: readonly T[], wish: Preference, limit: number): Ranked<T>[] {
  if (options.length === 0) return [];
  const first = options.reduce((min, { at }) => Math.min(min, at), Infinity);
  const priced = options.map((option) => ({ option, cost: costOf(option, wish, first) }));
  priced.sort((a, b) =>
    a.cost - b.cost || a.option.at - b.option.at || compare(a.option.name, b.option.name) ||
    compare(a.option.resource_id, b.option.resource_id)
  );
  return varied(priced, limit).map(({ option, cost }) => ({
    ...option,
    cost,
    merits: meritsOf(option, wish, first),
  }));
}

/**
 * Whether what was ranked stays as it is whatever else there is that begins at `later` or after it: as many as were
 * wanted, chosen without a second look, and none that costs more than the waiting until then alone.
 */
export function isSettled(ranked: readonly Ranked<Option>[], limit: number, later: number): boolean {
  if (ranked.length < limit) return false;
  const first = ranked.reduce((min, { at }) => Math.min(min, at), Infinity);
  const kept = new Variety(limit);
  return ranked.every((one) => kept.admits(one)) &&
    ranked.every(({ cost }) => cost <= (later - first) / DAY);
}

const DAY = 86_400_000;
/** From this share of empty seats on, a resource is said to be larger than needed. */
const TOO_LARGE = 2 / 3;

function costOf(option: Option, wish: Preference, first: number): number {
  const place = { near: 0, nearby: .25, elsewhere: 2 };
  return (option.at - first) / DAY +
    (wish.near ? place[nearness(option.location, wish.near)] : 0) +
    (option.approval ? .5 : 0) +
    (wish.attendees ? emptyOf(option, wish.attendees) / 2 : 0) +
    (option.night ? 1.5 : 0);
}

// The share of the seats that stays empty; half where nobody knows.
function emptyOf({ capacity }: Option, attendees: number): number {
  return capacity === null ? .5 : Math.max(0, capacity - attendees) / capacity;
}

/** Whether a location is what was asked for, in the same house, or elsewhere. */
export function nearness(location: string, asked: string): "near" | "nearby" | "elsewhere" {
  const [there, wanted] = [location.toLowerCase(), asked.toLowerCase()];
  if (there.includes(wanted)) return "near";
  return houseOf(there) !== "" && houseOf(there) === houseOf(wanted) ? "nearby" : "elsewhere";
}

const houseOf = (location: string) => location.split(",")[0].trim();

function meritsOf(option: Option, { attendees, near }: Preference, first: number): Merit[] {
  const found: Merit[] = [];
  const say = (code: Merit["code"], message: string, drawback = false) =>
    found.push({ code, message, drawback });
  const { capacity, location, name } = option;
  if (option.at === first) say("soonest", "soonest");
  if (near) {
    const where = nearness(location, near);
    if (where === "near") say("near", `in ${location}, as you asked`);
    else if (where === "nearby") say("nearby", `in the same house: ${location}`);
    else say("elsewhere", location ? `elsewhere: ${location}` : "does not say where it is", true);
  }
  if (attendees && capacity === null) say("unknown_size", `${name} does not say how many it holds`, true);
  else if (attendees && emptyOf(option, attendees) >= TOO_LARGE) {
    say("large", `larger than you need: ${attendees} of ${capacity} places`, true);
  } else if (attendees) say("fits", `fits: ${attendees} of ${capacity} places`);
  if (option.night) say("night", "outside the usual hours", true);
  if (option.approval) say("needs_approval", `needs approval: ${option.approval}`, true);
  return found;
}

// In order, without what would only repeat what is there already; that fills up what stays empty.
function varied<T extends { option: Option }>(sorted: readonly T[], limit: number): T[] {
  const chosen = new Set<T>();
  const variety = new Variety(limit);
  for (const one of sorted) {
    if (chosen.size === limit) break;
    if (variety.admits(one.option)) chosen.add(one);
  }
  for (const one of sorted) {
    if (chosen.size >= limit) break;
    chosen.add(one);
  }
  return sorted.filter((one) => chosen.has(one));
}

// Counts how often a resource and a moment were named.
class Variety {
  #times = new Map<string | number, number>();
  #sameMoment: number;
  constructor(limit: number) {
    this.#sameMoment = Math.max(1, Math.ceil(limit / 2));
  }
  admits({ resource_id, at }: Option): boolean {
    const [named, begun] = [this.#times.get(resource_id) ?? 0, this.#times.get(at) ?? 0];
    if (named >= 2 || begun >= this.#sameMoment) return false;
    this.#times.set(resource_id, named + 1).set(at, begun + 1);
    return true;
  }
}

const compare = (a: string, b: string) => a < b ? -1 : a > b ? 1 : 0;
