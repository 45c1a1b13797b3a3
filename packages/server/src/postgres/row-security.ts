/** The role as which a server works: it owns no table, and row-level security holds for it. */
export const serverRole = "cost_ops_server";

/** Settings of a transaction that say whose rows it may see and write. */
export const organizationSetting = "cost_ops.organization_id";
export const scopeSetting = "cost_ops.scope";

/** True of rows of the transaction's organization, and true in a transaction of the whole installation. */
const ownRow = `organization_id = current_setting('${organizationSetting}', true)`;
const isInstallation = `current_setting('${scopeSetting}', true) = 'installation'`;

/** What holds of each row that a transaction writes, as a constraint says it, which may not ask anything. */
export const writtenRow = `${ownRow} OR ${isInstallation}`;

/**
 * The same as policies say it. They ask once for each statement: settings that are looked up for each row took half of the
 * time of a question.
 */
const askedOnce = (condition: string): string => condition.replace(/current_setting\([^)]*\)/, "(SELECT $&)");
export const installationPolicy = askedOnce(isInstallation);
export const rowPolicy = `${askedOnce(ownRow)} OR ${installationPolicy}`;
