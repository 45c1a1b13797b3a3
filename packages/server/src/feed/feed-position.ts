/**
 * A place in the feed of an organization: the next thing to be told is this slot of this entry. An entry is a transaction,
 * and each record in it has two slots: what is told of its usage and what is told of its cost.
 */
export interface FeedPosition {
  readonly seq: number;
  readonly slot: number;
}

/** What is told of one record at most. */
export const slotsOf = 2;

/** The first slot of the record at this place of its entry. */
export const slotOf = (index: number): number => index * slotsOf;

/** As it stands behind `id:` in a stream. */
export const formatPosition = ({ seq, slot }: FeedPosition): string => `${seq}.${slot}`;

/** Undefined where the text is no position. */
export function parsePosition(text: string): FeedPosition | undefined {
  const [, seq, slot] = /^(\d{1,15})\.(\d{1,9})$/.exec(text) ?? [];
  return seq === undefined || slot === undefined ? undefined : { seq: Number(seq), slot: Number(slot) };
}
