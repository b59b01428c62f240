/** A file of these lines, as it comes in. None of the cells has a comma in it. */
export async function* csvLine(lines: readonly (readonly string[])[]): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(
    new TextEncoder().encode(lines.map((cells) => cells.join(",")).join("\n") + "\n"),
  );
}
