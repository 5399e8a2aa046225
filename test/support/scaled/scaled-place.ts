import type { MetadataStore } from '../../../src/metadata/metadata-store.ts';
import { openPostgres } from '../postgres/databases.ts';
import type { Place } from '../stored/place.ts';
import { PostgresRows } from '../stored/postgres-rows.ts';
import type { ServerPlace } from '../stored/server-place.ts';
import type { Scaled } from './environment.ts';
import { EMPTY, makeDatabase } from './fresh-database.ts';
import { freshS3Place, objectBytes, rememberedBytes } from './scaled-bytes.ts';

type Hear = (sql: string) => void;

/** A database of this worker, with connections that know its statements: those are what takes long to make. */
interface Database {
  readonly url: string;
  readonly rows: PostgresRows;
  readonly metadata: MetadataStore;
  /** Who hears the statements at the moment. */
  hear: Hear | undefined;
  /** How many have had it. */
  uses: number;
}

/** Nothing takes deleted rows out of a database meanwhile, so it becomes slower with each who has had it: so many have one. */
const MOST_USES = 50;

/** Empty ones, for the next who wants one. They end with the worker, or when enough have had them. */
const free: Database[] = [];
/** By folder: what stays as long as the worker. */
const staying = new Map<string, ReturnType<typeof makeStaying>>();

/** A database and bytes of its own. */
export async function findScaledPlace(scaled: Scaled, putBackOften: boolean): Promise<Place> {
  const database = free.pop() ?? (await make(scaled));
  const bytes = putBackOften ? await rememberedBytes() : objectBytes(freshS3Place(scaled), scaled.s3);
  return {
    rows: database.rows,
    bytes,
    openMetadata: async (hear) => {
      database.hear = hear;
      return notClosing(database.metadata);
    },
    [Symbol.asyncDispose]: async () => {
      await bytes[Symbol.asyncDispose]();
      await giveBack(database, putBackOften);
    },
  };
}

/** The database and the bytes that go with this folder and outlive the stores. Who opens them is as a process that starts. */
export async function findStayingPlace(scaled: Scaled, folder: string): Promise<Place> {
  const place = staying.get(folder) ?? makeStaying(scaled);
  staying.set(folder, place);
  const { database, bytes } = await place;
  return {
    rows: database.rows,
    bytes,
    openMetadata: (onQuery) => openPostgres(database.url, { connectTimeout: PATIENCE, ...(onQuery && { onQuery }) }),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The same for a server in this process, with the settings that lead it there. */
export async function findScaledServerPlace(scaled: Scaled, folder: string): Promise<ServerPlace> {
  const place = staying.get(folder) ?? makeStaying(scaled);
  staying.set(folder, place);
  const { database, s3, bytes } = await place;
  // Where every tool of AWS looks for them.
  process.env['AWS_ACCESS_KEY_ID'] = scaled.s3.credentials.accessKeyId;
  process.env['AWS_SECRET_ACCESS_KEY'] = scaled.s3.credentials.secretAccessKey;
  return {
    settings: {
      database: { kind: 'postgres', url: database.url },
      blobs: { kind: 's3', bucket: s3.bucket, prefix: s3.prefix },
      s3Endpoint: s3.endpoint,
      s3PathStyle: true,
      blobRedirects: false,
    },
    rows: database.rows,
    bytes,
    [Symbol.asyncDispose]: async () => {},
  };
}

async function makeStaying(scaled: Scaled) {
  const database = free.pop() ?? (await make(scaled));
  const s3 = freshS3Place(scaled);
  return { database, s3, bytes: objectBytes(s3, scaled.s3) };
}

/** In milliseconds: a test may do more at once than a server lets in. */
const PATIENCE = 60_000;

/** One that was put back often has had as much deleted as if many had had it. */
async function giveBack(database: Database, isWorn: boolean): Promise<void> {
  database.hear = undefined;
  if (isWorn || ++database.uses === MOST_USES) {
    await database.metadata[Symbol.asyncDispose]();
    await database.rows[Symbol.asyncDispose]();
    return;
  }
  await database.rows.query(EMPTY);
  free.push(database);
}

async function make(scaled: Scaled): Promise<Database> {
  const url = await makeDatabase(scaled);
  const metadata = await openPostgres(url, {
    connectTimeout: PATIENCE,
    onQuery: (sql) => database.hear?.(sql),
  });
  const database: Database = { url, rows: new PostgresRows(url), metadata, hear: undefined, uses: 0 };
  return database;
}

/** Once it is closed, it refuses everything, as one does whose connections are gone. */
function notClosing(metadata: MetadataStore): MetadataStore {
  let isOpen = true;
  const opened = (): MetadataStore => {
    if (!isOpen) throw new Error('The database is not open');
    return metadata;
  };
  return {
    read: async (look) => opened().read(look),
    write: async (change, weight) => opened().write(change, weight),
    lookUp: async (look) => opened().lookUp(look),
    inspect: async (look) => opened().inspect(look),
    check: async () => opened().check(),
    [Symbol.asyncDispose]: async () => {
      isOpen = false;
    },
  };
}
