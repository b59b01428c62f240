import { TooMany } from "../domain/errors.ts";
import type { Context } from "./env.ts";
import { Refused } from "./refused.ts";

/** So much a file may have that is imported: some 200,000 lines. */
export const MOST_BYTES = 32 * 1024 * 1024;
const TOO_LARGE = "A file may have at most 32 MB: send it in parts";

/** Each takes a connection, and its lines are kept meanwhile. */
const AT_ONCE = 3;
let running = 0;

/** Whether a request brings a file to import, which may be larger than a form. */
export function takesFiles(c: Context): boolean {
  return c.req.method === "POST" && c.req.path.endsWith("/import");
}

/**
 * The body of a request as it comes in, never more of it than was announced as acceptable.
 *
 * @throws {Refused} at once where its length says that it is too large, or when it turns out to be
 */
export function bytesOf(c: Context): AsyncIterable<Uint8Array> {
  if (Number(c.req.header("content-length") ?? 0) > MOST_BYTES) {
    throw new Refused(413, "Too large", TOO_LARGE);
  }
  return counted(c, c.req.raw.body);
}

async function* counted(c: Context, body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
  const chunks = body?.values();
  let bytes = 0;
  try {
    for (let next = await piece(); !next.done; next = await piece()) {
      bytes += next.value.length;
      if (bytes > MOST_BYTES) throw new Refused(413, "Too large", TOO_LARGE);
      yield next.value;
    }
  } finally {
    chunks?.return?.().catch(() => {});
  }
  function piece(): Promise<IteratorResult<Uint8Array>> {
    return chunks ? inTime(c, chunks.next()) : Promise.resolve({ done: true, value: undefined });
  }
}

/**
 * What somebody sends, where it comes within the patience of the house: nobody keeps a place by sending nothing.
 *
 * @throws {Refused}
 */
export async function inTime<T>(c: Context, coming: Promise<T>): Promise<T> {
  let alarm: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    // An error is made only when it is needed: to know where it comes from takes longer than the alarm itself.
    alarm = setTimeout(() => {
      reject(new Refused(408, "Too slow", "The request did not come in whole in time: send it again"));
    }, c.get("house").patience);
  });
  try {
    return await Promise.race([coming, late]);
  } finally {
    clearTimeout(alarm);
  }
}

/**
 * The fields of a form with a file. A form comes whole into memory, so few at once.
 *
 * @throws {Refused} where it is too large
 */
export async function formWithFile(c: Context): Promise<FormData> {
  const type = c.req.header("content-type") ?? "";
  if (!/^(multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(type)) {
    throw new Refused(415, "Unsupported media type", "Send the form with its file as multipart/form-data");
  }
  const body = new Response(ReadableStream.from(bytesOf(c)), { headers: { "content-type": type } });
  return await body.formData().catch((error) => {
    if (error instanceof Refused) throw error;
    throw new Refused(400, "Broken form", "The form cannot be read");
  });
}

/** Does the work of an import, where not too many are under way. @throws {TooMany} */
export async function oneOfFew<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) throw new TooMany("Other files are being imported: try again in a minute", 60);
  running++;
  try {
    return await work();
  } finally {
    running--;
  }
}
