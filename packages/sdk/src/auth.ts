import type * as Wire from "@llm-cost-ops/contract";
import type { RequestOptions } from "./options.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, type ToWire, toWire } from "./wire.ts";

/** What somebody who signed in is given. The access token is used like an API key, for 15 minutes. */
export interface SessionTokens extends FromWire<Wire.SessionTokens> {}

/** What a page of the server is given where somebody signed in there: the refresh token is a cookie that it cannot read. */
export interface BrowserSession extends FromWire<Wire.BrowserSession> {}

/** Whose credential the client has, and what it may do. */
export interface WhoAmI extends FromWire<Wire.WhoAmI> {}

/** One limit in tokens or money. Amounts are given twice: as numbers, and exactly under the name with `Exact`. */
export interface LimitStatus extends FromWire<Wire.LimitStatus> {}

/** A session of a user, without its tokens. */
export interface UserSession extends FromWire<Wire.UserSession> {}

/** A secret for an authenticator app, as text and as the address in a QR code. Shown this once. */
export interface TotpOffer extends FromWire<Wire.TotpOffer> {}

export interface LoginParams extends ToWire<Wire.LoginInput> {}

/** The present password and a code of the second factor: the app's, or a recovery code. */
export interface FactorProof {
  readonly password: string;
  readonly code: string;
}

/** Signing in, and what users change about that. All but `login`, `refresh`, `whoami`, `limits` and the
 * reset of a password needs a user's access token. */
export class Auth {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** @throws AuthenticationError with AUTH_003 where the password is right and `code` is missing. */
  async login(params: LoginParams, options?: RequestOptions): Promise<SessionTokens> {
    return fromWire<Wire.SessionTokens>(await this.#post("auth.login", params, options));
  }

  /** Replaces both tokens. The old refresh token must not be used again: that ends the session. */
  async refresh(refreshToken: string, options?: RequestOptions): Promise<SessionTokens> {
    return fromWire<Wire.SessionTokens>(await this.#post("auth.refresh", { refreshToken }, options));
  }

  /**
   * The same as `login` for a page that the server itself served: the refresh token becomes a cookie.
   * @throws APIError with AUTH_002 anywhere else.
   */
  async browserLogin(params: LoginParams, options?: RequestOptions): Promise<BrowserSession> {
    return fromWire<Wire.BrowserSession>(await this.#post("auth.browserLogin", params, options));
  }

  /** A new access token of the session that the browser has a cookie of; null where it has none. */
  async browserRefresh(options?: RequestOptions): Promise<BrowserSession | null> {
    const answer = await this.#session.transport.json({ operation: "auth.browserRefresh", options });
    return dataOf(answer) === null ? null : fromWire<Wire.BrowserSession>(dataOf(answer));
  }

  /** Ends the session of the client's access token. */
  async logout(options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "auth.logout", options });
  }

  async whoami(options?: RequestOptions): Promise<WhoAmI> {
    return fromWire<Wire.WhoAmI>(dataOf(await this.#session.transport.json({ operation: "auth.whoami", options })));
  }

  /** What the client's credential, and everybody of its organization, may use of tokens and money, and what is left. */
  async limits(options?: RequestOptions): Promise<LimitStatus[]> {
    const answer = await this.#session.transport.json({ operation: "limits.list", options });
    return fromWire<Wire.LimitStatus[]>(dataOf(answer));
  }

  /** The user's own active sessions, the one used last first. */
  async sessions(options?: RequestOptions): Promise<UserSession[]> {
    const answer = await this.#session.transport.json({ operation: "auth.sessions", options });
    return fromWire<Wire.UserSession[]>(dataOf(answer));
  }

  async revokeSession(id: string, options?: RequestOptions): Promise<void> {
    await this.#session.transport.json({ operation: "auth.revokeSession", params: { id }, options });
  }

  /** Every other session of the user ends. */
  async changePassword(
    params: { readonly currentPassword: string; readonly newPassword: string },
    options?: RequestOptions,
  ): Promise<void> {
    const body = JSON.stringify(toWire(params));
    await this.#session.transport.json({ operation: "auth.changePassword", body, options });
  }

  /**
   * Asks for a mail with a token that sets a new password. Whether the address is known is not told; answers whether the
   * server sends mail at all.
   */
  async requestPasswordReset(email: string, options?: RequestOptions): Promise<boolean> {
    const asked = await this.#post<Wire.PasswordResetAsked>("auth.requestPasswordReset", { email }, options);
    return asked.sends_mail;
  }

  /**
   * Sets a new password with a token of a mail, or of an administrator. All sessions of the user end.
   * @throws NotFoundError where the token is none, was used or has ended.
   */
  async confirmPasswordReset(
    params: { readonly token: string; readonly newPassword: string },
    options?: RequestOptions,
  ): Promise<void> {
    const body = JSON.stringify(toWire(params));
    await this.#session.transport.json({ operation: "auth.confirmPasswordReset", body, options });
  }

  /** A second factor, which counts once `confirmTotp` has seen a code of the app. */
  async startTotp(password: string, options?: RequestOptions): Promise<TotpOffer> {
    return fromWire<Wire.TotpOffer>(await this.#post("auth.startTotp", { password }, options));
  }

  /** Turns the second factor on and answers ten recovery codes, which are shown this once. */
  async confirmTotp(code: string, options?: RequestOptions): Promise<string[]> {
    return fromWire<Wire.RecoveryCodes>(await this.#post("auth.confirmTotp", { code }, options)).recoveryCodes;
  }

  async removeTotp(proof: FactorProof, options?: RequestOptions): Promise<void> {
    const body = JSON.stringify(toWire(proof));
    await this.#session.transport.json({ operation: "auth.removeTotp", body, options });
  }

  /** Recovery codes in place of all older ones. */
  async renewRecoveryCodes(proof: FactorProof, options?: RequestOptions): Promise<string[]> {
    return fromWire<Wire.RecoveryCodes>(await this.#post("auth.renewRecoveryCodes", proof, options)).recoveryCodes;
  }

  async #post<T>(
    operation:
      | "auth.login"
      | "auth.refresh"
      | "auth.requestPasswordReset"
      | "auth.browserLogin"
      | "auth.startTotp"
      | "auth.confirmTotp"
      | "auth.renewRecoveryCodes",
    params: object,
    options: RequestOptions | undefined,
  ): Promise<T> {
    const body = JSON.stringify(toWire(params));
    return dataOf(await this.#session.transport.json({ operation, body, options })) as T;
  }
}
