import type { Issue } from "../errors.ts";

/** What is wrong with a line, as an editor counts it; `field` is the column, empty where it is the whole line. */
export interface Problem {
  line: number;
  field: string;
  message: string;
}

/** What a line changes of something: each column, as it was and as it is to be. */
export interface Difference {
  line: number;
  name: string;
  changes: { field: string; before: string; after: string }[];
}

/** What comes of a file. Of problems and differences it has the first, and how many there are beside them. */
export interface Outcome {
  created: number;
  updated: number;
  unchanged: number;
  errors: Problem[];
  more_errors: number;
  /** Lines that were not looked at any more, after so many problems. */
  unread: number;
  /** The first of what is made anew. */
  made: { line: number; name: string }[];
  changed: Difference[];
}

/** So many problems are told one by one. */
export const MOST_PROBLEMS = 100;
/** … and so many of what is made or changed. */
export const MOST_SHOWN = 50;

/** Collects what comes of a file, in no more memory than what is told of it. */
export class Report {
  readonly outcome: Outcome = {
    ...{ created: 0, updated: 0, unchanged: 0, errors: [], more_errors: 0, unread: 0 },
    ...{ made: [], changed: [] },
  };

  /** Whether nothing stands against the file so far. */
  get good(): boolean {
    return this.outcome.errors.length === 0;
  }

  /** Whether a further problem would only be counted: nobody has to look for its words. */
  get full(): boolean {
    return this.outcome.errors.length >= MOST_PROBLEMS;
  }

  problem(line: number, { path, message }: Issue): void {
    if (this.full) this.outcome.more_errors++;
    else this.outcome.errors.push({ line, field: path, message });
  }

  created(line: number, name: string): void {
    this.outcome.created++;
    if (this.outcome.made.length < MOST_SHOWN) this.outcome.made.push({ line, name });
  }

  updated(difference: Difference): void {
    this.outcome.updated++;
    if (this.outcome.changed.length < MOST_SHOWN) this.outcome.changed.push(difference);
  }

  unchanged(): void {
    this.outcome.unchanged++;
  }

  unread(): void {
    this.outcome.unread++;
  }

  /** The outcome, its problems in the order of the lines. */
  end(): Outcome {
    this.outcome.errors.sort((a, b) => a.line - b.line);
    return this.outcome;
  }
}
