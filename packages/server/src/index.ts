export { type Composition, compose, type World } from "./compose.ts";
export { type Config, ConfigError, type ConfigSources, loadConfig } from "./config.ts";
export { redisProblem } from "./exposure.ts";
export { createLogger } from "./http/request-log.ts";
export { secretKeyProblem } from "./secret-key.ts";
export { settings, unusedSettings } from "./settings.ts";
export { type RunningServer, StartError, safetyProblems, startServer } from "./start-server.ts";
export { checkLedgerOperation } from "./usage/check-ledger.sql.ts";
export { version } from "./version.ts";
