import type { Selectable } from 'kysely';
import type { StorageKey } from '../model/ids.ts';
import { prepare } from './prepared.ts';
import type { Schema } from './schema.ts';
import type { Session } from './session.ts';
import { type Counted, UsageWriter } from './usage.ts';

/** An upload under way. The row is written before the first byte, so every byte in the store can be traced. */
export interface Upload {
  readonly id: string;
  readonly repositoryId: number;
  readonly storageKey: StorageKey;
  /** Bytes acknowledged to the client; the next byte's place. */
  readonly offset: number;
  readonly parts: number;
  /** Whether a part that is not the last is smaller than ECR allows. */
  readonly hasSmallPart: boolean;
  readonly lastPartSize: number;
  readonly expiresAt: number;
}

const findUpload = prepare((db, { id, repositoryId }: { readonly id: string; readonly repositoryId: number }) =>
  db.selectFrom('upload').selectAll().where('id', '=', id).where('repository_id', '=', repositoryId),
);

interface InsertedUpload {
  readonly id: string;
  readonly repositoryId: number;
  readonly storageKey: string;
  readonly expiresAt: number;
}

const insertUpload = prepare((db, upload: InsertedUpload) =>
  db.insertInto('upload').values({
    id: upload.id,
    repository_id: upload.repositoryId,
    storage_key: upload.storageKey,
    offset: 0,
    parts: 0,
    small_part: 0,
    last_part_size: 0,
    expires_at: upload.expiresAt,
  }),
);

interface Advance {
  readonly id: string;
  readonly fromOffset: number;
  readonly fromParts: number;
  readonly offset: number;
  readonly parts: number;
  readonly smallPart: number;
  readonly lastPartSize: number;
  readonly expiresAt: number;
}

const advance = prepare((db, to: Advance) =>
  db
    .updateTable('upload')
    .set({
      offset: to.offset,
      parts: to.parts,
      small_part: to.smallPart,
      last_part_size: to.lastPartSize,
      expires_at: to.expiresAt,
    })
    .where('id', '=', to.id)
    .where('offset', '=', to.fromOffset)
    .where('parts', '=', to.fromParts)
    .returning('id'),
);

const deleteUpload = prepare((db, { id }: { readonly id: string }) =>
  db.deleteFrom('upload').where('id', '=', id).returning('offset'),
);

export class UploadReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** An upload belongs to its repository: under any other it does not exist. */
  async find(repositoryId: number, id: string): Promise<Upload | undefined> {
    const [row] = await findUpload(this.session, { id, repositoryId });
    return row && fromRow(row);
  }
}

export class UploadWriter extends UploadReader {
  /** Those whose time had run out at `now` and that nobody else holds, the oldest first. */
  async takeExpired(now: number, limit: number): Promise<Upload[]> {
    const rows = await this.session.db
      .selectFrom('upload')
      .selectAll()
      .where('expires_at', '<=', now)
      .orderBy('expires_at')
      .limit(limit)
      .modifyEnd(this.session.dialect.taking('upload'))
      .execute();
    return rows.map(fromRow);
  }

  async insert(upload: Pick<Upload, 'id' | 'repositoryId' | 'storageKey' | 'expiresAt'>): Promise<void> {
    const { id, repositoryId, storageKey, expiresAt } = upload;
    await insertUpload(this.session, { id, repositoryId, storageKey, expiresAt });
    await this.#count({ count: 1, bytes: 0 });
  }

  /** Replaces the state of an upload that still stands at `from`; answers whether it did. */
  async advance(
    from: Upload,
    to: Pick<Upload, 'offset' | 'parts' | 'hasSmallPart' | 'lastPartSize' | 'expiresAt'>,
  ): Promise<boolean> {
    const [advanced] = await advance(this.session, {
      id: from.id,
      fromOffset: from.offset,
      fromParts: from.parts,
      offset: to.offset,
      parts: to.parts,
      smallPart: to.hasSmallPart ? 1 : 0,
      lastPartSize: to.lastPartSize,
      expiresAt: to.expiresAt,
    });
    if (advanced === undefined) return false;
    await this.#count({ count: 0, bytes: to.offset - from.offset });
    return true;
  }

  /** Answers whether the upload was there. */
  async delete(id: string): Promise<boolean> {
    const [ended] = await deleteUpload(this.session, { id });
    if (!ended) return false;
    await this.#count({ count: -1, bytes: -ended.offset });
    return true;
  }

  async listOfRepository(repositoryId: number, limit: number): Promise<Upload[]> {
    const rows = await this.session.db
      .selectFrom('upload')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .limit(limit)
      .execute();
    return rows.map(fromRow);
  }

  async #count(change: Counted): Promise<void> {
    await new UsageWriter(this.session).addToStore('uploads', change);
  }
}

function fromRow(row: Selectable<Schema['upload']>): Upload {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    storageKey: row.storage_key as StorageKey,
    offset: row.offset,
    parts: row.parts,
    hasSmallPart: row.small_part === 1,
    lastPartSize: row.last_part_size,
    expiresAt: row.expires_at,
  };
}
