import { generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect, test } from "vitest";
import { Refusal } from "../refusal.ts";
import { Secret } from "../secret.ts";
import { installationChange, type OfOrganization, type Store, storeChange } from "../store/operation.ts";
import type { Actor } from "./actor.ts";
import { listEntries, recordChange } from "./audit-entries.sql.ts";
import { type Checkpoint, signCheckpoint } from "./checkpoint.ts";
import { readSigningKey } from "./checkpoints.sql.ts";
import { hex } from "./entry.ts";
import { keepCheckpoints } from "./kept-checkpoints.ts";
import { createAuditTrail } from "./trail.ts";

/** A store under test, and a way to its rows past every operation, as somebody with the database in hand has it. */
export interface AuditedStore {
  readonly store: Store;
  readonly tamper: (sql: string) => Promise<void>;
}

interface Named extends OfOrganization {
  readonly name: string;
}

const insertProvider = "INSERT INTO providers (organization_id, provider, name, created_at) VALUES (?, ?, ?, 1)";

/** Changes of a test; the embedded store must find them on its threads. */
const add = storeChange<Named, void>("test.audit.add", async (connection, { organizationId, name }) => {
  await connection.run(insertProvider, organizationId, name, name);
  await recordChange(connection, {
    organizationId,
    action: "providers.create",
    resource: { type: "provider", id: name },
    after: { name },
  });
});
const addThenRefuse = storeChange<Named, void>("test.audit.addThenRefuse", async (connection, args) => {
  await add.run(connection, args);
  throw new Refusal("CONFLICT", "no");
});
const addSilently = storeChange<Named, void>("test.audit.addSilently", async (connection, { organizationId, name }) => {
  await connection.run(insertProvider, organizationId, name, name);
});
const changeNothing = storeChange<Named, number>("test.audit.changeNothing", async (connection, args) =>
  connection.run("UPDATE providers SET name = 'x' WHERE organization_id = ? AND provider = '?'", args.organizationId),
);
const addEverywhere = installationChange<{ readonly organizationIds: readonly string[] }, void>(
  "test.audit.addEverywhere",
  async (connection, { organizationIds }) => {
    for (const organizationId of organizationIds) {
      await recordChange(connection, {
        organizationId,
        action: "test.everywhere",
        resource: { type: "test", id: null },
      });
    }
  },
);

const actor: Actor = {
  kind: "key",
  id: "key_1",
  name: "deploy",
  clientAddress: "192.0.2.7",
  userAgent: "test/1",
  requestId: "req-1",
};

const secretKey = new Secret("9d0b".repeat(16));

