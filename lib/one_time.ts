import { Secret, TOTP } from "otpauth";

/** So many seconds a code lives (RFC 6238). */
export const STEP_SECONDS = 30;

/** A key for codes by the clock: 160 bits at random, in letters and digits that can be typed. */
export function newClockKey(): string {
  return new Secret({ size: 20 }).base32;
}

/** What an app reads of a key by its camera. Apps know no other form than six digits by SHA-1, whatever else is said. */
export function addressOfKey(key: string, { issuer, label }: { issuer: string; label: string }): string {
  return clock(key, { issuer, label }).toString();
}

/**
 * The step whose code this is; undefined where it is not the one of this very moment, for none is to live longer.
 *
 * @param milliseconds of the epoch
 */
export function stepOfCode(key: string, token: string, milliseconds: number): number | undefined {
  if (!/^\d{6}$/.test(token)) return undefined;
  const right = clock(key).validate({ token, timestamp: milliseconds, window: 0 }) === 0;
  return right ? Math.floor(milliseconds / 1000 / STEP_SECONDS) : undefined;
}

function clock(key: string, names: { issuer?: string; label?: string } = {}): TOTP {
  const form = { algorithm: "SHA1", digits: 6, period: STEP_SECONDS };
  return new TOTP({ ...names, ...form, secret: Secret.fromBase32(key) });
}
