import { z } from "zod";
import type { Policy } from "../domain/policies.ts";
import { text } from "../domain/texts.ts";
import { check, type Values } from "./forms.ts";

const Particulars = z.object({
  attendees: z.coerce.number("Give a whole number").int("Give a whole number").min(1, "Give a number from 1")
    .max(100_000, "Give a smaller number").optional(),
  answers: z.record(z.string(), text(500)),
});

/**
 * What was typed of what a policy asks: how many people, the answers, and whether all that has to be was confirmed.
 *
 * @throws {Invalid} naming the field
 */
export function readParticulars(values: Values, policy: Policy | null | undefined) {
  const typed = (policy?.fields ?? []).map(({ key }) => [key, values[`answer_${key}`] ?? ""] as const);
  const { attendees, answers } = check(Particulars, {
    attendees: values.attendees?.trim() || undefined,
    answers: Object.fromEntries(typed.filter(([, answer]) => answer.trim() !== "")),
  });
  const attested = (policy?.attestations ?? []).every((_, index) => values[`attest_${index}`] === "on");
  return { attendees, answers, attested };
}
