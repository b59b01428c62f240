/// <reference lib="deno.worker" />
import { type Encoding, settle, squeeze } from "./squeeze.ts";

// One body after the other, away from the thread that answers.

type Task = { id: number; bytes: Uint8Array<ArrayBuffer>; encoding: Encoding };

self.onmessage = ({ data: { id, bytes, encoding } }: MessageEvent<Task>) => {
  const made = squeeze(bytes, encoding);
  self.postMessage({ id, made }, [made.buffer]);
};

settle();
self.postMessage("ready");
