const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody answers at its host and port",
  ENOTFOUND: "its host is not known",
  EAI_AGAIN: "its host cannot be looked up now",
  ETIMEDOUT: "its host does not answer",
  EHOSTUNREACH: "its host cannot be reached",
  "28P01": "the password is not right for its user",
  "28000": "its user may not connect from here",
  "3D000": "there is no such database: CREATE DATABASE makes it",
  "57P03": "it is starting up or shutting down",
  "53300": "it has as many connections as it allows",
};

/** Why a PostgreSQL database could not be opened, as the end of a sentence. */
export function openProblem(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const meaning = meanings[code];
  if (meaning !== undefined) return meaning;
  if (code === "42501") {
    return `${message}: bring the schema up to date with cost-ops init as the database's owner, or let the server's user do it`;
  }
  return message || code || String(error);
}
