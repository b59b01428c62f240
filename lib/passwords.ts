// argon2id takes about a tenth of a second of computing: it runs beside the server, never in its way.

type Task =
  | { kind: "hash" | "common"; password: string }
  | { kind: "verify"; password: string; hash: string };
type Answer = { id: number; value?: string | boolean; error?: string };

let worker: Worker | undefined;
let lastId = 0;
const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();

/** The argon2id hash of a password as a PHC string, at today's cost. */
export function hashPassword(password: string): Promise<string> {
  return ask({ kind: "hash", password });
}

/** Whether `password` is the one that `hash` was made of. */
export function verifyPassword(password: string, hash: string): Promise<boolean> {
  return ask({ kind: "verify", password, hash });
}

/**
 * Whether a password, in whatever case, is one of the 50,000 that were most common among ten million from breaches, of
 * those with 8 characters or more. The list is read when it is first asked for.
 */
export function isCommonPassword(password: string): Promise<boolean> {
  return ask({ kind: "common", password });
}

/** Ends the worker, so that a process can end; it starts again when it is needed. */
export function stopHashing(): void {
  worker?.terminate();
  worker = undefined;
  for (const { reject } of waiting.values()) reject(new Error("Hashing was stopped"));
  waiting.clear();
}

function ask<T>(task: Task): Promise<T> {
  worker ??= start();
  const id = ++lastId;
  return new Promise<T>((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker!.postMessage({ id, ...task });
  });
}

function start(): Worker {
  const started = new Worker(new URL("./passwords_worker.ts", import.meta.url), { type: "module" });
  started.onmessage = ({ data }: MessageEvent<Answer>) => {
    const asker = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error) asker?.reject(new Error(data.error));
    else asker?.resolve(data.value as never);
  };
  started.onerror = (event) => {
    event.preventDefault();
    stopHashing();
  };
  return started;
}
