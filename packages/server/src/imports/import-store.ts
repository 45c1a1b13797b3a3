import type { ImportReport } from "@llm-cost-ops/contract";

/** A page of imports, newest first. `after` is the id of the last import of the page before. */
export interface ImportPage {
  readonly limit: number;
  readonly after?: string;
  readonly skip?: number;
}

/** Where reports of imports are kept. */
export interface ImportStore {
  /** Writes the report, over an earlier one of the same import. */
  save(organizationId: string, report: ImportReport): Promise<void>;
  /** At most `limit + 1` reports: one more than the page tells that there are more. */
  list(organizationId: string, page: ImportPage): Promise<readonly ImportReport[]>;
  get(organizationId: string, id: string): Promise<ImportReport | undefined>;
}
