import { buildOpenApi } from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { createAlertEvaluator } from "./alerts/evaluator.ts";
import { alertRoutes } from "./alerts/routes.ts";
import { actingStore, commandActor, createActing } from "./audit/acting.ts";
import { processActor } from "./audit/actor.ts";
import { keepCheckpoints } from "./audit/kept-checkpoints.ts";
import { auditRoutes } from "./audit/routes.ts";
import { createAuditTrail } from "./audit/trail.ts";
import { createBudgetTransfers } from "./budgets/budget-transfer.sql.ts";
import { createBudgets } from "./budgets/budgets.sql.ts";
import { openReservations } from "./budgets/open-reservations.ts";
import { reservationRoutes } from "./budgets/reservation-routes.ts";
import { budgetRoutes } from "./budgets/routes.ts";
import { createTenantAskers } from "./budgets/tenant-askers.ts";
import { mailServerOf } from "./channels/mail-settings.ts";
import { channelRoutes } from "./channels/routes.ts";
import { openBuckets, organizationLimits, quantityLimits, rateLimits } from "./compose-limits.ts";
import { composeOutgoing } from "./compose-outgoing.ts";
import type { Config } from "./config.ts";
import { costRoutes } from "./costs/routes.ts";
import { openDashboard } from "./dashboard/dashboard.ts";
import { exportStore } from "./exports/exports.sql.ts";
import { exportRoutes } from "./exports/routes.ts";
import { FeedPages } from "./feed/feed-pages.ts";
import { FeedWatch } from "./feed/feed-watch.ts";
import { LiveStreams } from "./feed/live-streams.ts";
import { liveRoutes } from "./feed/routes.ts";
import { type App, type AppParts, createApp } from "./http/app.ts";
import { createInProcessFetch } from "./http/in-process-fetch.ts";
import type { Metrics } from "./http/metrics.ts";
import { type Logger, requestLog } from "./http/request-log.ts";
import { systemRoutes } from "./http/system-routes.ts";
import { storedAttempts } from "./idempotency/idempotency.sql.ts";
import { createOnce } from "./idempotency/once.ts";
import { apiKeyRevision, createApiKeys } from "./identity/api-keys.sql.ts";
import { createAuthenticator } from "./identity/authenticator.ts";
import { identityRoutes } from "./identity/routes.ts";
import { failInterruptedImports, importStore } from "./imports/imports.sql.ts";
import { importRoutes } from "./imports/routes.ts";
import { createJobRunner } from "./jobs/job-runner.ts";
import { countingLedger } from "./limits/counting-ledger.ts";
import { limitRoutes } from "./limits/routes.ts";
import { createInvitations } from "./members/invitations.ts";
import { createMembers } from "./members/members.sql.ts";
import { createRoles } from "./members/roles.sql.ts";
import { memberRoutes } from "./members/routes.ts";
import { openStore } from "./open-store.ts";
import { createOrganizations } from "./organizations/organizations.sql.ts";
import { organizationRoutes } from "./organizations/routes.ts";
import { applyFirstCatalogue } from "./pricing/catalogue/first-catalogue.ts";
import { loadBundledCatalogue } from "./pricing/catalogue/load-bundled-catalogue.ts";
import { createPriceBook } from "./pricing/price-book.sql.ts";
import { pricingJobHandlers } from "./pricing/pricing-jobs.ts";
import { createRepricings } from "./pricing/repricings.ts";
import { pricingRoutes } from "./pricing/routes.ts";
import { createProjects } from "./projects/projects.sql.ts";
import { projectRoutes } from "./projects/routes.ts";
import { createTeams } from "./projects/teams.sql.ts";
import { ensureRetention, retentionJobHandlers } from "./retention/retention-job.ts";
import type { Secret } from "./secret.ts";
import { sessionRoutes } from "./sessions/routes.ts";
import { createSessionTokens } from "./sessions/session-tokens.ts";
import type { OpenedStore } from "./store/opened-store.ts";
import type { Store } from "./store/operation.ts";
import type { CommittedUsage } from "./usage/ledger-observer.ts";
import { usageRoutes } from "./usage/routes.ts";
import { keepDaysSettled } from "./usage/settle-days.ts";
import { commonAmong } from "./users/common-passwords.ts";
import { createOwnAccount } from "./users/own-account.ts";
import { createPasswordHashes } from "./users/password-hashes.ts";
import { createPasswordResets, type ResetAttempt } from "./users/password-resets.ts";
import { userRoutes } from "./users/routes.ts";
import { createSignIn, type SignInAttempt } from "./users/sign-in.ts";
import { createSignInAttempts, unlimitedAttempts } from "./users/sign-in-attempts.ts";
import { version } from "./version.ts";
import { viewRoutes } from "./views/routes.ts";
import { webhookRoutes } from "./webhooks/routes.ts";

