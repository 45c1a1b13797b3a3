import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import type { ErrorBody } from "@llm-cost-ops/contract";

/** What the HTTP parser could not read, and with which status it is refused. */
const reasons: Readonly<Record<string, { status: string; message: string }>> = {
  HPE_HEADER_OVERFLOW: { status: "431 Request Header Fields Too Large", message: "The headers are too large." },
  ERR_HTTP_REQUEST_TIMEOUT: { status: "408 Request Timeout", message: "The request arrived too slowly." },
};
const unreadable = { status: "400 Bad Request", message: "This is not an HTTP request that can be read." };

/** Answers bytes that are not a readable request, in the form of every other error, and hangs up. */
export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, message } = reasons[error.code ?? ""] ?? unreadable;
  const requestId = randomUUID();
  const answer: ErrorBody = { error: { code: "INVALID_REQUEST", message }, request_id: requestId };
  const body = JSON.stringify(answer);
  socket.end(
    [
      `HTTP/1.1 ${status}`,
      "Content-Type: application/json; charset=utf-8",
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      "Cache-Control: no-store",
      "Connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
