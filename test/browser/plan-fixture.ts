import type { CostOpsClient, CreateUsageParams } from "@llm-cost-ops/sdk";

const dayMs = 86_400_000;

/** Tokens of an ordinary day by project: some dollars each, and so few records that a test begins at once. */
const daily = [
  { projectId: "coding-agents", model: "gpt-4o", inputTokens: 1_300_000, outputTokens: 320_000 },
  { projectId: "market-research", model: "gpt-4o", inputTokens: 900_000, outputTokens: 200_000 },
  { projectId: "support-assistant", model: "gpt-4o-mini", inputTokens: 1_800_000, outputTokens: 600_000 },
  { projectId: "document-pipeline", model: "gpt-4o-mini", inputTokens: 1_500_000, outputTokens: 60_000 },
  { projectId: "content-studio", model: "gpt-4o", inputTokens: 160_000, outputTokens: 40_000 },
];

/** Calls of so many days up to now: busy weeks, quiet weekends, and one day on which support went wrong. */
export async function recordSpend(client: CostOpsClient, days = 65): Promise<void> {
  const records: CreateUsageParams[] = [];
  for (let ago = days; ago >= 0; ago -= 1) {
    const atMs = Date.now() - ago * dayMs - 60_000;
    const weekday = new Date(atMs).getUTCDay();
    const share = (weekday === 0 || weekday === 6 ? 0.25 : 1) * (1 + 0.15 * Math.sin(ago * 1.7));
    for (const { projectId, model, inputTokens, outputTokens } of daily) {
      const times = share * (projectId === "support-assistant" && ago === 8 ? 30 : 1);
      records.push({
        provider: "openai",
        model,
        projectId,
        userId: `user-000${(ago % 5) + 1}`,
        inputTokens: Math.round(inputTokens * times),
        outputTokens: Math.round(outputTokens * times),
        occurredAt: new Date(atMs).toISOString(),
      } as CreateUsageParams);
    }
  }
  await client.usage.batchCreate(records);
}

/** The budgets of a company that plans: a hierarchy, one that is used up and refuses, one in tokens, and somebody who asks for more. */
export async function makeBudgets(client: CostOpsClient): Promise<void> {
  const period = { kind: "month" } as const;
  const { id: parentId } = await client.budgets.create({ name: "All of it", amount: "900", period });
  const support = await client.budgets.create({
    name: "Support assistant",
    amount: "30",
    period,
    scope: { projectId: ["support-assistant"] },
  });
  await client.budgets.create({
    name: "Coding agents",
    amount: "40",
    period,
    parentId,
    scope: { projectId: ["coding-agents"] },
    enforcement: "hard",
    atLimit: { action: "approve" },
  });
  const research = await client.budgets.create({
    name: "Market research",
    description: "Reports for the launch; ask finance before it is raised.",
    amount: "250",
    period,
    parentId,
    scope: { projectId: ["market-research"] },
  });
  await client.budgets.create({
    name: "Tokens of the pipeline",
    tokens: 40_000_000,
    period: { kind: "rolling", rollingHours: 720 },
    scope: { projectId: ["document-pipeline"] },
  });
  await client.budgets.update(support.id, { amount: "45", reason: "The incident of the week before" });
  await client.budgets.transfer(research.id, { to: support.id, amount: "10", reason: "Research needs less" });
  await client.budgets.create({
    name: "<img src=x onerror=alert(1)> مرحبا بالعالم".repeat(4),
    amount: "0.0001",
    period: { kind: "day" },
    scope: { tags: [`feature:${"x".repeat(1_500)}`] },
  });
  await client.budgets
    .reserve({ amount: "2.5", model: "gpt-4o", projectId: "coding-agents", userId: "user-0007" }, { maxRetries: 0 })
    .catch(() => undefined);
}

/** Rules that something of the above has crossed, a channel that nothing answers at, and alerts in each state. */
export async function makeAlerts(client: CostOpsClient): Promise<void> {
  // A name that is nobody's, by decree.
  const channel = await client.channels.create({
    name: "On-call duty",
    kind: "webhook",
    url: "https://alerts.example.invalid/costs",
  });
  await client.alerts.rules.create({
    name: "Budgets that run out",
    kind: "budget",
    thresholds: [100],
    severity: "critical",
    channels: [channel.id],
    escalateAfterMinutes: 30,
    escalateTo: [channel.id],
  });
  await client.alerts.rules.create({
    name: "Budgets on their way",
    kind: "budget",
    of: "projected",
    thresholds: [100],
  });
  await client.alerts.rules.create({
    name: "A dear day",
    kind: "metric",
    metric: "daily_cost",
    threshold: "0.05",
    severity: "info",
  });
  await client.alerts.rules.create({
    name: "Errors of the assistant",
    kind: "metric",
    metric: "error_rate",
    threshold: "5",
    window: { kind: "rolling", minutes: 15 },
    scope: { projectId: ["support-assistant"] },
    requestsMin: 20,
    enabled: false,
  });
  // Whoever records wakes the evaluator, which looks at everything once in a quarter of a minute otherwise.
  await client.usage.create({
    provider: "openai",
    model: "gpt-4o",
    projectId: "content-studio",
    inputTokens: 40_000,
    outputTokens: 4_000,
  } as CreateUsageParams);
  const openedMin = 3;
  for (let tries = 0; tries < 100; tries += 1) {
    const open = await client.alerts.list({ state: "open" });
    if (open.length >= openedMin) break;
    await new Promise((done) => setTimeout(done, 200));
  }
}
