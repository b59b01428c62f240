/** How a command ends, for scripts to rely on. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** What was typed, or what was sent, is not right. */
  usage: 2,
  signedOut: 3,
  notAllowed: 4,
  notFound: 5,
  /** A rule or somebody else is in the way. */
  conflict: 6,
  /** Nobody answers, or not now. */
  unavailable: 7,
} as const;

/** Ends a command with words for people and a code for scripts. */
export class Ended extends Error {
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

const OF_STATUS: Record<number, number> = {
  401: EXIT.signedOut,
  403: EXIT.notAllowed,
  404: EXIT.notFound,
  409: EXIT.conflict,
  412: EXIT.conflict,
  429: EXIT.unavailable,
  503: EXIT.unavailable,
};

/** The code for what a site answered. */
export function exitOf(status: number): number {
  return OF_STATUS[status] ?? (status < 500 ? EXIT.usage : EXIT.failed);
}

/** What the codes mean, for the help. */
export const EXIT_HELP = `
Exit codes: 0 done, 1 failed, 2 wrong input, 3 not signed in, 4 not allowed, 5 not found, 6 in conflict with a rule
or somebody else, 7 nobody answers.`;
