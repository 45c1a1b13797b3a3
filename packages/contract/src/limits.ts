/** The largest count that a JSON number carries exactly. */
export const countMax = Number.MAX_SAFE_INTEGER;

/** Limits of what may be sent. Apart from the schemas, so that the hot path reads them without loading a validator. */
export const limits = {
  /** At least so many characters, at most so many bytes. */
  passwordLength: 12,
  passwordBytes: 1_024,
  emailLength: 254,
  idLength: 128,
  nameLength: 256,
  tagCount: 50,
  tagKeyLength: 128,
  tagValueLength: 2_000,
  metadataBytes: 16_384,
  rawUsageBytes: 65_536,
  jsonDepth: 32,
  batchRecords: 10_000,
  bodyBytes: 16 * 1024 * 1024,
  pageLimit: 1_000,
  groupByCount: 6,
  groupRows: 100_000,
  topGroups: 100,
  rangeDays: 3_660,
  teamProjects: 1_000,
  teamMembers: 1_000,
  budgetScopeValues: 1_000,
  budgetThresholds: 20,
  reservationSecondsMax: 86_400,
  /** That nobody decided yet, in one organization; all are kept for so many days after they were asked for. */
  pendingApprovals: 1_000,
  /** Of these, of one budget, and asked for by one key or person. */
  pendingApprovalsOfBudget: 200,
  pendingApprovalsOfAsker: 50,
  approvalDays: 30,
  /** Of all labels of an estimate as JSON: the reservation's id carries them. */
  reservationLabelBytes: 1_000,
  /** In one organization. */
  members: 10_000,
  projects: 10_000,
  teams: 1_000,
  budgets: 1_000,
  alertRules: 200,
  alertChannels: 20,
  customRoles: 100,
  openInvitations: 1_000,
  invitationDays: 30,
  webhooks: 100,
  /** Of one person or key, and shared in one organization. */
  viewsOfOwner: 200,
  sharedViews: 500,
  viewStateLength: 4_000,
  channels: 100,
  channelRecipients: 50,
  webhookUrlLength: 2_048,
  webhookOverlapSeconds: 30 * 86_400,
} as const;

/** The lengths of time that tokens and money are limited over. */
export const limitWindows = ["minute", "hour", "day"] as const;
