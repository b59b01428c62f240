/** What a hash of a password costs today: KiB of memory, passes, lanes (OWASP's parameters of argon2id). */
export const COST = { m: 19_456, t: 2, p: 1 };

const TODAY = `$argon2id$v=19$m=${COST.m},t=${COST.t},p=${COST.p}$`;

/** Whether a hash (a PHC string) was made by another algorithm than today's, or at another cost. */
export function isOutdated(hash: string): boolean {
  return !hash.startsWith(TODAY);
}
