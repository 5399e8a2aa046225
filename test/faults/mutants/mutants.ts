import type { BerthOptions } from '../../support/berth-process.ts';

/** Faults that only a loss of power or of the process shows, each planted in a server by loading its file first. */
export const MUTANTS = ['no-fsync', 'synchronous-normal', 'no-folder-fsync', 'answer-before-commit'] as const;

export type Mutant = (typeof MUTANTS)[number];

/** @throws when there is no such mutant */
export function findMutant(name: string): URL {
  if (!MUTANTS.some((known) => known === name))
    throw new Error(`--mutant is one of ${MUTANTS.join(', ')}, not ${name}`);
  return new URL(`./${name}.ts`, import.meta.url);
}

/** Has the first server honest, so that what the mutant loses is what clients put there and not an empty data folder. */
export function afterAnHonestCycle(preload: URL): (cycle: number) => BerthOptions {
  return (cycle) => (cycle === 1 ? {} : { preload });
}
