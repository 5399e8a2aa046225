import type { Running } from './contender.ts';
import { type Measured, runJob } from './run-job.ts';
import type { Work } from './work.ts';

/** How much of everything. */
export interface Size {
  readonly images: number;
  readonly clients: number;
  readonly seconds: number;
  readonly blobBytes: number;
}

export const SIZE: Size = { images: 1000, clients: 8, seconds: 3, blobBytes: 64 * 1024 * 1024 };
export const SMOKE: Size = { images: 50, clients: 4, seconds: 0.2, blobBytes: 1024 * 1024 };

/** What is measured, in this order: pushes come first, for the rest reads what they brought. */
export const MEASURES = [
  'images pushed',
  'manifests read (GET)',
  'manifests looked at (HEAD)',
  'tag lists',
  'blobs pushed, 1 stream',
  'blobs pushed, 4 streams',
  'blobs pulled, 1 stream',
  'blobs pulled, 4 streams',
] as const;
export type Measure = (typeof MEASURES)[number];

/** Bytes are told as megabytes of 10^6. */
export function unitOf(measure: Measure): { readonly name: string; readonly of: number } {
  return measure.startsWith('blobs') ? { name: 'MB/s', of: 1e6 } : { name: '/s', of: 1 };
}

/** One round against one registry, in repositories of its own. What only brings what others read is done, but not told. */
export async function measureRound(
  server: Running,
  repository: string,
  size: Size,
  wanted: (measure: Measure) => boolean,
): Promise<ReadonlyMap<Measure, Measured>> {
  const { origin, pids } = server;
  const authorization = await server.authorize();
  const results = new Map<Measure, Measured>();
  const run = async (measure: Measure, connections: number, work: Work) => {
    const measured = await runJob({ origin, authorization, connections, work }, pids);
    if (wanted(measure)) results.set(measure, measured);
    return measured;
  };
  const { images, clients, seconds, blobBytes } = size;
  const ofImages = MEASURES.filter((measure) => !measure.startsWith('blobs') && wanted(measure));
  if (ofImages.length > 0) await run('images pushed', clients, { kind: 'push images', repository, count: images });
  for (const measure of ofImages) {
    if (measure === 'images pushed') continue;
    const read = { repository, tags: images, seconds };
    if (measure === 'tag lists') await run(measure, clients, { kind: 'list tags', ...read });
    else {
      const method = measure === 'manifests read (GET)' ? 'GET' : 'HEAD';
      await run(measure, clients, { kind: 'read manifests', method, ...read });
    }
  }
  const ofBlobs = STREAMS.filter(([pushed, pulled]) => wanted(pushed) || wanted(pulled));
  const blobs = { repository: `${repository}-blobs`, bytes: blobBytes };
  const digests: string[] = [];
  for (const [pushed, , streams] of ofBlobs) {
    digests.push(...(await run(pushed, streams, { kind: 'push blobs', ...blobs, count: 4 })).digests);
  }
  for (const [, pulled, streams] of ofBlobs) {
    if (wanted(pulled)) await run(pulled, streams, { kind: 'pull blobs', ...blobs, digests, seconds });
  }
  return results;
}

const STREAMS = [
  ['blobs pushed, 1 stream', 'blobs pulled, 1 stream', 1],
  ['blobs pushed, 4 streams', 'blobs pulled, 4 streams', 4],
] as const satisfies readonly (readonly [Measure, Measure, number])[];
