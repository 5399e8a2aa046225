import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { absolutePath } from '../../config/home-folders.ts';
import { type Flags, resolveConfig } from '../../config/load-config.ts';
import { parseBlobs, parseDatabase } from '../../config/places.ts';
import type { Settings } from '../../config/settings.ts';
import type { Sources } from '../../config/sources.ts';

/** Where the source is, as the user typed it. */
export interface SourceOptions {
  /** A data folder, the address of a database, a bucket: one that has both rows and bytes, or one for each. */
  readonly from: readonly string[];
  readonly fromS3Endpoint?: string;
  readonly fromS3Region?: string;
  readonly fromS3PathStyle?: boolean;
}

/** What is wrong with how the source was named. */
export class NoSource extends Error {}

/**
 * The settings that a server of the source would have, from what the user typed and nothing else: variables and the config file
 * are about the target.
 *
 * @throws NoSource, ConfigError
 */
export function sourceSettings(options: SourceOptions, { env, cwd }: Sources): Settings {
  const places = options.from.map((given) => placeOf(given, cwd, env));
  const [database, bucket, folder] = (['database', 'blobs', 'dataDir'] as const).map((kind) => only(places, kind));
  if (database === undefined && folder === undefined) {
    throw new NoSource(`--from ${bucket} has the bytes alone: name their database or data folder with another --from`);
  }
  if (bucket === undefined && folder === undefined) {
    throw new NoSource('--from names a database alone: name its bucket or data folder with another --from');
  }
  if (database !== undefined && bucket !== undefined && folder !== undefined) {
    throw new NoSource(`--from ${folder}: there is nothing in it that goes with a database and a bucket`);
  }
  if (folder !== undefined) expectFolder(folder, database === undefined ? 'berth.db' : 'store-id');
  const flags: Flags = {
    database: database ?? 'sqlite',
    blobs: bucket ?? 'files',
    ...(folder !== undefined && { dataDir: folder }),
    ...bucketFlags(options, bucket),
  };
  return resolveConfig({ flags, env: withoutSettings(env), cwd, readFile: () => undefined }).settings;
}

type Place = Partial<Readonly<Record<'database' | 'blobs' | 'dataDir', string>>>;

function placeOf(given: string, cwd: string, env: Sources['env']): Place {
  const kind = /^([a-z0-9]+):\/\//.exec(given)?.[1];
  if (kind === undefined) return { dataDir: absolutePath(given, cwd, env) };
  if (kind !== 's3' && parseDatabase(given) !== undefined) return { database: given };
  if (kind === 's3' && parseBlobs(given) !== undefined) return { blobs: given };
  // An address may have a password in it, and is not repeated.
  throw new NoSource('--from is not a data folder, the address of a PostgreSQL database, or s3://bucket/prefix');
}

function only(places: readonly Place[], kind: keyof Place): string | undefined {
  const [place, another] = places.flatMap((one) => one[kind] ?? []);
  if (another !== undefined)
    throw new NoSource('--from names two databases, two buckets or two folders: one is enough');
  return place;
}

/** Opening would make one that is not there. */
function expectFolder(folder: string, file: string): void {
  if (existsSync(join(folder, file))) return;
  throw new NoSource(`there is no data folder at ${folder}: it would have a file ${file}`);
}

function bucketFlags(
  { fromS3Endpoint, fromS3Region, fromS3PathStyle }: SourceOptions,
  bucket: string | undefined,
): Flags {
  const flags: Flags = {
    ...(fromS3Endpoint !== undefined && { s3Endpoint: fromS3Endpoint }),
    ...(fromS3Region !== undefined && { s3Region: fromS3Region }),
    ...(fromS3PathStyle === true && { s3PathStyle: 'true' }),
  };
  if (bucket === undefined && Object.keys(flags).length > 0) {
    throw new NoSource('--from-s3-endpoint, --from-s3-region and --from-s3-path-style go with --from s3://…');
  }
  return flags;
}

function withoutSettings(env: Sources['env']): Sources['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('BERTH_')));
}
