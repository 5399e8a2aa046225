import type { DatedImage } from '../../metadata/image-listings.ts';
import { globMatches } from '../../model/glob.ts';
import type { ImageIdentifier } from '../image/image-identifier.ts';

/** Which images to delete. All that is given must hold. Instants are milliseconds since the epoch. */
export interface Selection {
  /** Tags, with `*` for any run of characters. The tags that match are deleted, and an image with the last of its tags. */
  readonly tagPattern?: string | undefined;
  /** Only images without a tag. */
  readonly untagged?: boolean | undefined;
  /** Only images that were pushed before. */
  readonly pushedBefore?: number | undefined;
  /** Only images that were not pulled since; one that never was counts from its push. */
  readonly notPulledSince?: number | undefined;
}

/** What to delete: by name, or by what it is like. */
export type Wanted = { readonly imageIds: readonly ImageIdentifier[] } | { readonly selection: Selection };

/** What is to go of an image. */
export interface Target {
  readonly image: DatedImage;
  /** The image with all its tags, or these tags of it, which are not all. */
  readonly going: 'whole' | readonly string[];
}

/** What the selection takes of an image; nothing where it does not match. */
export function select(selection: Selection, image: DatedImage): Target | undefined {
  const { tags } = image;
  const { tagPattern, untagged, pushedBefore, notPulledSince } = selection;
  if (untagged && tags.length > 0) return undefined;
  if (pushedBefore !== undefined && image.pushedAt >= pushedBefore) return undefined;
  if (notPulledSince !== undefined && (image.lastPulledAt ?? image.pushedAt) >= notPulledSince) return undefined;
  if (tagPattern === undefined) return { image, going: 'whole' };
  return targetOf(
    image,
    tags.filter((tag) => globMatches(tagPattern, tag)),
  );
}

/** The target that naming these tags makes; nothing where none is named. */
export function targetOf(image: DatedImage, named: readonly string[]): Target | undefined {
  if (named.length === 0) return undefined;
  return { image, going: named.length === image.tags.length ? 'whole' : named };
}

/** What a tag must begin with to match, so that only those need be looked at. */
export function prefixOf({ tagPattern = '' }: Selection): string {
  const star = tagPattern.indexOf('*');
  return star < 0 ? tagPattern : tagPattern.slice(0, star);
}