/** What the trail must be on every store. The store is empty and tells the given time. */
export function describeAudit(name: string, open: (now: () => number) => Promise<AuditedStore>): void {
  describe(`the audit trail on ${name}`, () => {
    const startMs = Date.parse("2026-03-01T00:00:00.000Z");
    let now = startMs;
    let filled = 0;
    let tested: AuditedStore;
    let store: Store;
    beforeEach(async () => {
      now = startMs;
      filled = 0;
      tested = await open(() => now);
      ({ store } = tested);
    });
    const trail = (key: Secret | undefined = secretKey) => createAuditTrail({ store, secretKey: key, now: () => now });
    const entries = (filter: object = {}, organizationId = "one") =>
      store.run(listEntries, {
        organizationId,
        filter,
        order: "oldest",
        from: null,
        limit: 100,
      });
    const fill = async (count: number, organizationId = "one"): Promise<void> => {
      for (let n = 1; n <= count; n += 1) {
        now += 1_000;
        filled += 1;
        await store.run(add, { organizationId, name: `p${filled}` }, actor);
      }
    };

    test("says who did what to what, when and from where, and what is there now", async () => {
      await fill(1);
      expect(await entries()).toMatchObject([
        {
          seq: 1,
          atMs: startMs + 1_000,
          action: "providers.create",
          resourceType: "provider",
          resourceId: "p1",
          actorKind: "key",
          actorId: "key_1",
          actorName: "deploy",
          clientAddress: "192.0.2.7",
          userAgent: "test/1",
          requestId: "req-1",
          outcome: "success",
          before: null,
          after: '{"name":"p1"}',
        },
      ]);
    });

    test("is a chain of its own for each organization, whole and without gaps however many write at once", async () => {
      await Promise.all(
        Array.from({ length: 24 }, (_, n) =>
          n % 3 === 2
            ? store.run(addEverywhere, { organizationIds: n % 2 === 0 ? ["one", "two"] : ["two", "one"] })
            : store.run(add, { organizationId: n % 3 === 0 ? "one" : "two", name: `p${n}` }, actor),
        ),
      );
      for (const organizationId of ["one", "two"]) {
        const seqs = (await entries({}, organizationId)).map(({ seq }) => seq);
        expect(seqs).toEqual(Array.from({ length: 16 }, (_, index) => index + 1));
        expect(await trail().verify(organizationId)).toMatchObject({ entries: 16, problem: null });
      }
    });

    test("holds neither the change nor the entry of an operation that refuses", async () => {
      await fill(1);
      await expect(store.run(addThenRefuse, { organizationId: "one", name: "refused" })).rejects.toThrow("no");
      expect(await entries()).toHaveLength(1);
      await store.run(add, { organizationId: "one", name: "refused" });
      expect(await entries()).toHaveLength(2);
    });

    test("lets no operation change something that it says it tells of, and not tell of it", async () => {
      await expect(store.run(addSilently, { organizationId: "one", name: "x" })).rejects.toThrow(/left no audit entry/);
      await store.run(add, { organizationId: "one", name: "x" });
      expect(await store.run(changeNothing, { organizationId: "one", name: "y" })).toBe(0);
      expect(await entries()).toHaveLength(1);
    });

    test("is asked by time, action, resource, key and user, by id or e-mail, and read in pages from both ends", async () => {
      await fill(3);
      const user = { kind: "user", id: "user-123", name: "ada@example.com" } as const;
      const resource = { type: "session", id: "s1" };
      await trail().record({ organizationId: "one", action: "auth.login", resource, outcome: "refused", by: user });
      const found = async (filter: object) => (await entries(filter)).map(({ seq }) => seq);
      expect(await found({ fromMs: startMs + 2_000, toMs: startMs + 3_000 })).toEqual([2]);
      expect(await found({ action: "auth.login" })).toEqual([4]);
      expect(await found({ resourceType: "provider", resourceId: "p2" })).toEqual([2]);
      expect(await found({ keyId: "key_1" })).toEqual([1, 2, 3]);
      expect(await found({ keyId: "user-123" })).toEqual([]);
      expect(await found({ userId: "user-123" })).toEqual([4]);
      expect(await found({ userId: "Ada@Example.com" })).toEqual([4]);
      const page = { organizationId: "one", filter: {}, limit: 2 };
      const newest = await store.run(listEntries, { ...page, order: "newest", from: null });
      expect(newest.map(({ seq }) => seq)).toEqual([4, 3]);
      const next = await store.run(listEntries, { ...page, order: "newest", from: 3 });
      expect(next.map(({ seq }) => seq)).toEqual([2, 1]);
    });

    /** Gives entry `seq` what it would hash to with its present content; what was tampered with is then told by the next. */
    const rehash = async (from: number, to: number): Promise<void> => {
      const { hashOf } = await import("./entry.ts");
      const all = await entries();
      let previousHash = all[from - 2]?.hash;
      for (const entry of all.slice(from - 1, to)) {
        const linked = { ...entry, previousHash: previousHash ?? entry.previousHash };
        previousHash = hashOf(linked);
        await tested.tamper(
          `UPDATE audit_entries SET previous_hash = ${blob(linked.previousHash)}, hash = ${blob(previousHash)}
           WHERE organization_id = 'one' AND seq = ${entry.seq}`,
        );
      }
    };
    const blob = (bytes: Uint8Array): string => (name === "SQLite" ? `x'${hex(bytes)}'` : `'\\x${hex(bytes)}'::bytea`);
    const where = (seq: number): string => `WHERE organization_id = 'one' AND seq = ${seq}`;
    const tamperings: readonly (readonly [string, string | (() => Promise<void>), { kind: string; seq: number }])[] = [
      ...[
        "recorded_at = recorded_at + 1",
        "action = 'providers.delete'",
        "resource_type = 'key'",
        "resource_id = 'p5'",
        "actor_kind = 'user'",
        "actor_id = 'key_2'",
        "actor_name = 'other'",
        "client_address = '192.0.2.8'",
        "user_agent = NULL",
        "request_id = 'req-2'",
        "outcome = 'refused'",
        "state_before = '{}'",
        "state_after = '{}'",
      ].map(
        (change) => [change, `UPDATE audit_entries SET ${change} ${where(4)}`, { kind: "changed", seq: 4 }] as const,
      ),
      ["an entry removed in the middle", `DELETE FROM audit_entries ${where(4)}`, { kind: "missing", seq: 4 }],
      ["the first entry removed", `DELETE FROM audit_entries ${where(1)}`, { kind: "missing", seq: 1 }],
      [
        "an entry removed and the later ones moved up",
        async () => {
          await tested.tamper(`DELETE FROM audit_entries ${where(4)}`);
          for (let seq = 5; seq <= 8; seq += 1) {
            await tested.tamper(`UPDATE audit_entries SET seq = ${seq - 1} ${where(seq)}`);
          }
        },
        { kind: "changed", seq: 4 },
      ],
      [
        "two entries in the place of each other",
        async () => {
          await tested.tamper(`UPDATE audit_entries SET seq = 100 ${where(4)}`);
          await tested.tamper(`UPDATE audit_entries SET seq = 4 ${where(5)}`);
          await tested.tamper(`UPDATE audit_entries SET seq = 5 ${where(100)}`);
        },
        { kind: "changed", seq: 4 },
      ],
      [
        "an entry of another organization",
        async () => {
          await fill(1, "two");
          await tested.tamper(
            "UPDATE audit_entries SET organization_id = 'one', seq = 9 WHERE organization_id = 'two'",
          );
        },
        { kind: "changed", seq: 9 },
      ],
      [
        "an entry changed and hashed again",
        async () => {
          await tested.tamper(`UPDATE audit_entries SET action = 'x' ${where(4)}`);
          await rehash(4, 4);
        },
        { kind: "broken", seq: 5 },
      ],
      [
        "everything from an entry on rewritten, behind the last checkpoint of it",
        async () => {
          await tested.tamper(`UPDATE audit_entries SET action = 'x' ${where(4)}`);
          await rehash(4, 8);
        },
        { kind: "rewritten", seq: 6 },
      ],
      ["the tail cut", "DELETE FROM audit_entries WHERE organization_id = 'one' AND seq > 5", { kind: "cut", seq: 6 }],
      ["everything removed", "DELETE FROM audit_entries WHERE organization_id = 'one'", { kind: "cut", seq: 1 }],
      ["a kept checkpoint changed", "UPDATE audit_checkpoints SET made_at = made_at + 1", { kind: "forged", seq: 6 }],
    ];
    test.each(tamperings)("tells of tampering: %s", async (_, how, problem) => {
      await fill(6);
      await trail().checkpoint("one");
      await fill(2);
      expect(await trail().verify("one")).toMatchObject({ entries: 8, checkpoints: 1, problem: null });
      if (typeof how === "string") await tested.tamper(how);
      else await how();
      const found = await trail().verify("one");
      expect(found.problem).toMatchObject(problem);
      expect(found.head.seq).toBe(problem.kind === "rewritten" || problem.kind === "forged" ? 5 : problem.seq - 1);
    });

    test("a checkpoint that was kept outside tells of what no kept one can", async () => {
      await fill(4);
      const outside = await trail().checkpoint("one");
      await fill(2);
      expect(await trail().verify("one", outside)).toMatchObject({ checkpoints: 2, problem: null });
      const forget = "DELETE FROM audit_checkpoints";
      const problemOf = async (checkpoint: Checkpoint) => (await trail().verify("one", checkpoint)).problem;

      const forged = { ...outside, seq: 3 };
      expect(await problemOf(forged)).toEqual({ kind: "forged", seq: 3, isOfOutside: true });
      expect(await problemOf({ ...outside, publicKey: Buffer.from("no key") })).toMatchObject({ kind: "forged" });
      const foreign = generateKeyPairSync("ed25519");
      const publicKey = foreign.publicKey.export({ format: "der", type: "spki" });
      const signed = signCheckpoint({ ...outside, publicKey }, foreign.privateKey);
      expect(await problemOf(signed)).toEqual({ kind: "foreign_key", seq: 4, isOfOutside: true });
      await expect(trail().verify("two", outside)).rejects.toMatchObject({ code: "VALIDATION_ERROR" });

      await tested.tamper(`UPDATE audit_entries SET action = 'x' ${where(2)}`);
      await rehash(2, 6);
      await tested.tamper(forget);
      expect(await trail().verify("one")).toMatchObject({ problem: null });
      expect(await problemOf(outside)).toEqual({ kind: "rewritten", seq: 4, isOfOutside: true });
      await tested.tamper("DELETE FROM audit_entries WHERE organization_id = 'one' AND seq > 3");
      expect(await problemOf(outside)).toEqual({ kind: "cut", seq: 4, isOfOutside: false });
    });

    test("an organization without entries has a trail, and a checkpoint of it", async () => {
      const empty = await trail().checkpoint("one");
      expect(empty).toMatchObject({ seq: 0, organizationId: "one" });
      await fill(1);
      expect(await trail().verify("one", empty)).toMatchObject({ entries: 1, checkpoints: 2, problem: null });
    });

    test("trails that have grown are signed, and told, once", async () => {
      // The organizations that a new store has and the test makes.
      await tested.tamper("INSERT INTO organizations (organization_id, name, created_at) VALUES ('one', 'One', 0)");
      const told: string[] = [];
      const kept = keepCheckpoints({
        store,
        trail: trail(),
        onKept: ({ organization_id, seq }) => told.push(`${organization_id} ${seq}`),
        onFailure: (error) => {
          throw error;
        },
      });
      await kept.round();
      await fill(2);
      await kept.round();
      await kept.round();
      await fill(1);
      await kept.round();
      expect(told).toEqual(["one 2", "one 3"]);
    });

    test("reads trails of any length page by page", async () => {
      await fill(1_203);
      await trail().checkpoint("one");
      expect(await trail().verify("one")).toMatchObject({ entries: 1_203, head: { seq: 1_203 }, problem: null });
      await tested.tamper(`UPDATE audit_entries SET action = 'x' ${where(1_001)}`);
      expect((await trail().verify("one")).problem).toMatchObject({ kind: "changed", seq: 1_001 });
    });

    test("the signing key is made once, sealed with the secret key, and opens with no other", async () => {
      const [first, second] = await Promise.all([trail().checkpoint("one"), trail().checkpoint("two")]);
      expect(hex(first.publicKey)).toBe(hex(second.publicKey));
      const stored = await store.run(readSigningKey, {});
      expect(stored?.isSealed).toBe(true);
      const other = createAuditTrail({ store, secretKey: new Secret("77e1".repeat(16)), now: () => now });
      await expect(other.checkpoint("one")).rejects.toMatchObject({ code: "CONFLICT" });
      await expect(
        createAuditTrail({ store, secretKey: undefined, now: () => now }).checkpoint("one"),
      ).rejects.toMatchObject({ code: "CONFLICT" });
    });

    test("a signing key that lay open is sealed once there is a secret key, and stays the same", async () => {
      const open = createAuditTrail({ store, secretKey: undefined, now: () => now });
      const before = await open.checkpoint("one");
      expect((await store.run(readSigningKey, {}))?.isSealed).toBe(false);
      await fill(1);
      const after = await trail().checkpoint("one");
      expect(hex(after.publicKey)).toBe(hex(before.publicKey));
      expect((await store.run(readSigningKey, {}))?.isSealed).toBe(true);
      expect(await trail().verify("one", before)).toMatchObject({ problem: null });
    });
  });
}
