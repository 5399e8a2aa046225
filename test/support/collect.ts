import { PullRecorder } from '../../src/registry/image/pull-recorder.ts';
import type { Ports } from '../../src/registry/ports.ts';
import { type Collected, collect as collectOnce } from '../../src/workers/collector.ts';

/** Does at once what the workers do over time, until nothing is left to do at this hour. Answers what the last round did. */
export async function collect(ports: Pick<Ports, 'metadata' | 'blobs' | 'clock' | 'retention'>): Promise<Collected> {
  return collectOnce({ ...ports, pulls: new PullRecorder() });
}
