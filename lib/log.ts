import {
  configure,
  getAnsiColorFormatter,
  getConsoleSink,
  getLogger,
  jsonLinesFormatter,
  type Logger,
} from "@logtape/logtape";
import { AsyncLocalStorage } from "node:async_hooks";
import { gatherLines } from "./log_lines.ts";

export type Log = Logger;

/** What every line written while `work` runs carries along, such as the id of the request. */
export const context = new AsyncLocalStorage<Record<string, unknown>>();

/**
 * Sends log lines to the standard error stream: JSON for machines, or coloured text for a terminal. Lines are
 * written in the background, so that a slow disk does not hold a request up.
 */
export async function startLogging(
  format: "json" | "pretty",
  lowestLevel: "debug" | "info" | "warning" = "info",
) {
  const sink = format === "pretty"
    ? getConsoleSink({ formatter: getAnsiColorFormatter({ value: plain }), nonBlocking: true })
    : linesForMachines();
  await configure({
    sinks: { out: sink },
    contextLocalStorage: context,
    loggers: [
      { category: "holdfast", sinks: ["out"], lowestLevel },
      { category: ["logtape", "meta"], sinks: ["out"], lowestLevel: "error" },
    ],
  });
}

function linesForMachines() {
  const writer = Deno.stderr.writable.getWriter();
  const outlet = {
    write: (bytes: Uint8Array<ArrayBuffer>) => writer.write(bytes),
    writeSync: (bytes: Uint8Array<ArrayBuffer>) => Deno.stderr.writeSync(bytes),
  };
  const { sink, end } = gatherLines(
    outlet,
    (record) => jsonLinesFormatter({ ...record, message: [record.message.map(plain).join("")] }),
  );
  addEventListener("unload", end);
  return sink;
}

// Words stand in a message as they are; quotes around them would only be in the way of who reads and searches.
const plain = (value: unknown) => typeof value === "string" ? value : JSON.stringify(value) ?? String(value);

/** The log of one part of the program. Silent until `startLogging` was called. */
export function log(part: string): Log {
  return getLogger(["holdfast", part]);
}
