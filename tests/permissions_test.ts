import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { permissionsFor } from "../permissions.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PROBE = join(ROOT, "tests/support/reach.ts");

/** What a tiny program gets that is started exactly as the task `start` starts Holdfast. */
async function reach(settings: Record<string, string>, wanted: Record<string, string[]>, instead?: string) {
  const { tasks } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  assert.match(tasks.start.command, / main\.ts$/);
  const command = instead ?? tasks.start.command.replace(/ main\.ts$/, "");
  const everything = {
    ...{ write: [], read: [], link: [], connect: [], listen: [], run: [], threads: [], env: [] },
    ...wanted,
  };
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", `set -f; exec ${command} "$0" "$1"`, PROBE, JSON.stringify(everything)],
    cwd: ROOT,
    env: { PATH: `${join(Deno.execPath(), "..")}:${Deno.env.get("PATH")}`, NO_COLOR: "1", ...settings },
  }).output();
  const text = new TextDecoder();
  assert.equal(code, 0, text.decode(stderr));
  const got: Record<string, string> = JSON.parse(text.decode(stdout));
  return Object.keys(got).filter((what) => got[what] === "got");
}

const HOME = Deno.env.get("HOME") ?? "/root";
/** What Holdfast has no business with, whatever the settings are. */
const OUTSIDE = {
  write: [
    "/tmp/holdfast-was-here",
    join(ROOT, "app.ts"),
    join(ROOT, "static/app.css"),
    join(HOME, ".profile"),
  ],
  read: [
    "/etc/passwd",
    "/proc/self/environ",
    join(ROOT, "deno.json"),
    join(ROOT, ".git/HEAD"),
    join(ROOT, ".env"),
  ],
  connect: ["127.0.0.1:22", "169.254.169.254:80", "registry.npmjs.org:443"],
  listen: ["127.0.0.1:18999", "0.0.0.0:0"],
  run: ["/bin/ls", "/usr/bin/env", Deno.execPath()],
  threads: [join(ROOT, "prove/site.ts")],
  env: ["HOME", "PATH", "AWS_SECRET_ACCESS_KEY"],
};

Deno.test("the server reaches its own folder and its own database, and nothing else of the machine", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "holdfast-reach-" });
  const own = { DATA_DIR: folder, PORT: "18998", HOST: "127.0.0.1", DATABASE_URL: "" };
  const elsewhere = { ...own, DATABASE_URL: "postgres://me@db.example:5433/holdfast" };
  try {
    await t.step("whatever lies outside is forbidden", async () => {
      const wanted = { ...OUTSIDE, link: [join(folder, "way-out")] };
      assert.deepEqual(await reach(own, wanted), []);
    });
    await t.step(
      "what it needs it has: its folder, its address, its own files and threads, a shell for its database",
      async () => {
        const needed = {
          write: [join(folder, "note")],
          read: [
            join(ROOT, "static/app.css"),
            join(ROOT, "db/migrations/0001_people.sql"),
            join(folder, "note"),
          ],
          threads: [join(ROOT, "lib/passwords_worker.ts"), join(ROOT, "lib/compress_worker.ts")],
          ...{ listen: ["127.0.0.1:18998"], run: ["/bin/sh"], env: ["SECRET_KEY", "PGHOST"] },
        };
        assert.equal((await reach(own, needed)).length, 10);
      },
    );
    await t.step(
      "with a database elsewhere it runs no program at all, and connects to that host alone",
      async () => {
        const wanted = {
          ...OUTSIDE,
          run: [...OUTSIDE.run, "/bin/sh"],
          connect: ["db.example:5432", "127.0.0.1:5433"],
        };
        assert.deepEqual(await reach(elsewhere, wanted), []);
        const flags = await permissionsFor((name) => (elsewhere as Record<string, string>)[name]);
        assert.deepEqual(flags.filter((flag) => /run|net/.test(flag)), [
          "--allow-net=127.0.0.1:18998,db.example:5433",
        ]);
      },
    );
    await t.step("a program that may do everything is told so by the same attempts", async () => {
      const harmless = {
        read: OUTSIDE.read.slice(0, 2),
        run: ["/bin/ls"],
        env: ["HOME"],
        listen: ["127.0.0.1:0"],
      };
      assert.equal((await reach(own, harmless, "deno run --allow-all")).length, 9);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const flags = (settings: Record<string, string>) => permissionsFor((name) => settings[name]);

Deno.test("a setting that is no good opens nothing", async () => {
  const url = "postgres://me@db:5432/x";
  for (
    const [name, value] of [["PORT", "eight"], ["HOST", "--allow-all"], ["HOST", "a,b"], [
      "PORT",
      "80 --allow-all",
    ]]
  ) {
    const [net, ...rest] = await flags({ DATABASE_URL: url, [name]: value });
    assert.equal(net, "--allow-net=db:5432", `${name}=${value}`);
    assert.doesNotMatch(rest.join(" "), /all\b|net/);
  }
  await assert.rejects(flags({ DATA_DIR: "data --allow-all" }), /DATA_DIR/);
  await assert.rejects(flags({ DATA_DIR: "data,/" }), /DATA_DIR/);
});

Deno.test("every form of a database's address opens that database and no other", async () => {
  const net = async (DATABASE_URL: string) => (await flags({ DATABASE_URL }))[0].split(",").slice(1);
  assert.deepEqual(await net("postgres://me:secret@db.example/holdfast"), ["db.example:5432"]);
  assert.deepEqual(await net("postgres://me@one:5433,two:5434/holdfast"), ["one:5433", "two:5434"]);
});

Deno.test("a data directory whose path is too long for a socket opens one folder more, and that alone", async () => {
  const folder = `/tmp/${"long".repeat(30)}`;
  const write = (await flags({ DATA_DIR: folder })).find((flag) => flag.startsWith("--allow-write"));
  assert.match(write ?? "", /^--allow-write=\/tmp\/(long)+,\/tmp\/holdfast-[\da-f]{16}$/);
});
