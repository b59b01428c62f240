import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";

/** A signature under the site's secret, for an address that whoever has it may open. */
export function signatureOf(secret: string, text: string): string {
  return createHmac("sha256", secret).update(text).digest("base64url");
}

/** Whether it is the one of this text; takes as long whatever is wrong with it. */
export function isSignatureOf(secret: string, text: string, signature: string): boolean {
  const [right, given] = [signatureOf(secret, text), signature].map((one) => new TextEncoder().encode(one));
  return right.length === given.length && timingSafeEqual(right, given);
}

/** So much of a signature stands in an address that has to be short: 96 bits, which nobody guesses over a network. */
const SHORT = 16;

/** The short code of a door, for whoever stands at it: the door's id and a signature. */
export function codeOfDoor(secret: string, id: string): string {
  const bytes = Uint8Array.fromHex(id.replaceAll("-", ""));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true }) + shortSignature(secret, id);
}

/** The door that a code is of; undefined where it was changed or guessed. */
export function doorOfCode(secret: string, code: string): string | undefined {
  if (!/^[\w-]{38}$/.test(code)) return undefined;
  const hex = Uint8Array.from(Buffer.from(code.slice(0, -SHORT), "base64url")).toHex();
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const right = new TextEncoder().encode(codeOfDoor(secret, id));
  const given = new TextEncoder().encode(code);
  return right.length === given.length && timingSafeEqual(right, given) ? id : undefined;
}

const shortSignature = (secret: string, id: string) => signatureOf(secret, `check-in ${id}`).slice(0, SHORT);
