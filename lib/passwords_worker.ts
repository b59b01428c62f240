/// <reference lib="deno.worker" />
import { argon2id, argon2Verify } from "hash-wasm";
import { COST } from "./password_cost.ts";

type Task = { id: number; kind: "hash" | "verify" | "common"; password: string; hash?: string };

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
  if (kind === "common") return isCommon(password);
  return argon2id({
    password,
    salt: crypto.getRandomValues(new Uint8Array(16)),
    ...{ parallelism: COST.p, iterations: COST.t, memorySize: COST.m },
    hashLength: 32,
    outputType: "encoded",
  });
}

// Its words are in lower case. Whoever only signs in has no need of them: 15 MB, and 20 ms until they are read.
async function isCommon(password: string): Promise<boolean> {
  const { default: list } = await import("fxa-common-password-list");
  return list.test(password.toLowerCase());
}
