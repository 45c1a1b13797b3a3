import { isIPv6 } from "node:net";

/**
 * The address that stands for a client: an IPv4 address itself, of an IPv6 address the first 64 bits, since one client
 * commonly owns all addresses that share them. A connection without an address is one inside this process.
 *
 * @example clientNetwork("2001:db8::7") // "2001:db8:0:0"
 */
export function clientNetwork(address: string | undefined): string {
  if (address === undefined) return "local";
  const plain = address.split("%", 1)[0] ?? "";
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("::", 2);
  const first = head === "" ? [] : head.split(":");
  // An embedded IPv4 address at the end stands for two groups.
  const last =
    tail === undefined || tail === "" ? [] : tail.split(":").flatMap((g) => (g.includes(".") ? [g, g] : [g]));
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  const groups = [...first, ...Array<string>(zeros).fill("0"), ...last].slice(0, 4);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}
