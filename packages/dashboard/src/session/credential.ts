import { type BrowserSession, CostOpsClient, CostOpsError, type LoginParams, type WhoAmI } from "@llm-cost-ops/sdk";

/** Who is signed in on this page. */
export type SessionState =
  | { readonly kind: "unknown" }
  /** Nobody can say who is: the server answered, but with neither a session nor that there is none. */
  | { readonly kind: "failed"; readonly error: unknown }
  | {
      readonly kind: "signed_out";
      readonly because?: "expired";
      /** Which one is entered next, of a user who has several. */
      readonly organization?: OrganizationName;
    }
  | { readonly kind: "signed_in"; readonly whoami: WhoAmI; readonly by: "password" | "key" };

export type OrganizationName = WhoAmI["organizations"][number];

type Listener = () => void;

/** Before its end by so much an access token is replaced, so that no question meets one that is just over. */
const marginMs = 30_000;

/**
 * Holds the credential of the page in memory and nowhere else, and gives every request of the client the present one. An access
 * token that is over is replaced once for all requests that wait for it.
 */
export class Credential {
  readonly client: CostOpsClient;
  readonly reachability: Reachability;
  #state: SessionState = { kind: "unknown" };
  #token: { readonly text: string; readonly endsAtMs: number } | undefined;
  #refreshing: Promise<boolean> | undefined;
  #restoring: Promise<void> | undefined;
  readonly #listeners = new Set<Listener>();
  readonly #fetch: typeof globalThis.fetch;
  readonly #clock: () => number;

