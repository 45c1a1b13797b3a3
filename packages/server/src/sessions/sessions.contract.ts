import { permissions } from "@llm-cost-ops/contract";
import { beforeEach, describe, expect, test } from "vitest";
import { installationRead, installationWrite, type Store } from "../store/operation.ts";
import { beginSession } from "../users/sign-in.sql.ts";
import { createUser } from "../users/users.sql.ts";
import { hashRefreshToken, makeRefreshToken } from "./refresh-token.ts";
import { createSessionTokens, type SessionTokens } from "./session-tokens.ts";
import { listSessions, revokeSession } from "./sessions.sql.ts";
import { activeSessionsMax, idleMsMax, keptMs, lostAnswerMs, sessionMsMax } from "./sessions.ts";

const change = installationWrite("test.sessions.change", async (connection, sql: string) => connection.run(sql));
const count = installationRead("test.sessions.count", async (connection, table: string) =>
  Number((await connection.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))?.n),
);
const endings = installationRead(
  "test.sessions.endings",
  async (connection, _args: null) =>
    await connection.all<{ action: string; outcome: string; actor_name: string | null; state_after: string | null }>(
      "SELECT action, outcome, actor_name, state_after FROM audit_entries WHERE organization_id = 'default' ORDER BY seq",
    ),
);

/** What sessions must do on every store. The store is empty and tells the given time. */
export function describeSessions(name: string, open: (now: () => number) => Promise<Store>): void {
  describe(`sessions on ${name}`, () => {
    const userId = "usr_ada";
    const passwordHash = "the hash of a password";
    let now = 0;
    let store: Store;
    let tokens: SessionTokens;
    let sessions = 0;

    beforeEach(async () => {
      now = Date.parse("2026-06-01T00:00:00Z");
      store = await open(() => now);
      tokens = newProcess();
      const user = { id: userId, email: "Ada@x.org", emailKey: "ada@x.org", name: null, passwordHash };
      await store.run(createUser, { organizationId: "default", user, role: "viewer", may: permissions });
    });
    const newProcess = (): SessionTokens =>
      createSessionTokens({ store, secretKey: undefined, clock: () => now, onEnded: () => undefined });

    const begin = async () => {
      const refreshToken = makeRefreshToken();
      sessions += 1;
      const begun = await store.run(beginSession, {
        userId,
        passwordHash,
        proof: null,
        organizationId: null,
        sessionId: `ses_${sessions}`,
        tokenHash: hashRefreshToken(refreshToken),
      });
      if (begun.kind !== "begun") throw new Error(begun.kind);
      return { ...(await tokens.issue(begun.session, refreshToken)), session: begun.session };
    };
    const refresh = async (token: string, at = tokens) => (await at.refresh(token)).tokens;
    const refused = { code: "AUTH_001" };

    test("know who stands behind an access token, in every process, without a secret key too", async () => {
      const { accessToken } = await begin();
      for (const one of [tokens, newProcess()]) {
        expect((await one.callerOf(accessToken))?.caller).toMatchObject({
          organizationId: "default",
          principal: { kind: "user", id: userId, name: "Ada@x.org" },
        });
      }
      now += 906_000;
      expect(await tokens.callerOf(accessToken)).toBeUndefined();
    });

    test("give one successor to each refresh token, also to many who ask at once", async () => {
      const { refreshToken } = await begin();
      const other = newProcess();
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, at) => refresh(refreshToken, at % 2 === 0 ? tokens : other)),
      );
      expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
      expect(answers[0]?.refreshToken).not.toBe(refreshToken);
    });

    test("end where a replaced token comes back when no answer can be on its way any more", async () => {
      const stolen = await begin();
      const owner = await refresh(stolen.refreshToken);
      now += lostAnswerMs;
      expect((await refresh(stolen.refreshToken)).refreshToken).toBe(owner.refreshToken);
      now += 1;
      await expect(refresh(stolen.refreshToken)).rejects.toMatchObject(refused);
      await expect(refresh(owner.refreshToken)).rejects.toMatchObject(refused);
      expect(await tokens.callerOf(owner.accessToken)).toBeUndefined();
      expect((await store.run(endings, null)).at(-1)).toMatchObject({
        action: "sessions.revoke",
        state_after: JSON.stringify({ user_id: userId, reason: "token_reused" }),
      });
    });

    test("end where a replaced token comes back after its successor was used", async () => {
      const first = await begin();
      const second = await refresh(first.refreshToken);
      const third = await refresh(second.refreshToken);
      await expect(refresh(first.refreshToken)).rejects.toMatchObject(refused);
      await expect(refresh(third.refreshToken)).rejects.toMatchObject(refused);
    });

    test("end by themselves when they are not used, and at last however they are used", async () => {
      const idle = await begin();
      now += idleMsMax;
      await expect(refresh(idle.refreshToken)).rejects.toMatchObject(refused);
      const busy = await begin();
      const beganAtMs = now;
      let token = busy.refreshToken;
      while (now - beganAtMs < sessionMsMax - idleMsMax) {
        now += idleMsMax - 1;
        token = (await refresh(token)).refreshToken;
      }
      now = beganAtMs + sessionMsMax;
      await expect(refresh(token)).rejects.toMatchObject(refused);
    });

    test("are nothing without the membership, and nothing of a user who is disabled", async () => {
      const { accessToken, refreshToken } = await begin();
      await store.run(change, "UPDATE users SET disabled_at = 1");
      expect(await tokens.callerOf(accessToken)).toBeUndefined();
      await store.run(change, "UPDATE users SET disabled_at = NULL");
      expect(await tokens.callerOf(accessToken)).toBeDefined();
      await store.run(change, "DELETE FROM memberships");
      expect(await tokens.callerOf(accessToken)).toBeUndefined();
      await expect(refresh(refreshToken)).rejects.toMatchObject(refused);
    });

    test("are listed while they last, and ended by their user or in their organization alone", async () => {
      const [one, two] = [await begin(), await begin()];
      now += 1_000;
      await refresh(one.refreshToken);
      const list = async (organizationId: string | null) =>
        (await store.run(listSessions, { userId, organizationId })).map(({ id }) => id);
      expect(await list(null)).toEqual([one.session.id, two.session.id]);
      expect(await list("default")).toHaveLength(2);
      await expect(list("acme")).rejects.toMatchObject({ code: "NOT_FOUND" });
      const revoke = (over: object) =>
        store.run(revokeSession, {
          userId,
          organizationId: null,
          sessionId: two.session.id,
          reason: "revoked",
          ...over,
        });
      expect(await revoke({ userId: "usr_other" })).toBe(false);
      expect(await revoke({ organizationId: "acme" })).toBe(false);
      expect(await revoke({})).toBe(true);
      expect(await revoke({})).toBe(false);
      expect(await list(null)).toEqual([one.session.id]);
      expect(await tokens.callerOf(two.accessToken)).toBeUndefined();
      expect(await tokens.callerOf(one.accessToken)).toBeDefined();
    });

    test("are not more than so many at a time, and are forgotten when they are long over", async () => {
      const oldest = await begin();
      for (let made = 1; made < activeSessionsMax; made += 1) {
        now += 1;
        await begin();
      }
      expect(await tokens.callerOf(oldest.accessToken)).toBeDefined();
      now += 1;
      await begin();
      expect(await tokens.callerOf(oldest.accessToken)).toBeUndefined();
      now += idleMsMax + keptMs + 1;
      await begin();
      expect([await store.run(count, "sessions"), await store.run(count, "refresh_tokens")]).toEqual([1, 1]);
    });
  });
}
