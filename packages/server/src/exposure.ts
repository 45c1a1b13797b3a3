import { BlockList, isIP } from "node:net";
import type { Config } from "./config.ts";
import { secretKeyProblem } from "./secret-key.ts";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** Whether only this machine can connect to an address. A name other than localhost may lead anywhere. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host.toLowerCase() === "localhost" : loopback.check(host, family === 4 ? "ipv4" : "ipv6");
}

/** The settings that exposure is decided by. */
export type ExposureSettings = Pick<
  Config,
  "host" | "tlsCertPath" | "tlsKeyPath" | "trustProxy" | "secretKey" | "origins"
>;

/**
 * Why a server may not listen as it is configured, a sentence for each reason; none where it may. Beyond loopback keys
 * must not cross the network in the open, and what is sealed at rest must be sealed with a key that nobody can guess.
 */
export function exposureProblems(config: ExposureSettings): readonly string[] {
  const problems: string[] = [];
  const { tlsCertPath, tlsKeyPath, origins } = config;
  if ((tlsCertPath === undefined) !== (tlsKeyPath === undefined)) {
    const [given, missing] =
      tlsCertPath === undefined ? [origins.tlsKeyPath, "TLS_CERT_PATH"] : [origins.tlsCertPath, "TLS_KEY_PATH"];
    problems.push(`${given} needs ${missing} beside it: TLS takes a certificate and its key.`);
  }
  if (isLoopback(config.host)) return problems;
  const exposed = `${origins.host === "default" ? "SERVER_HOST" : origins.host} (${JSON.stringify(config.host)}) lets other machines connect`;
  if (tlsCertPath === undefined && tlsKeyPath === undefined && !config.trustProxy) {
    problems.push(
      `${exposed}, and keys would cross the network in the open: set TLS_CERT_PATH and TLS_KEY_PATH, or TRUST_PROXY=true where a proxy in front speaks TLS.`,
    );
  }
  if (config.secretKey === undefined) {
    problems.push(
      `${exposed}, which takes a secret key: put the output of "openssl rand -base64 32" into a file and name it with COST_OPS_SECRET_KEY_FILE.`,
    );
  } else {
    const weakness = secretKeyProblem(config.secretKey.reveal());
    if (weakness !== undefined) problems.push(`${exposed}, and ${origins.secretKey} ${weakness}.`);
  }
  return problems;
}

/** What is unsafe in the way to Redis, as a sentence that names no secret; undefined where nothing is. */
export function redisProblem({ redisUrl, origins }: Pick<Config, "redisUrl" | "origins">): string | undefined {
  if (redisUrl === undefined) return undefined;
  const { protocol, hostname, password } = new URL(redisUrl.reveal());
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (protocol === "rediss:" || isLoopback(host)) return undefined;
  const crossing = password === "" ? "anybody on the way can change the limits" : "its password crosses it in the open";
  return `${origins.redisUrl} leads over the network to ${host} without TLS, and ${crossing}: use rediss://.`;
}
