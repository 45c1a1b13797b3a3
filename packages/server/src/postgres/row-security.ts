/** The role as which a server works: it owns no table, and row-level security holds for it. */
export const serverRole = "cost_ops_server";

/** Settings of a transaction that say whose rows it may see and write. */
export const organizationSetting = "cost_ops.organization_id";
export const scopeSetting = "cost_ops.scope";

/** True of rows of the transaction's organization, and true in a transaction of the whole installation. */
export const ownRow = `organization_id = current_setting('${organizationSetting}', true)`;
export const isInstallation = `current_setting('${scopeSetting}', true) = 'installation'`;
