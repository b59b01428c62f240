const IV_BYTES = 12;
const keys = new Map<string, Promise<CryptoKey>>();

/** A text that only who has the secret can read, or change unnoticed (AES-256-GCM). */
export async function seal(secret: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const hidden = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv },
    await keyOf(secret),
    new TextEncoder().encode(text),
  );
  const sealed = new Uint8Array(IV_BYTES + hidden.byteLength);
  sealed.set(iv);
  sealed.set(new Uint8Array(hidden), IV_BYTES);
  return sealed;
}

/** What was sealed; undefined where it was with another secret. */
export async function unseal(secret: string, sealed: Uint8Array): Promise<string | undefined> {
  try {
    const whole = new Uint8Array(sealed);
    const open = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: whole.subarray(0, IV_BYTES) },
      await keyOf(secret),
      whole.subarray(IV_BYTES),
    );
    return new TextDecoder().decode(open);
  } catch {
    return undefined;
  }
}

function keyOf(secret: string): Promise<CryptoKey> {
  const known = keys.get(secret);
  if (known) return known;
  const made = crypto.subtle.digest("SHA-256", new TextEncoder().encode(`seal ${secret}`))
    .then((bytes) => crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]));
  keys.set(secret, made);
  return made;
}