  constructor(origin: string, fetch: typeof globalThis.fetch, clock: () => number = Date.now) {
    this.#fetch = fetch;
    this.#clock = clock;
    this.reachability = new Reachability(origin, fetch);
    this.client = new CostOpsClient({
      baseURL: origin,
      // Every request is given the present credential by the function below; this one is never sent.
      apiKey: "in-memory",
      maxRetries: 1,
      fetch: (url, init) => this.#send(url, init),
    });
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly state = (): SessionState => this.#state;

  /**
   * Looks whether the browser has a session's cookie. What goes wrong becomes the state, which asks for nothing by itself; while the
   * server is away it stays unknown, for whoever listens to `reachability` to ask again.
   */
  restore(): Promise<void> {
    this.#restoring ??= this.#restore().finally(() => {
      this.#restoring = undefined;
    });
    return this.#restoring;
  }

  async #restore(): Promise<void> {
    if (this.#state.kind !== "unknown" && this.#state.kind !== "failed") return;
    if (this.#state.kind === "failed") this.#become({ kind: "unknown" });
    try {
      if (await this.#refresh()) await this.#enter("password");
      else this.#become({ kind: "signed_out" });
    } catch (error) {
      if (!this.reachability.isAway()) this.#become({ kind: "failed", error });
    }
  }

  /** @throws AuthenticationError: AUTH_001 for what is wrong, AUTH_003 where a code is needed. */
  async signIn(params: LoginParams): Promise<void> {
    this.#take(await this.client.auth.browserLogin(params));
    await this.#enter("password");
  }

  /** Until the page is left. @throws AuthenticationError where the key is none. */
  async enterKey(key: string): Promise<void> {
    this.#token = { text: key.trim(), endsAtMs: Number.POSITIVE_INFINITY };
    try {
      await this.#enter("key");
    } catch (error) {
      this.#token = undefined;
      throw error;
    }
  }

  /**
   * `organization` is the one that is signed in to next: a session is of one organization. @throws where the server did not end the
   * session: its cookie is still there, and a page that said otherwise would leave it to whoever comes next.
   */
  async signOut(organization?: OrganizationName): Promise<void> {
    const { kind, by } = { by: undefined, ...this.#state };
    try {
      if (kind === "signed_in" && by === "password") await this.client.auth.logout();
    } catch (error) {
      // A session that has ended already is what was asked for.
      if (!(error instanceof CostOpsError) || error.statusCode !== 401) throw error;
    }
    this.#token = undefined;
    this.#become({ kind: "signed_out", ...(organization === undefined ? {} : { organization }) });
  }

  async #enter(by: "password" | "key"): Promise<void> {
    this.#become({ kind: "signed_in", whoami: await this.client.auth.whoami(), by });
  }

  #take(session: BrowserSession): void {
    this.#token = { text: session.accessToken, endsAtMs: this.#clock() + session.expiresIn * 1_000 };
  }

  #become(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  /** One refresh at a time, whoever needs it. False where nobody is signed in any more. */
  #refresh(): Promise<boolean> {
    this.#refreshing ??= this.client.auth
      .browserRefresh()
      .then(
        (session) => {
          if (session !== null) this.#take(session);
          return session !== null;
        },
        (error: unknown) => {
          if (error instanceof CostOpsError && error.statusCode === 401) return false;
          throw error;
        },
      )
      .finally(() => {
        this.#refreshing = undefined;
      });
    return this.#refreshing;
  }

  async #send(url: string, init: RequestInit): Promise<Response> {
    const isSigningIn = new URL(url).pathname.startsWith("/api/v1/auth/browser/");
    if (isSigningIn) return this.#attempt(url, init, undefined);
    if (this.#token !== undefined && this.#token.endsAtMs - marginMs < this.#clock()) await this.#refreshOrEnd();
    const used = this.#token?.text;
    const response = await this.#attempt(url, init, used);
    if (response.status !== 401 || this.#token?.endsAtMs === Number.POSITIVE_INFINITY) return response;
    // Another request may have replaced the token in the meantime.
    if (this.#token?.text === used && !(await this.#refreshOrEnd())) return response;
    return this.#attempt(url, init, this.#token?.text);
  }

  async #refreshOrEnd(): Promise<boolean> {
    const isAlive = await this.#refresh();
    if (!isAlive && this.#state.kind === "signed_in") {
      const { organizations, organizationId } = this.#state.whoami;
      const organization = organizations.length > 1 ? organizations.find(({ id }) => id === organizationId) : undefined;
      this.#token = undefined;
      this.#become({ kind: "signed_out", because: "expired", ...(organization === undefined ? {} : { organization }) });
    }
    return isAlive;
  }

  async #attempt(url: string, init: RequestInit, token: string | undefined): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.delete("authorization");
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    try {
      const response = await this.#fetch(url, { ...init, headers, credentials: "same-origin", cache: "no-store" });
      if (![502, 503, 504].includes(response.status)) this.reachability.heard();
      else this.reachability.missed();
      return response;
    } catch (error) {
      if (!init.signal?.aborted) this.reachability.missed();
      throw error;
    }
  }
}

/** Whether the server answers. While it does not, it is asked every two seconds, until it does. */
export class Reachability {
  #isAway = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<Listener>();
  readonly #origin: string;
  readonly #fetch: typeof globalThis.fetch;

  constructor(origin: string, fetch: typeof globalThis.fetch) {
    this.#origin = origin;
    this.#fetch = fetch;
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly isAway = (): boolean => this.#isAway;

  /** After something did not come: waits until the server answers, and says whether it was away at all. */
  async back(): Promise<{ readonly wasAway: boolean }> {
    if (!this.#isAway && (await this.#isReady())) return { wasAway: false };
    this.missed();
    await new Promise<void>((resolve) => {
      const leave = this.subscribe(() => {
        leave();
        resolve();
      });
    });
    return { wasAway: true };
  }

  heard(): void {
    this.#set(false);
  }

  missed(): void {
    this.#set(true);
    this.#timer ??= setTimeout(() => void this.#ask(), 2_000);
  }

  async #ask(): Promise<void> {
    this.#timer = undefined;
    if (await this.#isReady()) this.heard();
    else this.missed();
  }

  #isReady(): Promise<boolean> {
    return this.#fetch(`${this.#origin}/ready`, { cache: "no-store" }).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  #set(isAway: boolean): void {
    if (this.#isAway === isAway) return;
    this.#isAway = isAway;
    for (const listener of this.#listeners) listener();
  }
}
