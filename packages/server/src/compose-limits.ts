import type { Config } from "./config.ts";
import type { Metrics } from "./http/metrics.ts";
import type { Logger } from "./http/request-log.ts";
import { type OpenedRateLimitStore, openRateLimitStore } from "./limits/open-rate-limit-store.ts";
import { type OrganizationLimits, rememberedLimits } from "./limits/organization-limits.ts";
import { storedCounts } from "./limits/quantity-counts.sql.ts";
import { QuantityCounts } from "./limits/quantity-counts.ts";
import { createQuantityLimits, type QuantityLimits } from "./limits/quantity-limits.ts";
import { installationQuantityLimits } from "./limits/quantity-settings.ts";
import type { RateLimitStore } from "./limits/rate-limit-store.ts";
import { createRateLimits, type RateLimits } from "./limits/rate-limits.ts";
import { readOwnLimits } from "./organizations/organizations.sql.ts";
import type { Store } from "./store/operation.ts";

/** On a clock that never goes back. A single command shares nothing with anybody. */
export function openBuckets(config: Config, logger: Logger, isBrief: boolean): Promise<OpenedRateLimitStore> {
  const { redisUrl, database } = config;
  return openRateLimitStore({
    redisUrl: isBrief ? undefined : redisUrl?.reveal(),
    postgresUrl: isBrief || database.store !== "postgres" ? undefined : database.url.reveal(),
    clock: () => Math.floor(performance.now()),
    onAway: (error) => logger.warn({ event: "limits.store_away", err: error }),
    onBack: () => logger.info({ event: "limits.store_back" }),
  });
}

export const organizationLimits = (store: Store, logger: Logger): OrganizationLimits =>
  rememberedLimits({
    read: (organizationId) => store.run(readOwnLimits, { organizationId }),
    clock: () => performance.now(),
    onFailure: (error) => logger.warn({ event: "limits.organization_unread", err: error }),
  });

export function quantityLimits(parts: {
  readonly config: Config;
  readonly store: Store;
  readonly ownLimits: OrganizationLimits;
  readonly metrics: Metrics | undefined;
  readonly logger: Logger;
  readonly clock: () => number;
}): QuantityLimits {
  const { config, store, ownLimits, metrics, logger, clock } = parts;
  const counts = new QuantityCounts({
    shared: storedCounts(store),
    clock: () => performance.now(),
    now: clock,
    onFailure: (error) => logger.warn({ event: "limits.quantities_unshared", err: error }),
  });
  return createQuantityLimits({
    counts,
    installation: installationQuantityLimits(config),
    ofOrganization: ownLimits.quantities,
    now: clock,
    onRefused: (limit) => metrics?.onRateLimited(limit),
  });
}

export function rateLimits(
  config: Config,
  metrics: Metrics | undefined,
  buckets: RateLimitStore,
  organizations: OrganizationLimits,
): RateLimits {
  return createRateLimits({
    numbers: {
      requests: config.rateLimitRequests,
      writes: config.rateLimitWrites,
      userRequests: config.rateLimitUserRequests,
      organizationRequests: config.rateLimitOrganizationRequests,
      burst: config.rateLimitBurst,
      failedAuthentications: config.rateLimitFailedAuth,
    },
    store: buckets,
    organizations,
    onRefused: (limit) => metrics?.onRateLimited(limit),
  });
}
