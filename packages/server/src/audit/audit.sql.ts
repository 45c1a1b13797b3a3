import { listEntries, recordEvent } from "./audit-entries.sql.ts";
import {
  keepCheckpoint,
  keepSigningKey,
  listUnsignedTrails,
  readSigningKey,
  readTrailHead,
  sealSigningKey,
} from "./checkpoints.sql.ts";
import { checkEntries } from "./verify.sql.ts";

/** For the registry. */
export const auditOperations = [
  listEntries,
  recordEvent,
  checkEntries,
  readTrailHead,
  readSigningKey,
  keepSigningKey,
  sealSigningKey,
  keepCheckpoint,
  listUnsignedTrails,
] as const;
