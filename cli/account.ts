import type { Command } from "commander";
import { asking, shown } from "./asked.ts";
import { Ended, EXIT } from "./exits.ts";
import { note, showOne } from "./output.ts";
import { readSecret } from "./secret.ts";
import { chooseSite, passOf, type Site } from "./site.ts";

/** Signing in and out, and who one is. */
export function account(program: Command): void {
  program.command("login").description("sign in at a site; it is then the one that is meant")
    .argument("[site]", "its address, such as https://holdfast.example.org")
    .option("--email <email>", "who signs in; otherwise it is asked")
    .option("--password-stdin", "read the password from the standard input")
    .option("--code <code>", "the code of a second factor; otherwise it is asked where there is one")
    .option("--token-stdin", "keep a personal token from the standard input instead of a password's session")
    .addHelpText(
      "after",
      "\nExamples:\n  holdfast login https://holdfast.example.org\n" +
        '  printf %s "$TOKEN" | holdfast login https://holdfast.example.org --token-stdin\n' +
        "For a script that keeps nothing: HOLDFAST_URL and HOLDFAST_TOKEN.",
    )
    .action(asking<[string | undefined]>(async ({ site: chosen, options }, named) => {
      const site = named ? await chooseSite(named) : chosen;
      if (options.tokenStdin) {
        const token = (await new Response(Deno.stdin.readable).text()).trim();
        const authorization = `Bearer ${token}`;
        const me = await site.call("GET", "/api/v1/auth/me", { headers: { authorization } }, "nobody");
        await site.keep({ token });
        return note(`Signed in at ${site.address} as ${me.name} (${me.role}), with a token`);
      }
      const email = options.email ?? prompt("E-mail:");
      if (!email) throw new Ended(EXIT.usage, "Give the e-mail address: --email");
      const password = options.passwordStdin
        ? (await new Response(Deno.stdin.readable).text()).replace(/\r?\n$/, "")
        : readSecret("Password: ");
      const pair = await signIn(site, { email, password, code: options.code });
      await site.keep(passOf(pair));
      const me = await site.call("GET", "/api/v1/auth/me");
      note(`Signed in at ${site.address} as ${me.name} (${me.role})`);
    }));

  program.command("logout").description("end the session here, and forget it")
    .action(asking(async ({ site }) => {
      // A personal token is for others too: it is only forgotten, and revoked where it was made.
      const pass = await site.forget();
      if (!pass) return note(`Not signed in at ${site.address}`);
      if ("refresh_token" in pass) await end(site, pass.access_token);
      note(`Signed out at ${site.address}`);
    }));

  program.command("whoami").description("who is signed in, and where")
    .action(asking(async ({ site, json, csv }) => {
      const me = await site.call("GET", "/api/v1/auth/me");
      showOne({ ...me, site: site.address }, [
        { head: "Name", read: (row) => row.name },
        { head: "E-mail", read: (row) => row.email },
        { head: "Role", read: (row) => row.role },
        { head: "Time zone", read: (row) => row.time_zone },
        { head: "Site", read: (row) => row.site },
      ], { json, csv });
    }));

  program.command("status").description("whether the site is well")
    .action(asking(async ({ site, zone, json, csv }) => {
      const response = await site.send("GET", "/health", {}, "nobody");
      const health = await response.json();
      const checks = Object.entries<Record<string, unknown>>(health.checks);
      showOne({ site: site.address, ...health }, [
        { head: "Site", read: (row) => row.site },
        { head: "Status", read: (row) => row.status },
        ...checks.map(([name, check]) => ({
          head: name,
          read: () =>
            [
              check.status,
              check.latency_ms === undefined ? "" : `${check.latency_ms} ms`,
              check.last_run ? `last run ${shown(String(check.last_run), zone)}` : "",
            ].filter(Boolean).join(", "),
        })),
      ], { json, csv });
    }));
}

// Whether there is a second factor is known once the password was right.
async function signIn(site: Site, body: { email: string; password: string; code?: string }) {
  try {
    return await site.call("POST", "/api/v1/auth/login", { body }, "nobody");
  } catch (error) {
    const wanted = error instanceof Ended && error.code === EXIT.signedOut &&
      /second factor/.test(error.message);
    if (!wanted || body.code || !Deno.stdin.isTerminal()) throw error;
    const code = prompt("Code of your second factor:") ?? "";
    return await site.call("POST", "/api/v1/auth/login", { body: { ...body, code } }, "nobody");
  }
}

// The session may be over by itself: then there is nothing to end.
async function end(site: Site, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  await site.send("POST", "/api/v1/auth/logout", { headers }, "nobody").catch((error) => {
    if (!(error instanceof Ended) || error.code !== EXIT.signedOut) throw error;
  });
}
