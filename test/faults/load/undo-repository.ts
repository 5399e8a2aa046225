import { OwnRepository } from './own-repository.ts';
import { entryOf, type ImageId, type KnownImage, type RepositoryState } from './repository-model.ts';

/** A repository of one client that takes things away and brings them back. */
export class UndoRepository extends OwnRepository {
  /** What is to be undone, if it was carried out. */
  removal: Undoable | undefined;
  /** Whether older deletions than that can be undone as well. They are left alone. */
  hasLeftovers = false;
}

export interface Undoable {
  /** What was there before. */
  readonly before: RepositoryState;
  /** Until then the server's window is surely open, as `performance.now()` counts. */
  readonly until: number;
}

export interface Missing {
  readonly images: readonly KnownImage[];
  /** Tags of images that stayed, by name. */
  readonly tags: ReadonlyMap<string, string>;
}

/** What was there before and is not there now, or is another's. */
export function missingOf(before: RepositoryState, state: RepositoryState): Missing {
  const images: KnownImage[] = [];
  const tags = new Map<string, string>();
  for (const [digest, image] of before ?? []) {
    const now = state?.get(digest);
    if (!now) images.push(image);
    else for (const tag of image.tags) if (!now.tags.includes(tag)) tags.set(tag, digest);
  }
  return { images, tags };
}

export interface Restoration {
  readonly state: RepositoryState;
  /** What the answer must name, in this order. */
  readonly restored: readonly string[];
  readonly failures: number;
}

/** The state after a request to restore these, and what it answers. */
export function restore(
  { before, state }: { readonly before: RepositoryState; readonly state: RepositoryState },
  imageIds: readonly ImageId[],
): Restoration {
  const next = new Map(state);
  const missing = missingOf(before, state);
  const images = new Map(missing.images.map((image) => [image.content.digest, image]));
  const tags = new Map([
    ...missing.tags,
    ...missing.images.flatMap(({ content, tags }) => tags.map((tag) => [tag, content.digest] as const)),
  ]);
  const restored: string[] = [];
  const told = new Set<string>();
  let failures = 0;
  const revive = ({ content }: KnownImage) => {
    images.delete(content.digest);
    next.set(content.digest, { content, tags: [] });
    for (const child of content.children) {
      const image = images.get(child.digest);
      if (image) revive(image);
    }
  };
  // What each asks for is judged by the state before the request.
  const wishes = imageIds.map(({ imageDigest, imageTag }) => {
    const digest = (imageTag === undefined ? imageDigest : tags.get(imageTag)) ?? '';
    const image = images.get(digest);
    return { digest, image, wanted: imageTag === undefined ? image?.tags : digest === '' ? undefined : [imageTag] };
  });
  for (const { digest, image, wanted } of wishes) {
    if (!wanted) {
      failures += 1;
      continue;
    }
    const isGone = image !== undefined && !next.has(digest);
    if (isGone) revive(image);
    const free = wanted.filter((tag) => ![...next.values()].some((other) => other.tags.includes(tag)));
    const live = next.get(digest);
    if (live) next.set(digest, { ...live, tags: [...live.tags, ...free] });
    if (image && free.length === 0 && !told.has(digest)) restored.push(entryOf({ imageDigest: digest }));
    told.add(digest);
    restored.push(...free.map((imageTag) => entryOf({ imageDigest: digest, imageTag })));
    failures += wanted.length - free.length;
  }
  return { state: next, restored, failures };
}
