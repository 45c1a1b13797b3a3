import type { ErrorCode } from "@llm-cost-ops/contract";
import type { Actor } from "../audit/actor.ts";
import { Refusal } from "../refusal.ts";

/**
 * What a store thread does: the writer owns the one connection that writes; the reader answers questions; the preparer
 * works on large bodies before the writer takes them. Both of the latter only read.
 */
export type ThreadRole = "writer" | "reader" | "preparer";

/** What each thread is started with, beside what its module takes. */
export interface ThreadBegin {
  readonly module: string;
  /** The folder of the process's compile cache, where it has one. */
  readonly compileCache: string | undefined;
}

/** What a thread of the embedded store is started with. */
export interface ThreadOptions {
  readonly role: ThreadRole;
  readonly path: string;
}

/** From the main thread. `grouped` calls carry the bytes of their bodies and share a transaction with their neighbours. */
export type ThreadRequest =
  | {
      readonly kind: "call";
      readonly id: number;
      readonly name: string;
      readonly args: unknown;
      readonly actor?: Actor | undefined;
    }
  | { readonly kind: "grouped"; readonly name: string; readonly calls: readonly GroupedRequest[] }
  | { readonly kind: "close" };

/** Nobody waits for the answer of a call any more. */
export interface CancelRequest {
  readonly kind: "cancel";
  readonly id: number;
}

export interface GroupedRequest {
  readonly id: number;
  readonly args: unknown;
  readonly bytes: Uint8Array;
  readonly prepared?: unknown;
}

/** To the main thread. Answers of one transaction come in one message; a notice answers nothing. */
export type ThreadAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "notice"; readonly topic: string; readonly value: unknown }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "answers"; readonly answers: readonly CallAnswer[] };

export type CallAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly refusal: RefusalMessage }
  | { readonly id: number; readonly defect: string };

interface RefusalMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fieldErrors: Readonly<Record<string, string>> | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
}

/** Errors lose their class between threads, so refusals cross as plain values. */
export const toRefusalMessage = ({ code, message, fieldErrors, details }: Refusal): RefusalMessage => ({
  code,
  message,
  fieldErrors: fieldErrors === undefined ? undefined : { ...fieldErrors },
  details,
});

export const fromRefusalMessage = ({ code, message, fieldErrors, details }: RefusalMessage): Refusal =>
  new Refusal(code, message, {
    ...(fieldErrors === undefined ? {} : { fieldErrors: { ...fieldErrors } }),
    ...(details === undefined ? {} : { details: { ...details } }),
  });
