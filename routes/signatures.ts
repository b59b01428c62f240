import { Buffer } from "node:buffer";
import { createHmac, timingSafeEqual } from "node:crypto";
import { keysOf } from "../lib/keys.ts";

/** A signature under the first key of the site's secret, for an address that whoever has it may open. */
export function signatureOf(secret: string, text: string): string {
  return signedBy(keysOf(secret)[0], text);
}

/** Whether it is one of this text, under any key of the secret; takes as long whatever is wrong with it. */
export function isSignatureOf(secret: string, text: string, signature: string): boolean {
  return keysOf(secret).some((key) => isSame(signedBy(key, text), signature));
}

/** So much of a signature stands in an address that has to be short: 96 bits, which nobody guesses over a network. */
const SHORT = 16;

/** The short code of a door, for whoever stands at it: the door's id and a signature. */
export function codeOfDoor(secret: string, id: string): string {
  return codeBy(keysOf(secret)[0], id);
}

/** The door that a code is of; undefined where it was changed or guessed. */
export function doorOfCode(secret: string, code: string): string | undefined {
  if (!/^[\w-]{38}$/.test(code)) return undefined;
  const hex = Uint8Array.from(Buffer.from(code.slice(0, -SHORT), "base64url")).toHex();
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  return keysOf(secret).some((key) => isSame(codeBy(key, id), code)) ? id : undefined;
}

function codeBy(key: string, id: string): string {
  const bytes = Uint8Array.fromHex(id.replaceAll("-", ""));
  const named = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  return named + signedBy(key, `check-in ${id}`).slice(0, SHORT);
}

function signedBy(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("base64url");
}

function isSame(right: string, given: string): boolean {
  const [one, other] = [right, given].map((text) => new TextEncoder().encode(text));
  return one.length === other.length && timingSafeEqual(one, other);
}
