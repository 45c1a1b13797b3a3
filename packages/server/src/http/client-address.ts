import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

/**
 * The address of whoever sent a request. Behind a proxy that is the last hop of X-Forwarded-For, the only one that the
 * proxy itself wrote: everything before it came from the sender, who may write what they like. Undefined within the
 * process and after the connection has gone.
 */
export function clientAddress(message: IncomingMessage, trustProxy: boolean): string | undefined {
  if (trustProxy) {
    const forwarded = message.headers["x-forwarded-for"];
    const hops = Array.isArray(forwarded) ? forwarded.join(",") : (forwarded ?? "");
    const last = hops.slice(hops.lastIndexOf(",") + 1).trim();
    if (isIP(last) !== 0) return last;
  }
  return message.socket.remoteAddress;
}
