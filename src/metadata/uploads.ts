import { type Kysely, type Selectable, sql } from 'kysely';
import type { StorageKey, StoredName } from '../model/ids.ts';
import { prepare, prepareToSend } from './prepared.ts';
import type { Schema } from './schema.ts';
import { type Session, setOf } from './session.ts';
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
  /** The store's own note on where the bytes are. Without one they are under the upload's key. */
  readonly state: string | undefined;
}

/** A name that an upload has in the store, and how many of its bytes are there. */
export interface UploadName {
  readonly storageKey: StoredName;
  readonly size: number;
}

/** What moves on with an upload. */
export type UploadProgress = Pick<Upload, 'offset' | 'parts' | 'hasSmallPart' | 'lastPartSize' | 'expiresAt' | 'state'>;

const findUpload = prepare((db, { id, repositoryId }: { readonly id: string; readonly repositoryId: number }) =>
  db.selectFrom('upload').selectAll().where('id', '=', id).where('repository_id', '=', repositoryId),
);

interface InsertedUpload {
  readonly id: string;
  readonly repositoryId: number;
  readonly storageKey: string;
  readonly expiresAt: number;
}

const insertUpload = prepareToSend((db, upload: InsertedUpload) =>
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
  readonly fromState: string | null;
  readonly offset: number;
  readonly parts: number;
  readonly smallPart: number;
  readonly lastPartSize: number;
  readonly expiresAt: number;
  readonly state: string | null;
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
      store_state: to.state,
    })
    .where('id', '=', to.id)
    .where('offset', '=', to.fromOffset)
    .where('parts', '=', to.fromParts)
    .where('store_state', 'is not distinct from', to.fromState)
    .returning('id'),
);

const deleteUpload = prepare((db, { id }: { readonly id: string }) =>
  db.deleteFrom('upload').where('id', '=', id).returning(['storage_key', 'offset', 'store_state']),
);

interface Standing {
  readonly id: string;
  readonly offset: number;
  readonly state: string | null;
}

const deleteUploadAt = prepare((db, at: Standing) =>
  db
    .deleteFrom('upload')
    .where('id', '=', at.id)
    .where('offset', '=', at.offset)
    .where('store_state', 'is not distinct from', at.state)
    .returning(['storage_key', 'offset', 'store_state']),
);

/** An upload that stands where the store has noted this, and nowhere else. */
type Stands = { readonly uploadId: string; readonly state: string | null };

function stands(db: Kysely<Schema>, { uploadId, state }: Stands) {
  return db
    .selectFrom('upload')
    .select('id')
    .where('id', '=', uploadId)
    .where('store_state', 'is not distinct from', state);
}

/** Puts these names, each with its size, on an upload that stands there. */
const putNames = prepareToSend((db, given: Stands & { readonly names: string }, dialect) =>
  db
    .insertInto('upload_name')
    .columns(['storage_key', 'upload_id', 'size'])
    .expression(
      db
        .selectFrom(
          dialect.recordsIn(given.names, { storageKey: 'text', size: 'number' }).$castTo<UploadName>().as('given'),
        )
        .select(['given.storageKey', sql.val(given.uploadId).as('upload_id'), 'given.size'])
        .where((where) => where.exists(stands(db, given))),
    )
    .onConflict((row) => row.column('storage_key').doUpdateSet((set) => ({ size: set.ref('excluded.size') }))),
);

/** Takes all names but these off an upload that stands there. */
const dropNames = prepare((db, given: Stands & { readonly kept: readonly string[] }, dialect) =>
  db
    .deleteFrom('upload_name')
    .where('upload_id', '=', given.uploadId)
    .where('storage_key', 'not in', setOf({ dialect }, given.kept))
    .where((where) => where.exists(stands(db, given)))
    .returning(['storage_key', 'size']),
);

const deleteNames = prepare((db, { uploadId }: { readonly uploadId: string }) =>
  db.deleteFrom('upload_name').where('upload_id', '=', uploadId).returning(['storage_key', 'size']),
);

export class UploadReader {
  protected readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /** An upload belongs to its repository: under any other it does not exist. */
  async find(repositoryId: number, id: string): Promise<Upload | undefined> {
    const [row] = await findUpload(this.session, { id, repositoryId });
    return row && toUpload(row);
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
    return rows.map(toUpload);
  }

