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
type Image = (typeof IMAGES)[number];
type Layer = (typeof LAYERS)[number];
type Identifier = { readonly imageTag: string } | { readonly imageDigest: string };

/** What can happen, with what was chosen for it. */
const STEPS = {
  push:
    ([image, tags]: [Image, string[]]): Step =>
    ({ ports }, path) =>
      pushImage(ports, path, image, ...tags),
  tag:
    ([image, name]: [Image, string]): Step =>
    ({ ports }, path) =>
      putManifest(ports, path, image, name),
  'push without what it names':
    ([image, name]: [Image, string]): Step =>
    ({ ports }, path) =>
      putManifest(ports, path, image, name, 'accept'),
  delete:
    (ids: Identifier[]): Step =>
    ({ ports }, path) =>
      deleteImages(ports, path, ids),
  upload:
    (blob: Layer): Step =>
    ({ ports }, path) =>
      pushBlob(ports, path, blob),
  'begin an upload':
    (cancelled: boolean): Step =>
    async ({ ports }, path) => {
      const upload = { ...path, uploadId: await beginUpload(ports, path) };
      await appendToUpload(ports, upload, { bytes: chunksOf(Buffer.from('part')), first: 0, length: 4 });
      if (cancelled) await cancelUpload(ports, upload);
    },
  mount:
    (blob: Layer): Step =>
    ({ ports }, path, other) =>
      mountBlob(ports, path, other, blob.digest),
  'delete a blob':
    (blob: Layer): Step =>
    ({ ports }, path) =>
      deleteBlob(ports, path, blob.digest),
  'delete the repository':
    (): Step =>
    ({ ports }, path) =>
      deleteRepository(ports, path, { force: true }),
  'create the repository':
    (): Step =>
    ({ ports }, path) =>
      createRepository(ports, path, DEFAULT_SETTINGS),
  'restore the repository':
    (): Step =>
    ({ ports }, path) =>
      restoreRepository(ports, path),
  'restore all':
    (): Step =>
    ({ ports }, path) =>
      restoreImages(ports, path, 'all'),
  restore:
    (ids: Identifier[]): Step =>
    ({ ports }, path) =>
      restoreImages(ports, path, ids),
  collect:
    (later: number): Step =>
    async ({ ports, clock }) => {
      clock.advance(later);
      await collect(ports);
    },
};

export type StepName = keyof typeof STEPS;
/** Each of them. */
export const STEP_NAMES = Object.keys(STEPS) as StepName[];
type Choice<N extends StepName> = Parameters<(typeof STEPS)[N]>[0];

const image = fc.constantFrom(...IMAGES);
const tag = fc.constantFrom(...TAGS);
const layer = fc.constantFrom(...LAYERS);
const nothing = fc.constant(undefined);
const identifier = fc.oneof(
  tag.map((imageTag) => ({ imageTag })),
  image.map(({ digest }) => ({ imageDigest: digest })),
);

const steps: fc.Arbitrary<Named> = fc.oneof(
  weighted(6, 'push', fc.tuple(image, fc.array(tag, { maxLength: 2 }))),
  weighted(2, 'tag', fc.tuple(image, tag)),
  weighted(3, 'push without what it names', fc.tuple(image, tag)),
  weighted(5, 'delete', fc.array(identifier, { minLength: 1, maxLength: 4 })),
  weighted(3, 'upload', layer),
  weighted(1, 'begin an upload', fc.boolean()),
  weighted(2, 'mount', layer),
  weighted(3, 'delete a blob', layer),
  weighted(2, 'delete the repository', nothing),
  weighted(2, 'create the repository', nothing),
  weighted(1, 'restore the repository', nothing),
  weighted(1, 'restore all', nothing),
  weighted(2, 'restore', fc.array(identifier, { minLength: 1, maxLength: 3 })),
  weighted(4, 'collect', fc.constantFrom(0, 10 * MINUTE, HOUR, 3 * HOUR, 25 * HOUR)),
);

interface Named {
  readonly name: StepName;
  readonly step: Step;
  /** What a story that failed is told with. */
  toString(): string;
}

function weighted<N extends StepName>(weight: number, name: N, choices: fc.Arbitrary<Choice<N>>) {
  return { weight, arbitrary: choices.map((choice) => named(name, choice)) };
}

function named<N extends StepName>(name: N, choice: Choice<N>): Named {
  const shown = (key: string, value: unknown) => (key === 'bytes' || key === 'blobs' ? undefined : value);
  return {
    name,
    step: (STEPS[name] as (choice: Choice<N>) => Step)(choice),
    toString: () => `${name} ${JSON.stringify(choice, shown) ?? ''}`,
  };
}

/** Things that happen, one after the other, each to one of three repositories. */
export function stories(lengths: { readonly minLength: number; readonly maxLength: number }): fc.Arbitrary<Story> {
  return fc.array(fc.record({ what: steps, at: fc.nat(2), other: fc.nat(2) }), lengths);
}

/** A story in which each step does something; of those that restore, if there is an undo window. */
export function storyOfAll(): Story {
  const [blob, pushed] = [LAYERS[0] as Layer, SIMPLE[0] as Image];
  const first = <N extends StepName>(name: N, choice: Choice<N>) => ({ what: named(name, choice), at: 0, other: 1 });
  const third = <N extends StepName>(name: N, choice: Choice<N>) => ({ ...first(name, choice), at: 2 });
  return [
    first('upload', blob),
    first('delete a blob', blob),
    { what: named('upload', blob), at: 1, other: 0 },
    first('mount', blob),
    first('push', [pushed, ['v1']]),
    first('tag', [pushed, 'v2']),
    first('begin an upload', false),
    first('delete', [{ imageTag: 'v2' }]),
    first('restore', [{ imageTag: 'v2' }]),
    first('delete', [{ imageDigest: pushed.digest }]),
    first('restore all', undefined),
    third('push without what it names', [INDEX, 'latest']),
    third('delete the repository', undefined),
    third('restore the repository', undefined),
    third('delete the repository', undefined),
    third('create the repository', undefined),
    first('collect', HOUR),
  ];
}

export type Story = readonly {
  readonly what: Named;
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
  onStep: (name: StepName, success: boolean) => void | Promise<void> = () => {},
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
