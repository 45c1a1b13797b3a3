/** A mail server on loopback: enough of SMTP (RFC 5321, 3207, 4954) to be sent a message, and to misbehave. */

import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Head and body as they came, without the dots. */
  readonly text: string;
  readonly isSecure: boolean;
  readonly user: string | undefined;
}

export interface MailReceiver {
  readonly port: number;
  readonly received: ReceivedMail[];
  /** Connections that are open. */
  readonly open: ReadonlySet<Socket>;
  close(): Promise<void>;
}

export interface MailBehaviour {
  /** Offers STARTTLS, or speaks TLS from the first byte on, with this certificate. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly mode: "starttls" | "tls" };
  /** `user:password` that are let in; without, nobody is asked. */
  readonly login?: string;
  /** What a recipient is answered; 250 if nothing. */
  readonly recipient?: (address: string) => string | undefined;
  /** Takes over a connection instead of a conversation. */
  readonly greet?: (socket: Socket) => void;
}

export async function startMailServer(behaviour: MailBehaviour = {}): Promise<MailReceiver> {
  const received: ReceivedMail[] = [];
  const open = new Set<Socket>();
  const { tls, greet } = behaviour;
  const secureContext = tls && createSecureContext(tls);
  const secured = (socket: Socket): TLSSocket => {
    const over = new TLSSocket(socket, { isServer: true, ...(secureContext === undefined ? {} : { secureContext }) });
    over.on("error", () => undefined);
    return over;
  };
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
    if (greet !== undefined) greet(socket);
    else if (tls?.mode === "tls") converse(secured(socket), true, true);
    else converse(socket, false, true);
  });

  function converse(socket: Socket, isSecure: boolean, greets: boolean): void {
    let pending = "";
    let user: string | undefined;
    let from = "";
    let to: string[] = [];
    let message: string[] | undefined;
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    const takeLine = (line: string): void => {
      if (message !== undefined) {
        if (line !== ".") {
          message.push(line.replace(/^\./, ""));
          return;
        }
        received.push({ from, to, text: message.join("\n"), isSecure, user });
        message = undefined;
        to = [];
        say("250 2.0.0 taken");
        return;
      }
      const [verb = ""] = line.toUpperCase().split(/[ :]/);
      const address = /<([^>]*)>/.exec(line)?.[1] ?? "";
      if (verb === "EHLO") {
        const login = behaviour.login === undefined ? [] : ["250-AUTH PLAIN"];
        const starttls = tls?.mode === "starttls" && !isSecure ? ["250-STARTTLS"] : [];
        for (const offered of ["250-tested", ...starttls, ...login]) say(offered);
        say("250 8BITMIME");
      } else if (verb === "STARTTLS") {
        say("220 go on");
        socket.removeAllListeners("data");
        converse(secured(socket), true, false);
      } else if (verb === "AUTH") {
        const [, name = "", password = ""] = Buffer.from(line.split(" ")[2] ?? "", "base64")
          .toString()
          .split("\0");
        if (`${name}:${password}` === behaviour.login) {
          user = name;
          say("235 2.7.0 welcome");
        } else say("535 5.7.8 wrong");
      } else if (verb === "MAIL") {
        from = address;
        say(behaviour.login !== undefined && user === undefined ? "530 5.7.0 sign in first" : "250 2.1.0 ok");
      } else if (verb === "RCPT") {
        const answer = behaviour.recipient?.(address) ?? "250 2.1.5 ok";
        if (answer.startsWith("250")) to.push(address);
        say(answer);
      } else if (verb === "DATA") {
        message = [];
        say("354 go on");
      } else if (verb === "QUIT") {
        say("221 bye");
        socket.end();
      } else say(verb === "RSET" ? "250 ok" : "502 what?");
    };
    socket.on("data", (chunk: Buffer) => {
      pending += chunk.toString("utf8");
      for (let end = pending.indexOf("\r\n"); end >= 0; end = pending.indexOf("\r\n")) {
        const line = pending.slice(0, end);
        pending = pending.slice(end + 2);
        takeLine(line);
      }
    });
    if (greets) say("220 tested ESMTP");
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    open,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}
