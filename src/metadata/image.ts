import type { Selectable } from 'kysely';
import type { Schema } from './schema.ts';

/** What names an image within its repository. */
export interface NamedImage {
  readonly id: number;
  readonly digest: string;
}

export interface TaggedImage extends NamedImage {
  /** In the order they were pushed. */
  readonly tags: readonly string[];
}

/** An image: a manifest in a repository. */
export interface Image extends TaggedImage {
  readonly mediaType: string;
  /** Bytes of config and layers as stored; for an index the largest of its children. */
  readonly imageSize: number;
  readonly configMediaType: string | undefined;
  readonly artifactType: string | undefined;
  readonly subjectDigest: string | undefined;
  /** Milliseconds since the epoch, of the first push. */
  readonly pushedAt: number;
  readonly lastPulledAt: number | undefined;
}

export const TAGGED_COLUMNS = ['image.manifest_id', 'image.digest', 'image.tags'] as const;

export const IMAGE_COLUMNS = [
  ...TAGGED_COLUMNS,
  'manifest.media_type',
  'manifest.image_size',
  'manifest.config_media_type',
  'manifest.artifact_type',
  'manifest.subject_digest',
  'image.pushed_at',
  'image.last_pulled_at',
] as const;

type TaggedRow = Pick<Selectable<Schema['image']>, 'manifest_id' | 'digest' | 'tags'>;

type ImageRow = TaggedRow &
  Pick<Selectable<Schema['image']>, 'pushed_at' | 'last_pulled_at'> &
  Pick<
    Selectable<Schema['manifest']>,
    'media_type' | 'image_size' | 'config_media_type' | 'artifact_type' | 'subject_digest'
  >;

export function toTagged(row: TaggedRow): TaggedImage {
  return { id: row.manifest_id, digest: row.digest, tags: JSON.parse(row.tags) as string[] };
}

export function toImage(row: ImageRow): Image {
  return {
    ...toTagged(row),
    mediaType: row.media_type,
    imageSize: row.image_size,
    configMediaType: row.config_media_type ?? undefined,
    artifactType: row.artifact_type ?? undefined,
    subjectDigest: row.subject_digest ?? undefined,
    pushedAt: row.pushed_at,
    lastPulledAt: row.last_pulled_at ?? undefined,
  };
}
