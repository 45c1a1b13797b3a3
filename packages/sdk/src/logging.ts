/** Where the client tells what it does. Facts are a flat object: never a key, a header's value or a body. */
export interface Logger {
  debug?(message: string, ...facts: unknown[]): void;
  info?(message: string, ...facts: unknown[]): void;
  warn?(message: string, ...facts: unknown[]): void;
  error?(message: string, ...facts: unknown[]): void;
}

const silent: Logger = {};

/**
 * The logger in use: the given one, else the console when debugging, else none. Without `debug` a logger hears
 * warnings and errors only.
 */
export function chooseLogger(logger: Logger | undefined, debug: boolean): Logger {
  const chosen = logger ?? (debug ? console : silent);
  if (debug) return chosen;
  return {
    warn: (message, ...facts) => chosen.warn?.(message, ...facts),
    error: (message, ...facts) => chosen.error?.(message, ...facts),
  };
}
