import type { Where } from "../../db/connect.ts";
import { fillFolder, makeFolder } from "../../bench/folder.ts";
import { startServer } from "../../bench/server.ts";
import { afterFirstPage, signInBrowser } from "../../bench/sign_in.ts";
import { numberSlots } from "../../bench/slots.ts";

/** A busy house behind a server of its own, with people who are signed in. */
export interface BusyHouse extends AsyncDisposable {
  url: string;
  pid: number;
  dataDir: string;
  where: Where;
  time_zone: string;
  today: string;
  resources: string[];
  /** From when on nothing is taken. */
  from: string;
  /** Gives out the numbers of slots that are free. */
  slots: (count: number) => number;
  cookies: string[];
  /** Whatever is started beside it ends with it. */
  ends: AsyncDisposableStack;
}

const PEOPLE = 20;

/** Starts it on a temporary folder; all of it is gone at the end. */
export async function openBusyHouse(say: (words: string) => void): Promise<BusyHouse> {
  const ends = new AsyncDisposableStack();
  try {
    const dataDir = await makeFolder("load", ends);
    const { site, where } = await fillFolder(dataDir, say);
    const server = await startServer(dataDir, site.time_zone);
    ends.defer(() => server.stop());
    const cookies: string[] = [];
    for (const { email } of site.people.slice(0, PEOPLE)) {
      cookies.push(await afterFirstPage(server.url, await signInBrowser(server.url, email)));
    }
    const now = Temporal.Now.zonedDateTimeISO(site.time_zone);
    return {
      ...{ url: server.url, pid: server.pid, dataDir, where, time_zone: site.time_zone, cookies, ends },
      ...{ today: `${now.toPlainDate()}`, resources: site.resources, slots: numberSlots() },
      from: `${now.startOfDay().add({ years: 1 }).toInstant()}`,
      [Symbol.asyncDispose]: () => ends.disposeAsync(),
    };
  } catch (error) {
    await ends.disposeAsync();
    throw error;
  }
}
