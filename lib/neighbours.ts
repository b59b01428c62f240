import library from "proxy-addr";

// It brings no types: of an incoming message of Node it reads no more than this.
interface Incoming {
  connection: { remoteAddress: string };
  headers: { "x-forwarded-for"?: string };
}
type Trust = (address: string, hop: number) => boolean;
const proxyAddr: { (request: Incoming, trust: Trust): string; compile(networks: string[]): Trust } = library;

/** Where a request came from, as far as it can be believed. */
export type NeighbourOf = (remote: string, headers: Headers) => string;

/**
 * Finds the address that a request came from. Whoever connects is believed by its own address alone; a proxy that the
 * settings name is believed about who stands behind it (`X-Forwarded-For`, read from its end), and nobody else is.
 *
 * @param proxies addresses and networks (`127.0.0.1`, `10.0.0.0/8`, `::1`)
 */
export function trusting(proxies: readonly string[]): NeighbourOf {
  if (proxies.length === 0) return (remote) => remote;
  const trust = proxyAddr.compile([...proxies]);
  return (remote, headers) => {
    const forwarded = headers.get("x-forwarded-for") ?? undefined;
    return proxyAddr(
      { connection: { remoteAddress: remote }, headers: { "x-forwarded-for": forwarded } },
      trust,
    );
  };
}

/** Whether each of these is an address or a network. */
export function areNetworks(list: readonly string[]): boolean {
  try {
    proxyAddr.compile([...list]);
    return true;
  } catch {
    return false;
  }
}
