/** What is known of the packages that the lock file names. */
export interface Audit {
  ok: boolean;
  words: string;
}

/**
 * Asks the registry of npm for what is known to be wrong with our packages. Where it cannot be asked, that is said and
 * no failure: nobody works offline by choice.
 */
export async function audit(env: Record<string, string> = {}): Promise<Audit> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["audit", "--level=high"],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
  }).output();
  const said = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n").trim();
  return judge(code, said);
}

/** What came of it, by the code and the words of `deno audit`. */
export function judge(code: number, said: string): Audit {
  if (code === 0) return { ok: true, words: "No package is known to have a hole of severity high or above" };
  if (/vulnerabilit|severity/i.test(said)) return { ok: false, words: `Packages with known holes:\n${said}` };
  const [line] = said.split("\n");
  return { ok: true, words: `Packages were not looked at, for the registry could not be asked: ${line}` };
}

if (import.meta.main) {
  const { ok, words } = await audit();
  console.log(words);
  Deno.exit(ok ? 0 : 1);
}
