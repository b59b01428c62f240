/** What one process keeps in memory, in MB; undefined where the system does not tell. */
export async function residentMemory(pid: number): Promise<number | undefined> {
  return await kilobytes(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB/m);
}

/**
 * What the PostgreSQL of a data directory keeps in memory, in MB: memory that its processes share counts once, not
 * once for each.
 */
export async function databaseMemory(dataDir: string): Promise<number | undefined> {
  const pidFile = await read(`${dataDir}/db/postmaster.pid`);
  const postmaster = pidFile?.split("\n")[0];
  if (!postmaster) return undefined;
  const all = await Array.fromAsync(Deno.readDir("/proc")).catch(() => []);
  let sum = 0;
  for (const { name } of all) {
    if (!/^\d+$/.test(name)) continue;
    const parent = /^PPid:\s+(\d+)/m.exec(await read(`/proc/${name}/status`) ?? "")?.[1];
    if (name !== postmaster && parent !== postmaster) continue;
    sum += await kilobytes(`/proc/${name}/smaps_rollup`, /^Pss:\s+(\d+) kB/m) ?? 0;
  }
  return sum || undefined;
}

async function kilobytes(path: string, line: RegExp): Promise<number | undefined> {
  const found = line.exec(await read(path) ?? "")?.[1];
  return found ? Number(found) / 1024 : undefined;
}

// A process may end while it is looked at.
async function read(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch(() => undefined);
}
