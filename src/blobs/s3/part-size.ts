const MIB = 1024 * 1024;

/** Of a part that is full. 10,000 of them, the most that S3 takes, are more than the largest layer of ECR. */
export const PART_BYTES = 8 * MIB;

/** S3 takes no smaller part, but for the last one. */
const LEAST_BYTES = 5 * MIB;
/** So many parts may be as small as that: as many full ones after them still make the largest layer. */
const SMALL_PARTS = 5_000;

/** How many bytes at the end of a chunk make a part of their own, after so many parts. Fewer wait for the next chunk. */
export function leastPart(parts: number): number {
  return parts < SMALL_PARTS ? LEAST_BYTES : PART_BYTES;
}
