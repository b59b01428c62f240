/// <reference lib="deno.worker" />
import { argon2id, argon2Verify } from "hash-wasm";

type Task = { id: number; kind: "hash" | "verify"; password: string; hash?: string };

self.onmessage = async ({ data }: MessageEvent<Task>) => {
  try {
    self.postMessage({ id: data.id, value: await work(data) });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error) });
  }
};

function work({ kind, password, hash }: Task): boolean | Promise<string | boolean> {
  // The library throws for an empty password, which is wrong like any other.
  if (kind === "verify") return password !== "" && argon2Verify({ password, hash: hash! });
  return argon2id({
    password,
    salt: crypto.getRandomValues(new Uint8Array(16)),
    parallelism: 1,
    iterations: 2,
    memorySize: 19_456,
    hashLength: 32,
    outputType: "encoded",
  });
}
