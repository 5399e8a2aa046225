import fc from 'fast-check';
import { Fault } from '../../src/model/fault.ts';
import { deleteImages } from '../../src/registry/deletion/delete-images.ts';
import { restoreImages, restoreRepository } from '../../src/registry/deletion/restore.ts';
import { appendToUpload } from '../../src/registry/layer/append-upload.ts';
import { deleteBlob } from '../../src/registry/layer/delete-blob.ts';
import { mountBlob } from '../../src/registry/layer/mount-blob.ts';
import { beginUpload, cancelUpload } from '../../src/registry/layer/upload-session.ts';
import { createRepository, DEFAULT_SETTINGS } from '../../src/registry/repository/create-repository.ts';
import { deleteRepository } from '../../src/registry/repository/delete-repository.ts';
import type { RepositoryPath } from '../../src/registry/repository/repository-path.ts';
import { collect } from './collect.ts';
import {
  blobOf,
  buildImage,
  buildIndex,
  chunksOf,
  makeRepository,
  pushBlob,
  pushImage,
  putManifest,
  REGISTRY,
} from './images.ts';
import { HOUR, MINUTE, type Stores } from './stores.ts';

const LAYERS = ['a', 'bb', 'cccc'].map(blobOf);
const SIMPLE = [[0], [0, 1], [1, 2], [0, 1, 2]].map((layers, at) =>
  buildImage(`image ${at}`, { layers: layers.flatMap((layer) => LAYERS[layer] ?? []) }),
);
const SIGNATURES = SIMPLE.slice(0, 2).map((subject, at) =>
  buildImage(`signature ${at}`, { subject, layers: LAYERS.slice(at) }),
);
const INDEX = buildIndex(SIMPLE.slice(0, 2));
const IMAGES = [...SIMPLE, ...SIGNATURES, INDEX, buildIndex([INDEX, ...SIMPLE.slice(2, 3)])];
const TAGS = ['v1', 'v2', 'latest'];

/** One thing that happens to one of a few repositories; `other` is another of them. */
type Step = (stores: Stores, path: RepositoryPath, other: RepositoryPath) => Promise<unknown>;

const image = fc.constantFrom(...IMAGES);
const tag = fc.constantFrom(...TAGS);
const layer = fc.constantFrom(...LAYERS);
const identifier = fc.oneof(
  tag.map((imageTag) => ({ imageTag })),
  image.map(({ digest }) => ({ imageDigest: digest })),
);

const steps: fc.Arbitrary<{ readonly name: string; readonly step: Step }> = fc.oneof(
  named(
    6,
    'push',
    fc.tuple(image, fc.array(tag, { maxLength: 2 })),
    ([pushed, tags]) =>
      ({ ports }, path) =>
        pushImage(ports, path, pushed, ...tags),
  ),
  named(
    2,
    'tag',
    fc.tuple(image, tag),
    ([tagged, name]) =>
      ({ ports }, path) =>
        putManifest(ports, path, tagged, name),
  ),
  named(
    3,
    'push without what it names',
    fc.tuple(image, tag),
    ([sparse, name]) =>
      ({ ports }, path) =>
        putManifest(ports, path, sparse, name, 'accept'),
  ),
  named(
    5,
    'delete',
    fc.array(identifier, { minLength: 1, maxLength: 4 }),
    (ids) =>
      ({ ports }, path) =>
        deleteImages(ports, path, ids),
  ),
  named(
    3,
    'upload',
    layer,
    (blob) =>
      ({ ports }, path) =>
        pushBlob(ports, path, blob),
  ),
  named(1, 'begin an upload', fc.boolean(), (cancelled) => async ({ ports }, path) => {
    const upload = { ...path, uploadId: await beginUpload(ports, path) };
    await appendToUpload(ports, upload, { bytes: chunksOf(Buffer.from('part')), first: 0, length: 4 });
    if (cancelled) await cancelUpload(ports, upload);
  }),
  named(
    2,
    'mount',
    layer,
    (blob) =>
      ({ ports }, path, other) =>
        mountBlob(ports, path, other, blob.digest),
  ),
  named(
    3,
    'delete a blob',
    layer,
    (blob) =>
      ({ ports }, path) =>
        deleteBlob(ports, path, blob.digest),
  ),
  named(
    2,
    'delete the repository',
    fc.constant(0),
    () =>
      ({ ports }, path) =>
        deleteRepository(ports, path, { force: true }),
  ),
  named(
    2,
    'create the repository',
    fc.constant(0),
    () =>
      ({ ports }, path) =>
        createRepository(ports, path, DEFAULT_SETTINGS),
  ),
  named(
    1,
    'restore the repository',
    fc.constant(0),
    () =>
      ({ ports }, path) =>
        restoreRepository(ports, path),
  ),
  named(
    1,
    'restore all',
    fc.constant(0),
    () =>
      ({ ports }, path) =>
        restoreImages(ports, path, 'all'),
  ),
  named(
    2,
    'restore',
    fc.array(identifier, { minLength: 1, maxLength: 3 }),
    (ids) =>
      ({ ports }, path) =>
        restoreImages(ports, path, ids),
  ),
  named(
    4,
    'collect',
    fc.constantFrom(0, 10 * MINUTE, HOUR, 3 * HOUR, 25 * HOUR),
    (later) =>
      async ({ ports, clock }) => {
        clock.advance(later);
        await collect(ports);
      },
  ),
);

function named<T>(weight: number, name: string, chosen: fc.Arbitrary<T>, act: (choice: T) => Step) {
  const arbitrary = chosen.map((choice) => ({
    name,
    step: act(choice),
    toString: () =>
      `${name} ${JSON.stringify(choice, (key, value) => (key === 'bytes' || key === 'blobs' ? undefined : value))}`,
  }));
  return { weight, arbitrary };
}

/** Things that happen, one after the other, each to one of three repositories. */
export function stories(lengths: { readonly minLength: number; readonly maxLength: number }): fc.Arbitrary<Story> {
  return fc.array(fc.record({ what: steps, at: fc.nat(2), other: fc.nat(2) }), lengths);
}

export type Story = readonly {
  readonly what: { readonly name: string; readonly step: Step };
  readonly at: number;
  readonly other: number;
}[];

/** The repositories of a story, in two registries. */
export async function setScene({ ports }: Stores): Promise<[RepositoryPath, RepositoryPath, RepositoryPath]> {
  return [
    await makeRepository(ports, 'app'),
    await makeRepository(ports, 'other'),
    await makeRepository(ports, 'app', { ...REGISTRY, region: 'eu-west-1' }),
  ];
}

/** Lets a story happen; `onStep` hears after each step whether it did anything. */
export async function happen(
  stores: Stores,
  story: Story,
  paths: readonly [RepositoryPath, ...RepositoryPath[]],
  onStep: (name: string, success: boolean) => void | Promise<void> = () => {},
): Promise<void> {
  for (const { what, at, other } of story) {
    stores.clock.advance(1);
    const success = await attempt(() => what.step(stores, paths[at] ?? paths[0], paths[other] ?? paths[0]));
    await onStep(what.name, success);
  }
}

/** Does the step; that it is refused is as good an outcome as any. Answers whether it did anything. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    const outcome = await work();
    return !isNothing(outcome);
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

function isNothing(outcome: unknown): boolean {
  if (typeof outcome !== 'object' || outcome === null) return outcome === false;
  return ['deleted', 'restored'].some((list) => list in outcome && Reflect.get(outcome, list).length === 0);
}
