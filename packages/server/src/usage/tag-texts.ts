/** Combinations that are remembered; beyond it the memory starts afresh. */
const rememberedMax = 10_000;
/** Maps of more tags are not remembered: few callers send them, and fewer the same ones again. */
const tagsMax = 8;

interface Branch {
  /** What follows, by the next key, then by its value. */
  readonly next: Map<string, Map<string, Branch>>;
  text: string | undefined;
}

const newBranch = (): Branch => ({ next: new Map(), text: undefined });

/**
 * The texts of maps of tags, found by the tags themselves: most records carry those of many before them, whose keys then
 * need not be put in order, checked and joined, and whose text is one object that other memories know at once.
 */
export class TagTexts {
  #root = newBranch();
  #remembered = 0;

  /** The text of a map whose values are all strings, if such a one was kept. */
  find(map: Readonly<Record<string, unknown>>): string | undefined {
    let branch: Branch | undefined = this.#root;
    for (const key in map) {
      const value = map[key];
      if (typeof value !== "string") return undefined;
      branch = branch.next.get(key)?.get(value);
      if (branch === undefined) return undefined;
    }
    return branch.text;
  }

  keep(map: Readonly<Record<string, unknown>>, text: string): void {
    const tags = Object.entries(map);
    if (tags.length > tagsMax) return;
    this.#remembered += tags.length;
    if (this.#remembered > rememberedMax) {
      this.#root = newBranch();
      this.#remembered = tags.length;
    }
    let branch = this.#root;
    for (const [key, value] of tags) {
      if (typeof value !== "string") return;
      let byValue = branch.next.get(key);
      if (byValue === undefined) {
        byValue = new Map();
        branch.next.set(key, byValue);
      }
      let next = byValue.get(value);
      if (next === undefined) {
        next = newBranch();
        byValue.set(value, next);
      }
      branch = next;
    }
    branch.text = text;
  }
}
