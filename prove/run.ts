import { join } from "node:path";
import { seeded } from "../bench/numbers.ts";

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

/** Whole numbers below a bound, the same ones for the same seed. */
export function random(seed: number): (below: number) => number {
  const next = seeded(seed * 0x9e3779b9);
  return (below) => Math.floor(next() * below);
}
