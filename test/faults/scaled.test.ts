import { describe, expect, it } from 'vitest';
import { mutantOf } from './scaled/mutants/mutants.ts';
import { runScaled, type ScaledOptions } from './scaled/run-scaled.ts';
import { whyNoCluster } from './scaled/why-no-cluster.ts';

const say = (line: string) => process.stdout.write(`${line}\n`);
const seed = String(Date.now());
const why = whyNoCluster();
const OPTIONS: ScaledOptions = { how: 'all', seconds: 60, processes: 2, clients: 6, pause: 2000, seed, say };

describe('Two processes over one database and one bucket', () => {
  it(`have all that they acknowledged, whatever is hurt under them (seed ${seed})`, async ({ skip }) => {
    if (why !== undefined) skip(why);
    const report = await runScaled({ ...OPTIONS, cycles: 5 });
    expect(report.findings).toEqual([]);
    expect(report.left).toMatchObject({ last: 0 });
    expect(report.pushes).toBeGreaterThan(20);
  }, 240_000);
});

describe('A process that is not as good as the others', () => {
  const faults = [
    ['stale-reads', 'answers from what it has read before'],
    ['answer-before-commit', 'answers before others can see what it says'],
  ] as const;
  for (const [mutant, duty] of faults) {
    it(`is found out when it ${duty}`, async ({ skip }) => {
      if (why !== undefined) skip(why);
      const planted = mutantOf(mutant);
      const report = await runScaled({
        ...OPTIONS,
        how: 'nothing',
        cycles: 12,
        planted: (number) => (number === 0 ? planted(number) : {}),
        untilFound: true,
        say: () => undefined,
      });
      expect(report.findings).not.toEqual([]);
    }, 180_000);
  }
});
