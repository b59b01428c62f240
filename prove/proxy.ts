import { freePort } from "./programs.ts";

/** What stands between a server and its database, and can be made bad. */
export interface Proxy {
  port: number;
  /** Breaks every connection, and takes none until it is healed. */
  cut(): void;
  /** Passes nothing on and breaks nothing: whoever waits, waits. */
  hold(): void;
  /** Passes everything on so many milliseconds later. */
  slow(ms: number): void;
  heal(): void;
  close(): void;
}

/** A network of its own on the loopback: passes on to a port of this machine what comes to another. */
export function openProxy(to: number): Proxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: freePort() });
  const open = new Set<Deno.Conn>();
  let broken = false;
  let delay = 0;
  let held: PromiseWithResolvers<void> | undefined;

  async function pass(from: Deno.Conn, on: Deno.Conn) {
    const buffer = new Uint8Array(65_536);
    try {
      while (true) {
        const size = await from.read(buffer);
        if (size === null) break;
        const part = buffer.slice(0, size);
        if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
        await held?.promise;
        for (let at = 0; at < part.length;) at += await on.write(part.subarray(at));
      }
    } catch {
      // One of the two ends was broken: both are closed.
    }
    for (const one of [from, on]) hangUp(one);
  }

  function hangUp(one: Deno.Conn) {
    if (open.delete(one)) one.close();
  }

  async function take(from: Deno.Conn) {
    const on = broken
      ? undefined
      : await Deno.connect({ hostname: "127.0.0.1", port: to }).catch(() => undefined);
    if (!on) return from.close();
    open.add(from).add(on);
    for (const one of [from, on]) (one as Deno.TcpConn).setNoDelay(true);
    void pass(from, on);
    void pass(on, from);
  }

  const serving = (async () => {
    for await (const connection of listener) void take(connection);
  })();
  const hangUpAll = () => [...open].forEach(hangUp);
  const heal = () => {
    [broken, delay] = [false, 0];
    held?.resolve();
    held = undefined;
  };
  return {
    port: listener.addr.port,
    cut() {
      broken = true;
      hangUpAll();
    },
    hold: () => held = Promise.withResolvers(),
    slow: (ms) => delay = ms,
    heal,
    close() {
      heal();
      listener.close();
      hangUpAll();
      void serving;
    },
  };
}
