import { CommandError, exitCodes } from "./exit-codes.ts";
import { nameToWire } from "./wire-form.ts";

/** A failure as it is told: one sentence (or one for each field), and the exit code. */
export interface Told {
  readonly message: string;
  readonly exitCode: number;
}

/** Fields of the interface whose flag is not simply their name with dashes. */
const flagOfField: Readonly<Record<string, string>> = {
  start_date: "--from",
  end_date: "--to",
  expires_at: "--expires",
  overlap_seconds: "--overlap",
  scopes: "--scope",
  permissions: "--permission",
  user_email: "--email",
  project_id: "--project",
  user_id: "--user",
  tags: "--tag",
  time_zone: "--timezone",
  thresholds: "--threshold",
  channels: "--channel",
  include_fields: "--fields",
  input_price_per_million: "--input-price",
  output_price_per_million: "--output-price",
  cache_read_price_per_million: "--cache-read-price",
  cache_write_price_per_million: "--cache-write-price",
  cache_write_1h_price_per_million: "--cache-write-1h-price",
  price_per_request: "--request-price",
  rates: "--rates",
  content: "--file",
  password: "the password",
  new_password: "the new password",
  current_password: "the present password",
  code: "the code",
  email: "--email",
  token: "the token",
  members: "--member",
  projects: "--project",
};

/** What the error says and how the process ends. Anything unforeseen is a defect and keeps its stack. */
export function tell(error: unknown, local: boolean): Told {
  if (error instanceof CommandError) return { message: error.message, exitCode: error.exitCode };
  if (!(error instanceof Error)) return { message: String(error), exitCode: exitCodes.error };
  const fault = error as Error & ErrorShape;
  if (error.name === "ConfigError") return { message: error.message, exitCode: exitCodes.usage };
  if (error.name === "TransferError") {
    const exitCode = fault.kind === "database" ? exitCodes.database : exitCodes.error;
    return { message: sentence(error.message), exitCode };
  }
  if (fault.code === "ABORTED" || error.name === "AbortError") {
    return { message: "Stopped.", exitCode: exitCodes.interrupted };
  }
  if (typeof fault.statusCode === "number") return tellRefusal(fault, local);
  if (fault.code !== undefined && systemCodes.has(fault.code)) {
    return { message: sentence(fault.message.replace(/^([A-Z]+): /, "")), exitCode: exitCodes.error };
  }
  return { message: fault.stack ?? fault.message, exitCode: exitCodes.error };
}

/** The parts of the client's errors that matter here; told by shape, so that a failure needs no client to be loaded. */
interface ErrorShape {
  readonly code?: string;
  /** What stood in the way of a transfer. */
  readonly kind?: string;
  readonly statusCode?: number;
  readonly requestId?: string;
  readonly fieldErrors?: Readonly<Record<string, string>>;
}

const systemCodes: ReadonlySet<string> = new Set(["ENOENT", "EACCES", "EISDIR", "ENOTDIR", "ENOSPC", "EROFS", "EPERM"]);

function tellRefusal(fault: Error & ErrorShape, local: boolean): Told {
  const status = fault.statusCode ?? 0;
  const fields = Object.entries(fault.fieldErrors ?? {});
  if (status === 400 || status === 422) {
    const message =
      fields.length === 0
        ? `${sentence(fault.message)} (${fault.code})`
        : fields.map(([field, text]) => sentence(`${flagOf(field)} ${text}`)).join("\n");
    return { message, exitCode: exitCodes.usage };
  }
  if (status === 401 || status === 403) {
    return {
      message: `${sentence(fault.message.replace(/\s*\(no API key:.*$/, ""))} Give a key with COST_OPS_API_KEY, or --api-key, or sign in with cost-ops auth login.`,
      exitCode: exitCodes.authentication,
    };
  }
  if (local && (status === 503 || status === 500)) {
    return { message: `The local database failed: ${sentence(fault.message)}`, exitCode: exitCodes.database };
  }
  const where = fault.requestId === undefined || local ? "" : ` (request ${fault.requestId})`;
  return { message: `${sentence(fault.message)}${where}`, exitCode: exitCodes.api };
}

/** `startDate` or `records.0.start_date` → the flag that a person would look for. */
function flagOf(field: string): string {
  if (/^smtp(\.|$)/.test(field)) return `--smtp-${field.split(".")[1] ?? "host"}`;
  const name = nameToWire(field.split(".").findLast((part) => !/^\d+$/.test(part)) ?? field);
  const head = nameToWire(field.split(".")[0] ?? field);
  return flagOfField[head] ?? flagOfField[name] ?? `--${name.replaceAll("_", "-")}`;
}

const sentence = (text: string): string => {
  const head = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(head.trim()) ? head.trim() : `${head.trim()}.`;
};
