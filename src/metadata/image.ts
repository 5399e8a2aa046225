import type { Selectable } from 'kysely';
import type { Schema } from './schema.ts';

/** An image: a manifest in a repository. Tags are kept apart (`TagReader.ofImages`). */
export interface Image {
  readonly id: number;
  readonly digest: string;
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

/** What names an image within its repository. */
export type NamedImage = Pick<Image, 'id' | 'digest'>;

export const IMAGE_COLUMNS = [
  'manifest.id',
  'manifest.digest',
  'manifest.media_type',
  'manifest.image_size',
  'manifest.config_media_type',
  'manifest.artifact_type',
  'manifest.subject_digest',
  'image.pushed_at',
  'image.last_pulled_at',
] as const;

type ImageRow = Pick<
  Selectable<Schema['manifest']>,
  'id' | 'digest' | 'media_type' | 'image_size' | 'config_media_type' | 'artifact_type' | 'subject_digest'
> &
  Pick<Selectable<Schema['image']>, 'pushed_at' | 'last_pulled_at'>;

export function fromRow(row: ImageRow): Image {
  return {
    id: row.id,
    digest: row.digest,
    mediaType: row.media_type,
    imageSize: row.image_size,
    configMediaType: row.config_media_type ?? undefined,
    artifactType: row.artifact_type ?? undefined,
    subjectDigest: row.subject_digest ?? undefined,
    pushedAt: row.pushed_at,
    lastPulledAt: row.last_pulled_at ?? undefined,
  };
}
