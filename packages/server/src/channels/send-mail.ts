import { connect, type Socket } from "node:net";
import type { AddressGuard } from "../webhooks/address-guard.ts";
import { answerBytesMax } from "../webhooks/send-request.ts";
import type { ChannelOutcome } from "../webhooks/sender.ts";

/** A mail server and how one gets in. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** `starttls` never goes on without; `none` has no password to give away. */
  readonly tls: "starttls" | "tls" | "none";
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly from: string;
}

export interface Mail {
  /** The same in every attempt, by which mail programs know a repetition. */
  readonly messageId: string;
  /** What all messages about one thing refer to, so that they are shown as one conversation. */
  readonly threadId: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly atMs: number;
}

export interface MailLimits {
  /** Undefined where the operator named the mail server, who may have it anywhere. */
  readonly guard: AddressGuard | undefined;
  /** From the look-up of the host to the last answer. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Certificates of authorities in PEM beside those that the process trusts. */
  readonly ca?: string | undefined;
}

/** How much a mail server may say at once. */
const responseBytesMax = 16 * 1_024;

/** What nodemailer tells of a recipient whom the server refused, and of a message. */
interface Refused {
  readonly recipient?: string | undefined;
  readonly responseCode?: number | undefined;
  readonly response?: string | undefined;
  readonly message?: string | undefined;
  readonly rejectedErrors?: readonly Refused[] | undefined;
}

/**
 * Sends a message to those who do not have it yet. Who is refused for ever is left out as long as somebody gets it; who is put
 * off makes the attempt a failure that names those who have it, so that the next one asks for the others alone.
 *
 * @param reached Who has it by earlier attempts.
 */
export async function sendMail(
  mail: Mail,
  reached: readonly string[],
  server: MailServer,
  { guard, timeoutMs, signal, ca }: MailLimits,
): Promise<ChannelOutcome> {
  const beganMs = performance.now();
  const took = () => ({ durationMs: Math.round(performance.now() - beganMs) });
  const problem = guard?.hostProblem(server.host);
  if (problem !== undefined) return { kind: "unanswered", error: `the mail server ${problem}`, durationMs: 0 };
  const open = mail.to.filter((address) => !reached.includes(address));
  const timeout = AbortSignal.timeout(timeoutMs);
  const ended = AbortSignal.any([timeout, signal]);
  const answered = (status: number, body: string, delivered: readonly string[], isFinal = false): ChannelOutcome => ({
    kind: "answered",
    status,
    body: cutBytes(body),
    ...took(),
    isFinal,
    ...(delivered.length > 0 ? { deliveredTo: delivered } : {}),
  });
  let socket: Socket | undefined;
  try {
    socket = await opened(server, guard, ended);
    const { accepted, refused, response } = await hand(mail, open, server, { socket, ended, timeoutMs, ca });
    const delivered = [...reached, ...accepted];
    const putOff = refused.find(({ responseCode }) => isPutOff(responseCode));
    if (putOff !== undefined) return answered(putOff.responseCode ?? 450, wordsOf(refused), delivered);
    return answered(250, [response, wordsOf(refused)].filter((part) => part !== "").join("\n"), []);
  } catch (error) {
    if (timeout.aborted) return { kind: "unanswered", error: `no answer within ${timeoutMs / 1_000} s`, ...took() };
    const failure = error as Error & Refused;
    const { rejectedErrors = [], responseCode, response } = failure;
    const isForEver =
      rejectedErrors.length === open.length && !rejectedErrors.some((one) => isPutOff(one.responseCode));
    if (rejectedErrors.length > 0 && isForEver && reached.length > 0) {
      return answered(250, wordsOf(rejectedErrors), []);
    }
    if (responseCode !== undefined) {
      const words = rejectedErrors.length > 0 ? wordsOf(rejectedErrors) : (response ?? failure.message);
      return answered(responseCode, words, reached, rejectedErrors.length > 0 && isForEver);
    }
    return { kind: "unanswered", error: cutBytes(failure.message || "the connection failed").slice(0, 500), ...took() };
  } finally {
    socket?.destroy();
  }
}

/** A code of 4xx, or none: something that may be otherwise later. */
const isPutOff = (code: number | undefined): boolean => code === undefined || code < 500;

const wordsOf = (refused: readonly Refused[]): string =>
  refused.map(({ recipient = "", response, message = "" }) => `${recipient}: ${response ?? message}`).join("\n");

const cutBytes = (text: string): string =>
  new TextDecoder()
    .decode(Buffer.from(text, "utf8").subarray(0, answerBytesMax), { stream: true })
    .replaceAll("\0", "\uFFFD");

/** A connection to an address that the guard has seen. */
function opened({ host, port }: MailServer, guard: AddressGuard | undefined, ended: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    ended.throwIfAborted();
    const socket = connect({ host, port, ...(guard === undefined ? {} : { lookup: guard.lookup }) });
    // However long its other end goes on, a connection ends with the attempt.
    ended.addEventListener("abort", () => socket.destroy(new Error("the attempt is over")), { once: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      // Until the conversation begins nobody else listens.
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}

interface Conversation {
  readonly socket: Socket;
  readonly ended: AbortSignal;
  readonly timeoutMs: number;
  readonly ca: string | undefined;
}

interface Handed {
  readonly accepted: readonly string[];
  readonly refused: readonly Refused[];
  readonly response: string;
}

async function hand(
  { messageId, threadId, subject, text, atMs, to }: Mail,
  open: readonly string[],
  { host, port, tls, user, password, from }: MailServer,
  { socket, ended, timeoutMs, ca }: Conversation,
): Promise<Handed> {
  // Loaded by the first message, so that a server that sends none has no room for it.
  const { createTransport } = await import("nodemailer");
  const transport = createTransport({
    host,
    port,
    secure: tls === "tls",
    requireTLS: tls === "starttls",
    ignoreTLS: tls === "none",
    // By what name we greet: the machine's own is nobody's business.
    name: from.slice(from.lastIndexOf("@") + 1),
    ...(user === undefined ? {} : { auth: { user, pass: password ?? "" }, forceAuth: true }),
    ...(ca === undefined ? {} : { tls: { ca } }),
    getSocket: (_options, done) => done(null, { connection: socket }),
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    socketCloseTimeout: 0,
    maxResponseSize: responseBytesMax,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { accepted, rejectedErrors, response } = await transport.sendMail({
      envelope: { from, to: [...open] },
      from: { name: "LLM Cost Ops", address: from },
      to: [...to],
      subject,
      text,
      date: new Date(atMs),
      messageId: `<${messageId}>`,
      references: `<${threadId}>`,
      headers: { "Auto-Submitted": "auto-generated" },
      signal: ended,
    });
    return { accepted, refused: (rejectedErrors ?? []) as readonly Refused[], response };
  } finally {
    transport.close();
  }
}
