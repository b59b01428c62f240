import { audit } from "./security/dependencies.ts";
import { readChecklist, type Shown, wrongIn } from "./security/checklist.ts";
import { FAULTS, runTests } from "./security/run.ts";

// Runs the tests that docs/security.md names, and holds the document against them: `deno task prove:security`.

const [fault] = Deno.args.filter((arg) => arg.startsWith("--fault=")).map((arg) =>
  arg.slice("--fault=".length)
);
if (fault && !FAULTS.includes(fault)) {
  console.error(`There is no fault "${fault}": ${FAULTS.join(", ")}`);
  Deno.exit(2);
}

const text = await Deno.readTextFile(new URL("../docs/security.md", import.meta.url));
const items = readChecklist(text);
const extra: Shown[] = fault === "missing-test"
  ? [{ number: "V0.0.0", file: "tests/routes/walls_test.ts", test: "A test that nobody wrote" }]
  : [];
const shown = [...items.flatMap((item) => item.shown), ...extra];
const files = [...new Set(shown.map(({ file }) => file))].sort();
console.error(`${items.length} requirements, ${shown.length} references to tests in ${files.length} files`);

const ran = await runTests(files, fault);
const wrong = wrongIn(items, shown, ran);
const dependencies = await audit();
if (!dependencies.ok) wrong.push(dependencies.words);

const met = (state: string) => items.filter((item) => item.state === state).length;
console.log(
  `ASVS 5.0, levels 1 and 2: ${items.length} requirements: ${met("holds")} hold, ` +
    `${met("operator")} are the operator's, ${met("no")} do not apply, ${met("open")} are open`,
);
console.log(
  `${ran.filter(({ outcome }) => outcome === "passed").length} tests passed in ${files.length} files`,
);
console.log(dependencies.words);
if (wrong.length > 0) {
  console.log(["Broken:", ...wrong.map((words) => `- ${words}`)].join("\n"));
  Deno.exit(1);
}
console.log("All of it holds.");
