import assert from "node:assert/strict";
import { join } from "node:path";
import { type Cluster, findPrimary, follow, NoPrimary } from "../../db/cluster.ts";
import { connect } from "../../db/connect.ts";
import { openPostgres, type Postgres, runsIn } from "../../prove/postgres.ts";
import { until } from "../../prove/programs.ts";
import { inRun } from "../../prove/run.ts";

const silent = { info: () => {}, warn: () => {} };

Deno.test("a server follows the database that takes changes", async (t) => {
  await inRun("cluster", async ({ folder, ends }) => {
    const primary = await openPostgres(folder);
    ends.defer(() => primary.stop());
    const standby = await standbyOf(primary, folder);
    ends.defer(() => standby.stop());
    const addresses = [standby.url, primary.url];

    await t.step("it finds it among its addresses, wherever that stands", async () => {
      assert.equal(await findPrimary(addresses, 5), primary.url);
      assert.equal(await findPrimary(addresses.toReversed(), 5), primary.url);
    });

    const cluster = await follow(addresses, silent);
    ends.defer(() => cluster.close());
    const heard: string[] = [];
    await cluster.sql.listen("words", (word) => void heard.push(word));

    await t.step("changes go there, and nothing is read from a standby meanwhile", async () => {
      await cluster.sql`create table words (word text)`;
      await cluster.sql`insert into words values ('before')`;
      assert.equal(cluster.standby(), undefined);
      await until("the standby has it", async () => (await wordsAt(standby)).length === 1);
    });

    await t.step(
      "whoever waits for one that has gone silent is told so, and it is listened to when it is back",
      async () => {
        await primary.freeze();
        const waiting = Promise.resolve(cluster.sql`select 1`).then(() => "answered", () => "told");
        await until("the standby is read", () => Promise.resolve(cluster.standby() !== undefined));
        assert.equal(await waiting, "told");
        await primary.thaw();
        await until("a change goes through", () => write(cluster, "thawed"));
        await until("the standby is let go", () => Promise.resolve(cluster.standby() === undefined));
        await until("a word is heard", async () => {
          await cluster.sql`select pg_notify('words', 'thawed')`;
          return heard.includes("thawed");
        });
        await until("the standby has it", async () => (await wordsAt(standby)).length === 2);
      },
    );

    await primary.kill();

    await t.step("where it is gone, pages are read from the standby", async () => {
      await until("the standby is read", () => Promise.resolve(cluster.standby() !== undefined));
      const words = await cluster.standby()!`select word from words`;
      assert.deepEqual(words.map(({ word }) => word), ["before", "thawed"]);
    });

    await t.step("a change is refused meanwhile, not kept for later", async () => {
      await assert.rejects(Promise.resolve(cluster.sql`insert into words values ('meanwhile')`));
    });

    await t.step(
      "without one that takes changes, none is found, which names those that were asked",
      async () => {
        await assert.rejects(findPrimary(addresses, 0.5), (error: Error) => {
          assert.ok(error instanceof NoPrimary);
          for (const { port } of [primary, standby]) {
            assert.match(error.message, new RegExp(`127.0.0.1:${port}`));
          }
          return true;
        });
      },
    );

    await promote(standby);

    await t.step(
      "the standby that is promoted takes the changes, and nothing else is read from then on",
      async () => {
        await until("a change goes through", () => write(cluster, "after"));
        assert.deepEqual(await wordsAt(standby), ["before", "thawed", "after"]);
        await until("the standby is let go", () => Promise.resolve(cluster.standby() === undefined));
      },
    );

    await t.step("whoever listened hears what is said there", async () => {
      await until("the word is heard", async () => {
        await cluster.sql`select pg_notify('words', 'heard')`;
        return heard.includes("heard");
      });
    });
  }, () => {});
});

/** A copy of it, which takes over what is changed there. It is stopped for the copy, and started again. */
async function standbyOf(primary: Postgres, folder: string): Promise<Postgres> {
  await primary.stop();
  const place = join(folder, "standby");
  const data = join(place, "db");
  await Deno.mkdir(place);
  await Deno.chmod(place, 0o777);
  await new Deno.Command("cp", { args: ["-a", primary.data, data] }).output();
  await Deno.writeTextFile(join(data, "standby.signal"), "");
  await primary.start();
  const settings = { primary_conninfo: `host=127.0.0.1 port=${primary.port} user=holdfast` };
  const { account, binaries } = primary;
  const standby = runsIn({ name: "standby", folder: place, data, account, binaries, settings });
  await standby.start();
  return standby;
}

async function promote({ url }: Postgres): Promise<void> {
  const sql = connect(url, { max: 1, name: "prove" });
  await sql`select pg_promote()`;
  await sql.end();
}

async function wordsAt({ url }: Postgres): Promise<string[]> {
  const sql = connect(url, { max: 1, name: "prove" });
  try {
    return (await sql<{ word: string }[]>`select word from words`).map(({ word }) => word);
  } catch {
    return [];
  } finally {
    await sql.end();
  }
}

const write = (cluster: Cluster, word: string) =>
  cluster.sql`insert into words values (${word})`.then(() => true, () => false);
