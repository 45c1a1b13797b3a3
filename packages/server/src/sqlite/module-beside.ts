/**
 * A thread's module beside the one that starts it, by its name without the ending that tells sources from what is built.
 * Tests put a module of their own in this one's place (`test/built-threads.ts`).
 */
export function moduleBeside(url: string, name: string): URL {
  return new URL(`./${name}.${url.endsWith(".ts") ? "ts" : "js"}`, url);
}
