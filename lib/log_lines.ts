import type { LogRecord, Sink } from "@logtape/logtape";

/** Where lines go: a file, a pipe, a terminal. */
export interface Outlet {
  write(bytes: Uint8Array<ArrayBuffer>): Promise<unknown>;
  /** The same at the very end, when nobody waits any more. */
  writeSync(bytes: Uint8Array<ArrayBuffer>): unknown;
}

interface Gathering {
  /** So long they are gathered, in milliseconds. */
  patience: number;
  /** Lines beyond so many that nobody takes are thrown away, and counted. */
  most: number;
}

/**
 * Gathers the lines of a log, so that it takes one write for those of a tenth of a second: a write for each takes longer
 * than to make it. Nobody waits for whoever reads them, and what they do not read in time does not fill the memory.
 *
 * @returns the sink, and what writes the last lines at the end of the program
 */
export function gatherLines(
  outlet: Outlet,
  format: (record: LogRecord) => string,
  { patience = 100, most = 20_000 }: Partial<Gathering> = {},
): { sink: Sink; end: () => void } {
  const encoder = new TextEncoder();
  let lines: string[] = [];
  let dropped = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let writing = false;

  function taken(): Uint8Array<ArrayBuffer> {
    const gap = dropped > 0
      ? `{"level":"WARN","message":"${dropped} lines were lost: nobody took them"}\n`
      : "";
    const text = lines.join("") + gap;
    [lines, dropped] = [[], 0];
    return encoder.encode(text);
  }
  async function flush() {
    timer = undefined;
    writing = true;
    try {
      await outlet.write(taken());
    } catch {
      // Nobody listens any more; the program goes on.
    }
    writing = false;
    if (lines.length > 0) soon();
  }
  function soon() {
    if (writing) return;
    timer ??= setTimeout(() => void flush(), patience);
    // The program may end in the meantime: `end` writes what there is.
    Deno.unrefTimer(timer as unknown as number);
  }
  return {
    sink(record) {
      if (lines.length >= most) dropped++;
      else lines.push(format(record));
      soon();
    },
    end() {
      clearTimeout(timer);
      if (lines.length > 0) outlet.writeSync(taken());
    },
  };
}
