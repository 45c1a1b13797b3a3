/**
 * Who made a change, and from where, as the audit trail names them. The name of a user is the e-mail, of a command the
 * user of the operating system who ran it.
 */
export interface Actor {
  readonly kind: ActorKind;
  readonly id: string | null;
  readonly name: string | null;
  readonly clientAddress: string | null;
  readonly userAgent: string | null;
  readonly requestId: string | null;
}

/** `process` is the server's own work; `nobody` asks where no credential is needed yet, such as to sign in. */
export type ActorKind = "key" | "user" | "process" | "command" | "nobody";

/** What a process does by itself: its first key, its first catalogue. */
export const processActor: Actor = {
  kind: "process",
  id: null,
  name: null,
  clientAddress: null,
  userAgent: null,
  requestId: null,
};
