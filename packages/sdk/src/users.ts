import type * as Wire from "@llm-cost-ops/contract";
import type { UserSession } from "./auth.ts";
import type { RequestOptions } from "./options.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, toWire } from "./wire.ts";

/** Somebody who can sign in, as a member of the caller's organization. */
export interface User extends FromWire<Wire.User> {}

/** A token that sets a new password of a member, to be handed over. Shown this once. */
export interface PasswordReset extends FromWire<Wire.PasswordReset> {}

export interface CreateUserParams {
  readonly email: string;
  readonly password: string;
  readonly name?: string | undefined;
  /** A role that allows no more than the client's own credential; `viewer` where absent. */
  readonly role?: string | undefined;
}

/** People of the caller's organization, and their sessions in it. */
export class Users {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws ConflictError where there is a user of this e-mail address, in whatever organization. */
  async create(params: CreateUserParams, options?: RequestOptions): Promise<User> {
    const body = JSON.stringify(toWire(params));
    return fromWire<Wire.User>(
      dataOf(await this.#session.transport.json({ operation: "users.create", body, options })),
    );
  }

  /**
   * A token by which a member sets a new password, once, within 30 minutes.
   * @throws ConflictError where the user belongs to organizations of others as well.
   */
  async resetPassword(id: string, options?: RequestOptions): Promise<PasswordReset> {
    const answer = await this.#session.transport.json({ operation: "users.resetPassword", params: { id }, options });
    return fromWire<Wire.PasswordReset>(dataOf(answer));
  }

  /** The active sessions of a member. */
  async sessions(id: string, options?: RequestOptions): Promise<UserSession[]> {
    const answer = await this.#session.transport.json({ operation: "users.sessions", params: { id }, options });
    return fromWire<Wire.UserSession[]>(dataOf(answer));
  }

  async revokeSession(id: string, sessionId: string, options?: RequestOptions): Promise<void> {
    const params = { id, session_id: sessionId };
    await this.#session.transport.json({ operation: "users.revokeSession", params, options });
  }
}
