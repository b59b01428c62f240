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
