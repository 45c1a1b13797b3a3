import { expect, test } from "vitest";
import { ConfigError, loadConfig } from "../config.ts";
import { mailServerOf } from "./mail-settings.ts";

const read = (environment: Record<string, string>) =>
  mailServerOf(loadConfig({ environment, workingFolder: "/nowhere", homeFolder: "/nowhere" }));
const problems = (environment: Record<string, string>): readonly string[] => {
  try {
    read(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
};

test("without a host there is no mail server", () => {
  expect(read({})).toBeUndefined();
  expect(read({ SMTP_FROM: "costs@example.com" })).toBeUndefined();
});

test.each([
  [{}, { port: 587, tls: "starttls", user: undefined, password: undefined }],
  [{ SMTP_TLS: "TLS" }, { port: 465, tls: "tls" }],
  [
    { SMTP_TLS: "none", SMTP_PORT: "25" },
    { port: 25, tls: "none" },
  ],
  [
    { SMTP_USER: "ops", SMTP_PASSWORD: "p w" },
    { user: "ops", password: "p w" },
  ],
])("a mail server with %j is %j", (own, expected) => {
  const server = read({ SMTP_HOST: "smtp.example.com", SMTP_FROM: "costs@example.com", ...own });
  expect(server).toMatchObject({ host: "smtp.example.com", from: "costs@example.com", ...expected });
});

test.each([
  [{ SMTP_HOST: "smtp.example.com" }, "SMTP_HOST needs SMTP_FROM, the address that mails come from."],
  [{ SMTP_USER: "ops" }, "SMTP_USER and SMTP_PASSWORD need each other."],
  [{ SMTP_PASSWORD: "secret" }, "SMTP_USER and SMTP_PASSWORD need each other."],
  [{ SMTP_PORT: "0" }, 'SMTP_PORT ("0") must be a whole number from 1 to 65535.'],
  [{ SMTP_TLS: "ssl" }, 'SMTP_TLS ("ssl") must be one of: starttls, tls, none.'],
  [{ SMTP_FROM: "costs" }, 'SMTP_FROM ("costs") must be an e-mail address.'],
  [{ SMTP_HOST: "a b" }, 'SMTP_HOST ("a b") must be a host name or an IP address.'],
])("a start with %j is refused", (environment, problem) => {
  expect(problems(environment as Record<string, string>)).toContain(problem);
});
