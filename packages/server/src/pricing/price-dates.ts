import { Refusal } from "../refusal.ts";
import { readEventInstant } from "../usage/event-instant.ts";

const bareDate = /^\d{4}-\d{2}-\d{2}$/;
const dayMs = 86_400_000;

function read(text: string, field: string): number {
  const ms = readEventInstant(text);
  if (ms !== undefined) return ms;
  throw new Refusal("VALIDATION_ERROR", `${field} is not a date.`, {
    fieldErrors: { [field]: "must be a day or an instant that exists, from 1970 on" },
  });
}

/** The first instant at which something holds, UTC milliseconds. */
export const startOf = (text: string, field: string): number => read(text, field);

/** The first instant at which something no longer holds: a bare day is included whole. */
export const endOf = (text: string, field: string): number => read(text, field) + (bareDate.test(text) ? dayMs : 0);
