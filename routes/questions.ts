import { z } from "zod";
import type { Policy } from "../domain/policies.ts";
import { text } from "../domain/texts.ts";
import { check, type Values } from "./forms.ts";

const People = z.object({
  attendees: z.coerce.number("Give a whole number").int("Give a whole number").min(1, "Give a number from 1")
    .max(100_000, "Give a smaller number").optional(),
});
export const Answers = z.record(z.string(), text(500));

/**
 * What was typed of what a policy asks: how many people, the answers, and whether all that has to be was confirmed.
 *
 * @throws {Invalid} naming the field
 */
export function readQuestions(values: Values, policy: Policy | null | undefined) {
  const { attendees } = check(People, { attendees: values.attendees?.trim() || undefined });
  const typed = (policy?.fields ?? []).map(({ key }) => [key, values[`answer_${key}`] ?? ""] as const);
  const { answers } = check(z.object({ answers: Answers }), {
    answers: Object.fromEntries(typed.filter(([, answer]) => answer.trim() !== "")),
  });
  const attested = (policy?.attestations ?? []).every((_, index) => values[`attest_${index}`] === "on");
  return { attendees, answers, attested };
}
