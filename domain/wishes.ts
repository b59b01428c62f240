import { z } from "zod";
import { Invalid } from "./errors.ts";
import { dateIn, readDate } from "./periods.ts";
import { type Part, PARTS } from "./slots.ts";
import { text } from "./texts.ts";

/** At most so many days are looked at for one wish. */
const DAYS = 31;
/** Where nobody says until when: a week. */
const WEEK = 7;
/** Where nothing is found, so many days more are looked at to say whether later would do. */
export const LATER = 7;

const Tags = z.string().max(500).transform((
  typed,
) => [...new Set(typed.split(",").map((tag) => tag.trim().toLowerCase()).filter(Boolean))]);
const number = (message: string, max: number) =>
  z.coerce.number(message).int(message).min(1, message).max(max, message);
const blank = (schema: z.ZodType) => z.preprocess((typed) => typed === "" ? undefined : typed, schema);
const day = blank(
  z.string().refine((typed) => readDate(typed), "Give a date, such as 2026-05-31").optional(),
);

/** A wish as an address carries it. */
export const Find = z.object({
  minutes: blank(number("Give a length in minutes, up to 31 days", DAYS * 1440).default(60)) as z.ZodType<
    number
  >,
  attendees: blank(number("Give a number of people", 100_000).optional()) as z.ZodType<number | undefined>,
  tags: Tags.default([]) as z.ZodType<string[]>,
  kind: text(40).default(""),
  near: text(200).default(""),
  from: day as z.ZodType<string | undefined>,
  to: day as z.ZodType<string | undefined>,
  part: blank(
    z.enum(["any", ...Object.keys(PARTS)] as [Part, ...Part[]], "Say morning, afternoon, evening or any")
      .default("any"),
  ) as z.ZodType<Part>,
  limit: blank(number("Give a whole number from 1 to 50", 50).default(12)) as z.ZodType<number>,
});

/** What a person looks for, with its days settled: both are meant. */
export interface Sought extends Omit<z.infer<typeof Find>, "from" | "to"> {
  from: Temporal.PlainDate;
  to: Temporal.PlainDate;
}

/**
 * Settles the days of a wish on the calendar of whoever asks: today where no first day is named, a week where no last.
 *
 * @throws {Invalid} naming the day that is wrong
 */
export function settle(wish: z.infer<typeof Find>, zone: string, now: Temporal.Instant): Sought {
  const today = dateIn(now, zone);
  const named = readDate(wish.from) ?? today;
  const to = readDate(wish.to) ?? named.add({ days: WEEK - 1 });
  const before = (a: Temporal.PlainDate, b: Temporal.PlainDate) => Temporal.PlainDate.compare(a, b) < 0;
  const refuse = (message: string) => {
    throw new Invalid([{ path: "to", message }]);
  };
  if (before(to, named)) refuse("The last day is before the first");
  if (before(to, today.subtract({ days: 1 }))) refuse("These days have passed: choose days from today on");
  if (before(named.add({ days: DAYS - 1 }), to)) refuse(`Ask for at most ${DAYS} days at once`);
  return { ...wish, from: before(named, today) ? today : named, to };
}

/** One wish given up: which, in words, and what changes. */
export interface Looser {
  wish: "tags" | "kind" | "attendees" | "part" | "to" | "minutes";
  message: string;
  change: Partial<Sought>;
}

/** The wishes one might give up, one at a time; of the tags each by itself before all of them. */
export function looser(wish: Sought): Looser[] {
  const { tags, kind, attendees, part, minutes, to } = wish;
  const shorter = Math.floor(minutes / 2 / 15) * 15;
  const one = (name: Looser["wish"], message: string, change: Partial<Sought>) => ({
    wish: name,
    message,
    change,
  });
  return [
    ...tags.map((tag) => one("tags", `without “${tag}”`, { tags: tags.filter((other) => other !== tag) })),
    ...part === "any" ? [] : [one("part", "at any time of day", { part: "any" })],
    one("to", `${LATER} days longer`, { to: to.add({ days: LATER }) }),
    ...shorter >= 15 ? [one("minutes", `for ${shorter} minutes`, { minutes: shorter })] : [],
    ...attendees ? [one("attendees", "for any number of people", { attendees: undefined })] : [],
    ...kind ? [one("kind", "of any kind", { kind: "" })] : [],
    ...tags.length > 1 ? [one("tags", "without any of the tags", { tags: [] })] : [],
  ];
}
