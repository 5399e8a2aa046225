import { type Selectable, sql } from 'kysely';
import type { Registry } from '../model/registry.ts';
import { BLOB_COLUMNS, type BlobRow, type RepositoryBlob, toBlob } from './blobs.ts';
import { TAGGED_COLUMNS, type TaggedImage, toTagged } from './image.ts';
import type { StoredManifest } from './images.ts';
import { type Answers, Lookup, OneLookup } from './lookup.ts';
import { liveNamed, type Named } from './repositories.ts';
import type { Schema } from './schema.ts';
import { toUpload, type Upload } from './uploads.ts';

/** A repository by its name in a registry. */
export interface InRepository {
  readonly registry: Registry;
  readonly repositoryName: string;
}

/** What an image is looked up by: its tag, or its digest. */
export type ImageName =
  | { readonly tag: string; readonly digest?: never }
  | { readonly digest: string; readonly tag?: never };

/** An image, and its manifest, under one of its names. */
export interface LookedUpImage {
  /** The tag that it was looked up by, if it was. */
  readonly tag: string | undefined;
  readonly image: TaggedImage;
  readonly manifest: StoredManifest;
}

/** There is a row for the repository, whatever it has: by this column it is told from none. */
const ITSELF = 'repository.id as repositoryId';

const findImages = new Lookup((db, given: Named & { readonly names: string }, dialect) =>
  liveNamed(db, given)
    .leftJoin(dialect.recordsIn(given.names, { tag: 'text', digest: 'text' }).$castTo<Wanted>().as('wanted'), (join) =>
      join.onTrue(),
    )
    .leftJoin('tag', (join) =>
      join.onRef('tag.repository_id', '=', 'repository.id').onRef('tag.name', '=', 'wanted.tag'),
    )
    .leftJoin('digest', (join) =>
      join.onRef('digest.repository_id', '=', 'repository.id').onRef('digest.digest', '=', 'wanted.digest'),
    )
    .leftJoin('image', (join) =>
      join
        .onRef('image.repository_id', '=', 'repository.id')
        .on('image.manifest_id', '=', sql<number>`coalesce(tag.manifest_id, digest.manifest_id)`),
    )
    .leftJoin('manifest', (join) => join.onRef('manifest.id', '=', 'image.manifest_id'))
    .select([ITSELF, 'wanted.tag', ...TAGGED_COLUMNS, 'manifest.media_type', 'manifest.bytes']),
);

type Wanted = { readonly tag: string | null; readonly digest: string | null };

const findBlobs = new Lookup((db, given: Named & { readonly digests: readonly string[] }, dialect) =>
  liveNamed(db, given)
    .leftJoin(dialect.rowsOf(given.digests).as('wanted'), (join) => join.onTrue())
    .leftJoin('blob', (join) => join.onRef('blob.digest', '=', 'wanted.value'))
    .leftJoin('repository_blob as link', (join) =>
      join
        .onRef('link.repository_id', '=', 'repository.id')
        .onRef('link.blob_id', '=', 'blob.id')
        .on('link.hidden', '=', 0),
    )
    .select([ITSELF, ...BLOB_COLUMNS]),
);

const findUpload = new Lookup((db, given: Named & { readonly id: string }) =>
  liveNamed(db, given)
    .leftJoin('upload', (join) =>
      join.on('upload.id', '=', given.id).onRef('upload.repository_id', '=', 'repository.id'),
    )
    .select(ITSELF)
    .selectAll('upload'),
);

/**
 * A repository by its name and something in it, which is what most requests ask for: each in one statement. The answer is
 * undefined where there is no such repository.
 */
export class Lookups {
  readonly #answers: Answers;

  constructor(answers: Answers) {
    this.#answers = answers;
  }

  /** The images that have these names. */
  async images(path: InRepository, names: readonly ImageName[]): Promise<LookedUpImage[] | undefined> {
    const rows = await this.#answers.answer(findImages, { ...namedBy(path), names: JSON.stringify(names) });
    if (rows.length === 0) return undefined;
    return rows.flatMap(({ tag, manifest_id, digest, tags, media_type, bytes }) => {
      if (manifest_id === null || digest === null || tags === null || media_type === null || bytes === null) return [];
      const manifest = { mediaType: media_type, bytes };
      return [{ tag: tag ?? undefined, image: toTagged({ manifest_id, digest, tags }), manifest }];
    });
  }

  /** The blobs of these digests, as far as the repository may see them. */
  async blobs(path: InRepository, digests: readonly string[]): Promise<RepositoryBlob[] | undefined> {
    const rows = await this.#answers.answer(findBlobs, { ...namedBy(path), digests });
    if (rows.length === 0) return undefined;
    return rows.filter(({ refs }) => refs !== null).map((row) => toBlob(row as BlobRow));
  }

  /** The upload, which any other repository does not have. */
  async upload(path: InRepository, id: string): Promise<{ readonly upload: Upload | undefined } | undefined> {
    const [row] = await this.#answers.answer(findUpload, { ...namedBy(path), id });
    return row && { upload: row.id === null ? undefined : toUpload(row as Selectable<Schema['upload']>) };
  }
}

/** Runs `look`, which may look up one thing. */
export async function lookUpOnce<T>(answers: Answers, look: (lookups: Lookups) => Promise<T>): Promise<T> {
  const one = new OneLookup(answers);
  try {
    return await look(new Lookups(one));
  } finally {
    one.end();
  }
}

function namedBy({ registry, repositoryName }: InRepository): Named {
  return { account: registry.id, region: registry.region, name: repositoryName };
}
