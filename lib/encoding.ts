/** What a file is written in. */
export type Encoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252";

/** A byte that the encoding of the text before it does not have. */
export class BrokenText extends Error {}

/**
 * The text of a file, chunk by chunk, with its byte order mark. The mark says what it is; without one it is UTF-8 if the first
 * character beyond ASCII is, and otherwise Windows-1252, of which Latin-1 is a part.
 *
 * @throws {BrokenText} where what began as UTF-8 or UTF-16 goes on as something else
 */
export async function* textOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = new Uint8Array();
  let decoder: TextDecoder | undefined;
  for await (const chunk of chunks) {
    const bytes = decoder ? chunk : joined(rest, chunk);
    decoder ??= decoderFor(bytes, false);
    if (decoder) {
      rest = new Uint8Array();
      yield* decoded(decoder, bytes, true);
      continue;
    }
    // What is ASCII means the same in all of them; the last bytes may be the beginning of what decides.
    const sure = bytes.length < 3 ? 0 : firstBeyondAscii(bytes) ?? bytes.length;
    if (sure > 0) yield new TextDecoder().decode(bytes.subarray(0, sure));
    rest = bytes.slice(sure);
  }
  decoder ??= decoderFor(rest, true) ?? new TextDecoder();
  yield* decoded(decoder, rest, false);
}

function* decoded(decoder: TextDecoder, bytes: Uint8Array, stream: boolean): Generator<string> {
  try {
    yield decoder.decode(bytes, { stream });
  } catch {
    // What can be read before it says where it is.
    const name = decoder.encoding;
    yield new TextDecoder(name, { ignoreBOM: true }).decode(bytes).split("\ufffd")[0];
    throw new BrokenText(`The text is ${name.toUpperCase()} up to here, and then something else`);
  }
}

// Undefined while it is not known yet.
function decoderFor(bytes: Uint8Array, last: boolean): TextDecoder | undefined {
  const made = (encoding: Encoding) => new TextDecoder(encoding, { fatal: true, ignoreBOM: true });
  if (bytes.length < 3 && !last) return undefined;
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return made("utf-16le");
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return made("utf-16be");
  const first = firstBeyondAscii(bytes);
  if (first === undefined) return undefined;
  const length = lengthOf(bytes[first]);
  if (first + length > bytes.length && !last) return undefined;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(first, first + length));
    return made("utf-8");
  } catch {
    return made("windows-1252");
  }
}

function firstBeyondAscii(bytes: Uint8Array): number | undefined {
  const first = bytes.findIndex((byte) => byte > 0x7f);
  return first < 0 ? undefined : first;
}

// Of a character that begins with this byte, in UTF-8 (RFC 3629, section 3).
function lengthOf(byte: number): number {
  return byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
