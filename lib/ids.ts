const bytes = new Uint8Array(16);
let lastMilliseconds = 0;
let counter = 0;

/**
 * A UUID of version 7 (RFC 9562, section 5.7): it begins with the time, so rows made together lie together in an
 * index. Ids of one millisecond count upwards in the 12 bits behind the time, random bits follow.
 */
export function newId(milliseconds = Date.now()): string {
  crypto.getRandomValues(bytes);
  if (milliseconds === lastMilliseconds) {
    counter = (counter + 1) & 0xfff;
  } else {
    lastMilliseconds = milliseconds;
    counter = 0;
  }
  const time = milliseconds.toString(16).padStart(12, "0");
  const middle = (0x7000 | counter).toString(16);
  bytes[0] = (bytes[0] & 0x3f) | 0x80;
  let random = "";
  for (let i = 0; i < 8; i++) random += bytes[i].toString(16).padStart(2, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-${middle}-${random.slice(0, 4)}-${random.slice(4)}`;
}

/** Whether a text has the form of a UUID. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text);
}

/** `bytes` random bytes, as URL-safe text without padding. */
export function newSecret(length = 32): string {
  return crypto.getRandomValues(new Uint8Array(length)).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
}
