import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Where files are that start programs, or go through hundreds of orders. */
const SLOW = /\/test\/(?:faults|clients|process|front-server|metadata\/postgres)/;

/** Begins with what takes longest: what is left for the end is short, so that no worker waits for another one's last file. */
export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isSlow = ({ moduleId }: TestSpecification) => SLOW.test(moduleId);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}
