import { mailSettings } from "./channels/mail-settings.ts";
import { type DatabaseAddress, readDatabaseAddress, withoutPassword } from "./database-address.ts";
import { keyPattern, keyPrefixPattern } from "./identity/credential.ts";
import { quantitySettings } from "./limits/quantity-settings.ts";
import { Secret } from "./secret.ts";
import { type Setting, SettingError } from "./setting.ts";
import { type AllowedAddresses, readAllowedAddresses } from "./webhooks/address-guard.ts";

export { type Setting, SettingError };

const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new SettingError(`must be a whole number from ${min} to ${max}`);
    return value;
  };

const oneOf =
  <const T extends readonly string[]>(words: T) =>
  (text: string): T[number] => {
    const word = words.find((known) => known === text.toLowerCase());
    if (word === undefined) throw new SettingError(`must be one of: ${words.join(", ")}`);
    return word;
  };

const yesOrNo = (text: string): boolean => {
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  if (/^(false|0|no|off)$/i.test(text)) return false;
  throw new SettingError("must be true or false");
};

const hostName = (text: string): string => {
  if (!/^[A-Za-z0-9._:%-]{1,253}$/.test(text)) throw new SettingError("must be a host name or an IP address");
  return text;
};

const databaseAddress = (text: string): DatabaseAddress => {
  const address = readDatabaseAddress(text);
  if (typeof address === "string") throw new SettingError(address);
  return address;
};

const keyPrefix = (text: string): string => {
  if (!keyPrefixPattern.test(text)) {
    throw new SettingError(
      "must be 2 to 24 letters, digits and underscores that end in an underscore, such as sk_live_",
    );
  }
  return text;
};

const administratorKey = (text: string): Secret => {
  if (!keyPattern.test(text)) {
    throw new SettingError("must be a prefix such as sk_live_ and at least 43 letters or digits after it");
  }
  return new Secret(text);
};

const redisAddress = (text: string): Secret => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRight =
    url !== undefined && /^rediss?:$/.test(url.protocol) && url.hostname !== "" && /^\/?\d*$/.test(url.pathname);
  if (!isRight) {
    throw new SettingError("must be like redis://user:password@host:6379/0, or rediss://… for TLS");
  }
  return new Secret(text);
};

const filePath = (text: string): string => {
  if (text.includes("\0")) throw new SettingError("must be the path of a file");
  return text;
};

const allowedAddresses = (text: string): AllowedAddresses => {
  const list = readAllowedAddresses(text);
  if (list === undefined) {
    throw new SettingError(
      "must be addresses, networks and host names between commas, such as 10.1.0.0/16, hooks.internal",
    );
  }
  return list;
};

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

const setting = <T>(definition: Setting<T>): Setting<T> => definition;

