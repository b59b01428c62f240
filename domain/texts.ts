import { z } from "zod";

// Text is stored exactly as it was typed, or refused: PostgreSQL has no NUL character.
const storable = (text: string) => !text.includes("\0") && text.isWellFormed();
const UNSTORABLE = "The text has a character that cannot be stored";

/** A text of at most `max` characters, without the blanks around it; may be empty. */
export function text(max: number) {
  return z.string(`Give a text of at most ${max} characters`).trim()
    .refine((value) => [...value].length <= max, `Use at most ${max} characters`).refine(
      storable,
      UNSTORABLE,
    );
}

/** A text of 1 to `max` characters on one line: a name. */
export function name(max: number, missing = "Give a name") {
  return text(max).refine((value) => value.length > 0, missing)
    .refine((value) => !/[\r\n]/.test(value), "Use a single line");
}

/** What a reservation is for. */
export const Purpose = text(500);

/** Why something was decided. */
export const Why = text(500);
