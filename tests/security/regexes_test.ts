import assert from "node:assert/strict";
import { checkSync } from "recheck";
import ts from "typescript";

const ROOT = new URL("../../", import.meta.url);

/** Every regular expression that is written in a file, with its line. */
function expressionsIn(path: string, text: string) {
  const found: { where: string; source: string; flags: string }[] = [];
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const visit = (node: ts.Node) => {
    if (ts.isRegularExpressionLiteral(node)) {
      const end = node.text.lastIndexOf("/");
      const { line } = file.getLineAndCharacterOfPosition(node.getStart());
      found.push({
        where: `${path}:${line + 1}`,
        source: node.text.slice(1, end),
        flags: node.text.slice(end + 1),
      });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

async function sources(folder: string): Promise<string[]> {
  const found = await Promise.all(
    (await Array.fromAsync(Deno.readDir(new URL(`${folder}/`, ROOT)))).map(({ name, isDirectory }) =>
      isDirectory ? sources(`${folder}/${name}`) : /\.(tsx?|js)$/.test(name) ? [`${folder}/${name}`] : []
    ),
  );
  return found.flat();
}

/** What takes long on some text, with that text. */
function slowOf({ where, source, flags }: ReturnType<typeof expressionsIn>[number]): string | undefined {
  const found = checkSync(source, flags.replace(/[dv]/g, ""), { timeout: 20_000 });
  if (found.status === "safe") return undefined;
  const how = found.status === "vulnerable"
    ? `${found.complexity.type}: ${found.attack.pattern}`
    : "not decided";
  return `${where}: /${source}/${flags} is ${how}`;
}

// The library keeps a thread of its own.
const analyzing = { sanitizeOps: false, sanitizeResources: false };

Deno.test(
  "no regular expression of ours takes more than linear time, whatever it is given",
  analyzing,
  async () => {
    // What the settings, the command line and the start of the database read is their operator's own.
    const folders = ["routes", "domain", "lib", "views", "static"];
    const paths = [...(await Promise.all(folders.map(sources))).flat(), "app.ts", "backups.ts"]
      .filter((path) => !path.includes("/vendor/"));
    const all = (await Promise.all(
      paths.map(async (path) => expressionsIn(path, await Deno.readTextFile(new URL(path, ROOT)))),
    ))
      .flat();
    assert(all.length > 60, `only ${all.length} were found`);
    // It is given our own styles, at the start.
    const ours = (where: string) => where.startsWith("routes/static.ts");
    const slow = all.filter(({ where }) => !ours(where)).map(slowOf).filter((one) => one !== undefined);
    assert.deepEqual(slow, []);
  },
);

Deno.test("one that takes longer than that is found", () => {
  const [bad] = expressionsIn("bad.ts", "const name = /^(\\w+\\s?)*$/;");
  assert.match(slowOf(bad) ?? "", /^bad\.ts:1: .* is exponential/);
});
