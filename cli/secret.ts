import { Ended, EXIT } from "./exits.ts";

const ENTER = [10, 13];
const BACKSPACE = [8, 127];
const END = [3, 4]; // Ctrl-C, Ctrl-D

/**
 * Asks for what nobody may read over a shoulder: nothing is shown of it.
 *
 * @throws {Ended} where there is no terminal to ask at, or nothing is given
 */
export function readSecret(question: string): string {
  if (!Deno.stdin.isTerminal()) {
    throw new Ended(EXIT.usage, "There is no terminal to ask for the password at: use --password-stdin");
  }
  // First blind, then asked: nobody is so fast that the answer shows.
  Deno.stdin.setRaw(true);
  Deno.stderr.writeSync(new TextEncoder().encode(question));
  const typed: number[] = [];
  try {
    const byte = new Uint8Array(1);
    while (Deno.stdin.readSync(byte) && !ENTER.includes(byte[0])) {
      if (END.includes(byte[0])) throw new Ended(EXIT.failed, "Nothing was done");
      if (BACKSPACE.includes(byte[0])) takeBack(typed);
      else typed.push(byte[0]);
    }
  } finally {
    Deno.stdin.setRaw(false);
    Deno.stderr.writeSync(new TextEncoder().encode("\r\n"));
  }
  return new TextDecoder().decode(new Uint8Array(typed));
}

// A letter may be several bytes (UTF-8): those that go on begin with the bits 10.
function takeBack(typed: number[]) {
  while (typed.length > 0 && (typed.pop()! & 0xc0) === 0x80);
}
