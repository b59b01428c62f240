import type { Context } from "../env.ts";
import { Refused } from "../refused.ts";

/** A body as it came, and what it says. */
export interface ReadBody {
  bytes: Uint8Array<ArrayBuffer>;
  value: unknown;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * The body of a call as JSON; of one that may come without, an empty object.
 *
 * @throws {Refused} where it is of another type, not UTF-8, or not JSON
 */
export async function jsonBody(c: Context, { optionalBody = false }): Promise<ReadBody> {
  const type = c.req.header("content-type") ?? "";
  const bytes = new Uint8Array(await c.req.arrayBuffer());
  if (optionalBody && isBlank(bytes)) return { bytes, value: {} };
  if (!/^application\/(.+\+)?json\b/i.test(type)) {
    throw new Refused(415, "Unsupported media type", "Send the body as application/json");
  }
  return { bytes, value: parsed(textOf(bytes)) };
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new Refused(400, "Broken text", "The body is not UTF-8");
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, "Broken JSON", "The body is not JSON");
  }
}

const isBlank = (bytes: Uint8Array) =>
  bytes.every((byte) => byte === 32 || byte === 10 || byte === 13 || byte === 9);
