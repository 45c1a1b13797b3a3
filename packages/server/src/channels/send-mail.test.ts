import { afterEach, describe, expect, test, vi } from "vitest";
import { makeCertificate } from "../http/certificate-fixture.ts";
import { type AllowedAddresses, createAddressGuard, readAllowedAddresses } from "../webhooks/address-guard.ts";
import { type MailBehaviour, type MailReceiver, startMailServer } from "./mail-fixture.ts";
import { type MailServer, sendMail } from "./send-mail.ts";

const loopback = createAddressGuard(readAllowedAddresses("127.0.0.1") as AllowedAddresses);
const certificate = makeCertificate("mail.example");
const servers: MailReceiver[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
const receive = async (behaviour: MailBehaviour = {}): Promise<MailReceiver> => {
  const server = await startMailServer(behaviour);
  servers.push(server);
  return server;
};

const mail = {
  messageId: "evt_1@example.com",
  threadId: "alert.1@example.com",
  to: ["ada@example.com", "grace@example.com"],
  subject: "Ålert: 90 % of the budget",
  text: "€ 90 of € 100 are spent.\n.\nA line with one dot stands before this one.\n",
  atMs: Date.UTC(2026, 10, 21),
};
interface Asked {
  readonly server?: Partial<MailServer>;
  readonly reached?: readonly string[];
  readonly timeoutMs?: number;
  readonly ca?: string;
  readonly guard?: typeof loopback | undefined;
}
const send = ({ port }: Pick<MailReceiver, "port">, asked: Asked = {}) => {
  const { server, reached = [], timeoutMs = 5_000, ca } = asked;
  const guard = "guard" in asked ? asked.guard : loopback;
  const plain = { host: "127.0.0.1", tls: "none", user: undefined, password: undefined, from: "costs@example.com" };
  const { signal } = new AbortController();
  return sendMail(mail, reached, { ...plain, port, ...server } as MailServer, { guard, timeoutMs, signal, ca });
};

describe("a message", () => {
  test("arrives whole at every recipient, with an id and a conversation of its own", async () => {
    const server = await receive();
    expect(await send(server)).toMatchObject({ kind: "answered", status: 250, body: "250 2.0.0 taken" });
    const [one, more] = server.received;
    expect([one?.from, one?.to, more]).toEqual(["costs@example.com", mail.to, undefined]);
    const [head = "", body = ""] = (one?.text ?? "").split("\n\n", 2);
    expect(head).toContain("From: LLM Cost Ops <costs@example.com>");
    expect(head).toContain("To: ada@example.com, grace@example.com");
    expect(head).toContain("Message-ID: <evt_1@example.com>");
    expect(head).toContain("References: <alert.1@example.com>");
    expect(head).toContain("Date: Sat, 21 Nov 2026 00:00:00 +0000");
    expect(head).toContain("Auto-Submitted: auto-generated");
    const words = /^Subject: ((?:.|\n[ \t])*)$/m.exec(head)?.[1] ?? "";
    const subject = words.replace(/=\?UTF-8\?Q\?(.*?)\?=\s*/g, (_, text: string) =>
      decodeURIComponent(text.replaceAll("_", " ").replaceAll(" ", "%20").replaceAll("=", "%")),
    );
    expect(subject).toBe(mail.subject);
    const whole = (one?.text ?? "").slice(head.length + 2);
    const decoded = /quoted-printable/.test(head)
      ? Buffer.from(
          whole
            .replace(/=\n/g, "")
            .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
          "latin1",
        ).toString()
      : /base64/.test(head)
        ? Buffer.from(whole, "base64").toString()
        : whole;
    expect(decoded.replaceAll("\r\n", "\n").trim()).toBe(mail.text.trim());
    expect(body).not.toBe("");
  });

  test("goes through STARTTLS, or TLS from the beginning, to who is signed in", async () => {
    for (const mode of ["starttls", "tls"] as const) {
      const server = await receive({ tls: { ...certificate, mode }, login: "ops:secret" });
      const asked = { tls: mode, user: "ops", password: "secret" };
      expect(await send(server, { server: asked, ca: certificate.cert })).toMatchObject({ status: 250 });
      expect(server.received).toMatchObject([{ isSecure: true, user: "ops" }]);
    }
  });

  test("is not sent where the certificate is nobody's, the password is wrong, or STARTTLS is not offered", async () => {
    const strange = await receive({ tls: { ...certificate, mode: "starttls" }, login: "ops:secret" });
    const asked = { tls: "starttls", user: "ops", password: "secret" } as const;
    expect(await send(strange, { server: asked })).toMatchObject({
      kind: "unanswered",
      error: expect.stringMatching(/certificate/),
    });
    const wrong = { ...asked, password: "guess" };
    expect(await send(strange, { server: wrong, ca: certificate.cert })).toMatchObject({ status: 535, isFinal: false });
    const plain = await receive({ login: "ops:secret" });
    expect((await send(plain, { server: asked })).kind).not.toBe("answered");
    expect([...strange.received, ...plain.received]).toEqual([]);
  });

  test("that one recipient is put off of goes to that one alone the next time", async () => {
    let isGrey = true;
    const server = await receive({ recipient: (to) => (isGrey && /grace/.test(to) ? "450 4.2.0 later" : undefined) });
    const first = await send(server);
    expect(first).toMatchObject({ status: 450, deliveredTo: ["ada@example.com"] });
    isGrey = false;
    expect(await send(server, { reached: first.deliveredTo ?? [] })).toMatchObject({ status: 250 });
    expect(server.received.map(({ to }) => to)).toEqual([["ada@example.com"], ["grace@example.com"]]);
  });

  test("is done when somebody has it and others never will, and over where nobody ever will", async () => {
    const some = await receive({ recipient: (to) => (/grace/.test(to) ? "550 5.1.1 nobody" : undefined) });
    const outcome = await send(some);
    expect(outcome).toMatchObject({ status: 250, body: "250 2.0.0 taken\ngrace@example.com: 550 5.1.1 nobody" });
    const none = await receive({ recipient: () => "550 5.1.1 nobody" });
    expect(await send(none)).toMatchObject({ status: 550, isFinal: true });
    const rest = await send(some, { reached: ["ada@example.com"] });
    expect(rest).toMatchObject({ kind: "answered", status: 250 });
    const greyed = await receive({ recipient: (to) => (/grace/.test(to) ? "550 5.1.1 nobody" : "451 4.3.0 later") });
    expect(await send(greyed)).toMatchObject({ kind: "answered", isFinal: false });
  });
});

describe("a mail server", () => {
  test.each([
    ["says nothing", () => undefined],
    ["drips", (socket: NodeJS.WritableStream) => void setInterval(() => socket.write("220-so"), 20).unref()],
    ["hangs up", (socket: NodeJS.WritableStream) => void socket.end()],
  ])("that %s ends the attempt and keeps no connection", async (_, greet) => {
    const server = await receive({ greet });
    expect(await send(server, { timeoutMs: 300 })).toMatchObject({ kind: "unanswered" });
    await vi.waitFor(() => expect(server.open.size).toBe(0));
  });

  test("is not asked any more once the sender stops, and let go of in the middle", async () => {
    const server = await receive({ greet: () => undefined });
    const stopping = new AbortController();
    const asked = { host: "127.0.0.1", tls: "none", user: undefined, password: undefined, from: "a@b.c" } as const;
    const limits = { guard: loopback, timeoutMs: 60_000, signal: stopping.signal };
    const hanging = sendMail(mail, [], { ...asked, port: server.port }, limits);
    await vi.waitFor(() => expect(server.open.size).toBe(1));
    stopping.abort();
    expect((await hanging).kind).toBe("unanswered");
    expect((await sendMail(mail, [], { ...asked, port: server.port }, limits)).kind).toBe("unanswered");
    await vi.waitFor(() => expect(server.open.size).toBe(0));
  });

  test("that never ends its answer is hung up on after a few kilobytes", async () => {
    let written = 0;
    const server = await receive({
      greet: (socket) => {
        const line = `220-${"x".repeat(60_000)}`;
        const more = (): void => {
          while (!socket.destroyed && socket.write(line)) written += line.length;
        };
        socket.on("drain", more);
        more();
      },
    });
    expect(await send(server, { timeoutMs: 20_000 })).toMatchObject({ kind: "unanswered" });
    await vi.waitFor(() => expect(server.open.size).toBe(0));
    expect(written).toBeLessThan(64 * 1_024 * 1_024);
  });

  test("within the network is not reached, by its address, its name or what the name stands for", async () => {
    const server = await receive();
    const strict = createAddressGuard({ hosts: new Set(), subnets: [] }, async () => ["127.0.0.1"]);
    const inside = "a private, local or reserved network";
    for (const host of ["127.0.0.1", "::ffff:127.0.0.1", "localhost", "mail.internal"]) {
      expect(await send(server, { guard: strict, server: { host } })).toMatchObject({
        error: `the mail server must not lead into ${inside}`,
      });
    }
    expect(await send(server, { guard: strict, server: { host: "mail.rebinding.example" } })).toMatchObject({
      error: `the host resolves into ${inside}`,
    });
    expect(server.received).toEqual([]);
    expect(await send(server, { guard: undefined })).toMatchObject({ status: 250 });
  });
});
