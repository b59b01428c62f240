import { dirname, join } from "node:path";
import { Ended, EXIT } from "./exits.ts";

/** How somebody is known at one site. */
export type Pass =
  | { access_token: string; refresh_token: string; /** Milliseconds of the epoch. */ until: number }
  | { token: string };

interface Kept {
  /** The site of the last sign-in. */
  current?: string;
  sites: Record<string, Pass>;
}

/**
 * Reads what is kept of all sites and writes what `work` makes of it, while no other command does the same: a
 * refresh token that two commands use at once would end the session of both.
 *
 * @throws {Ended} where the file can be read by others, or cannot be read
 */
export async function withKept<T>(work: (kept: Kept) => T | Promise<T>): Promise<T> {
  const path = file();
  await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
  using lock = await Deno.open(`${path}.lock`, { create: true, write: true, mode: 0o600 });
  await lock.lock(true);
  const kept = await read(path);
  const before = JSON.stringify(kept);
  const answer = await work(kept);
  if (JSON.stringify(kept) !== before) {
    // Another file, put in its place: whoever reads meanwhile sees the one or the other, never a half.
    const fresh = `${path}.new`;
    await Deno.writeTextFile(fresh, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600 });
    await Deno.chmod(fresh, 0o600);
    await Deno.rename(fresh, path);
  }
  return answer;
}

async function read(path: string): Promise<Kept> {
  try {
    const { mode } = await Deno.stat(path);
    if (mode !== null && (mode & 0o077) !== 0) {
      throw new Ended(EXIT.failed, `${path} can be read by others. Do: chmod 600 ${path}`);
    }
    return { sites: {}, ...JSON.parse(await Deno.readTextFile(path)) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { sites: {} };
    if (error instanceof SyntaxError) {
      throw new Ended(EXIT.failed, `${path} is not as we wrote it. Remove it and sign in again`);
    }
    throw error;
  }
}

function file(): string {
  const home = Deno.env.get("HOME");
  const base = Deno.env.get("XDG_CONFIG_HOME") || (home && join(home, ".config"));
  if (!base) throw new Ended(EXIT.failed, "Set HOME or XDG_CONFIG_HOME: the sign-in is kept there");
  return join(base, "holdfast", "sign-in.json");
}
