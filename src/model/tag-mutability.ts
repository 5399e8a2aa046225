import { globMatches } from './glob.ts';

export type TagMutabilityMode = 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION';

/** A repository's rule on whether a tag may move to another image. */
export interface TagMutability {
  readonly mode: TagMutabilityMode;
  /** Wildcard filters, 1 to 5 in the two `…_WITH_EXCLUSION` modes and none otherwise (fidelity facts, section 6.1). */
  readonly exclusionFilters: readonly string[];
}

/** Whether a push may move `tag`, which exists already, to another image. */
export function mayMoveTag(mutability: TagMutability, tag: string): boolean {
  const excluded = mutability.exclusionFilters.some((filter) => globMatches(filter, tag));
  switch (mutability.mode) {
    case 'MUTABLE':
      return true;
    case 'IMMUTABLE':
      return false;
    case 'MUTABLE_WITH_EXCLUSION':
      return !excluded;
    case 'IMMUTABLE_WITH_EXCLUSION':
      return excluded;
  }
}
