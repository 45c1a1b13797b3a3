import { beforeEach, describe, expect, test } from "vitest";
import { hashRefreshToken, makeRefreshToken } from "../sessions/refresh-token.ts";
import { listSessions } from "../sessions/sessions.sql.ts";
import { installationWrite, type Store } from "../store/operation.ts";
import { beginSession } from "./sign-in.sql.ts";
import {
  changePassword,
  confirmTotp,
  countRecoveryCodes,
  createUser,
  findAccount,
  findAccountByEmail,
  listOrganizationsOf,
  offerTotp,
  rehashPassword,
  removeTotp,
  renewRecoveryCodes,
  type SecondFactorProof,
} from "./users.sql.ts";

/** A role of the organization's own, which allows little. */
const giveRole = installationWrite("test.users.role", async (connection, args: { readonly organizationId: string }) => {
  await connection.run(
    "INSERT INTO custom_roles (organization_id, role, description, permissions, created_at, updated_at) VALUES (?, 'reader', '', ?, 0, 0)",
    args.organizationId,
    JSON.stringify(["usage:read"]),
  );
});

/** What accounts must do on every store. The store is empty. */
export function describeUsers(name: string, open: () => Promise<Store>): void {
  describe(`users on ${name}`, () => {
    const userId = "usr_ada";
    const organizationId = "default";
    const passwordHash = "the hash of a password";
    const own = { userId, organizationId, passwordHash };
    const secret = Uint8Array.from({ length: 20 }, (_, at) => at * 12);
    const hashes = Array.from({ length: 3 }, (_, at) => `${at}`.repeat(64));
    const may = ["usage:write", "usage:read"];
    let store: Store;
    let sessions = 0;

    const create = (over: object = {}, role = "reader") =>
      store.run(createUser, {
        organizationId,
        user: { id: userId, email: "Ada@X.org", emailKey: "ada@x.org", name: null, passwordHash, ...over },
        role,
        may,
      });
    const enter = async (proof: SecondFactorProof | null = null, over: object = {}) => {
      sessions += 1;
      const sessionId = `ses_${sessions}`;
      const tokenHash = hashRefreshToken(makeRefreshToken());
      const named = { userId, passwordHash, proof, organizationId: null, sessionId, tokenHash };
      return store.run(beginSession, { ...named, ...over });
    };
    const enrol = async () => {
      await store.run(offerTotp, { ...own, secret, isSealed: false });
      return store.run(confirmTotp, { ...own, secret, step: 100, recoveryHashes: hashes });
    };

    beforeEach(async () => {
      store = await open();
      await store.run(giveRole, { organizationId });
      await create();
    });

    test("have one e-mail address each, whatever its case, and a role that their maker may give", async () => {
      expect(await store.run(findAccountByEmail, { emailKey: "ada@x.org" })).toMatchObject({
        id: userId,
        email: "Ada@X.org",
        isDisabled: false,
        passwordHash,
      });
      expect(await store.run(findAccountByEmail, { emailKey: "Ada@X.org" })).toBeUndefined();
      await expect(create({ id: "usr_2" })).rejects.toMatchObject({ code: "CONFLICT" });
      const other = { id: "usr_2", emailKey: "b@x.org" };
      await expect(create(other, "nothing")).rejects.toMatchObject({ code: "VALIDATION_ERROR" });
      await expect(create(other, "admin")).rejects.toMatchObject({ code: "AUTH_002" });
      expect(await store.run(findAccount, { userId: "usr_2" })).toBeUndefined();
      expect(await store.run(listOrganizationsOf, { userId })).toMatchObject([{ id: "default" }]);
    });

    test("begin no session with what was changed since it was checked, nor where they do not belong", async () => {
      expect(await enter()).toMatchObject({ kind: "begun", session: { organizationId } });
      expect(await enter(null, { passwordHash: "older" })).toMatchObject({ kind: "refused" });
      expect(await enter(null, { userId: "usr_none" })).toMatchObject({ kind: "refused" });
      expect(await enter(null, { organizationId: "acme" })).toEqual({ kind: "no_organization" });
      await enrol();
      expect(await enter()).toMatchObject({ kind: "refused" });
    });

    test("use up each step of the app's clock and each recovery code, also where many try at the same moment", async () => {
      expect(await enrol()).toBe(true);
      expect(await enrol().catch((error: { code: string }) => error.code)).toBe("CONFLICT");
      const kinds = async (proof: SecondFactorProof) =>
        (await Promise.all([enter(proof), enter(proof), enter(proof)])).map(({ kind }) => kind).sort();
      const once = ["begun", "refused", "refused"];
      expect(await kinds({ kind: "step", step: 101 })).toEqual(once);
      expect(await enter({ kind: "step", step: 100 })).toMatchObject({ kind: "refused", reason: "code_used" });
      expect(await kinds({ kind: "recovery", hash: hashes[0] as string })).toEqual(once);
      expect(await store.run(countRecoveryCodes, { userId })).toBe(2);
      expect(await enter({ kind: "recovery", hash: "f".repeat(64) })).toMatchObject({ kind: "refused" });
    });

    test("confirm the secret that was offered last, and no other", async () => {
      await store.run(offerTotp, { ...own, secret: secret.toReversed(), isSealed: true });
      const confirm = (which: Uint8Array) =>
        store.run(confirmTotp, { ...own, secret: which, step: 7, recoveryHashes: hashes });
      expect(await confirm(secret)).toBe(false);
      expect(await confirm(secret.toReversed())).toBe(true);
      expect((await store.run(findAccount, { userId }))?.totp).toMatchObject({ isSealed: true, isConfirmed: true });
    });

    test("renew recovery codes and remove the factor for a proof that is good", async () => {
      await enrol();
      const renewed = ["a".repeat(64), "b".repeat(64)];
      const renew = (proof: SecondFactorProof) =>
        store.run(renewRecoveryCodes, { ...own, proof, recoveryHashes: renewed });
      expect(await renew({ kind: "step", step: 100 })).toBe(false);
      expect(await renew({ kind: "recovery", hash: hashes[1] as string })).toBe(true);
      expect(await enter({ kind: "recovery", hash: hashes[2] as string })).toMatchObject({ kind: "refused" });
      const remove = (hash: string) => store.run(removeTotp, { ...own, proof: { kind: "recovery", hash } });
      expect(await remove(hashes[2] as string)).toBe(false);
      expect(await remove(renewed[0] as string)).toBe(true);
      expect((await store.run(findAccount, { userId }))?.totp).toBeUndefined();
      expect(await store.run(countRecoveryCodes, { userId })).toBe(0);
      expect(await enter()).toMatchObject({ kind: "begun" });
    });

    test("change their password once, which ends their other sessions", async () => {
      await enter();
      await enter();
      const sessionId = `ses_${sessions}`;
      await store.run(changePassword, { ...own, newHash: "a newer hash", sessionId });
      const left = await store.run(listSessions, { userId, organizationId: null });
      expect(left.map(({ id }) => id)).toEqual([sessionId]);
      const late = store.run(changePassword, { ...own, newHash: "another", sessionId });
      await expect(late).rejects.toMatchObject({ code: "CONFLICT" });
      await store.run(rehashPassword, { userId, before: passwordHash, after: "stronger" });
      expect(await store.run(findAccount, { userId })).toMatchObject({ passwordHash: "a newer hash" });
    });
  });
}
