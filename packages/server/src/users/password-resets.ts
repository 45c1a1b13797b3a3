import { hash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { formatInstant } from "@llm-cost-ops/core";
import { type MailServer, sendMail } from "../channels/send-mail.ts";
import type { Caller } from "../http/route.ts";
import { Refusal } from "../refusal.ts";
import type { Store } from "../store/operation.ts";
import { emailKey } from "./email.ts";
import { requireGoodPassword } from "./own-account.ts";
import type { PasswordHashes } from "./password-hashes.ts";
import {
  makeReset,
  offerReset,
  type ResetMade,
  type ResetToSend,
  resetEmail,
  useReset,
  withdrawReset,
} from "./password-resets.sql.ts";
import type { SignInAttempts } from "./sign-in-attempts.ts";

const tokenPrefix = "reset_";

/** 256 bits of chance, so that a plain hash protects them. */
const makeToken = (): string => `${tokenPrefix}${randomBytes(32).toString("base64url")}`;
const hashToken = (token: string): string => hash("sha256", token, "hex");

/** Mails that are on their way or wait for it; beyond them askers are refused and come again, whoever they are. */
const underWayMax = 200;
const mailTimeoutMs = 30_000;
/** The first attempt, and how long after a failed one the next is made. Whoever still has no mail asks again. */
const mailPausesMs = [0, 2_000, 10_000, 60_000] as const;

/**
 * What became of asking for a mail, for the log: the answer does not tell. Nothing is to be sent to an address that nobody
 * signs in with, nor to one that has tokens enough.
 */
export interface ResetAttempt {
  readonly outcome: "sent" | "not_sent" | "nothing_to_send" | "no_mail_server";
  readonly userId?: string;
  readonly clientAddress: string | undefined;
}

/** Forgotten passwords. Of a token the hash alone is kept: it is in the mail, or in the answer to who hands it over. */
export interface PasswordResets {
  /** Whether this server sends mail at all. Takes no longer for an address that is known, and answers nothing else. */
  request(email: string, clientAddress: string | undefined): Promise<boolean>;
  /** A token for a member, to be handed over. */
  make(caller: Caller, userId: string): Promise<ResetMade & { readonly token: string }>;
  /** Sets the password that a token is for. Refuses with NOT_FOUND a token that is none, and with the rules' words a weak password. */
  confirm(
    input: { readonly token: string; readonly new_password: string },
    clientAddress: string | undefined,
  ): Promise<void>;
  /** Ends mails under way: their askers ask again. */
  stop(): Promise<void>;
}

export interface PasswordResetParts {
  readonly store: Store;
  readonly hashes: PasswordHashes;
  readonly attempts: SignInAttempts;
  readonly commonAmong: (words: readonly string[]) => Promise<readonly string[]>;
  readonly mailServer: MailServer | undefined;
  /** Called when sessions ended, before that is answered. */
  readonly onEnded: () => void;
  readonly onAttempt: (attempt: ResetAttempt) => void;
  readonly onFailure: (error: unknown) => void;
}

export function createPasswordResets(parts: PasswordResetParts): PasswordResets {
  const { store, hashes, attempts, mailServer, onAttempt, onFailure } = parts;
  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();

  /** What is asked for in a mail goes past the outbox, which keeps what it sends: no token may lie there to be read. */
  const offer = async (key: string, server: MailServer, clientAddress: string | undefined): Promise<void> => {
    const token = makeToken();
    const tokenHash = hashToken(token);
    const made = await store.run(offerReset, { emailKey: key, tokenHash });
    if (made === undefined) return onAttempt({ outcome: "nothing_to_send", clientAddress });
    let isSent = false;
    try {
      isSent = await mailToken(made, token, server);
    } finally {
      if (!isSent) await store.run(withdrawReset, { tokenHash });
    }
    onAttempt({ outcome: isSent ? "sent" : "not_sent", userId: made.userId, clientAddress });
  };

  const mailToken = async ({ email, expiresAtMs }: ResetToSend, token: string, server: MailServer) => {
    const id = hashToken(token).slice(0, 32);
    const host = server.from.slice(server.from.lastIndexOf("@") + 1);
    const mail = {
      messageId: `reset.${id}@${host}`,
      threadId: `reset.${id}@${host}`,
      to: [email],
      ...resetMail(email, token, expiresAtMs),
      atMs: Date.now(),
    };
    for (const pauseMs of mailPausesMs) {
      await pause(pauseMs, undefined, { signal: stopping.signal, ref: false });
      // The operator named the mail server, who may have it anywhere.
      const limits = { guard: undefined, timeoutMs: mailTimeoutMs, signal: stopping.signal };
      const outcome = await sendMail(mail, [], server, limits);
      if (outcome.kind === "answered" && outcome.status < 300) return true;
      if (outcome.isFinal === true) return false;
    }
    return false;
  };

  return {
    async request(email, clientAddress) {
      const key = emailKey(email);
      // A bucket of its own: who fills it keeps nobody from signing in.
      await attempts.admit(clientAddress, `password reset ${key}`);
      if (mailServer === undefined) {
        onAttempt({ outcome: "no_mail_server", clientAddress });
        return false;
      }
      if (underWay.size >= underWayMax) {
        throw new Refusal("UNAVAILABLE", "Too many mails are on their way: try again in a moment.");
      }
      // Looked up and sent after the answer, so that its time tells nobody which addresses are known.
      const offering: Promise<void> = offer(key, mailServer, clientAddress)
        .catch((error: unknown) => {
          if (!stopping.signal.aborted) onFailure(error);
        })
        .finally(() => underWay.delete(offering));
      underWay.add(offering);
      return true;
    },
    async make({ organizationId, principal, permissions, scopes }, userId) {
      const token = makeToken();
      const made = await store.run(makeReset, {
        organizationId,
        userId,
        tokenHash: hashToken(token),
        by: scopes === undefined ? { permissions } : { permissions, scopes },
        madeBy: `${principal.kind}:${principal.id}`,
      });
      return { ...made, token };
    },
    async confirm({ token, new_password: password }, clientAddress) {
      const tokenHash = hashToken(token);
      await attempts.admit(clientAddress, tokenHash);
      const email = await store.run(resetEmail, { tokenHash });
      await requireGoodPassword("new_password", password, email, parts.commonAmong);
      await store.run(useReset, { tokenHash, newHash: await hashes.hash(password) });
      parts.onEnded();
    },
    async stop() {
      stopping.abort();
      await Promise.all(underWay);
    },
  };
}

/** Whom it is for, what to do with it and what not, in plain text. */
function resetMail(
  email: string,
  token: string,
  expiresAtMs: number,
): { readonly subject: string; readonly text: string } {
  const text = [
    `Somebody, hopefully you, asked to reset the password of ${email}.`,
    `This token sets a new one, once, until ${formatInstant(expiresAtMs)}:`,
    token,
    "Give it to `cost-ops auth reset-password`, or to POST /api/v1/auth/password-reset/confirm. All your sessions end then; a second factor stays.",
    "If it was not you, nothing has changed and there is nothing to do. Nobody but you was sent this token: pass it on to nobody.",
  ];
  return { subject: "Reset your password", text: `${text.join("\n\n")}\n` };
}
