import type { Db } from "../db/types.ts";
import { memberships } from "./groups.ts";
import type { Policy, Rules } from "./policies.ts";

/** Who asks, as far as it decides whether somebody has to decide. */
export interface Standing {
  id: string;
  /** Of the groups that these rules name, those that the person is in. */
  groups: readonly string[];
}

/** How a person stands to rules at this moment. Asks the database only where a policy names groups. */
export async function standingOf(db: Db, rules: readonly Rules[], id: string): Promise<Standing> {
  const named = rules.flatMap(({ policy }) => policy?.trusted_groups ?? []);
  return { id, groups: await memberships(db, id, named) };
}

/** Whether a policy approves what this person asks for at once, by name or by a group. */
export function trusts(policy: Pick<Policy, "trusts" | "trusted_groups">, { id, groups }: Standing): boolean {
  return policy.trusts.includes(id) || policy.trusted_groups.some((group) => groups.includes(group));
}
