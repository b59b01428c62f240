import { log } from "./log.ts";
import { type Encoding, squeeze } from "./squeeze.ts";

export type { Encoding };

/** Below this a body fits into one packet anyway. */
const WORTH = 1_000;
/** More threads than this have nothing to do: one answers, and each of these takes what it makes. */
const MOST = 3;

type Said = "ready" | { id: number; made: Uint8Array<ArrayBuffer> };

/** A thread that compresses, and who waits for it. */
interface Press {
  worker: Worker;
  ready: PromiseWithResolvers<void>;
  waiting: Map<number, PromiseWithResolvers<Uint8Array<ArrayBuffer>>>;
}

let presses: Press[] = [];
let lastId = 0;

/** The best encoding that a client takes, by its `Accept-Encoding`; undefined for none. */
export function encodingFor(accepted: string | undefined): Encoding | undefined {
  if (!accepted) return undefined;
  const offered = accepted.toLowerCase().split(",").map((part) => part.trim());
  const takes = (name: string) =>
    offered.some((part) => part.split(";")[0] === name && !/;\s*q=0(\.0*)?$/.test(part));
  return takes("br") ? "br" : takes("gzip") ? "gzip" : undefined;
}

/** A body in an encoding, or undefined where it is too small to be worth it. */
export async function compressed(
  body: string,
  encoding: Encoding,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (body.length < WORTH) return undefined;
  const bytes = new TextEncoder().encode(body);
  if (presses.length === 0) return squeeze(bytes, encoding);
  const press = presses.reduce((least, one) => one.waiting.size < least.waiting.size ? one : least);
  const made = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
  const id = ++lastId;
  press.waiting.set(id, made);
  press.worker.postMessage({ id, bytes, encoding }, [bytes.buffer]);
  // Where the thread has ended there is this one.
  return await made.promise.catch(() => squeeze(new TextEncoder().encode(body), encoding));
}

/**
 * Has bodies compressed by threads of their own from now on: that takes longer than to make most pages, and the runtime
 * does it on the thread that asks, also where it is asked not to wait. Without it `compressed` does it where it stands.
 *
 * @returns when they are ready, and what ends them
 */
export function compressBeside(threads = Math.min(MOST, Math.max(1, navigator.hardwareConcurrency - 1))) {
  const started = Array.from({ length: threads }, startPress);
  return {
    ready: Promise.all(started.map(({ ready }) => ready.promise)),
    end: () => started.forEach(stopPress),
  };
}

function startPress(): Press {
  const worker = new Worker(new URL("./compress_worker.ts", import.meta.url), { type: "module" });
  const press: Press = { worker, ready: Promise.withResolvers(), waiting: new Map() };
  worker.onmessage = ({ data }: MessageEvent<Said>) => {
    // Until then nobody waits for it to start.
    if (data === "ready") {
      presses.push(press);
      return press.ready.resolve();
    }
    press.waiting.get(data.id)?.resolve(data.made);
    press.waiting.delete(data.id);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    log("http").warn("A thread that compresses has ended: {error}", { error: event.message });
    stopPress(press);
  };
  return press;
}

function stopPress(press: Press): void {
  presses = presses.filter((one) => one !== press);
  press.worker.terminate();
  for (const { reject } of press.waiting.values()) reject(new Error("The thread has ended"));
}
