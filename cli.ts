import { Command, CommanderError } from "commander";
import { account } from "./cli/account.ts";
import { approvals } from "./cli/approvals.ts";
import { completion } from "./cli/completion.ts";
import { Ended, EXIT, EXIT_HELP } from "./cli/exits.ts";
import { operator } from "./cli/operator.ts";
import { people } from "./cli/people.ts";
import { reservations } from "./cli/reservations.ts";
import { resources } from "./cli/resources.ts";
import { waitlist } from "./cli/waitlist.ts";
import { BadSettings } from "./config.ts";
import { DataDirInUse, EmbeddedFailed } from "./db/embedded.ts";
import { MigrationRefused } from "./db/migrate.ts";
import { Conflict, Invalid, NotFound } from "./domain/errors.ts";

// The command line: for people and scripts over the API of a site, and for the operator beside the database.

const program = new Command("holdfast")
  .description("Reservations from the command line: over the API of a site, or beside its database.")
  .option("--site <address>", "the site; otherwise HOLDFAST_URL, or that of the last sign-in")
  .option("--zone <zone>", "the IANA zone of times; otherwise this machine's, or the resource's")
  .option("--json", "the answer as the site sent it")
  .option("--csv", "the table as CSV")
  .addHelpText(
    "after",
    "\nExamples:\n  holdfast login https://holdfast.example.org\n" +
      '  holdfast resources list --kind room --free "tomorrow 14:00 +90m"\n' +
      '  holdfast reservations create "Room 1" tomorrow 14:00 +90m --purpose "Review"\n' +
      "  holdfast approvals list\n" + EXIT_HELP,
  )
  .showHelpAfterError()
  .exitOverride();

program.commandsGroup("Over the API of a site:");
account(program);
resources(program);
reservations(program);
approvals(program);
waitlist(program);
people(program);
program.commandsGroup("Beside the database, for the operator:");
operator(program);
program.commandsGroup("Others:");
completion(program);

try {
  await program.parseAsync(Deno.args, { from: "user" });
} catch (error) {
  if (error instanceof CommanderError) Deno.exit(error.exitCode === 0 ? EXIT.done : EXIT.usage);
  if (error instanceof Deno.errors.BrokenPipe) Deno.exit(EXIT.done); // whoever read has read enough
  if (!isExpected(error)) throw error;
  console.error(error.message);
  Deno.exit(error instanceof Ended ? error.code : error instanceof NotFound ? EXIT.notFound : EXIT.failed);
}

function isExpected(error: unknown): error is Error {
  return [
    ...[Ended, BadSettings, DataDirInUse, EmbeddedFailed, MigrationRefused, Invalid, Conflict, NotFound],
    ...[Deno.errors.NotFound, Deno.errors.PermissionDenied, Deno.errors.NotCapable],
  ].some((kind) => error instanceof kind);
}
