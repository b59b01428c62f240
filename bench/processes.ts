/** What one process keeps in memory, in MB; undefined where the system does not tell. */
export async function residentMemory(pid: number): Promise<number | undefined> {
  return await kilobytes(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB/m);
}

/**
 * What the PostgreSQL of a data directory keeps in memory, in MB: memory that its processes share counts once, not
 * once for each.
 */
export function databaseMemory(dataDir: string): Promise<number | undefined> {
  return sumOver(dataDir, /^Pss:\s+(\d+) kB/m);
}

/**
 * The same without the memory that its processes share: that is as large as it was set to be, and fills as long as
 * there is something to keep in it.
 */
export function databaseOwnMemory(dataDir: string): Promise<number | undefined> {
  return sumOver(dataDir, /^Pss_Anon:\s+(\d+) kB/m);
}

async function sumOver(dataDir: string, line: RegExp): Promise<number | undefined> {
  let sum = 0;
  for (const pid of await databaseProcesses(dataDir)) {
    sum += await kilobytes(`/proc/${pid}/smaps_rollup`, line) ?? 0;
  }
  return sum || undefined;
}

/** For how long a process has been on a core since it started, in ms: all of its threads, and the first one alone. */
export async function timeOnCores(pid: number): Promise<{ all: number; first: number } | undefined> {
  const [all, first] = [await ticks(`/proc/${pid}/stat`), await ticks(`/proc/${pid}/task/${pid}/stat`)];
  return all === undefined || first === undefined ? undefined : { all, first };
}

/** The same of all processes of the PostgreSQL of a data directory. */
export async function databaseTime(dataDir: string): Promise<number | undefined> {
  let sum = 0;
  for (const pid of await databaseProcesses(dataDir)) sum += (await ticks(`/proc/${pid}/stat`)) ?? 0;
  return sum || undefined;
}

async function databaseProcesses(dataDir: string): Promise<string[]> {
  const pidFile = await read(`${dataDir}/db/postmaster.pid`);
  const postmaster = pidFile?.split("\n")[0];
  if (!postmaster) return [];
  const found: string[] = [];
  for (const { name } of await Array.fromAsync(Deno.readDir("/proc")).catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const parent = /^PPid:\s+(\d+)/m.exec(await read(`/proc/${name}/status`) ?? "")?.[1];
    if (name === postmaster || parent === postmaster) found.push(name);
  }
  return found;
}

/** Linux counts in hundredths of a second (`USER_HZ`, proc(5)): user time and system time are its fields 14 and 15. */
async function ticks(path: string): Promise<number | undefined> {
  // The second field is the name of the program, in brackets, and may hold blanks.
  const fields = (await read(path))?.split(") ").pop()?.split(" ");
  return fields && 10 * (Number(fields[11]) + Number(fields[12]));
}

async function kilobytes(path: string, line: RegExp): Promise<number | undefined> {
  const found = line.exec(await read(path) ?? "")?.[1];
  return found ? Number(found) / 1024 : undefined;
}

// A process may end while it is looked at.
async function read(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch(() => undefined);
}
