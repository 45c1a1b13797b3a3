/** One thing that a tag may be for a term to hold: a key, with one value or, where it is null, any. */
export interface TagCandidate {
  readonly key: string;
  readonly value: string | null;
}

/**
 * What a tag term of a question can mean: `team` asks for the key, `team:a` and `team=a` for a value. Keys and values
 * may themselves contain `:` and `=`, so every reading of the text is a candidate; a record that holds any of them
 * matches (`url:http://x` finds the tag `url` with the value `http://x`).
 */
export function tagCandidates(term: string): readonly TagCandidate[] {
  const candidates: TagCandidate[] = [{ key: term, value: null }];
  for (let at = 1; at < term.length; at += 1) {
    const char = term[at];
    if (char === ":" || char === "=") candidates.push({ key: term.slice(0, at), value: term.slice(at + 1) });
  }
  return candidates;
}

/** Whether a record's tags hold one of a term's readings. */
export function holdsTag(tags: Readonly<Record<string, string>>, candidates: readonly TagCandidate[]): boolean {
  return candidates.some(({ key, value }) => Object.hasOwn(tags, key) && (value === null || tags[key] === value));
}
