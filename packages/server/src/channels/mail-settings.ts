import { Secret } from "../secret.ts";
import { type Setting, SettingError } from "../setting.ts";
import type { MailServer } from "./send-mail.ts";

const tlsModes = ["starttls", "tls", "none"] as const;

function hostName(text: string): string {
  if (!/^[A-Za-z0-9._:-]{1,253}$/.test(text)) throw new SettingError("must be a host name or an IP address");
  return text;
}

function portNumber(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= 65_535)) throw new SettingError("must be a whole number from 1 to 65535");
  return value;
}

function tlsMode(text: string): MailServer["tls"] {
  const mode = tlsModes.find((known) => known === text.toLowerCase());
  if (mode === undefined) throw new SettingError(`must be one of: ${tlsModes.join(", ")}`);
  return mode;
}

function plainText(text: string): string {
  if (/\p{Cc}/u.test(text)) throw new SettingError("must not contain control characters");
  return text;
}

function mailAddress(text: string): string {
  if (!/^[^\s@<>",]+@[^\s@<>",]+$/.test(text)) throw new SettingError("must be an e-mail address");
  return text;
}

const setting = <T>(name: string, meaning: string, parse: (text: string) => T): Setting<T> => ({
  env: `SMTP_${name.toUpperCase()}`,
  toml: `smtp.${name}`,
  flag: undefined,
  fallback: undefined,
  meaning,
  secret: false,
  parse,
});

/** The mail server for channels that name none of their own, and for tokens that reset passwords. */
export const mailSettings = {
  smtpHost: setting(
    "host",
    "The mail server that sends alerts of e-mail channels without one of their own, anywhere, and tokens that reset passwords; if unset the channels are refused and no tokens are mailed.",
    hostName,
  ),
  smtpPort: setting("port", "Its port; if unset 587, or 465 with tls.", portNumber),
  smtpTls: {
    ...setting(
      "tls",
      "starttls, which never goes on without; tls from the first byte on; or none. Certificates are always checked.",
      tlsMode,
    ),
    fallback: "starttls",
  },
  smtpUser: setting("user", "Who signs in there; nobody does if unset.", plainText),
  smtpPassword: {
    ...setting("password", "The password of SMTP_USER.", (text) => new Secret(plainText(text))),
    secret: true,
  },
  smtpFrom: setting("from", "The address that mails come from; needed with SMTP_HOST.", mailAddress),
} as const;

type Name = keyof typeof mailSettings;
type Parsed<N extends Name> = ReturnType<(typeof mailSettings)[N]["parse"]>;

/** The values of these settings, part of the configuration. */
export type MailConfig = { readonly [N in Name]: N extends "smtpTls" ? Parsed<N> : Parsed<N> | undefined };

/** Reads every one of them, and adds what they lack to the problems. */
export function readMailSettings(read: (name: Name) => unknown, problems: string[]): MailConfig {
  const names = Object.keys(mailSettings) as Name[];
  const config = Object.fromEntries(names.map((name) => [name, read(name)])) as unknown as MailConfig;
  const { smtpHost, smtpFrom, smtpUser, smtpPassword } = config;
  if (smtpHost !== undefined && smtpFrom === undefined) {
    problems.push("SMTP_HOST needs SMTP_FROM, the address that mails come from.");
  }
  if ((smtpUser === undefined) !== (smtpPassword === undefined)) {
    problems.push("SMTP_USER and SMTP_PASSWORD need each other.");
  }
  return config;
}

/** The mail server of the settings; undefined where they name none. */
export function mailServerOf({
  smtpHost: host,
  smtpPort: port,
  smtpTls: tls,
  smtpUser: user,
  smtpPassword: password,
  smtpFrom: from = "",
}: MailConfig): MailServer | undefined {
  if (host === undefined) return undefined;
  return { host, port: port ?? (tls === "tls" ? 465 : 587), tls, user, password: password?.reveal(), from };
}
