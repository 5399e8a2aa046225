import type { TaggedImage } from '../../metadata/image.ts';
import { FAULT_MESSAGES } from '../../model/fault-messages.ts';
import {
  type ImageFailure,
  type ImageIdentifier,
  identifierOf,
  isFailure,
  type ResolvedIdentifier,
} from '../image/image-identifier.ts';

/** What the rule needs to know besides the images that the identifiers name, as it was before the request. */
export interface DeletionState {
  /** The digests of the indexes that list each image, by its id. */
  readonly parents: ReadonlyMap<number, readonly string[]>;
}

/**
 * What becomes of the last tag of an image that an index lists: in ECR naming it asks for the image, so it stays with it; on the
 * distribution protocol a tag is deleted and nothing else, so it goes and the image stays.
 */
export type LastTagOfListed = 'stays' | 'goes';

export interface DeletionDecision {
  /** What the caller is told went away: ECR's `imageIds`, each entry once. */
  readonly deleted: readonly ImageIdentifier[];
  readonly failures: readonly ImageFailure[];
  /** Tags to remove from images that stay. */
  readonly tags: readonly string[];
  /** Images to remove, with every tag they have. */
  readonly images: readonly TaggedImage[];
}

/** What the identifiers of one request ask of one image. */
interface Wish {
  readonly image: TaggedImage;
  whole: boolean;
  readonly tags: Set<string>;
}

/**
 * The rule of BatchDeleteImage (fidelity facts, sections 1.2 and 1.3).
 *
 * An image goes when it is named by digest alone, or when the last of its tags is; otherwise the named tags go and it
 * stays. An image that an index lists does not go: naming it by digest fails, and so does naming its last tag, which then
 * stays, unless `lastTag` lets it go. Whether an index lists it is judged by the state before the request, even if the request
 * deletes the index.
 */
export function decideDeletion(
  identifiers: readonly ResolvedIdentifier[],
  state: DeletionState,
  lastTag: LastTagOfListed = 'stays',
): DeletionDecision {
  const wishes = collectWishes(identifiers);
  const parentsOf = (image: TaggedImage) => state.parents.get(image.id) ?? [];
  const images = wishes.filter((wish) => goes(wish, parentsOf(wish.image))).map(({ image }) => image);
  const doomed = new Set(images.map((image) => image.id));
  const protectedTags = new Set(
    lastTag === 'goes' ? [] : wishes.flatMap((wish) => lastTagOf(wish, parentsOf(wish.image)) ?? []),
  );

  const deleted = new Map<string, ImageIdentifier>();
  const failures: ImageFailure[] = [];
  const tags = new Set<string>();
  for (const identifier of identifiers) {
    if (isFailure(identifier)) {
      failures.push(identifier);
      continue;
    }
    const { image, tag, imageId } = identifier;
    const parents = parentsOf(image);
    const refused = tag === undefined ? parents.length > 0 : protectedTags.has(tag);
    if (refused) {
      failures.push({
        imageId,
        code: 'ImageReferencedByManifestList',
        reason: FAULT_MESSAGES.ImageReferencedByManifestList({ parents }),
      });
      continue;
    }
    if (tag !== undefined && !doomed.has(image.id)) tags.add(tag);
    const gone = tag === undefined ? image.tags : [tag];
    for (const entry of gone.length > 0 ? gone : [undefined]) {
      deleted.set(`${image.digest} ${entry ?? ''}`, identifierOf(image.digest, entry));
    }
  }
  return { deleted: [...deleted.values()], failures, tags: [...tags], images };
}

function collectWishes(identifiers: readonly ResolvedIdentifier[]): Wish[] {
  const wishes = new Map<number, Wish>();
  for (const identifier of identifiers) {
    if (isFailure(identifier)) continue;
    const { image, tag } = identifier;
    const wish = wishes.get(image.id) ?? { image, whole: false, tags: new Set<string>() };
    if (tag === undefined) wish.whole = true;
    else wish.tags.add(tag);
    wishes.set(image.id, wish);
  }
  return [...wishes.values()];
}

function goes(wish: Wish, parents: readonly string[]): boolean {
  return parents.length === 0 && (wish.whole || namesAll(wish));
}

/**
 * Of an image that an index lists, the tag that must stay when all are named: the one named last, as if the identifiers
 * had come one by one. Removing it would leave nothing but the image itself to go.
 */
function lastTagOf(wish: Wish, parents: readonly string[]): string | undefined {
  return parents.length > 0 && namesAll(wish) ? [...wish.tags].at(-1) : undefined;
}

function namesAll({ image, tags }: Wish): boolean {
  return tags.size === image.tags.length;
}
