import { type Command, Option } from "commander";
import { maskedConfig } from "../config.ts";
import { ROLES } from "../domain/permissions.ts";
import { JOBS } from "../jobs.ts";
import { backups } from "./backups.ts";
import { now, settings, withDatabase } from "./beside.ts";
import { Ended, EXIT } from "./exits.ts";
import { note, showRows, write } from "./output.ts";

/** The operator's commands, beside the database. They work while the server runs, too. */
export function operator(program: Command): void {
  program.command("migrate").description("bring the database to the newest shape")
    .action(() =>
      withDatabase(async (sql) => {
        const { migrate } = await import("../db/migrate.ts");
        const applied = await migrate(sql, now());
        const none = "Nothing to do: the database is up to date";
        write(`${applied.length > 0 ? `Applied ${applied.join(", ")}` : none}\n`);
      })
    );

  backups(program);

  for (const job of JOBS) {
    program.command(job.name)
      .description(`run the job "${job.name}" now; otherwise it runs by itself (${job.schedule})`)
      .action(() =>
        withDatabase(async (sql) => {
          const { runJob } = await import("../jobs.ts");
          const changed = await runJob(sql, job, now());
          write(`${changed} ${changed === 1 ? "row" : "rows"} changed\n`);
        })
      );
  }

  const user = program.command("user").description(
    "people, beside the database: where nobody can sign in yet",
  );
  user.command("create").description("make an account; the password is read from the standard input")
    .argument("<email>").argument("<name>")
    .addOption(new Option("--role <role>", "what they may do").choices([...ROLES]).default("user"))
    .addHelpText(
      "after",
      "\nExample:\n  echo 'a long password' | deno task cli user create ada@example.org Ada --role admin",
    )
    .action((email: string, name: string, { role }: { role: typeof ROLES[number] }) =>
      withDatabase(async (sql) => {
        const { NewUser, register } = await import("../domain/users.ts");
        const { check } = await import("../routes/forms.ts");
        const password = (await new Response(Deno.stdin.readable).text()).replace(/\r?\n$/, "");
        const made = await register(sql, { ...check(NewUser, { email, name, password }), role }, now());
        write(`${made.name} <${made.email}> is ${made.role}\n`);
      })
    );

  user.command("take-second-factor")
    .description("for whoever has lost it: they sign in without it, and every session of theirs ends")
    .argument("<email>")
    .action((email: string) =>
      withDatabase(async (sql) => {
        const { takeSecondFactor } = await import("../domain/auth/second_factor.ts");
        const { getUserByEmail } = await import("../domain/users.ts");
        const { id, name } = await getUserByEmail(sql, email);
        const taken = await takeSecondFactor(sql, null, id, now());
        write(`${name} ${taken ? "signs in without a second factor" : "has no second factor"}\n`);
      })
    );

  program.command("demo").description("fill an empty database with a demo site")
    .option("--reservations <figure>", "how many", "2000")
    .action(({ reservations }: { reservations: string }) =>
      withDatabase(async (sql, config) => {
        const { isSetUp } = await import("../domain/users.ts");
        if (await isSetUp(sql)) {
          throw new Ended(
            EXIT.conflict,
            "There is an administrator already: a demo site goes into an empty database only",
          );
        }
        const { fillDemo } = await import("../db/demo.ts");
        const { bar } = await import("./progress.ts");
        const progress = bar();
        const site = await fillDemo(sql, {
          ...{ now: now(), timeZone: config.TIME_ZONE, reservations: Number(reservations) },
          onProgress: progress.show,
        });
        progress.end();
        note(`${site.resources} resources, ${site.people} people, ${site.reservations} reservations`);
        note(`The password of everybody is ${site.password}. Sign in as`);
        showRows(
          site.sign_in,
          [
            { head: "E-mail", read: (row) => row.email },
            {
              head: "Name",
              read: (row) => row.name,
            },
            { head: "Role", read: (row) => row.role },
          ],
          {},
          "",
        );
      })
    );

  program.command("doctor").description(
    "look whether everything is as it should be, and say what to do where it is not",
  )
    .option("--json", "for scripts")
    .action(async ({ json }: { json?: boolean }) => {
      const { examine } = await import("./doctor.ts");
      const found = await examine(settings, withDatabase);
      showRows(
        found.map(({ ok, ...rest }) => ({ ok, ...rest })),
        [
          { head: "", read: (row) => row.ok ? "ok" : "NOT" },
          { head: "What", read: (row) => row.what },
          { head: "Found", read: (row) => row.found },
          { head: "Do", read: (row) => row.ok ? "" : row.remedy },
        ],
        { json },
        "",
      );
      const wrong = found.filter(({ ok }) => !ok).length;
      if (wrong > 0) throw new Ended(EXIT.failed, `${wrong} of ${found.length} not as it should be`);
    });

  program.command("config").description("print the settings as they are read, secrets masked")
    .action(() => console.table(maskedConfig(settings())));
}