  async insert(upload: Pick<Upload, 'id' | 'repositoryId' | 'storageKey' | 'expiresAt'>): Promise<void> {
    const { id, repositoryId, storageKey, expiresAt } = upload;
    await insertUpload(this.session, { id, repositoryId, storageKey, expiresAt });
    await this.#count({ count: 1, bytes: 0 });
  }

  /**
   * Moves on an upload that still stands at `from`. From then on it has these names in the store; answers those that it had
   * and has no more, which the same transaction has to discard. Nothing, when it stands elsewhere or has ended.
   */
  async advance(
    from: Upload,
    to: UploadProgress,
    names: readonly UploadName[],
  ): Promise<readonly UploadName[] | undefined> {
    const advancing = advance(this.session, {
      id: from.id,
      fromOffset: from.offset,
      fromParts: from.parts,
      fromState: from.state ?? null,
      offset: to.offset,
      parts: to.parts,
      smallPart: to.hasSmallPart ? 1 : 0,
      lastPartSize: to.lastPartSize,
      expiresAt: to.expiresAt,
      state: to.state ?? null,
    });
    // Without any state before and after, the upload's own key is all it has.
    const isByItself = from.state === undefined && to.state === undefined;
    // Asked together, for a database that is somewhere else: names change with the upload, and with it only.
    const [[advanced], dropped] = await Promise.all([advancing, isByItself ? [] : this.#replaceNames(from, to, names)]);
    if (advanced === undefined) return undefined;
    await this.#count({ count: 0, bytes: to.offset - from.offset });
    return dropped;
  }

  /** Ends an upload wherever it stands; answers the names that it had. Nothing, when it has ended already. */
  async delete(id: string): Promise<readonly UploadName[] | undefined> {
    const [ended] = await deleteUpload(this.session, { id });
    return ended && this.#end(id, ended);
  }

  /** As `delete`, of an upload that still stands at `at`. Nothing, when it stands elsewhere. */
  async deleteAt(at: Pick<Upload, 'id' | 'offset' | 'state'>): Promise<readonly UploadName[] | undefined> {
    const { id, offset, state = null } = at;
    const [ended] = await deleteUploadAt(this.session, { id, offset, state });
    return ended && this.#end(id, ended);
  }

  async #end(
    id: string,
    { storage_key, offset, store_state }: Pick<Selectable<Schema['upload']>, 'storage_key' | 'offset' | 'store_state'>,
  ): Promise<readonly UploadName[]> {
    await this.#count({ count: -1, bytes: -offset });
    if (store_state === null) return [{ storageKey: storage_key as StorageKey, size: offset }];
    return (await deleteNames(this.session, { uploadId: id })).map(nameFromRow);
  }

  async #replaceNames(from: Upload, to: UploadProgress, names: readonly UploadName[]): Promise<readonly UploadName[]> {
    const { id: uploadId, storageKey: own } = from;
    const state = to.state ?? null;
    // Each once, as it was said last: a statement changes no row twice.
    const byKey = new Map(names.map((name) => [name.storageKey as string, name]));
    byKey.delete(own);
    const others = [...byKey.values()];
    const kept = [...byKey.keys()];
    // One that the store had noted nothing of had no name but its own.
    const dropping = from.state === undefined ? [] : dropNames(this.session, { uploadId, state, kept });
    if (others.length > 0) await putNames(this.session, { uploadId, state, names: JSON.stringify(others) });
    return (await dropping).map(nameFromRow);
  }

  async listOfRepository(repositoryId: number, limit: number): Promise<Upload[]> {
    const rows = await this.session.db
      .selectFrom('upload')
      .selectAll()
      .where('repository_id', '=', repositoryId)
      .limit(limit)
      .execute();
    return rows.map(toUpload);
  }

  async #count(change: Counted): Promise<void> {
    await new UsageWriter(this.session).addToStore('uploads', change);
  }
}

export function toUpload(row: Selectable<Schema['upload']>): Upload {
  return {
    id: row.id,
    repositoryId: row.repository_id,
    storageKey: row.storage_key as StorageKey,
    offset: row.offset,
    parts: row.parts,
    hasSmallPart: row.small_part === 1,
    lastPartSize: row.last_part_size,
    expiresAt: row.expires_at,
    state: row.store_state ?? undefined,
  };
}

function nameFromRow(row: Pick<Selectable<Schema['upload_name']>, 'storage_key' | 'size'>): UploadName {
  return { storageKey: row.storage_key as StoredName, size: row.size };
}
