import { encode } from "uqr";

/** Without so wide an edge of light around it, cameras do not find it. */
const edge = 4;

/** A text for a camera: dark on light in either scheme, because few cameras read the reverse. */
export default function QrCode({ text, label }: { text: string; label: string }) {
  const { size, data } = encode(text, { ecc: "M", border: edge });
  return (
    <svg className="settings-qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}>
      <rect width={size} height={size} fill="#ffffff" />
      <path d={squaresOf(data)} fill="#000000" shapeRendering="crispEdges" />
    </svg>
  );
}

/** Each dark module as a square, those beside one another as one. */
export const squaresOf = (rows: readonly (readonly boolean[])[]): string =>
  rows
    .flatMap((row, y) =>
      row.flatMap((isDark, x) => {
        if (!isDark || row[x - 1] === true) return [];
        const end = row.indexOf(false, x);
        const width = (end < 0 ? row.length : end) - x;
        return [`M${x} ${y}h${width}v1h-${width}z`];
      }),
    )
    .join("");
