import { type Selectable, sql } from 'kysely';
import type { StorageKey } from '../model/ids.ts';
import { prepare, prepareToSend } from './prepared.ts';
import type { Schema } from './schema.ts';
import { idSetOf, type Session } from './session.ts';
import { UsageWriter } from './usage.ts';

/** A blob as one repository sees it. */
export interface RepositoryBlob {
  readonly id: number;
  readonly digest: string;
  readonly size: number;
  readonly storageKey: StorageKey;
  /** Until then the repository keeps seeing it, whether or not an image names it. */
  readonly keepUntil: number;
  /** As the last manifest that named it declared; `undefined` before that. */
  readonly mediaType: string | undefined;
  /** Whether a live image of the repository names it. */
  readonly referenced: boolean;
}

export const BLOB_COLUMNS = [
  'blob.id',
  'blob.digest',
  'blob.size',
  'blob.storage_key',
  'link.keep_until',
  'link.media_type',
  'link.refs',
] as const;

const findOne = prepare((db, { repositoryId, digest }: { readonly repositoryId: number; readonly digest: string }) =>
  db
    .selectFrom('blob')
    .crossJoin('repository_blob as link')
    .where('blob.digest', '=', digest)
    .whereRef('link.blob_id', '=', 'blob.id')
    .where('link.repository_id', '=', repositoryId)
    .where('link.hidden', '=', 0)
    .select(BLOB_COLUMNS),
);

const locate = prepare((db, { digest }: { readonly digest: string }) =>
  db.selectFrom('blob').select(['id', 'storage_key']).where('digest', '=', digest),
);

const hold = prepare((db, { digest }: { readonly digest: string }, dialect) =>
  db
    .selectFrom('blob')
    .select(['id', 'storage_key'])
    .where('digest', '=', digest)
    .modifyEnd(dialect.holding('blob', 'change')),
);

const findSeen = prepare(
  (db, { repositoryId, digests }: { readonly repositoryId: number; readonly digests: readonly string[] }, dialect) =>
    db
      .selectFrom(dialect.rowsOf(digests).as('wanted'))
      .crossJoin('blob')
      .crossJoin('repository_blob as link')
      .whereRef('blob.digest', '=', sql<string>`wanted.value`)
      .whereRef('link.blob_id', '=', 'blob.id')
      .where('link.repository_id', '=', repositoryId)
      .where('link.hidden', '=', 0)
      .select(BLOB_COLUMNS),
);

interface BlobValues {
  readonly digest: string;
  readonly size: number;
  readonly storageKey: string;
  readonly createdAt: number;
}

const insertBlob = prepare((db, blob: BlobValues) =>
  db
    .insertInto('blob')
    .values({ digest: blob.digest, size: blob.size, storage_key: blob.storageKey, created_at: blob.createdAt })
    .returning('id'),
);

type MediaType = { readonly repositoryId: number; readonly blobIds: readonly number[]; readonly mediaType: string };

const putMediaType = prepareToSend((db, { repositoryId, blobIds, mediaType }: MediaType, dialect) =>
  db
    .updateTable('repository_blob')
    .set({ media_type: mediaType })
    .where('repository_id', '=', repositoryId)
    .where('blob_id', 'in', idSetOf({ dialect }, blobIds)),
);

export class BlobReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** Blobs belong to repositories: one that only others may see is absent here. */
  async find(repositoryId: number, digest: string): Promise<RepositoryBlob | undefined> {
    const [row] = await findOne(this.session, { repositoryId, digest });
    return row && toBlob(row);
  }

  /** Those of the named digests that the repository may see. One statement, however many. */
  async findAll(repositoryId: number, digests: readonly string[]): Promise<RepositoryBlob[]> {
    if (digests.length === 0) return [];
    return (await findSeen(this.session, { repositoryId, digests })).map(toBlob);
  }

  /** The blob of this digest, whoever may see it. Only for linking bytes that the caller has proved to have. */
  async locate(digest: string): Promise<Pick<RepositoryBlob, 'id' | 'storageKey'> | undefined> {
    const [row] = await locate(this.session, { digest });
    return row && { id: row.id, storageKey: row.storage_key as StorageKey };
  }
}

export class BlobWriter extends BlobReader {
  /** Makes the bytes under `storageKey` the blob of this digest. The caller has looked: there is none yet. */
  async insert(blob: {
    readonly digest: string;
    readonly size: number;
    readonly storageKey: StorageKey;
    readonly createdAt: number;
  }): Promise<number> {
    const { digest, size, storageKey, createdAt } = blob;
    const [inserted] = await insertBlob(this.session, { digest, size, storageKey, createdAt });
    if (inserted === undefined) throw new Error(`The blob ${digest} was inserted and has no id`);
    await new UsageWriter(this.session).addToStore('blobs', { count: 1, bytes: size });
    return inserted.id;
  }

  /** Holds the blob: it stays, and nobody else links to it or lets it go before the transaction ends. */
  override async locate(digest: string): Promise<Pick<RepositoryBlob, 'id' | 'storageKey'> | undefined> {
    const [row] = await hold(this.session, { digest });
    return row && { id: row.id, storageKey: row.storage_key as StorageKey };
  }

  /** The blob of this digest, whoever may see it. Only for linking bytes that the caller has proved to have. */
  async findAnywhere(digest: string): Promise<number | undefined> {
    return (await this.locate(digest))?.id;
  }

  /** Gives the blob other bytes, the same ones under another key. The caller sees to the old key. */
  async moveTo(blobId: number, storageKey: StorageKey): Promise<void> {
    await this.session.db.updateTable('blob').set({ storage_key: storageKey }).where('id', '=', blobId).execute();
  }

  /** Keeps what a manifest says of these blobs: they are of this media type. */
  async putMediaType(repositoryId: number, blobIds: readonly number[], mediaType: string): Promise<void> {
    await putMediaType(this.session, { repositoryId, blobIds, mediaType });
  }
}

export type BlobRow = Pick<Selectable<Schema['blob']>, 'id' | 'digest' | 'size' | 'storage_key'> &
  Pick<Selectable<Schema['repository_blob']>, 'keep_until' | 'media_type' | 'refs'>;

export function toBlob(row: BlobRow): RepositoryBlob {
  return {
    id: row.id,
    digest: row.digest,
    size: row.size,
    storageKey: row.storage_key as StorageKey,
    keepUntil: row.keep_until,
    mediaType: row.media_type ?? undefined,
    referenced: row.refs > 0,
  };
}
