// Tries whatever a program that was broken into might try, and prints what it got. Run with the permissions that are
// to be looked at, and what is to be tried as JSON.

interface Wanted {
  /** Paths to write to, and to read. */
  write: string[];
  read: string[];
  /** Paths that are to lead to the machine's list of accounts. */
  link: string[];
  /** `host:port` to connect to, and to listen at. */
  connect: string[];
  listen: string[];
  run: string[];
  /** Modules that are to become threads; one has started when it has made something of a message. */
  threads: string[];
  env: string[];
}

const wanted: Wanted = JSON.parse(Deno.args[0]);
const got: Record<string, string> = {};

async function attempt(what: string, how: () => unknown) {
  try {
    await how();
    got[what] = "got";
  } catch (error) {
    // Whatever else went wrong, it was not forbidden.
    got[what] = error instanceof Deno.errors.NotCapable ? "forbidden" : "got";
  }
}

const split = (address: string) => {
  const { hostname, port } = new URL(`tcp://${address}`);
  return { hostname, port: Number(port) };
};
for (const path of wanted.write) {
  await attempt(`write ${path}`, () => Deno.writeTextFile(path, "x", { append: true }));
}
for (const path of wanted.read) {
  await attempt(`read ${path}`, () => Deno.open(path).then((file) => file.close()));
}
for (const path of wanted.link) await attempt(`link ${path}`, () => Deno.symlink("/etc/passwd", path));
for (const address of wanted.connect) {
  await attempt(
    `connect ${address}`,
    () => Deno.connect(split(address)).then((connection) => connection.close()),
  );
}
for (const address of wanted.listen) {
  await attempt(`listen ${address}`, () => Deno.listen(split(address)).close());
}
for (const program of wanted.run) {
  await attempt(`run ${program}`, () => new Deno.Command(program, { args: ["-c", "true"] }).output());
}
for (const module of wanted.threads) {
  await attempt(`thread ${module}`, () =>
    new Promise<void>((resolve, reject) => {
      const thread = new Worker(new URL(`file://${module}`), { type: "module" });
      thread.onmessage = ({ data }) => {
        thread.terminate();
        if (data?.error) reject(new Error(data.error));
        else resolve();
      };
      thread.onerror = (event) => {
        event.preventDefault();
        reject(new Deno.errors.NotCapable(event.message));
      };
      thread.postMessage({
        id: 1,
        kind: "common",
        password: "p",
        bytes: new Uint8Array(10),
        encoding: "gzip",
      });
    }));
}
for (const name of wanted.env) await attempt(`env ${name}`, () => Deno.env.get(name));
await attempt("all of env", () => Deno.env.toObject());
await attempt(
  "a library of the machine",
  () => Deno.dlopen("libc.so.6", { none: { parameters: [], result: "void" } }),
);
const elsewhere = "https://jsr.io/nothing.ts";
await attempt("code from elsewhere", () =>
  import(elsewhere).catch((error) => {
    throw /--no-remote is specified/.test(String(error)) ? new Deno.errors.NotCapable() : error;
  }));
await attempt("the machine's name", () => Deno.hostname());
console.log(JSON.stringify(got));
