import type { SeriesDimensions } from "./interning.ts";

/** How many series are remembered; beyond it the memory starts afresh. */
const seriesMax = 20_000;
/** Series of one key, model, project and tags (its tiers, regions, currencies) are searched one by one; past it, anew. */
const likeMax = 64;

type ByTags = Map<string, SeriesDimensions[]>;
type ByModel = Map<string, Map<string | null, ByTags>>;

/**
 * One object for each series, so that whoever numbers series knows most of them by identity. Short keys, no text put
 * together; bounded, since callers write what they like.
 */
export class SeriesMemory {
  readonly #byApiKey = new Map<string | null, ByModel>();
  /** Of the key that recorded last: bodies are read whole, one after the other. */
  #apiKeyId: string | null = null;
  #byModel = obtain(this.#byApiKey, this.#apiKeyId, newMap<string, Map<string | null, ByTags>>);
  #remembered = 0;

  /** The remembered object that equals `of`, or `of` itself, remembered from now on. */
  shared(of: SeriesDimensions): SeriesDimensions {
    if (of.apiKeyId !== this.#apiKeyId) this.#turnTo(of.apiKeyId);
    const byProject = obtain(this.#byModel, of.model, newMap<string | null, ByTags>);
    const byTags = obtain(byProject, of.projectId, newMap<string, SeriesDimensions[]>);
    const alike = obtain(byTags, of.tags, newList);
    for (const one of alike) if (isSame(one, of)) return one;
    if (alike.length >= likeMax) alike.length = 0;
    alike.push(of);
    this.#remembered += 1;
    if (this.#remembered >= seriesMax) {
      this.#byApiKey.clear();
      this.#turnTo(of.apiKeyId);
      this.#remembered = 0;
    }
    return of;
  }

  #turnTo(apiKeyId: string | null): void {
    this.#apiKeyId = apiKeyId;
    this.#byModel = obtain(this.#byApiKey, apiKeyId, newMap<string, Map<string | null, ByTags>>);
  }
}

/** The value under a key, made where there is none. */
function obtain<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

const newMap = <K, V>(): Map<K, V> => new Map();
const newList = (): SeriesDimensions[] => [];

/** Of two series with the same API key, model, project and tags. */
const isSame = (a: SeriesDimensions, b: SeriesDimensions): boolean =>
  a.provider === b.provider &&
  a.costStatus === b.costStatus &&
  a.usageStatus === b.usageStatus &&
  a.serviceTier === b.serviceTier &&
  a.region === b.region &&
  a.currency === b.currency &&
  a.resolvedModel === b.resolvedModel &&
  a.organizationId === b.organizationId;
