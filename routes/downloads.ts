import { TooMany } from "../domain/errors.ts";
import { actorOf, type Context } from "./env.ts";

/** Each takes a connection for as long as it lasts. */
const AT_ONCE = 3;
const running = new Set<AsyncGenerator>();

/** A spreadsheet knows by this mark that a text is Unicode. */
export const MARK = "\ufeff";

export interface Download<T> {
  /** What it is about: the day and the ending are added for the name of the file. */
  name: string;
  extension: string;
  type: string;
  batches: AsyncGenerator<T[]>;
  /** The text of a batch; of the last one there may be nothing in it. */
  write: (batch: readonly T[], last: boolean) => string | Promise<string>;
}

/**
 * Sends what the database hands over batch by batch, no faster than it is taken. What goes wrong before the first
 * batch has a status; after that, the download breaks off.
 *
 * @throws {TooMany} while others are running
 */
export async function download<T>(
  c: Context,
  { name, extension, type, batches, write }: Download<T>,
): Promise<Response> {
  if (running.size >= AT_ONCE) throw new TooMany("Other exports are running: try again in a minute", 60);
  running.add(batches);
  const ended = () => running.delete(batches);
  const advance = () =>
    batches.next().catch((error) => {
      ended();
      throw error;
    });
  let next = await advance();
  const encoder = new TextEncoder();
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const batch: T[] = next.value ?? [];
      if (!next.done) next = await advance();
      const last = next.done === true;
      controller.enqueue(encoder.encode(await write(batch, last)));
      if (!last) return;
      ended();
      controller.close();
    },
    async cancel() {
      ended();
      await batches.return(undefined);
    },
  }, { highWaterMark: 0 });
  c.header("Content-Type", type);
  const date = c.var.now.toZonedDateTimeISO(actorOf(c).time_zone).toPlainDate();
  c.header("Content-Disposition", `attachment; filename="${name}-${date}.${extension}"`);
  return c.body(stream);
}
