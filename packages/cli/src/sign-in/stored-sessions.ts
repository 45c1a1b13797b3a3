import { randomUUID } from "node:crypto";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CommandError } from "../exit-codes.ts";

/** What `auth login` keeps of a session, by the address of its server. */
export interface StoredSession {
  readonly email: string;
  readonly organizationId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly expiresAtMs: number;
}

interface SessionsFile {
  readonly version: 1;
  readonly sessions: Readonly<Record<string, StoredSession>>;
}

const lockMsMax = 10_000;
/** Who holds the lock for so long has died: a refresh takes a second. */
const staleMs = 30_000;
const lockPauseMs = 50;

/** An address as sessions are kept by it: without a slash at its end, and without the interface's base path. */
export function sessionAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return `${url.origin}${url.pathname.replace(/\/+$/, "").replace(/\/api\/v1$/, "")}`;
}

/** Where sessions are kept: in the user's folder for configuration, readable by the user alone. */
export const sessionsPath = (environment: Readonly<Record<string, string | undefined>>): string =>
  join(environment["XDG_CONFIG_HOME"] || join(homedir(), ".config"), "cost-ops", "sessions.json");

/** The sessions of one person on this machine. Commands that run at the same time do not get into each other's way. */
export class StoredSessions {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  get(address: string): StoredSession | undefined {
    return this.#read().sessions[address];
  }

  /** Changes a session while nobody else does; `undefined` forgets it. Answers what is kept then. */
  async change(
    address: string,
    change: (present: StoredSession | undefined) => Promise<StoredSession | undefined>,
  ): Promise<StoredSession | undefined> {
    return this.#locked(async () => {
      const present = this.#read().sessions[address];
      const changed = await change(present);
      if (changed === present) return present;
      const { [address]: _, ...others } = this.#read().sessions;
      this.#write({ version: 1, sessions: changed === undefined ? others : { ...others, [address]: changed } });
      return changed;
    });
  }

  #read(): SessionsFile {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return { version: 1, sessions: {} };
      throw error;
    }
    try {
      return JSON.parse(text) as SessionsFile;
    } catch {
      throw new CommandError(`${this.#path} cannot be read: remove it and sign in again.`);
    }
  }

  /** The file is there as a whole or not at all, and never readable by others. */
  #write(content: SessionsFile): void {
    const draft = `${this.#path}.${randomUUID()}`;
    writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600, flag: "wx" });
    chmodSync(draft, 0o600);
    renameSync(draft, this.#path);
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    const lock = `${this.#path}.lock`;
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const deadline = performance.now() + lockMsMax;
    while (!tryLock(lock)) {
      if (performance.now() > deadline) throw new CommandError(`Another command holds ${lock}: try again.`);
      await sleep(lockPauseMs);
    }
    try {
      return await work();
    } finally {
      rmSync(lock, { force: true });
    }
  }
}

function tryLock(path: string): boolean {
  try {
    closeSync(openSync(path, "wx", 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  if (age > staleMs) rmSync(path, { force: true });
  return false;
}