/** Every setting of the server. The reference page is checked against this table. */
export const settings = {
  database: setting({
    env: "DATABASE_URL",
    toml: "database.url",
    flag: "database",
    fallback: "sqlite:cost-ops.db",
    meaning:
      "The database: sqlite: and a file, whose relative path begins in the working folder and whose folders are made, or postgresql://user:password@host:port/database, of version 15 or newer.",
    secret: true,
    shown: withoutPassword,
    parse: databaseAddress,
  }),
  databasePoolSize: setting({
    env: "DATABASE_POOL_SIZE",
    toml: "database.pool_size",
    flag: undefined,
    fallback: "10",
    meaning: "Connections of one server process to PostgreSQL at most. The embedded store has no pool.",
    secret: false,
    parse: wholeNumber(8, 1_000),
  }),
  host: setting({
    env: "SERVER_HOST",
    toml: "server.host",
    flag: "host",
    fallback: "127.0.0.1",
    meaning: "Address to listen on. Only this machine can connect unless it is changed.",
    secret: false,
    parse: hostName,
  }),
  port: setting({
    env: "SERVER_PORT",
    toml: "server.port",
    flag: "port",
    fallback: "8080",
    meaning: "Port to listen on; 0 takes any free one.",
    secret: false,
    parse: wholeNumber(0, 65_535),
  }),
  shutdownTimeoutSeconds: setting({
    env: "SERVER_SHUTDOWN_TIMEOUT_SECONDS",
    toml: "server.shutdown_timeout_seconds",
    flag: undefined,
    fallback: "10",
    meaning: "How long a stopping server waits for requests that are under way.",
    secret: false,
    parse: wholeNumber(0, 3_600),
  }),
  tlsCertPath: setting({
    env: "TLS_CERT_PATH",
    toml: "server.tls_cert_path",
    flag: undefined,
    fallback: undefined,
    meaning:
      "The certificate with its chain, as PEM, to speak HTTPS with; together with TLS_KEY_PATH. SIGHUP reads both again.",
    secret: false,
    parse: filePath,
  }),
  tlsKeyPath: setting({
    env: "TLS_KEY_PATH",
    toml: "server.tls_key_path",
    flag: undefined,
    fallback: undefined,
    meaning: "The private key of the certificate, as PEM without a passphrase.",
    secret: false,
    parse: filePath,
  }),
  trustProxy: setting({
    env: "TRUST_PROXY",
    toml: "server.trust_proxy",
    flag: undefined,
    fallback: "false",
    meaning:
      "Whether a proxy that speaks TLS stands in front: then the last hop of X-Forwarded-For is the client's address.",
    secret: false,
    parse: yesOrNo,
  }),
  apiKeyPrefix: setting({
    env: "API_KEY_PREFIX",
    toml: "auth.api_key_prefix",
    flag: undefined,
    fallback: "sk_live_",
    meaning:
      "How new live API keys begin; test keys begin with sk_test_. Keys that were made with another prefix stay valid.",
    secret: false,
    parse: keyPrefix,
  }),
  adminKey: setting({
    env: "COST_OPS_ADMIN_KEY",
    toml: "auth.admin_key",
    flag: undefined,
    fallback: undefined,
    meaning: "The administrator key of organization default, instead of one that the first start makes and prints.",
    secret: true,
    parse: administratorKey,
  }),
  secretKey: setting({
    env: "COST_OPS_SECRET_KEY",
    toml: "auth.secret_key",
    flag: undefined,
    fallback: undefined,
    meaning:
      "32 bytes of chance or more, as base64 or hexadecimal digits. A server that other machines can reach does not start without it.",
    secret: true,
    // Whether it is strong enough counts where a server is exposed, and doctor tells: a command of one's own needs none.
    parse: (text) => new Secret(text),
  }),
  logLevel: setting({
    env: "LOG_LEVEL",
    toml: "observability.log_level",
    flag: "log-level",
    fallback: "info",
    meaning: `The least severe log line that is written: ${logLevels.join(", ")}.`,
    secret: false,
    parse: oneOf(logLevels),
  }),
  metricsEnabled: setting({
    env: "METRICS_ENABLED",
    toml: "observability.metrics_enabled",
    flag: undefined,
    fallback: "true",
    meaning: "Whether GET /metrics answers.",
    secret: false,
    parse: yesOrNo,
  }),
  redisUrl: setting({
    env: "REDIS_URL",
    toml: "redis.url",
    flag: undefined,
    fallback: undefined,
    meaning:
      "The Redis that servers share their request limits by: redis://user:password@host:port/database, or rediss://… over TLS. If unset they share them by PostgreSQL, and a server on the embedded store has its own.",
    secret: true,
    parse: redisAddress,
  }),
  rateLimitRequests: setting({
    env: "RATE_LIMIT_REQUESTS",
    toml: "rate_limit.requests",
    flag: undefined,
    fallback: undefined,
    meaning: "Reads (GET, HEAD) a minute for each API key, and writes unless they have their own; no limit if unset.",
    secret: false,
    parse: wholeNumber(1, 1_000_000),
  }),
  rateLimitWrites: setting({
    env: "RATE_LIMIT_WRITES",
    toml: "rate_limit.writes",
    flag: undefined,
    fallback: undefined,
    meaning: "Writes a minute for each API key; as many as RATE_LIMIT_REQUESTS if unset.",
    secret: false,
    parse: wholeNumber(1, 1_000_000),
  }),
  rateLimitUserRequests: setting({
    env: "RATE_LIMIT_USER_REQUESTS",
    toml: "rate_limit.user_requests",
    flag: undefined,
    fallback: undefined,
    meaning: "Reads a minute for each signed-in user, and as many writes; if unset, as many as an API key.",
    secret: false,
    parse: wholeNumber(1, 1_000_000),
  }),
  rateLimitOrganizationRequests: setting({
    env: "RATE_LIMIT_ORGANIZATION_REQUESTS",
    toml: "rate_limit.organization_requests",
    flag: undefined,
    fallback: undefined,
    meaning:
      "Reads a minute for everybody of an organization together, and as many writes; no limit if unset. An organization may allow itself less.",
    secret: false,
    parse: wholeNumber(1, 1_000_000),
  }),
  rateLimitBurst: setting({
    env: "RATE_LIMIT_BURST",
    toml: "rate_limit.burst",
    flag: undefined,
    fallback: undefined,
    meaning:
      "How many requests each of these limits admits at once; if unset a tenth of its minute, but at least 10 and at most the minute.",
    secret: false,
    parse: wholeNumber(1, 1_000_000),
  }),
  rateLimitFailedAuth: setting({
    env: "RATE_LIMIT_FAILED_AUTH",
    toml: "rate_limit.failed_auth",
    flag: undefined,
    fallback: "60",
    meaning:
      "Requests without a valid key that one client address may make in a minute before they are answered 429; 0 means no limit.",
    secret: false,
    parse: wholeNumber(0, 1_000_000),
  }),
  ...quantitySettings,
  retentionMonths: setting({
    env: "RETENTION_MONTHS",
    toml: "database.retention_months",
    flag: undefined,
    fallback: undefined,
    meaning:
      "How many whole UTC months before the present one keep their single records; sums by hour and day stay for ever. Unset: all do. Once a day older months are dropped, and do not come back.",
    secret: false,
    parse: wholeNumber(1, 1_200),
  }),
  webhookAllowedAddresses: setting({
    env: "WEBHOOK_ALLOWED_ADDRESSES",
    toml: "webhooks.allowed_addresses",
    flag: undefined,
    fallback: undefined,
    meaning:
      "Addresses, networks and host names between commas that webhooks and channels may go to besides the public internet, also by http. All that is not public is refused otherwise.",
    secret: false,
    parse: allowedAddresses,
  }),
  ...mailSettings,
} as const;

export type SettingName = keyof typeof settings;

/**
 * Settings that the documentation of the system names and that do nothing in this release. Leaving one out silently
 * could leave someone unprotected: `refused` stops the start, the others are reported when the server starts.
 */
export const unusedSettings: readonly {
  readonly env: string;
  readonly toml: string;
  readonly refused: boolean;
  readonly meaning: string;
}[] = [
  {
    env: "JWT_SECRET",
    toml: "auth.jwt_secret",
    refused: false,
    meaning: "Tokens of sessions are signed with a key that comes from COST_OPS_SECRET_KEY.",
  },
];
