import type { ImportReport } from "@llm-cost-ops/contract";
import type { RecordScope } from "../identity/record-scope.ts";

/** A page of imports, newest first. `after` is the id of the last import of the page before. */
export interface ImportPage {
  readonly limit: number;
  readonly after?: string;
  readonly skip?: number;
}

/** Where reports of imports are kept. `within` is the part of the records that whoever imports or asks is limited to. */
export interface ImportStore {
  /** Writes the report, over an earlier one of the same import. */
  save(organizationId: string, report: ImportReport, within?: RecordScope): Promise<void>;
  /** At most `limit + 1` reports: one more than the page tells that there are more. */
  list(organizationId: string, page: ImportPage, within?: RecordScope): Promise<readonly ImportReport[]>;
  get(organizationId: string, id: string, within?: RecordScope): Promise<ImportReport | undefined>;
}
