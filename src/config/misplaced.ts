import { flagOf, type SettingName, type Settings } from './settings.ts';

const OF_POSTGRES = ['databasePool', 'databaseTimeout'] as const satisfies readonly SettingName[];
const OF_S3 = [
  's3Endpoint',
  's3PublicEndpoint',
  's3Region',
  's3PathStyle',
  's3Sse',
  's3KmsKey',
] as const satisfies readonly SettingName[];

/** A sentence for each setting that somebody gave and that would have no effect, or another than they mean. */
export function misplaced(settings: Settings, origins: Readonly<Record<SettingName, string>>): string[] {
  const given = (names: readonly SettingName[]) => names.filter((name) => origins[name] !== 'default');
  const needs = (name: SettingName, what: string) =>
    `${name} (from ${origins[name]}) has no effect: it goes with --${what}`;
  const { database, blobs, s3Sse, s3KmsKey, accelRedirect } = settings;
  const problems: string[] = [];
  if (database.kind !== 'postgres') {
    problems.push(...given(OF_POSTGRES).map((name) => needs(name, 'database postgres://…')));
  }
  if (blobs.kind !== 's3') problems.push(...given(OF_S3).map((name) => needs(name, 'blobs s3://…')));
  else if (s3KmsKey !== undefined && s3Sse !== 'aws:kms') problems.push(needs('s3KmsKey', 's3-sse aws:kms'));
  if (blobs.kind === 's3' && accelRedirect !== 'off') {
    problems.push(
      `accelRedirect (from ${origins.accelRedirect}) is for blobs in files: with a bucket, clients are sent to the bucket itself (--${flagOf('blobRedirects')})`,
    );
  }
  return problems;
}
