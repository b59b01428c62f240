/** The keys of a secret, the first of which signs and seals; what another has signed or sealed is good, too. */
export type Keys = readonly [string, ...string[]];

/**
 * The keys that a secret names, parted by `|`. A key is replaced by putting the new one before it, and taken away when
 * nothing is left that only it can read.
 */
export function keysOf(secret: string): Keys {
  const [first, ...others] = secret.split("|").map((key) => key.trim());
  return [first, ...others];
}
