import type { MetadataTransaction } from '../../metadata/metadata-store.ts';

/** One contradiction in what is stored. */
export interface Finding {
  /** What is wrong, in two or three words that are the same for all of a kind. */
  readonly kind: string;
  /** What it is wrong with: a repository and a digest, a key, a name. */
  readonly subject: string;
  /** A sentence. */
  readonly detail: string;
  /** Whether it was put right in this run. */
  readonly repaired: boolean;
}

/** How many of each noun were looked at, and what came of it. */
export interface Checked {
  readonly checked: Readonly<Record<string, number>>;
  readonly findings: number;
  readonly repaired: number;
}

/** A finding that can be put right in a transaction; answers whether it was. */
export interface Contradiction extends Omit<Finding, 'repaired'> {
  readonly mend?: (tx: MetadataTransaction) => Promise<boolean>;
}
