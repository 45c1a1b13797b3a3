import type { Budget, BudgetApproval } from "@llm-cost-ops/contract";
import { limits } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Actor, processActor } from "../audit/actor.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { openTestedAt, type TestedStoreAt } from "../store/opened-fixture.ts";
import { type OfOrganization, storeWrite } from "../store/operation.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { type ApprovalAsked, requestApproval } from "./approvals.sql.ts";

const dayMs = 86_400_000;
let nowMs = Date.UTC(2026, 0, 1);
let opened: TestedStoreAt;
let server: PeopleServer;
beforeAll(async () => {
  opened = await openTestedAt(() => nowMs);
  const folder = temporaryFolder();
  server = await startPeopleServer(await newDatabase(folder.path), folder);
}, 120_000);
afterAll(async () => {
  await opened.close();
  await server.close();
});

let made = 0;
const labels = { provider: null, model: null, projectId: null, userId: null, tags: {}, serviceTier: null };
const request = (asker: string, budgetId: string, organizationId: string): Promise<ApprovalAsked> => {
  made += 1;
  const actor: Actor = { ...processActor, kind: "key", id: asker, name: "same name" };
  const args = { organizationId, id: `approval_${made}`, budgetId, labels, quantity: BigInt(made) };
  return Promise.resolve(opened.store.run(requestApproval, args, actor));
};
/** Asks so often, each time for something else. */
const requests = async (count: number, ...[asker, ...rest]: Parameters<typeof request>): Promise<void> => {
  for (let at = 0; at < count; at += 1) expect((await request(asker, ...rest)).kind).toBe("waiting");
};
const { pendingApprovals, pendingApprovalsOfAsker, pendingApprovalsOfBudget, approvalDays } = limits;

it("one key, and one budget, has a part of the requests that may wait, and is told so", async () => {
  await requests(pendingApprovalsOfAsker, "k0", "b", "parts");
  const own = { kind: "full", text: `whoever asks has ${pendingApprovalsOfAsker}` };
  expect(await request("k0", "b", "parts")).toEqual(own);
  expect(await request("k0", "other", "parts")).toEqual(own);
  await requests(1, "k0", "b", "elsewhere");
  for (let at = 1; at * pendingApprovalsOfAsker < pendingApprovalsOfBudget; at += 1) {
    await requests(pendingApprovalsOfAsker, `k${at}`, "b", "parts");
  }
  expect(await request("new", "b", "parts")).toEqual({
    kind: "full",
    text: `the budget has ${pendingApprovalsOfBudget}`,
  });
  await requests(1, "new", "other", "parts");
});

/** Requests of as many keys as there are, in one transaction. */
const fill = storeWrite(
  "test.fill",
  async (connection, { organizationId }: OfOrganization): Promise<void> => {
    for (let at = 0; at < pendingApprovals; at += 1) {
      await connection.run(
        `INSERT INTO budget_approvals (organization_id, id, budget_id, estimate, state, requested_at, requested_by, asker)
         VALUES (?, ?, ?, '{}', 'pending', ?, '', ?)`,
        organizationId,
        `filled_${at}`,
        `b${at % 10}`,
        connection.now(),
        `key k${at}`,
      );
    }
  },
  "is made by a test",
);

it("what is older than is kept makes room, also where the organization has all that may wait", async () => {
  await opened.store.run(fill, { organizationId: "full" });
  const full = { kind: "full", text: `the organization has ${pendingApprovals}` };
  expect(await request("new", "new", "full")).toEqual(full);
  nowMs += approvalDays * dayMs;
  expect(await request("new", "new", "full")).toEqual(full);
  nowMs += 1;
  await requests(1, "new", "new", "full");
});

it("a reservation that no request for approval can be made for is refused with the reason", async () => {
  const terms = { name: "hard", amount: "0", period: { kind: "day" }, enforcement: "hard" };
  const ask = (path: string, body?: object) => server.ask(server.adminKey, body ? "POST" : "GET", path, body);
  const { data } = await ask("/budgets", { ...terms, at_limit: { action: "approve" } });
  const reserve = (amount: number) => ask("/budgets/reservations", { amount: String(amount) });
  for (let amount = 1; amount <= pendingApprovalsOfAsker; amount += 1) {
    expect(JSON.stringify((await reserve(amount)).error)).toContain('"approval_id":"approval_');
  }
  const { status, error } = await reserve(1_000);
  expect([status, error]).toEqual([
    402,
    expect.objectContaining({
      message: expect.stringMatching(/Nobody is asked to approve it: whoever asks has 50 requests for approval that/),
      details: expect.not.objectContaining({ approval_id: expect.anything() }),
    }),
  ]);
  const waiting = (await ask("/budgets/approvals?state=pending")).data as unknown as readonly BudgetApproval[];
  expect(waiting.map(({ budget_id }) => budget_id)).toEqual(
    Array.from({ length: pendingApprovalsOfAsker }, () => (data as unknown as Budget).id),
  );
});
