import { REQUIREMENTS } from "./requirements.ts";

/** How a requirement stands: it holds here, it is the operator's, it does not apply, or it is open. */
export type State = "holds" | "operator" | "no" | "open";

/** A test that a requirement is shown by. */
export interface Shown {
  number: string;
  file: string;
  test: string;
}

/** A line of the checklist. */
export interface Item {
  number: string;
  level: number;
  state: State;
  words: string;
  shown: Shown[];
}

/** A test as it ran. */
export interface Ran {
  file: string;
  test: string;
  outcome: "passed" | "failed";
}

const STATES: Record<string, State> = {
  "holds": "holds",
  "operator": "operator",
  "n/a": "no",
  "open": "open",
};

/**
 * The checklist of the document: rows of tables that begin with the number of a requirement, its level and how it
 * stands. A test is named as `file`: “name”.
 */
export function readChecklist(text: string): Item[] {
  return text.split("\n").flatMap((line) => {
    const cells = line.split("|").map((cell) => cell.trim());
    const [, number = "", level = "", state = "", words = ""] = cells;
    if (!/^V\d+\.\d+\.\d+$/.test(number)) return [];
    const shown = [...words.matchAll(/`(tests\/[\w/]+_test\.ts)`: ((?:“[^”]+”(?:, )?)+)/g)]
      .flatMap(([, file, names]) =>
        [...names.matchAll(/“([^”]+)”/g)].map(([, test]) => ({ number, file, test }))
      );
    return [{ number, level: Number(level), state: STATES[state], words, shown }];
  });
}

/** Whatever is wrong with the checklist, or with what it names. */
export function wrongIn(items: Item[], shown: Shown[], ran: Ran[]): string[] {
  const numbers = items.map(({ number }) => number);
  const outcome = ({ file, test }: Shown) =>
    ran.find((one) => one.file === file && one.test === test)?.outcome;
  return [
    ...[...REQUIREMENTS.keys()].filter((number) => !numbers.includes(number)).map((number) =>
      `${number} is missing`
    ),
    ...numbers.filter((number, i) => numbers.indexOf(number) !== i).map((number) => `${number} stands twice`),
    ...items.flatMap(({ number, level, state, words, shown }) => {
      const wanted = REQUIREMENTS.get(number);
      if (!wanted) return [`${number} is no requirement of levels 1 and 2`];
      if (wanted !== level) return [`${number} is of level ${wanted}, not ${level}`];
      if (!state) return [`${number}: no word of how it stands`];
      if (words.length < 10) return [`${number}: nothing is said of it`];
      return state === "holds" && shown.length === 0 && !/\[[^\]]+\]\([^)]+\)/.test(words)
        ? [`${number} is said to hold, and neither a test nor a document shows it`]
        : [];
    }),
    ...shown.filter((one) => outcome(one) === undefined)
      .map(({ number, file, test }) => `${number}: ${file} has run no test “${test}”`),
    ...shown.filter((one) => outcome(one) === "failed").map(({ number, file, test }) =>
      `${number}: ${file}: “${test}” failed`
    ),
    ...ran.filter(({ outcome }) => outcome === "failed").map(({ file, test }) => `${file}: “${test}” failed`),
  ];
}
