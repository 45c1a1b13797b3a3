import { lookup as lookupHost } from "node:dns";
import { Resolver } from "node:dns/promises";
import { BlockList, isIP, isIPv4, type LookupFunction } from "node:net";

/** Addresses that belong to a network rather than to the internet (IANA's special-purpose registries), and clouds' own. */
const refusedIPv4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // The wire server of Azure: a public address that only the machine's own host answers.
  "168.63.129.16/32",
];
/** Of IPv6 only 2000::/3 is the internet, and of that not what stands for tunnels (Teredo, 6to4) and documentation. */
const refusedIPv6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const blockList = (subnets: readonly string[]): BlockList => {
  const found = new BlockList();
  for (const subnet of subnets) addSubnet(found, subnet);
  return found;
};

function addSubnet(to: BlockList, subnet: string): void {
  const [address = "", bits] = subnet.split("/");
  const family = isIPv4(address) ? "ipv4" : "ipv6";
  to.addSubnet(address, Number(bits ?? (family === "ipv4" ? 32 : 128)), family);
}

const internetIPv6 = blockList(["2000::/3"]);
const refused = blockList([...refusedIPv4, ...refusedIPv6]);

/** Where an operator lets webhooks go beyond the internet. */
export interface AllowedAddresses {
  /** Host names in lower case, which may resolve to anything. */
  readonly hosts: ReadonlySet<string>;
  /** Addresses and networks, as `address` or `address/bits`. */
  readonly subnets: readonly string[];
}

export const noAllowedAddresses: AllowedAddresses = { hosts: new Set(), subnets: [] };

const hostPattern = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*$/;

/** Reads a list of addresses, networks and host names between commas; undefined where an entry is none of these. */
export function readAllowedAddresses(text: string): AllowedAddresses | undefined {
  const hosts = new Set<string>();
  const subnets: string[] = [];
  for (const entry of text.split(/[\s,]+/).filter((part) => part !== "")) {
    const [address = "", bits, more] = entry.split("/");
    const family = isIP(address);
    if (family !== 0 && more === undefined && !address.includes("%")) {
      if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))
        return undefined;
      subnets.push(entry);
      continue;
    }
    const host = plainHost(entry);
    // What ends in digits would be an address in a spelling of its own, and never the name of a host.
    if (!hostPattern.test(host) || /(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(host)) return undefined;
    hosts.add(host);
  }
  return { hosts, subnets };
}

/** A host as it is compared: lower case, without the brackets of IPv6 and the dots of a rooted name. */
const plainHost = (host: string): string => host.toLowerCase().replace(/^\[|\]$|\.+$/g, "");

/** Why a request may not go somewhere; told to whoever set the address. */
export class AddressRefused extends Error {}

export interface AddressGuard {
  /** What is wrong with an address that webhooks are to go to, as the end of a sentence; undefined where nothing is. */
  urlProblem(text: string): string | undefined;
  /** The same of a host name or an address, such as a mail server's. */
  hostProblem(host: string): string | undefined;
  /** For the `lookup` of `node:http` and `node:https`: fails with `AddressRefused` if any of a name's addresses is refused. */
  readonly lookup: LookupFunction;
}

const inside = "must not lead into a private, local or reserved network";

/** Gives the addresses of a host; throws where there are none. */
export type ResolveHost = (host: string) => Promise<readonly string[]>;

/**
 * Keeps requests that a customer has us make away from networks that only we are in: loopback, private and link-local
 * addresses, the metadata services of clouds, and everything else that is not the public internet. It decides by addresses and
 * not by names, once more each time that a connection is made, because what a name stands for changes.
 *
 * Connections to a literal address are made without a look-up, so `urlProblem` must be asked before each of them.
 */
export function createAddressGuard(
  { hosts, subnets }: AllowedAddresses,
  resolve: ResolveHost = resolveHost(hosts),
): AddressGuard {
  const allowed = blockList(subnets);
  const isAllowed = (address: string): boolean => allowed.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  const isRefused = (address: string): boolean => {
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    // Links' own names of IPv6 addresses (fe80::1%eth0) are of no other network.
    if (isIP(address) === 0 || address.includes("%")) return true;
    if (isAllowed(address)) return false;
    // Outside of 2000::/3 lie also the addresses that carry one of IPv4 in themselves (::ffff:0:0/96, 64:ff9b::/96).
    return refused.check(address, family) || (family === "ipv6" && !internetIPv6.check(address, family));
  };

  const hostProblem = (text: string): string | undefined => {
    const host = plainHost(text);
    if (hosts.has(host)) return undefined;
    if (isIP(host) !== 0) return isRefused(host) ? inside : undefined;
    return /(?:^|\.)(?:localhost|local|internal|home\.arpa)$/.test(host) ? inside : undefined;
  };

  return {
    hostProblem,
    urlProblem(text) {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (url === undefined || !/^https?:$/.test(url.protocol)) return "must be an https address";
      if (url.username !== "" || url.password !== "") return "must not contain a user name or password";
      const host = plainHost(url.hostname);
      if (hosts.has(host)) return undefined;
      // The parser has brought every spelling of an IPv4 address (decimal, octal, hexadecimal, short) to the one with dots.
      const problem = hostProblem(host);
      if (problem !== undefined) return problem;
      if (url.protocol !== "https:" && !(isIP(host) !== 0 && isAllowed(host))) return "must be an https address";
      return undefined;
    },
    lookup(hostname, options, callback) {
      const host = plainHost(hostname);
      resolve(host).then(
        (addresses) => {
          const wrong = hosts.has(host) ? undefined : addresses.find(isRefused);
          const found = addresses.map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }));
          const [first] = found;
          if (wrong !== undefined || first === undefined) {
            const reason =
              first === undefined ? "has no address" : "resolves into a private, local or reserved network";
            callback(new AddressRefused(`the host ${reason}`), "", 0);
          } else if (options.all === true) callback(null, found);
          else callback(null, first.address, first.family);
        },
        (error: unknown) => callback(error as Error, "", 0),
      );
    },
  };
}

/**
 * Asks the name servers rather than the operating system, whose look-ups share few threads: a name whose servers do not
 * answer would hold up all others. The operator's own hosts may be in the machine's files, so of these the system is asked.
 */
function resolveHost(systemHosts: ReadonlySet<string>): ResolveHost {
  return async (host) => {
    if (systemHosts.has(host)) return systemAddresses(host);
    const resolver = new Resolver({ timeout: 2_000, tries: 2 });
    const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    const addresses = found.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    const failed = found.find((one) => one.status === "rejected");
    if (addresses.length === 0 && failed !== undefined) throw failed.reason;
    return addresses;
  };
}

const systemAddresses = (host: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    lookupHost(host, { all: true }, (error, found) =>
      error === null ? resolve(found.map(({ address }) => address)) : reject(error),
    );
  });
