import { Command, CommanderError, Option } from "commander";
import { BadSettings, type Config, maskedConfig, readConfig, SETTING_NAMES } from "./config.ts";
import { connect } from "./db/connect.ts";
import { DataDirInUse, EmbeddedFailed } from "./db/embedded.ts";
import { migrate, MigrationRefused } from "./db/migrate.ts";
import type { Sql } from "./db/types.ts";
import { Conflict, Invalid } from "./domain/errors.ts";
import { ROLES } from "./domain/permissions.ts";
import { NewUser, register } from "./domain/users.ts";
import { joinDatabase } from "./house.ts";
import { JOBS, runJob } from "./jobs.ts";
import { stopHashing } from "./lib/passwords.ts";
import { check } from "./routes/forms.ts";

const now = () => Temporal.Now.instant().round("microsecond");

const program = new Command("holdfast")
  .description("The operator's commands, beside the database. They work while the server runs, too.")
  .showHelpAfterError()
  .exitOverride();

program.command("migrate")
  .description("bring the database to the newest shape")
  .action(() =>
    withDatabase(async (sql) => {
      const applied = await migrate(sql, now());
      console.log(
        applied.length > 0 ? `Applied ${applied.join(", ")}` : "Nothing to do: the database is up to date",
      );
    })
  );

for (const job of JOBS) {
  program.command(job.name)
    .description(`run the job "${job.name}" now; otherwise it runs by itself (${job.schedule})`)
    .action(() =>
      withDatabase(async (sql) => {
        const changed = await runJob(sql, job, now());
        console.log(`${changed} reservation${changed === 1 ? "" : "s"} changed`);
      })
    );
}

const user = program.command("user").description("people");
user.command("create")
  .description("make an account; the password is read from the standard input")
  .argument("<email>")
  .argument("<name>")
  .addOption(new Option("--role <role>", "what they may do").choices([...ROLES]).default("user"))
  .addHelpText(
    "after",
    "\nExample:\n  echo 'a long password' | deno task cli user create ada@example.org Ada --role admin",
  )
  .action((email: string, name: string, { role }: { role: typeof ROLES[number] }) =>
    withDatabase(async (sql) => {
      const password = (await new Response(Deno.stdin.readable).text()).replace(/\r?\n$/, "");
      const made = await register(sql, { ...check(NewUser, { email, name, password }), role }, now());
      console.log(`${made.name} <${made.email}> is ${made.role}`);
    })
  );

program.command("config")
  .description("print the settings as they are read, secrets masked")
  .action(() => console.table(maskedConfig(settings())));

try {
  await program.parseAsync(Deno.args, { from: "user" });
} catch (error) {
  if (error instanceof CommanderError) Deno.exit(error.exitCode);
  if (!isExpected(error)) throw error;
  console.error(error.message);
  Deno.exit(1);
}

function settings(): Config {
  return readConfig(Object.fromEntries(SETTING_NAMES.map((name) => [name, Deno.env.get(name)])));
}

async function withDatabase(work: (sql: Sql) => Promise<void>) {
  const database = await joinDatabase(settings());
  const sql = connect(database.where, { max: 4, name: "holdfast command" });
  try {
    await work(sql);
  } finally {
    stopHashing();
    await sql.end({ timeout: 5 });
    await database.close();
  }
}

function isExpected(error: unknown): error is Error {
  return [BadSettings, DataDirInUse, EmbeddedFailed, MigrationRefused, Invalid, Conflict]
    .some((kind) => error instanceof kind);
}
