/** A height in pixels for usual screens, which grows with taller ones: half of a tall screen would stay empty. */
export const grown = (px: number): string => `max(${px}px, ${(px / 12).toFixed(1)}vh)`;
