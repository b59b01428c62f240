const PARTS = /^(postgres(?:ql)?:\/\/)((?:[^@/]*@)?)([^/?#]*)(.*)$/;
/** What the several hosts of an address may be asked for: whether one of them takes changes. */
const ATTRIBUTES = ["read-write", "primary"];

/**
 * The hosts of an address, each as an address of its own: `postgres://u@a:1,b:2/db` is two. Who of them takes changes
 * is found out by `follow`, so `target_session_attrs` is left out.
 *
 * @throws {TypeError} where it is no address of a PostgreSQL, or asks for hosts that take no changes
 */
export function addressesOf(address: string): string[] {
  const [, scheme, user, hosts, rest] = PARTS.exec(address) ?? [];
  if (!scheme) throw new TypeError("is not a postgres:// address");
  return hosts.split(",").map((host) => {
    if (!URL.canParse(`${scheme}${user}${host}${rest}`)) throw new TypeError("is not a postgres:// address");
    const url = new URL(`${scheme}${user}${host}${rest}`);
    const wanted = url.searchParams.get("target_session_attrs");
    if (wanted && !ATTRIBUTES.includes(wanted)) {
      throw new TypeError(
        `can have target_session_attrs=${ATTRIBUTES.join(" or ")}, for Holdfast makes changes`,
      );
    }
    url.searchParams.delete("target_session_attrs");
    return url.href;
  });
}
