import { deleteOneByOne, type World } from '../../registry/deletion-model.ts';
import type { Content } from './content.ts';

/** An image as its only client knows it. */
export interface KnownImage {
  readonly content: Content;
  readonly tags: readonly string[];
}

/** What a repository holds, by digest; `undefined` where there is no repository. Never changed, only replaced. */
export type RepositoryState = ReadonlyMap<string, KnownImage> | undefined;

export interface ImageId {
  readonly imageDigest?: string;
  readonly imageTag?: string;
}

/** The state after a manifest was put, under a tag that it takes from whatever had it. */
export function put(state: RepositoryState, content: Content, tag: string | undefined): RepositoryState {
  const next = new Map(state);
  if (tag !== undefined) {
    for (const [digest, image] of next)
      next.set(digest, { ...image, tags: image.tags.filter((other) => other !== tag) });
  }
  const tags = next.get(content.digest)?.tags ?? [];
  return next.set(content.digest, { content, tags: tag === undefined ? tags : [...tags, tag] });
}

/** The state after a tag went and its image stayed. */
export function untag(state: RepositoryState, tag: string): RepositoryState {
  const images = [...(state ?? [])];
  return new Map(
    images.map(([digest, image]) => [digest, { ...image, tags: image.tags.filter((one) => one !== tag) }]),
  );
}

export interface Removal {
  readonly state: RepositoryState;
  /** `digest tag` of each entry that the answer must name, in no order. */
  readonly deleted: ReadonlySet<string>;
  /** How many identifiers fail. */
  readonly failures: number;
}

/** The state after these identifiers were deleted in one request, and what the request answers. */
export function remove(state: RepositoryState, imageIds: readonly ImageId[]): Removal {
  const { deleted, failures, left } = deleteOneByOne(worldOf(state), imageIds);
  const next = new Map<string, KnownImage>();
  for (const [digest, image] of state ?? []) {
    const kept = left.get(digest);
    if (kept) next.set(digest, { ...image, tags: kept.tags });
  }
  return { state: next, deleted: new Set(deleted.map(entryOf)), failures: failures.length };
}

export function entryOf({ imageDigest = '', imageTag = '' }: ImageId): string {
  return `${imageDigest} ${imageTag}`;
}

/** Every image once for each of its tags, or once without: what ListImages says. */
export function entriesOf(state: RepositoryState): Set<string> {
  const entries = [...(state ?? [])].flatMap(([imageDigest, { tags }]) =>
    tags.length === 0 ? [entryOf({ imageDigest })] : tags.map((imageTag) => entryOf({ imageDigest, imageTag })),
  );
  return new Set(entries);
}

function worldOf(state: RepositoryState): World {
  const images = [...(state ?? [])];
  return new Map(
    images.map(([digest, { tags }]) => {
      const listing = images.filter(([, { content }]) => content.children.some((child) => child.digest === digest));
      return [digest, { tags: [...tags], parents: listing.map(([parent]) => parent) }];
    }),
  );
}