/** Everything of one server, wired, with its doors still closed to the network. */
export interface Composition {
  readonly app: App;
  readonly store: Store;
  /** The administrator key that this start made, to be shown once; undefined where there was one already. */
  readonly firstKey: Secret | undefined;
  /** A client's way in without a socket: real HTTP over streams in memory, with a key that lives as long as the process. */
  local(): { readonly fetch: typeof globalThis.fetch; readonly apiKey: string };
  /** Lets requests and jobs under way end, then closes the database. */
  close(): Promise<void>;
}

export interface World {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly logger: Logger;
  /** Makes the server that listens, where that speaks TLS. */
  readonly createServer?: AppParts["createServer"];
  /**
   * A server that lives for one command, on a database that is open already: it makes no key and no metrics, takes no part in
   * background work unless it queued some itself, and finishes that before it closes.
   */
  readonly brief?: { readonly opened: OpenedStore };
}

/** Wires one server on its database, which is made, brought up to date and given its first prices and key where needed. */
export async function compose(config: Config, { clock, logger, brief, createServer }: World): Promise<Composition> {
  const state = { readiness: "starting" as "starting" | "ready" | "stopping" };
  const told = {
    onCommitted: (_: CommittedUsage): void => undefined,
    onAccessChanged: (): void => undefined,
    onWatchedChanged: (_: string): void => undefined,
  };
  const opened =
    brief?.opened ??
    (await openStore(config, {
      onCommitted: (usage) => told.onCommitted(usage),
      onAccessChanged: () => told.onAccessChanged(),
      onWatchedChanged: (organizationId) => told.onWatchedChanged(organizationId),
      // While starting, a database that cannot be opened is the reason of the failed start, and is told as that.
      onTrouble: (event, details) => {
        if (state.readiness !== "starting") logger.error({ event, ...details });
      },
    }));
  const { query, problem: storageProblem } = opened;
  const acting = createActing(brief === undefined ? processActor : commandActor());
  const store = actingStore(opened.store, acting);
  const metrics = config.metricsEnabled && brief === undefined ? await loadMetrics(opened.queuedBytes) : undefined;
  if (metrics !== undefined) told.onCommitted = metrics.onCommitted;
  const ownLimits = organizationLimits(store, logger);
  const quantities = quantityLimits({ config, store, ownLimits, metrics, logger, clock });
  const ledger = countingLedger(opened.ledger, quantities);
  const buckets = await openBuckets(config, logger, brief !== undefined);
  try {
    const book = createPriceBook(store);
    const apiKeys = createApiKeys(store, config.apiKeyPrefix);
    const tokens = createSessionTokens({
      store,
      secretKey: config.secretKey,
      clock,
      onEnded: () => authenticator.forget(),
      onReuse: ({ id, userId }) => logger.warn({ event: "session.token_reused", session: id, user: userId }),
    });
    const authenticator = createAuthenticator({
      apiKeys,
      tokens,
      clock,
      onFailure: (error) => logger.error({ event: "identity.touch_failed", err: error }),
    });
    told.onAccessChanged = authenticator.forget;
    const trail = createAuditTrail({ store, secretKey: config.secretKey, now: clock });
    // A key that lies open in the database vouches for nothing that is there.
    const checkpoints =
      config.secretKey === undefined
        ? undefined
        : keepCheckpoints({
            store,
            trail,
            onKept: (checkpoint) => logger.info({ event: "audit.checkpoint", checkpoint }),
            onFailure: (error) => logger.error({ event: "audit.checkpoint_failed", err: error }),
          });
    const settledDays = keepDaysSettled(store, (error) =>
      logger.error({ event: "usage.days_not_settled", err: error }),
    );
    const jobs = createJobRunner({
      store,
      handlers: {
        ...pricingJobHandlers(store),
        ...(config.retentionMonths === undefined ? {} : retention(config.retentionMonths, store, logger)),
      },
      clock,
      onFailure: (job, error) => logger.error({ event: "job.failed", kind: job.kind, job: job.id, err: error }),
    });
    const { guard, sender, hasMailServer } = composeOutgoing({
      config,
      store,
      clock,
      onFailure: (error) => logger.error({ event: "webhooks.sender_failed", err: error }),
    });
    const wakeSender = (): void => (brief === undefined ? acting.aside(sender.wake) : undefined);
    const feed = new FeedWatch({
      store,
      tellsWebhooks: brief === undefined,
      wakeSender,
      onFailure: (error) => logger.error({ event: "feed.watch_failed", err: error }),
    });
    const streams = new LiveStreams({ watch: feed, pages: new FeedPages(store), authenticator });
    const wakeAll = (): void => {
      wakeSender();
      acting.aside(feed.wake);
    };
    const alerts = createAlertEvaluator({
      store,
      query,
      clock,
      onTold: wakeSender,
      onFailure: (error) => logger.error({ event: "alerts.evaluation_failed", err: error }),
    });
    const lookForAlerts = (organizationId: string): void =>
      brief === undefined ? acting.aside(() => alerts.changed(organizationId)) : undefined;
    told.onWatchedChanged = lookForAlerts;
    const onCommitted = told.onCommitted;
    told.onCommitted = (usage) => {
      onCommitted(usage);
      acting.aside(feed.onCommitted);
      alerts.committed(usage.organizations);
    };
    const reserving = openReservations({
      store,
      ledger,
      limits: quantities,
      secretKey: config.secretKey,
      clock,
      aside: acting.aside,
      onChanged: (organizationId) => lookForAlerts(organizationId),
      onAway: (error) => logger.warn({ event: "budgets.store_away", err: error }),
      onBack: () => logger.info({ event: "budgets.store_back" }),
      onFailure: (error) => logger.error({ event: "budgets.reservations_failed", err: error }),
    });
    const log = requestLog(logger);
    const attempts =
      brief === undefined ? createSignInAttempts(buckets, config.rateLimitFailedAuth) : unlimitedAttempts;
    const hashes = createPasswordHashes();
    const signingIn = { store, hashes, attempts, secretKey: config.secretKey, clock };
    const onEnded = authenticator.forget;
    const onAttempt = (attempt: SignInAttempt): void => logger.info({ event: "sign_in", ...attempt });
    const resets = createPasswordResets({
      ...{ store, hashes, attempts, commonAmong, onEnded },
      mailServer: mailServerOf(config),
      onAttempt: (attempt: ResetAttempt) => logger.info({ event: "password_reset", ...attempt }),
      onFailure: (error) => logger.error({ event: "password_reset.failed", err: error }),
    });
    const organizations = createOrganizations(store, config.apiKeyPrefix);
    const app = createApp({
      routes: [
        usageRoutes({ ledger, store }),
        costRoutes({ query, now: clock }),
        exportRoutes({ query, exports: exportStore(store), now: clock }),
        pricingRoutes({
          book,
          organizations,
          repricings: createRepricings(store, clock),
          loadBundledCatalogue,
          wakeJobs: () => acting.aside(jobs.wake),
        }),
        importRoutes({ ledger, store: importStore(store), now: clock }),
        organizationRoutes({ organizations, query, now: clock }),
        memberRoutes({
          members: createMembers(store, onEnded),
          roles: createRoles(store, onEnded),
          invitations: createInvitations({ store, hashes, attempts, commonAmong }),
          organizations,
          authenticator,
        }),
        projectRoutes({ projects: createProjects(store), teams: createTeams(store, onEnded) }),
        budgetRoutes({
          budgets: reserving.watched({ ...createBudgets(store, reserving.here), ...createBudgetTransfers(store) }),
          tenants: createTenantAskers(store),
          query,
          now: clock,
        }),
        reservationRoutes(reserving.reservations, store, createTenantAskers(store)),
        identityRoutes({ apiKeys, now: clock, onRevoked: authenticator.forget }),
        auditRoutes({
          store,
          trail,
          now: clock,
        }),
        sessionRoutes({ store, signIn: createSignIn({ ...signingIn, tokens, onAttempt }), attempts, tokens, onEnded }),
        limitRoutes({ quantities, now: clock }),
        alertRoutes({ store, onChanged: lookForAlerts, wakeSender }),
        userRoutes({
          store,
          account: createOwnAccount({ ...signingIn, commonAmong, onEnded }),
          resets,
          hashes,
          commonAmong,
        }),
        liveRoutes({ streams }),
        webhookRoutes({ store, guard, secretKey: config.secretKey, wakeSender: wakeAll }),
        channelRoutes({ store, guard, secretKey: config.secretKey, hasMailServer, wakeSender }),
        viewRoutes({ store }),
        systemRoutes({
          version,
          metrics,
          readiness: () => state.readiness,
          storageProblem,
          checks: async () => ({ database: (await storageProblem()) ?? (await databaseState(store)) }),
          openApi: () => buildOpenApi({ version }),
        }),
      ],
      authenticator,
      acting,
      once: createOnce({
        attempts: storedAttempts(store),
        clock,
        onFailure: (error) => logger.error({ event: "idempotency.not_kept", err: error }),
      }),
      // A single command is nobody's neighbour: it may go as fast as it can.
      limits: brief === undefined ? rateLimits(config, metrics, buckets, ownLimits) : undefined,
      trustProxy: config.trustProxy,
      createServer,
      dashboard: brief === undefined ? openDashboard() : undefined,
      onAnswered: (request) => {
        log(request);
        metrics?.onAnswered(request);
      },
    });
    await applyFirstCatalogue(book, loadBundledCatalogue);
    const firstKey = brief !== undefined ? undefined : await apiKeys.ensureFirstKey(config.adminKey);
    if (brief === undefined) {
      await failInterruptedImports(store);
      if (config.retentionMonths !== undefined) await ensureRetention(store);
      jobs.start();
      sender.start();
      reserving.start();
      feed.start();
      alerts.start();
      checkpoints?.start();
      settledDays.start();
    }
    await app.fastify.ready();
    app.open();
    state.readiness = "ready";

    let inProcess: ReturnType<typeof createInProcessFetch> | undefined;
    return {
      app,
      store,
      firstKey,
      local: () => {
        inProcess ??= createInProcessFetch(app.fastify.server);
        return { fetch: inProcess.fetch, apiKey: authenticator.issueProcessKey() };
      },
      close: async () => {
        state.readiness = "stopping";
        app.beginStopping();
        streams.stop();
        inProcess?.close();
        await closeWithin(app, config.shutdownTimeoutSeconds * 1_000);
        if (brief !== undefined) await jobs.idle();
        await resets.stop();
        await checkpoints?.stop();
        await settledDays.stop();
        await jobs.stop();
        await alerts.stop();
        await feed.stop();
        await sender.stop();
        await reserving
          .close()
          .catch((error: unknown) => logger.error({ event: "budgets.reservations_failed", err: error }));
        await authenticator
          .flush()
          .catch((error: unknown) => logger.error({ event: "identity.touch_failed", err: error }));
        await quantities.close();
        await buckets.close();
        await opened.close();
      },
    };
  } catch (error) {
    await buckets.close();
    await opened.close();
    throw error;
  }
}

const retention = (months: number, store: Store, logger: Logger): ReturnType<typeof retentionJobHandlers> =>
  retentionJobHandlers({
    store,
    months,
    onRaised: (keptFromMs) => logger.info({ event: "retention.raised", keptFrom: formatInstant(keptFromMs) }),
    onDropped: (dropped) => logger.info({ event: "retention.dropped", ...dropped }),
  });

/** The metrics' library takes longer to load than everything else together is worth to a single command. */
async function loadMetrics(queueBytes: () => number): Promise<Metrics> {
  const { createMetrics } = await import("./http/metrics.ts");
  return createMetrics(queueBytes);
}

async function databaseState(store: Store): Promise<string> {
  try {
    await store.run(apiKeyRevision, {});
    return "ok";
  } catch {
    return "failing";
  }
}

/** Waits for requests under way; those that take too long are cut off. */
async function closeWithin(app: App, timeoutMs: number): Promise<void> {
  const cut = setTimeout(() => app.fastify.server.closeAllConnections(), timeoutMs);
  try {
    await app.fastify.close();
  } finally {
    clearTimeout(cut);
  }
}
