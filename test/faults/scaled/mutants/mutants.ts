import type { BerthOptions } from '../../../support/berth-process.ts';

/** Faults that only show between processes, each planted in a server by loading its file first. */
export const MUTANTS = ['answer-before-commit', 'stale-reads', 'no-row-locks', 'sweep-by-old-listing'] as const;

/**
 * What to plant in which process.
 *
 * @throws when there is no such mutant
 */
export function mutantOf(name: string): (number: number) => BerthOptions {
  if (!MUTANTS.some((known) => known === name))
    throw new Error(`--mutant is one of ${MUTANTS.join(', ')}, not ${name}`);
  const preload = new URL(`./${name}.ts`, import.meta.url);
  return () => ({ preload });
}
