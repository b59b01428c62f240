import { join } from "node:path";

/** What a run has for itself: a folder, and what is to be undone at its end, the last first. */
export interface Run {
  folder: string;
  ends: AsyncDisposableStack;
  say(words: string): void;
}

/**
 * Does the work of a run in a folder of its own, and clears up behind it: processes, mounts, files; also when it is
 * interrupted.
 */
export async function inRun<T>(
  name: string,
  work: (run: Run) => Promise<T>,
  say = console.error,
): Promise<T> {
  const ends = new AsyncDisposableStack();
  const interrupted = Promise.withResolvers<never>();
  const stop = () => interrupted.reject(new Interrupted("Interrupted: clearing up"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, stop);
    ends.defer(() => Deno.removeSignalListener(signal, stop));
  }
  try {
    const folder = await Deno.makeTempDir({ prefix: `holdfast-${name}-` });
    ends.defer(() => Deno.remove(folder, { recursive: true }));
    await Deno.chmod(folder, 0o711); // a database that does not run as root has to get through
    return await Promise.race([work({ folder, ends, say }), interrupted.promise]);
  } finally {
    interrupted.promise.catch(() => {});
    await ends.disposeAsync();
  }
}

/** Somebody ended the run before its time. */
export class Interrupted extends Error {}

/** A folder of the run that any account may write to. */
export async function openFolder(run: Run, name: string): Promise<string> {
  const folder = join(run.folder, name);
  await Deno.mkdir(folder);
  await Deno.chmod(folder, 0o777);
  return folder;
}

/** Runs a command to its end. @throws with what it said where it fails */
export async function command(
  program: string,
  args: string[],
  options: Deno.CommandOptions = {},
): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, ...options }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (!success) throw new Error(`${program} ${args.join(" ")} failed: ${err || out}`);
  return out;
}

/** Whole numbers below a bound, the same ones for the same seed (mulberry32). */
export function random(seed: number): (below: number) => number {
  let state = seed * 0x9e3779b9;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * below);
  };
}
