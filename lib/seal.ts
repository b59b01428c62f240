import { keysOf } from "./keys.ts";

/** How something is sealed. Its number is the first byte of what comes of it, so that another can take its place. */
interface Scheme {
  derive(key: string): Promise<CryptoKey>;
  encrypt(key: CryptoKey, text: Bytes): Promise<Bytes>;
  decrypt(key: CryptoKey, hidden: Bytes): Promise<Bytes>;
}

type Bytes = Uint8Array<ArrayBuffer>;

const IV_BYTES = 12;

/** AES-256-GCM. The nonce stands before what it hides. */
const AES_GCM: Scheme = {
  async derive(key) {
    return await crypto.subtle.importKey("raw", await digest(`seal ${key}`), "AES-GCM", false, [
      "encrypt",
      "decrypt",
    ]);
  },
  async encrypt(key, text) {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    return joined(iv, new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, text)));
  },
  async decrypt(key, hidden) {
    const iv = hidden.subarray(0, IV_BYTES);
    const open = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, hidden.subarray(IV_BYTES));
    return new Uint8Array(open);
  },
};

/** All there ever were: with the newest is sealed, with each is opened. */
const SCHEMES: Readonly<Record<number, Scheme>> = { 1: AES_GCM };
const NEWEST = 1;
/** So many bytes after the first say which key it was. */
const MARK_BYTES = 4;

/** A text that only who has the secret can read, or change unnoticed. Its first key seals (`keysOf`). */
export async function seal(secret: string, text: string): Promise<Bytes> {
  const [key] = keysOf(secret);
  const scheme = SCHEMES[NEWEST];
  const hidden = await scheme.encrypt(await derived(NEWEST, key), new TextEncoder().encode(text));
  return joined(await headOf(secret), hidden);
}

/** What was sealed with any of the secret's keys; undefined where it was with another, or was changed. */
export async function unseal(secret: string, sealed: Uint8Array): Promise<string | undefined> {
  const [number, ...rest] = sealed;
  const mark = new Uint8Array(rest.slice(0, MARK_BYTES));
  const hidden = new Uint8Array(rest.slice(MARK_BYTES));
  for (const key of keysOf(secret)) {
    if (!SCHEMES[number] || !same(await markOf(key), mark)) continue;
    try {
      return new TextDecoder().decode(await SCHEMES[number].decrypt(await derived(number, key), hidden));
    } catch {
      // Two keys may have the same mark, and what was changed opens with none.
    }
  }
  return undefined;
}

/** What everything begins with that is sealed today: by the newest scheme, with the secret's first key. */
export async function headOf(secret: string): Promise<Bytes> {
  return joined(new Uint8Array([NEWEST]), await markOf(keysOf(secret)[0]));
}

const keys = new Map<string, Promise<CryptoKey>>();

function derived(number: number, key: string): Promise<CryptoKey> {
  const name = `${number} ${key}`;
  const made = keys.get(name) ?? SCHEMES[number].derive(key);
  keys.set(name, made);
  return made;
}

const markOf = async (key: string) => (await digest(`mark ${key}`)).subarray(0, MARK_BYTES);

async function digest(text: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

function joined(first: Uint8Array, second: Uint8Array): Bytes {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

const same = (one: Uint8Array, other: Uint8Array) => one.every((byte, i) => byte === other[i]);
