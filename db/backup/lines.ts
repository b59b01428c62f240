import { BackupBroken } from "./errors.ts";

/**
 * The lines of a backup, many at a time, none longer in memory than needed.
 *
 * @throws {BackupBroken} where it was cut off or changed
 */
export async function* readLines(from: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string[]> {
  const text = from.pipeThrough(new DecompressionStream("gzip")).pipeThrough(
    new TextDecoderStream("utf-8", { fatal: true }),
  );
  let rest = "";
  try {
    for await (const piece of text) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop()!;
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    // What the reader of gzip and that of UTF-8 say; everything else is somebody else's.
    if (!(error instanceof TypeError)) throw error;
    throw new BackupBroken("This backup is broken: it was cut off, or changed since it was made");
  }
  if (rest) throw new BackupBroken("This backup is broken: it was cut off");
}
